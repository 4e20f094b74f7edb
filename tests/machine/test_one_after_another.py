"""What one mail orders and a later one would undo: told on the machine's house, where a story costs next to nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, message_from_string, policy
from typing import Any

from machine.house import LIST_ID, House, Kept, address_of
from policy.facts import State
from storage import alarms, disclosures, leaks
from storage.records import LeakRecord

DAY = 86_400
OUT = "Embargo-Until: +14d\nHold-Until: now\n"
HELD = "Embargo-Until: +14d\nHold-Until: +1h\n"


class Told:
    """Mails that go in and out of one house."""

    def __init__(self, house: House) -> None:
        self.house = house

    def post(self, who: str, text: str, **how: Any) -> None:
        """A mail to the list, and all that follows from it."""
        assert self.house.do(self.house.take(self.house.letter(who, text, **how))) == 250
        self.house.do(self.house.settle())

    def time_passes(self, seconds: float) -> None:
        self.house.clock.advance(seconds)
        self.house.do(self.house.settle())

    def subjects(self, who: str) -> list[str]:
        """What somebody got, by its subject inside."""
        return [self._subject(kept, who) for kept in self._inbox(who)]

    def read(self, who: str) -> str:
        """All that somebody got, opened."""
        return "\n".join(self.house.inside(kept, who) for kept in self._inbox(who))

    def last(self, who: str, subject: str = "") -> str:
        """The Message-ID of the latest mail that somebody got."""
        found = [kept for kept in self._inbox(who) if subject in self._subject(kept, who)]
        return str(message_from_bytes(found[-1].raw, policy=policy.default)["Message-ID"])

    def complaint(self, who: str) -> str:
        """The latest mail to somebody, in one line."""
        return " ".join(self.house.inside(self._inbox(who)[-1], who).split())

    def in_clear(self, recipient: str) -> bytes:
        """All that went to an address that has no key."""
        return b"".join(kept.raw for kept in self.house.hop.kept if kept.recipient == recipient)

    def cases(self) -> list[LeakRecord]:
        return list(self.stored(lambda tx: leaks.ls(tx, LIST_ID)))

    def stored(self, ask: Any) -> Any:
        async def go() -> Any:
            async with self.house.parts.database.reading() as tx:
                return await ask(tx)

        return self.house.do(go())

    def _inbox(self, who: str) -> list[Kept]:
        return [kept for kept in self.house.hop.kept if kept.recipient == address_of(who)]

    def _subject(self, kept: Kept, who: str) -> str:
        return str(message_from_string(self.house.inside(kept, who), policy=policy.default)["Subject"])


@contextmanager
def told(**settings: Any) -> Iterator[Told]:
    """A house with these settings of its list."""
    house = House(**settings)
    try:
        yield Told(house)
    finally:
        house.close()


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
