"""Mails that go in and out of the machine's house, where a story costs next to nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, message_from_string, policy
from typing import Any

from gateway.relay import Bounced, Deferred, Delivered
from machine.house import LIST_ID, House, Kept, address_of
from storage import leaks
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

    def refuse(self, answer: Bounced | Deferred, who: str) -> None:
        """Have the next hop answer this for somebody's mail, until it takes all again."""
        refused, take = address_of(who), self.house.hop.hand_over

        async def hand_over(sender: str, recipient: str, message: bytes) -> Delivered | Deferred | Bounced:
            return answer if recipient == refused else await take(sender, recipient, message)

        self.house.hop.hand_over = hand_over  # type: ignore[method-assign]

    def take_all(self) -> None:
        """Have the next hop take everybody's mail."""
        self.house.hop.__dict__.pop("hand_over")

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
