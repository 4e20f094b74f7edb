"""Who is no coordinator any more has no word in anything: neither as the first of two, nor as who confirms a date."""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from datetime import timedelta
from email import policy as mail_policy
from typing import Any

import pytest

from gateway.operator import proposals, roster
from machine.house import LIST_ID, House, address_of
from policy.facts import Disclosure
from policy.instants import in_words
from storage import disclosures

POST = "Embargo-Until: +14d\nHold-Until: now\n\nA flaw.\n"


class Talk:
    """A house in which people write in words, and what each of them has read."""

    def __init__(self, **changes: Any) -> None:
        self.house = House(**changes)

    def read(self, who: str) -> list[str]:
        """What somebody got, opened."""
        return [self.house.inside(kept, who) for kept in self.house.hop.kept if kept.recipient == address_of(who)]

    def last(self, who: str, says: str) -> tuple[str, str]:
        """The last mail that says so, and its id."""
        found = [kept for kept in self.house.hop.kept if kept.recipient == address_of(who)]
        for kept in reversed(found):
            if says in (text := self.house.inside(kept, who)):
                return text, str(email.message_from_bytes(kept.raw, policy=mail_policy.default)["Message-ID"])
        raise AssertionError(f"{who} never read {says}: {self.read(who)}")

    def write(self, who: str, text: str, answers: str = "") -> None:
        """A mail, perhaps in answer to the last one that says so, and all that it leads to."""
        self.house.do(
            self.house.take(self.house.letter(who, text, answers=self.last(who, answers)[1] if answers else ""))
        )
        self.house.do(self.house.settle())

    def wait(self, **time: float) -> None:
        """Time passes."""
        self.house.clock.advance(timedelta(**time).total_seconds())
        self.house.do(self.house.settle())

    def dismiss(self, who: str) -> None:
        """The operator removes a coordinator."""
        self.house.do(roster.remove_coordinator(self.house.parts, address_of(who), None))
        self.house.do(self.house.settle())

    def disclosure(self) -> Disclosure:
        """The first that was posted."""

        async def find() -> Disclosure:
            async with self.house.parts.database.reading() as tx:
                return min(await disclosures.ls(tx, LIST_ID, None), key=lambda one: one.posted_at)

        found: Disclosure = self.house.do(find())
        return found


@pytest.fixture
def talk(request: pytest.FixtureRequest) -> Iterator[Talk]:
    """A house by the rules of the test's parameter."""
    made = Talk(**request.param)
    yield made
    made.house.close()


@pytest.mark.parametrize("talk", [{"two_person": ("release",)}], indirect=True)
def test_a_post_whose_poster_was_removed_is_approved_by_nobody_and_posted_anew(talk: Talk) -> None:
    talk.write("adam", POST)
    waits = talk.disclosure()
    talk.dismiss("adam")
    talk.write("alice", f"Approve: {waits.id}\n", "Receipt")
    assert talk.read("north") == []
    assert talk.disclosure().state == "pending"
    assert "who posted it is no coordinator any more" in talk.last("alice", "`Withdraw: REASON`")[0]
    talk.wait(hours=1)
    assert "can't be done any more, so nobody is asked again" in talk.last("alice", waits.id)[0]
    told = len(talk.read("alice"))
    talk.wait(days=3)
    assert len(talk.read("alice")) == told
    talk.write("alice", "Withdraw: posted anew\n", "Receipt")
    assert talk.disclosure().state == "withdrawn"


@pytest.mark.parametrize("talk", [{"date_change": "agreement", "vote_window": "2d"}], indirect=True)
@pytest.mark.parametrize("again", ["nobody", "alice", "operator"])
def test_a_date_confirmed_by_somebody_removed_waits_for_anothers_confirmation(talk: Talk, again: str) -> None:
    talk.write("alice", POST)
    before = talk.disclosure().embargo_until
    talk.write("adam", "Propose-Embargo-Until: +30d\n", "A flaw.")
    proposed, _ = talk.last("adam", "Confirm: DP-")
    which = re.search(r"DP-\d+-\w+", proposed)
    assert which is not None
    talk.write("adam", f"Confirm: {which[0]}\n", "Confirm: DP-")
    talk.dismiss("adam")
    assert "who confirmed" in talk.last("alice", f"Confirm: {which[0]}")[0]
    if again == "alice":
        talk.write("alice", f"Confirm: {which[0]}\n", "who confirmed")
    elif again == "operator":
        talk.house.do(proposals.confirm(talk.house.parts, which[0]))
    talk.wait(days=2, seconds=1)
    if again == "nobody":
        assert talk.disclosure().embargo_until == before
        assert "no coordinator confirmed it in time" in talk.last("north", which[0])[0]
    else:
        assert talk.disclosure().embargo_until > before


LIFT = {"two_person": ("lift",)}


@pytest.mark.parametrize("talk", [LIFT], indirect=True)
@pytest.mark.parametrize(("waits", "is_done"), [(5, True), (9, False)])
def test_a_relative_date_that_waits_counts_from_its_mail_and_not_from_the_approval(
    talk: Talk, waits: int, is_done: bool
) -> None:
    talk.write("alice", POST)
    before, asked_at = talk.disclosure().embargo_until, talk.house.clock.now()
    talk.write("alice", "Embargo-Until: +8d\n", "Receipt")
    asked, _ = talk.last("adam", "A second coordinator is asked")
    assert in_words(asked_at + timedelta(days=8), "UTC").partition(" (")[0] in asked
    kept = re.search(r"QU-\d+-\w+", asked)
    assert kept is not None
    talk.wait(days=waits)
    talk.write("adam", f"Approve: {kept[0]}\n", "A second coordinator is asked")
    assert talk.disclosure().embargo_until == (asked_at + timedelta(days=8) if is_done else before)
    if not is_done:
        assert "the public date has gone by" in talk.last("adam", "can't be done now")[0]


@pytest.mark.parametrize("talk", [{"two_person": ("widen",), "release_grace": "10m"}], indirect=True)
def test_a_hold_that_went_by_while_it_waited_ends_after_the_grace(talk: Talk) -> None:
    talk.write("alice", "Embargo-Until: +14d\nHold-Until: +3d\nScope: org:Southgate\n\nA flaw.\n")
    talk.write("alice", "Hold-Until: +1h\nScope: all\n", "Receipt")
    asked, _ = talk.last("adam", "A second coordinator is asked")
    kept = re.search(r"QU-\d+-\w+", asked)
    assert kept is not None
    talk.wait(days=1)
    talk.write("adam", f"Approve: {kept[0]}\n", "A second coordinator is asked")
    assert talk.read("north") == []
    assert talk.disclosure().hold_until == talk.house.clock.now() + timedelta(minutes=10)
    talk.wait(minutes=10, seconds=1)
    assert "A flaw." in talk.last("north", "A flaw.")[0]
