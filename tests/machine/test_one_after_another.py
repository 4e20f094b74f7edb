"""What one mail orders and a later one would undo: told on the machine's house, where a story costs next to nothing."""

from __future__ import annotations

from machine.house import address_of
from machine.outsiders import GUESTS, key_of
from machine.told import DAY, HELD, OUT, told
from policy.facts import State
from storage import alarms, disclosures


def test_a_closed_case_takes_talk_and_no_new_report() -> None:
    with told() as story:
        story.post("alice", f"{OUT}\nA flaw.\n")
        story.post("south", "Leak: a slide, to a customer\n", answers=story.last("south"))
        (slide,) = story.cases()
        acknowledged, notice = story.last("south"), story.last("west", "leak is reported")
        story.post("south", "Leak-When: yesterday\n", answers=acknowledged)
        assert len(story.cases()) == 1, "an open one is filled in"
        dismissed = f"Assess: {slide.id}\nOutcome: dismissed\nReason: the slide said nothing\n"
        story.post("alice", dismissed, answers=story.last("alice", "ALARM"))
        story.time_passes(5 * DAY)

        before = story.subjects("west")
        story.post("west", "I spoke to the customer again.\n", answers=notice)
        assert len(story.cases()) == 1
        assert f"ALARM: more on leak {slide.id}" in story.subjects("alice")[-1]
        story.post("south", "Leak: the whole patch\nLeak-To: public github\n", answers=acknowledged)
        (was, patch) = story.cases()
        assert (was.state, was.outcome, patch.state, patch.verified) == ("closed", "dismissed", "open", True)
        assert (patch.disclosure_id, patch.person_id, patch.org) == (slide.disclosure_id, slide.person_id, slide.org)
        told_west = story.subjects("west")[len(before) :]
        assert [subject for subject in told_west if "leak is reported" in subject], told_west
        story.time_passes(3600)
        rung = [alarm for alarm in story.stored(alarms.ls) if alarm.ref == patch.id]
        assert len(rung) > 1, "it sounds again, as nobody took it"

        story.post("west", "We pushed it to our public tracker.\n", subject="LEAK by us", answers=notice)
        own = story.cases()[-1]
        assert (len(story.cases()), own.org, own.state) == (3, "Westlake", "open")
        story.post("alice", "Lift: now\n", answers=story.last("alice", "Receipt"))
        story.post("alice", "Close: yes\n", answers=story.last("alice", "Receipt"))
        assert slide.disclosure_id
        found = story.stored(lambda tx: disclosures.get(tx, slide.disclosure_id))
        assert found.state is State.LIFTED, "what is open keeps the disclosure open"


def test_what_is_restricted_by_one_mail_is_published_by_no_other() -> None:
    files = [("exploit.txt", b"EXPLOIT\n"), ("a.txt", b"ADVISORY\n")]
    with told(public_address="public@lists.example.org", two_person=("widen",)) as story:
        story.post("alice", f"{HELD}Restrict: exploit.txt to group:cloud\n\nA flaw.\n", attachments=files)
        receipt = story.last("alice", "Receipt")
        story.post("alice", "Public-Notice: e*.txt\n", answers=receipt)
        assert "that attachment is restricted to some; it can't go public as well" in story.complaint("alice")
        story.post("alice", "Public-Notice: a.txt\n", answers=receipt)
        story.post("alice", "Restrict: *.txt to group:cloud\n", answers=receipt)
        assert "a.txt goes public at the lift, so it can't be restricted as well" in story.complaint("alice")
        story.time_passes(3700)
        story.time_passes(15 * DAY)
        assert "EXPLOIT" in story.read("west"), "the group has it"
        assert "EXPLOIT" not in story.read("north")
        public = story.in_clear("public@lists.example.org")
        assert b"ADVISORY" in public
        assert b"EXPLOIT" not in public


def test_what_lets_details_go_lets_go_nothing_that_stands_below_it() -> None:
    with told(upstreams=(("cloud", "mechanics"),)) as story:
        story.post("alice", f"{OUT}Upstream: cloud\n\nFirst words.\n")
        receipt = story.last("adam", "Receipt")
        story.post("adam", "Upstream: cloud details\nSend-To: audience\n\nOwn words.\n", answers=receipt)
        assert "another coordinator lets go what you write here" in story.complaint("adam")
        attached = [("own.txt", b"Own words.\n")]
        story.post("adam", "Upstream: cloud details\nSend-To: audience\n", answers=receipt, attachments=attached)
        assert not any(words in story.read("north") for words in ("First words", "Own words"))

        story.post("adam", "Upstream: cloud details\n\nAlice, I let it go.\n", answers=receipt)
        assert "First words" in story.read("north"), "a word among coordinators goes to no member"
        assert "I let it go" not in story.read("north")


def test_a_guest_who_reported_a_leak_may_post_what_was_learnt_of_it_and_of_no_other() -> None:
    with told() as story:
        helen = address_of("helen")
        story.post("alice", f"{OUT}\nA flaw.\n")
        receipt = story.last("alice", "Receipt")
        story.house.keys |= GUESTS
        story.post("alice", f"Guest: Helen <{helen}>\n", answers=receipt, attachments=[key_of("helen")])
        story.post("south", "Leak: a slide, to a customer\n", answers=story.last("south"))
        story.time_passes(60)
        story.post("helen", "Leak: my notes, to a friend\n", answers=story.last("helen", "Flaw"))
        slide, notes = story.cases()
        assert (notes.reporter, notes.verified) == (helen, True)
        for case in (slide, notes):
            story.post("alice", f"Assess: {case.id}\nOutcome: contained\n", answers=story.last("alice", "ALARM"))
        answers = story.last("helen", "Your report")
        story.post("helen", f"Retrospective: {slide.id}\n\nNot mine.\n", answers=answers)
        assert "there is no such leak case that you reported" in story.complaint("helen")
        story.post("helen", f"Retrospective: {notes.id}\n\nI lock my desk now.\n", answers=answers)
        assert story.complaint("helen").endswith(f"The retrospective of {notes.id} is posted."), "and to how many, not"
        assert "Not mine." not in story.read("north")
        assert "I lock my desk now." in story.read("north")
        assert [case.state for case in story.cases()] == ["assessed", "closed"]
