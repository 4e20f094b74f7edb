"""What becomes of a copy while a next hop has it in hand, or while it waits: reworded, sealed anew, kept back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from email import message_from_bytes
from email.policy import default

import pytest

from gateway.relay import Bounced, Deferred, Delivered
from keys.results import Ring, Sealed, SealRequest
from machine.house import LIST_ID, House, Kept, address_of
from policy.upstream import DETAILS
from storage import disclosures, outbox, roster
from storage.records import Copy

SECRET = "canary0x: how to crash it"
POST = f"Embargo-Until: +14d\nHold-Until: now\n{{}}\n{SECRET}\n"
SLOW = "north"
THIRDS = (("envoy", "mechanics"), ("kernel", "mechanics"))
DAY = 86400


class Told:
    """A house whose next hop may be slow or busy for one member, and what people did there."""

    def __init__(self) -> None:
        self.house = House(upstreams=THIRDS)
        self.is_slow, self.is_busy = False, False
        self.talks, self.goes_on, self.ends = asyncio.Event(), asyncio.Event(), "delivered"
        self._hand_over = self.house.hop.hand_over
        self.house.hop.hand_over = self._talk  # type: ignore[method-assign]

    async def _talk(self, sender: str, recipient: str, message: bytes) -> Delivered | Deferred | Bounced:
        if recipient == address_of(SLOW) and self.is_busy:
            return Deferred("451 greylisted")
        if recipient == address_of(SLOW) and self.is_slow:
            self.is_slow = False
            self.talks.set()
            await self.goes_on.wait()
            if self.ends == "deferred":
                return Deferred("451 try later")
            if self.ends == "cut":
                await self._hand_over(sender, recipient, message)
                raise asyncio.CancelledError  # it took it, and we died
        return await self._hand_over(sender, recipient, message)

    def post(self, who: str, text: str, answers: str = "") -> None:
        assert (
            self.house.do(self.house.take(self.house.letter(who, text, subject="Flaw in hpack", answers=answers)))
            == 250
        )
        self.house.do(self.house.settle())

    def post_while_it_talks(self, first: str, *then: str) -> None:
        """Post; while the copy of one member is in the next hop's hands, write these in answer; then let that end."""
        self.is_slow = True
        self.house.do(self._interrupted(first, then))

    async def _interrupted(self, first: str, then: tuple[str, ...]) -> None:
        house = self.house
        assert await house.take(house.letter("alice", first, subject="Flaw in hpack")) == 250
        while not self.talks.is_set() or not self.mails("alice"):
            await house.gateway.release.step(house.clock.now())
            await house.gateway.delivery.step(house.clock.now())
            await asyncio.sleep(0)
        for lines in then:
            assert await house.take(house.letter("alice", lines, answers=self.receipt())) == 250
            await house.gateway.delivery.step(house.clock.now())
        self.goes_on.set()
        if self.ends == "cut":
            await asyncio.gather(*house.gateway.delivery._sending.values(), return_exceptions=True)
            await house.crash()
        await house.settle()

    async def give_newer_certificate(self) -> None:
        """The member's key has another subkey from now on, under the same fingerprint."""
        house, fingerprint = self.house, self.house.keys[SLOW]
        async with house.parts.database.transaction() as tx:
            await roster.pin_key(
                tx,
                person_id=house.ids[SLOW],
                list_id=LIST_ID,
                fingerprint=fingerprint,
                public=fingerprint.encode() + b" newer",
                algorithm="ed25519/cv25519",
                expires_at=None,
                flaw=None,
                now=house.clock.now(),
            )

    def pass_time(self, seconds: int) -> None:
        self.house.clock.advance(seconds)
        self.house.do(self.house.settle())

    def mails(self, who: str) -> list[Kept]:
        return [kept for kept in self.house.hop.kept if kept.recipient == address_of(who)]

    def receipt(self) -> str:
        return next(
            _id(kept) for kept in reversed(self.mails("alice")) if "Receipt" in self.house.inside(kept, "alice")
        )

    def times_read(self, who: str) -> int:
        """In how many mails somebody has the secret."""
        return len({_id(kept) for kept in self.mails(who) if SECRET in self.house.inside(kept, who)})

    def copies(self, who: str) -> list[Copy]:
        async def ask() -> list[Copy]:
            async with self.house.parts.database.reading() as tx:
                (one,) = await disclosures.ls(tx, LIST_ID, None)
                found = await outbox.of_disclosure(tx, one.id, roles={"member"})
            return [copy for copy in found if copy.address == address_of(who) and "/" in copy.message_id]

        return self.house.do(ask())

    def recorded(self, who: str) -> list[tuple[str, str, bool]]:
        """Of each copy of content: its number, its state, and whether its reader has the details by it."""
        found = self.copies(who)
        return sorted((one.message_id.partition("/")[2], one.state.value, DETAILS not in one.withheld) for one in found)


def _id(kept: Kept) -> str:
    return str(message_from_bytes(kept.raw, policy=default)["Message-ID"])


@pytest.fixture
def told() -> Iterator[Told]:
    found = Told()
    yield found
    assert not found.house.trouble.heard
    found.house.close()


ALL = [("1", "sent", False), ("2", "sent", True)]


@pytest.mark.parametrize("ends", ["delivered", "cut"])
def test_whoever_is_getting_the_mechanics_as_an_upstream_ends_gets_the_details_once_as_others_do(
    told: Told, ends: str
) -> None:
    told.ends = ends
    told.post_while_it_talks(POST.format("Upstream: envoy\n"), "Upstream: envoy over\n")
    told.pass_time(3600)
    for who in ("north", "south"):
        assert (told.recorded(who), told.times_read(who)) == (ALL, 1), who
        first: dict[str, bytes] = {}
        for kept in told.mails(who):  # one comes again after a crash, and then it is the same mail
            assert first.setdefault(_id(kept), kept.raw) == kept.raw


def test_what_waits_beside_its_details_stays_without_them(told: Told) -> None:
    told.ends = "deferred"
    told.post_while_it_talks(POST.format("Upstream: envoy\n"), "Upstream: envoy over\n", "Embargo-Until: +10d\n")
    assert told.recorded("north") == [("1", "deferred", False), ("2", "sent", True)]
    told.post("alice", "Embargo-Until: +9d\n", told.receipt())
    told.pass_time(3600)
    assert (told.recorded("north"), told.times_read("north")) == (ALL, 1)


def test_whoever_is_getting_everything_as_an_upstream_begins_is_known_to_have_it(told: Told) -> None:
    more = f"Send-To: audience\n\nMore of it, {SECRET}\n"
    told.post_while_it_talks(POST.format(""), more, "Upstream: envoy\n")
    was_sent, waited = ("1", "sent", True), ("2", "sent", False)
    assert (told.recorded("north"), told.times_read("north")) == ([was_sent, waited], 1)
    told.post("alice", "Upstream: envoy over\n", told.receipt())
    assert (told.recorded("north"), told.times_read("north")) == ([was_sent, waited, ("3", "sent", True)], 2)


def test_an_upstream_that_begins_and_ends_within_one_hand_over_keeps_nothing_from_anybody(told: Told) -> None:
    told.post_while_it_talks(POST.format(""), "Upstream: envoy\n", "Embargo-Until: +10d\n", "Upstream: envoy over\n")
    assert told.recorded("north") == [("1", "sent", True), ("2", "sent", True)], "what it may lack, it gets"


def test_what_is_put_off_while_an_upstream_begins_leaves_without_the_details(told: Told) -> None:
    told.ends = "deferred"
    told.post_while_it_talks(POST.format(""), "Upstream: envoy\n")
    told.pass_time(3600)
    assert (told.recorded("north"), told.times_read("north")) == ([("1", "sent", False)], 0)


@pytest.mark.parametrize("at_sealing", [False, True])
def test_what_waits_is_sealed_anew_for_the_newer_certificate_of_the_same_key(
    told: Told, monkeypatch: pytest.MonkeyPatch, at_sealing: bool
) -> None:
    sealed, seal_for, fingerprint = [], told.house.sealer.seal_for, told.house.keys[SLOW]

    async def seen(ring: Ring, content: bytes, requests: Sequence[SealRequest]) -> Sealed:
        """Which certificate of the member's a copy is sealed to; perhaps it is replaced at this instant."""
        if any(fingerprint in one.fingerprints for one in requests):
            sealed.extend(key.public for key in ring.pinned if key.fingerprint == fingerprint)
            if at_sealing and len(sealed) == 1:
                await told.give_newer_certificate()
        return await seal_for(ring, content, requests)

    monkeypatch.setattr(told.house.sealer, "seal_for", seen)
    told.is_busy = not at_sealing
    told.post("alice", POST.format(""))
    if not at_sealing:
        told.house.do(told.give_newer_certificate())
        told.is_busy = False
        told.pass_time(3600)
    assert sealed == [fingerprint.encode(), fingerprint.encode() + b" newer"]
    assert (told.recorded("north"), told.times_read("north")) == ([("1", "sent", True)], 1)


def _details_wait_for_another_embargo(told: Told) -> str:
    """One embargo ends and the next begins before the details have left."""
    told.post("alice", POST.format("Upstream: envoy\n"))
    told.is_busy, receipt = True, told.receipt()
    told.post("alice", "Upstream: envoy over\n", receipt)
    told.post("alice", "Upstream: kernel until +3d\n", receipt)
    told.is_busy = False
    told.pass_time(3600)
    return receipt


def test_details_that_an_embargo_kept_back_leave_after_the_lift_by_a_fresh_approval_alone(told: Told) -> None:
    receipt = _details_wait_for_another_embargo(told)
    assert told.recorded("north") == [("1", "sent", False), ("2", "withheld", True)]
    told.post("alice", "Fact: public\n", receipt)
    told.pass_time(4 * DAY)
    told.house.do(told.house.pin("west"))
    told.pass_time(3600)
    assert (told.recorded("north")[1], told.times_read("north")) == (("2", "withheld", True), 0)
    told.post("adam", f"Approve: {told.copies('north')[0].disclosure_id}/1\n", told.receipt())
    assert (told.recorded("north"), told.times_read("north")) == (ALL, 1)


def test_details_that_an_embargo_kept_back_leave_as_it_ends_where_ours_goes_on(told: Told) -> None:
    _details_wait_for_another_embargo(told)
    told.pass_time(3 * DAY)
    assert (told.recorded("north"), told.times_read("north")) == (ALL, 1)
