"""The block that a refusal offers is accepted when it is pasted back; where there is none, none is offered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from policy.control import Complaint, read_block
from policy.offers import Offer, offer, without
from policy.orders import read_order
from policy.surroundings import Surroundings

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
POST = Surroundings(
    now=NOW, groups=frozenset({"envoy"}), orgs=frozenset({"North"}), attachments=("fix.patch",), default_scope="all"
)
STEER = Surroundings(
    now=NOW,
    is_reply=True,
    orgs=frozenset({"North"}),
    attachments=("poc2.py",),
    hold_until=NOW - timedelta(days=1),
    embargo_until=NOW + timedelta(days=14),
)
GUEST = Surroundings(now=NOW, role="guest")
MEMBER = Surroundings(now=NOW, role="member", is_reply=True, embargo_until=NOW + timedelta(days=14))
DP, LK, FA, SR = "DP-2026-K7QX", "LK-2026-K7QX", "FA-2026-K7QX", "SR-2026-K7QX"
REPLY = Surroundings(now=NOW, is_reply=True)
NOTICED = Surroundings(now=NOW, is_reply=True, attachments=("n.txt",), has_public_address=True)
LONG = f"https://x.example/{'1' * 600}"


def offered(place: Surroundings, text: str, *refused: Complaint, corrected: str | None = None) -> Offer:
    """What is offered for a block: refused as it is read, or (``refused``) when it was to be done."""
    order = read_order(read_block(text), place)
    assert bool(order.complaints) is not bool(refused), order.complaints
    block = order.corrected if corrected is None else corrected
    return offer(refused or order.complaints, block, read_block(text), place)


@pytest.mark.parametrize(
    ("place", "text"),
    [
        pytest.param(MEMBER, "Share-With: Ann <ann@x.example>\nShare-Why: needed\n", id="a share of nothing said"),
        pytest.param(MEMBER, "Agree: this one\nReason: good\n", id="a vote on no proposal"),
        pytest.param(STEER, f"Assess: {LK}\nReason: a drill\n", id="an assessment without an outcome"),
        pytest.param(STEER, "Scope: org:Nobody Ltd\n", id="nobody's organisation"),
        pytest.param(STEER, "Scope: who@unknown.example\n", id="nobody's address"),
        pytest.param(STEER, "TLP: RED\nScope: org:Nobody Ltd\n", id="a scope is never just left out"),
        pytest.param(STEER, "TLP: RED\nRestrict: foo.patch to org:North\n", id="nor is a restriction"),
        pytest.param(STEER, "Upstream: foo\n", id="an upstream that nobody knows"),
        pytest.param(STEER, "Preview: yes\nCelebrate: yes\n", id="a preview of nothing"),
        pytest.param(STEER, "Hello,\n\nVouch: as I said\n", id="nothing is left, and there was no block"),
    ],
)
def test_for_a_reply_that_is_refused_as_it_is_read_no_block_is_offered_that_would_be_refused_again(place, text) -> None:
    assert offered(place, text) == Offer()


@pytest.mark.parametrize(
    ("place", "text", "said"),
    [
        (MEMBER, f"Agree: {DP}\nReason: fits\n", f"Agree: {DP}"),
        (STEER, "Close: yes\n", "Close: yes"),
        (STEER, "Public-Post: https://x.example/1\n", "Public-Post:"),
        (STEER, "Approve: DC-2026-K7QX\n", "Approve: DC-2026-K7QX"),
        (STEER, f"Deny: {SR}\n", f"Deny: {SR}"),
        (GUEST, f"Accept: {SR}\n", f"Accept: {SR}"),
        (STEER, f"Vouch: {LK}\n", f"Vouch: {LK}"),
        (STEER, f"Confirm: {FA}\nPreview: yes\n", f"Confirm: {FA}"),
        (STEER, f"Retrospective: {LK}\n", f"Retrospective: {LK}"),
        (STEER, "Corrects: last\nReplaces: x\n", "Replaces:"),
        (STEER, f"Vouch: {LK}\nSend-To: audience\n", f"Vouch: {LK}"),
        (STEER, f"Vouch: {LK}\nCorrects: last\n", f"Vouch: {LK}"),  # the text would go to members without the vouch
        (STEER, "Corrects: last\nTLP: RED\n", "Corrects: last"),  # the text would be no correction any more
        (STEER, "Lift: now\nCause: ready\nSend: now\n", "Lift: now"),
        (STEER, "Lift: now\n", ""),
        (NOTICED, "Preview: yes\nLift: now\nPublic-Notice: n.txt\n", "Lift: now"),
        (NOTICED, "Lift: now\nCause: ready\nPublic-Notice: n.txt\n", "Lift: now"),  # of the lift nothing is left
    ],
)
def test_for_what_can_not_be_done_the_same_block_is_not_offered_again(place, text, said) -> None:
    assert offered(place, text, Complaint(said, "it can't be done")) == Offer()


@pytest.mark.parametrize("text", ["Lift: now\n", f"Ack: {LK}\n", f"Assess: {LK}\nOutcome: contained\n"])
def test_of_lines_for_a_reply_alone_no_disclosure_is_offered_in_a_new_mail(text) -> None:
    assert offered(POST, text) == Offer()


@pytest.mark.parametrize(
    ("place", "text", "said", "left"),
    [
        (REPLY, f"Vouch: {LK}\nCVE: CVE-2026-1234\n", f"Vouch: {LK}", "CVE: CVE-2026-1234\n"),
        (REPLY, f"Vouch: {LK}\nTLP: RED\n", f"Vouch: {LK} as I said on the phone", "TLP: RED\n"),
        (REPLY, f"Confirm: {FA}\nConfirm: FA-2026-AAAA\n", f"Confirm: {FA}", "Confirm: FA-2026-AAAA\n"),
        (
            REPLY,
            f"Vouch: {LK}\nAssess: {LK}\nOutcome: dismissed\n",
            f"Vouch: {LK}",
            f"Assess: {LK}\nOutcome: dismissed\n",
        ),
        (REPLY, f"Public-Post: {LONG}\nTLP: RED\n", f"Public-Post: {LONG[:400]}...", "TLP: RED\n"),
        (REPLY, "Withdraw: a false alarm\nTLP: RED\n", "Withdraw:", "TLP: RED\n"),
        (MEMBER, "Ack: yes\nStatus: patched\n", "Ack:", "Status: patched\n"),
        (
            REPLY,
            f"Fact: public\nWhere: https://x.example\nAssess: {LK}\nOutcome: dismissed\nReason: drill\n",
            f"Assess: {LK}",
            "Fact: public\nWhere: https://x.example\n",
        ),
        (REPLY, "Lift: now\nCause: ready\nTLP: RED\n", "Lift: now", "TLP: RED\n"),
        (NOTICED, f"Vouch: {LK}\nPublic-Notice: n.txt\n", f"Vouch: {LK}", "Public-Notice: n.txt\n"),
    ],
)
def test_a_line_that_can_not_be_done_goes_with_its_companions_where_the_rest_stands_alone(
    place, text, said, left
) -> None:
    found = offered(place, text, Complaint(said, "it can't be done"))

    assert sorted(found.block.splitlines()) == sorted(left.splitlines())
    assert found.is_ready
    assert found.mend == ()
    assert read_order(read_block(found.block), place).complaints == ()


@pytest.mark.parametrize("other", [Complaint("", "it is ended, so nothing more is done here"), Complaint("CVE:", "no")])
def test_nothing_is_left_out_where_more_is_wrong_than_the_lines_that_may_go(other: Complaint) -> None:
    text = f"Vouch: {LK}\nCVE: CVE-2026-1234\nTLP: RED\n"

    assert offered(REPLY, text, Complaint(f"Vouch: {LK}", "it is open"), other) == Offer()


def test_what_is_left_without_a_line_is_offered_only_if_it_would_be_done() -> None:
    wrong, text = Complaint(f"Vouch: {LK}", "it is open"), f"Vouch: {LK}\nTLP: RED\n"

    assert offer([wrong], text, read_block(text), REPLY, lambda order: order.tlp == "RED").is_ready
    assert offer([wrong], text, read_block(text), REPLY, lambda order: order.tlp != "RED") == Offer()


@pytest.mark.parametrize(
    ("place", "text", "block"),
    [
        (STEER, "TPL: RED\n", "TLP: RED\n"),
        (STEER, "Preveiw: yes\n", "Preview: yes\n"),  # it was sent for nothing else
        (MEMBER, "Agree: this one\nReason: it fits\nStatus: patched\n", "Status: patched\n"),
    ],
)
def test_a_reply_is_offered_as_it_was_meant_without_what_nothing_takes_any_more(place, text, block) -> None:
    assert offered(place, text) == Offer(block, is_ready=True)


def test_a_name_that_is_likely_meant_stands_in_the_block() -> None:
    wrong = Complaint("Replaces:", "no attachment 'poc.pyy'; did you mean poc.py?", instead="poc.py")

    found = offered(STEER, "Corrects: last\nReplaces: poc.pyy\n", wrong)
    assert sorted(found.block.splitlines()) == ["Corrects: last", "Replaces: poc.py"]
    assert found.is_ready


def test_a_block_that_was_put_right_is_offered_as_it_is_unless_it_would_be_refused_too() -> None:
    wrong = Complaint("Public-Notice:", "there is no attachment of that name")
    text = "TLP: RED\nPublic-Post: https://x.example/1\n"
    block = read_block(text)
    assert read_order(block, STEER).complaints == ()

    assert offer([wrong], "TLP: RED\n", block, STEER) == Offer("TLP: RED\n", is_ready=True)
    assert offer([wrong], "TLP: RED\n", block, STEER, lambda _: False) == Offer()
    assert offer([wrong], "Cause: ready\nSend: now\n", block, STEER) == Offer()
    # What is wrong with it now is not what was wrong with it before.
    lift = Complaint("Lift:", "the embargo of another one holds")
    assert offer([lift], "Lift: now\nTLP: RED\n", block, STEER, lambda order: not order.lift_now) == Offer()


@pytest.mark.parametrize(
    ("text", "block"),
    [
        ("Lift: now\nFact: everybody knows\n", ""),  # perhaps it is to be lifted for that fact alone
        ("Lift: now\nSend: tonight\n", ""),  # the text would never go out
        ("Lift: now\nCelebrate: yes\n", ""),
        ("Hello,\n\nLift: now\nSend-To: all\n", ""),
        ("Withdraw: x\nCorrects: last\n", ""),
        ("Withdraw: x\nConfirm: that fact\n", ""),
        ("Lift: now\nEmbargo-Until: +3d\n", "Embargo-Until: +3d\n"),
        ("Hello,\n\nLift: now\n", "Lift: now\n"),
        ("Lift: now\nTPL: RED\n", "Lift: now\nTLP: RED\n"),
    ],
)
def test_an_end_is_offered_only_beside_all_that_it_was_written_beside(text: str, block: str) -> None:
    assert sorted(offered(STEER, text).block.splitlines()) == sorted(block.splitlines())


def test_an_end_is_not_offered_without_what_can_not_be_done_beside_it() -> None:
    text = "Lift: now\nScope: org:North\n"

    assert offered(STEER, text, Complaint("Lift:", "no scope"), corrected="Lift: now\n") == Offer()
    assert offered(STEER, f"Lift: now\nVouch: {LK}\n", Complaint(f"Vouch: {LK}", "it is open")) == Offer()


@pytest.mark.parametrize("wrong", ["Scope: org:Nobody Ltd", "Restrict: elsewhere.zip to group:envoy"])
def test_a_new_mail_gets_its_block_to_mend_with_the_lines_that_are_wrong(wrong: str) -> None:
    found = offered(POST, f"Embargo-Untill: +14d\n{wrong}\n")

    assert set(found.block.splitlines()) == {"Embargo-Until: +14d", wrong}
    assert found.mend == (wrong,)
    assert not found.is_ready


def test_a_new_mail_that_lacks_a_line_is_told_so_beside_its_block() -> None:
    place = Surroundings(now=NOW, default_scope="")
    found = offered(place, "Embargo-Until: +14d\n")

    assert found.block == "Embargo-Until: +14d\n"
    assert "names its scope" in found.mend[0]


def test_a_new_mail_of_whose_block_nothing_is_left_gets_none_to_mend() -> None:
    place = Surroundings(now=NOW, default_embargo="14d", default_scope="")

    assert offered(place, f"Vouch: {LK}\n") == Offer()


@pytest.mark.parametrize(("said", "mend"), [("Embargo-Until:", "Embargo-Until: +14d"), ("Scope:", "Scope:")])
def test_a_new_mail_is_told_which_of_its_lines_is_wrong_as_it_stands_or_which_is_missing(said: str, mend: str) -> None:
    found = offered(POST, "Embargo-Until: +14d\n", Complaint(said, "this list has other rules"))

    assert found == Offer("Embargo-Until: +14d\n", (mend,))


@pytest.mark.parametrize(
    ("block", "name", "left"),
    [
        ("Lift: now\nCause: ready\nSend: now\n", "Lift", ""),
        ("lift : now\nTLP: RED\nCause: ready\n", "Lift", "TLP: RED\n"),
        ("Lift: now\n\nTLP: RED\n", "Lift", "TLP: RED\n"),  # an empty line would end it
        ("Severity: high\nTLP: RED\n", "Severity", "TLP: RED\n"),
        ("TLP: RED\n", "Lift", "TLP: RED\n"),
    ],
)
def test_a_line_leaves_a_block_with_its_companions(block: str, name: str, left: str) -> None:
    assert without(block, name) == left
