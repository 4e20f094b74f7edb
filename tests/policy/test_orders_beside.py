"""Lines that stand beside others: what can't be meant together is asked about, what is said twice is done once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from policy.acts import CastVote, Correct, PostRetrospective, TellFact
from policy.control import read_block
from policy.grants import InviteGuest
from policy.knowledge import FactKind
from policy.orders import Order, Surroundings, read_order

NOW = datetime(2026, 11, 21, 17, tzinfo=UTC)
REPLY = Surroundings(now=NOW, is_reply=True, hold_until=NOW - timedelta(days=1), embargo_until=NOW + timedelta(days=13))


def order(text: str) -> Order:
    return read_order(read_block(text), REPLY)


@pytest.mark.parametrize(
    ("text", "corrected"),
    [
        ("Withdraw: x\nCorrects: last\nReplaces: fix.patch", "Withdraw: x\n"),
        ("Withdraw: x\nRetrospective: LK-2026-K7QX\nSend-To: audience", "Withdraw: x\n"),
        ("Approve: QU-2026-K7QX\nPreview: yes\nTLP: RED", "Preview: yes\nTLP: RED\n"),
        ("Fact: public\nWhere: a\nFact: attacks\nWhere: b", "Fact: public\nFact: attacks\nWhere: a\n"),
    ],
)
def test_lines_that_can_not_stand_together_come_back_corrected(text: str, corrected: str) -> None:
    found = order(text)

    assert found.complaints
    assert sorted(found.corrected.splitlines()) == sorted(corrected.splitlines())
    assert order(found.corrected).complaints == ()


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Vouch: LK-2026-K7QX\nVouch: lk-2026-k7qx", 1),
        ("Vouch: LK-2026-K7QX\nVouch: LK-2026-M3P9", 2),
        ("Public-Post: https://a.example/\nPublic-Post: https://a.example/", 1),
        ("Approve: QU-2026-K7QX\nPreview: yes\nApprove: QU-2026-K7QX", 1),
        ("Corrects: last\nReplaces: a.patch\nReplaces: b.patch", 1),
        ("Withdraw: x\nVouch: LK-2026-K7QX", 1),
    ],
)
def test_what_is_asked_for_twice_is_done_once(text: str, count: int) -> None:
    found = order(text)

    assert found.complaints == ()
    assert len(found.acts) == count
    assert all(act.replaces == ("a.patch", "b.patch") for act in found.acts if isinstance(act, Correct))


@pytest.mark.parametrize(("role", "is_shown"), [("member", True), ("guest", False), (None, False)])
def test_a_member_who_may_not_steer_is_shown_what_he_may_write_instead(role: str | None, *, is_shown: bool) -> None:
    (complaint,) = read_order(read_block("Lift: now"), replace(REPLY, role=role)).complaints

    assert complaint.why.startswith("only coordinators steer a disclosure; ")
    assert ("`Propose-Embargo-Until:`" in complaint.why and "`Fact: public`" in complaint.why) is is_shown


@pytest.mark.parametrize("role", ["coordinator", "member", "guest"])
def test_whoever_may_report_a_leak_may_say_what_was_learnt_of_it(role: str) -> None:
    found = read_order(read_block("Retrospective: LK-2026-K7QX"), replace(REPLY, role=role))

    assert (found.complaints, found.acts) == ((), (PostRetrospective("LK-2026-K7QX"),))


def test_what_is_told_beside_a_withdrawal_says_nothing_to_members_and_stands() -> None:
    found = order("Withdraw: x\nFact: public")

    assert (found.complaints, found.withdraw, found.acts) == ((), "x", (TellFact(FactKind.PUBLIC),))


@pytest.mark.parametrize("is_reply", [True, False])
def test_several_guests_are_let_in_by_one_mail(is_reply: bool) -> None:
    text = "Guest: Eve <eve@x.example>\nGuest: Bob <bob@x.example>\nEmbargo-Until: +3d"
    found = read_order(read_block(text), REPLY if is_reply else Surroundings(now=NOW))

    assert found.complaints == ()
    assert found.acts == (InviteGuest("Eve", "eve@x.example"), InviteGuest("Bob", "bob@x.example"))


@pytest.mark.parametrize("line", ["Agree: DP-2026-K7QX", "Object: DP-2026-K7QX"])
def test_a_vote_is_told_by_the_line_that_cast_it(line: str) -> None:
    (act,) = read_order(read_block(line), Surroundings(now=NOW, is_reply=True, role="member")).acts

    assert isinstance(act, CastVote)
    assert act.line == line
