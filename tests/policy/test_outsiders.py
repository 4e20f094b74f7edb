"""Who else was addressed: by table, and for any mix of addresses."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.control import read_block
from policy.facts import Disclosure, MessageKind, Person, Role, Standing, State
from policy.intake import Answered, Door, MailFacts, Signature, judge_mail
from policy.orders import Order
from policy.outsiders import Addressed, Ways, outsiders, ways_in
from policy.reasons import Reason
from policy.scopes import read_scope
from policy.surroundings import Surroundings
from policy.verdicts import Acknowledged, Forwarded, Kept, LeakReport, NoLeak, Posted, Replied, Reposted, Steered

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LIST, OWNER, PUBLIC = "list@lists.example", "list-owner@lists.example", "oss-security@lists.example.com"


def person(number: int, name: str, role: Role = Role.MEMBER, standing: Standing = Standing.ACTIVE) -> Person:
    return Person(number, "list", role, f"{name}@{name}.example", name, standing, frozenset(), ())


ALICE, ADAM = person(1, "alice", Role.COORDINATOR), person(2, "adam", Role.COORDINATOR)
GONE = person(3, "gone", Role.COORDINATOR, Standing.SUSPENDED)
NORTH, SOUTH, LATE = person(4, "north"), person(5, "south"), person(6, "late")
SUSPENDED = person(7, "suspended", Role.MEMBER, Standing.SUSPENDED)
PEOPLE = (ALICE, ADAM, GONE, NORTH, SOUTH, LATE, SUSPENDED)
OUT = Disclosure(
    "ED-2026-AAAA",
    "list",
    State.EMBARGOED,
    1,
    ALICE.address,
    ALICE.name,
    NOW,
    NOW,
    NOW + timedelta(days=9),
    "AMBER",
    "all",
    released_at=NOW,
    admitted=frozenset({4, 5, 7}),
)
HELD = replace(OUT, state=State.HELD, released_at=None, admitted=None)
TO_POST = Answered("ED-2026-AAAA/1", MessageKind.DISCLOSURE, by_tag=False)
BLOCK = "Embargo-Until: +9d\n\nText\n"


def mail(text: str, *named: str, by: Person = ALICE, signed: tuple[str, ...] | None = None, **what: Any) -> MailFacts:
    """A proved mail that names the list and these addresses, under the signature unless ``signed`` says less."""
    answered = what.get("answered")
    whole: dict[str, Any] = {
        "door": Door.LIST,
        "encrypted": True,
        "signatures": (Signature(good=True, known=True, made_at=NOW, signer=by),),
        "text": text,
        "block": read_block(text),
        "surroundings": Surroundings(
            now=NOW,
            orgs=frozenset({"north", "south"}),
            addresses=frozenset({NORTH.address, SOUTH.address, LATE.address}),
            role=by.role.value,
            is_reply=answered is not None,
            hold_until=NOW - timedelta(hours=1) if answered else None,
            embargo_until=NOW + timedelta(days=9) if answered else None,
        ),
        "in_audience": by in {NORTH, SOUTH},
        "addressed": Addressed(
            named=(LIST, *named),
            signed=(LIST, *named) if signed is None else signed,
            house=frozenset({LIST, OWNER}),
            people=PEOPLE,
            also_allowed=frozenset({"finder@guest.example"}),
            public_lists=frozenset({PUBLIC}),
        ),
        **what,
    }
    return MailFacts(**whole)


def reply(text: str, *named: str, by: Person = NORTH, **what: Any) -> MailFacts:
    return mail(text, *named, by=by, **{"answered": TO_POST, "disclosure": OUT, "is_threaded": True, **what})


WELCOME = [
    mail(BLOCK),
    mail(BLOCK, OWNER, ADAM.address, ALICE.address, NORTH.address, LATE.address),
    mail(BLOCK, "ADAM@Adam.Example", "North@NORTH.example"),
    mail(BLOCK, "finder@guest.example"),
    mail("Scope: org:north\n" + BLOCK, NORTH.address),
    reply("Hello\n", NORTH.address, SOUTH.address, OWNER, ALICE.address),
    reply("Hello\n", SOUTH.address, by=ALICE),
    reply("Hello\n", LATE.address, by=ALICE, disclosure=HELD),
    reply("Scope: all\n\nHello\n", LATE.address, by=ALICE),
]


@pytest.mark.parametrize("facts", WELCOME)
def test_who_belongs_to_it_may_be_addressed_as_well_in_any_case_of_letters(facts: MailFacts) -> None:
    assert isinstance(judge_mail(facts, NOW), Posted | Replied | Steered)


OUTSIDE = [
    ("a stranger", mail(BLOCK, "eve@elsewhere.example"), Posted),
    ("a suspended coordinator", mail(BLOCK, GONE.address), Posted),
    ("a suspended member", mail(BLOCK, SUSPENDED.address), Posted),
    ("a member outside the scope", mail("Scope: org:north\n" + BLOCK, SOUTH.address), Posted),
    ("another address of the writer's house", mail(BLOCK, "bob@alice.example"), Posted),
    ("something that is no address", mail(BLOCK, "?Security Team"), Posted),
    ("a member who joined after the release", reply("Hello\n", LATE.address, by=ALICE), Steered),
    ("one whom the same mail puts out", reply("Scope: org:north\n\nHi\n", SOUTH.address, by=ALICE), Steered),
    ("a colleague", reply("Hello\n", "colleague@north.example"), Replied),
    ("a colleague, beside an acknowledgement", reply("Ack: yes\n", "colleague@north.example"), Acknowledged),
    ("a public list after the lift", reply("Hi\n", PUBLIC, disclosure=replace(OUT, state=State.LIFTED)), Replied),
    ("a member, where there is no disclosure", reply("Hi\n", SOUTH.address, by=ALICE, disclosure=None), Steered),
]


@pytest.mark.parametrize(("facts", "otherwise"), [pytest.param(*row[1:], id=row[0]) for row in OUTSIDE])
def test_anybody_else_keeps_the_mail_back_unless_that_is_waived(facts: MailFacts, otherwise: type) -> None:
    verdict = judge_mail(facts, NOW)

    assert isinstance(verdict, Kept)
    assert verdict.reasons == (Reason.OUTSIDER_ADDRESSED,)
    assert verdict.outsiders == facts.addressed.named[1:]
    assert verdict.leak is None
    assert verdict.at_once
    waived = replace(facts, waived=frozenset({Reason.OUTSIDER_ADDRESSED}))
    assert isinstance(judge_mail(waived, NOW), otherwise)


def test_what_is_kept_for_another_reason_tells_of_the_outsiders_too_and_both_are_waived_together() -> None:
    facts = mail("Hold-Untill: +1d\n\nText\n", "eve@elsewhere.example", GONE.address)
    verdict = judge_mail(facts, NOW)

    assert isinstance(verdict, Kept)
    assert verdict.reasons == (Reason.CONTROL_LINES, Reason.OUTSIDER_ADDRESSED)
    assert verdict.outsiders == ("eve@elsewhere.example", GONE.address)
    assert verdict.complaints


def test_who_the_kept_mail_addressed_counts_when_it_goes_on_with_a_new_block() -> None:
    about = replace(TO_POST, kind=MessageKind.COMPLAINT, about_kept_post=True)
    facts = mail(BLOCK, answered=about, is_threaded=True)
    with_kept = replace(facts, addressed=replace(facts.addressed, kept=("eve@elsewhere.example",)))

    assert isinstance(judge_mail(facts, NOW), Reposted)
    verdict = judge_mail(with_kept, NOW)
    assert isinstance(verdict, Kept)
    assert verdict.outsiders == ("eve@elsewhere.example",)


FOUND = [
    ("a post", mail(BLOCK, PUBLIC)),
    ("in other letters", mail(BLOCK, PUBLIC.upper())),
    ("a post with a misspelled line", mail("Hold-Untill: +1d\n\nText\n", PUBLIC)),
    ("a mail without control lines", mail("Lunch?\n", PUBLIC)),
    ("a coordinator's reply", reply("Hello\n", PUBLIC, by=ALICE)),
    ("a member's reply", reply("Hello\n", PUBLIC)),
    ("a member's new mail", mail("Hello\n", PUBLIC, by=NORTH)),
    ("a suspended member's reply", reply("Hello\n", PUBLIC, by=SUSPENDED)),
    ("an acknowledgement", reply("Ack: yes\n", PUBLIC)),
    ("talk of it", reply("I CC'ed the public list by mistake.\n", PUBLIC)),
    ("talk in another case", reply("Hi\n", PUBLIC, answered=replace(TO_POST, kind=MessageKind.LEAK_NOTICE))),
    ("an answer that it was none", reply("Leak: no\n", PUBLIC)),
    ("while it is held", reply("Hello\n", PUBLIC, by=ALICE, disclosure=HELD)),
]


@pytest.mark.parametrize("facts", [pytest.param(facts, id=name) for name, facts in FOUND])
def test_a_public_list_keeps_a_proved_mail_back_and_opens_a_case(facts: MailFacts) -> None:
    verdict = judge_mail(facts, NOW)

    assert isinstance(verdict, Kept)
    assert Reason.OUTSIDER_ADDRESSED in verdict.reasons
    assert verdict.leak is not None
    assert verdict.leak.reporter == verdict.writer == facts.signatures[0].signer
    assert verdict.leak.found == facts.addressed.named[1:]
    assert verdict.leak.lines is None
    assert verdict.leak.is_verified
    waived = judge_mail(replace(facts, waived=frozenset({Reason.OUTSIDER_ADDRESSED})), NOW)
    assert not isinstance(waived, Kept) or waived.leak is None


def test_an_address_outside_the_signature_opens_the_case_but_accuses_nobody() -> None:
    verdict = judge_mail(reply("Hello\n", PUBLIC, signed=(LIST,)), NOW)

    assert isinstance(verdict, Kept)
    assert verdict.leak is not None
    assert verdict.leak.reporter == NORTH
    assert not verdict.leak.is_verified


UNPROVED: list[tuple[str, dict[str, Any]]] = [
    ("unsigned", {"signatures": ()}),
    ("in clear", {"encrypted": False, "signatures": ()}),
    ("a stranger's", {"signatures": (Signature(good=True, known=False, made_at=NOW, signer=None),)}),
    ("a replay", {"signatures": (Signature(good=True, known=True, made_at=NOW, signer=NORTH, replayed=True),)}),
    ("written to somebody else", {"addressed_here": False}),
]


@pytest.mark.parametrize("how", [pytest.param(how, id=name) for name, how in UNPROVED])
def test_an_unproved_mail_to_a_public_list_is_a_case_only_in_a_known_thread(how: dict[str, Any]) -> None:
    known = judge_mail(reply("Hello\n", PUBLIC, **how), NOW)
    assert isinstance(known, LeakReport)
    assert known.reporter is None
    assert known.reasons
    assert known.found == (PUBLIC,)
    assert not known.is_verified

    claim = judge_mail(mail("Hello\n", PUBLIC, by=NORTH, **how), NOW)
    assert isinstance(claim, Kept)
    assert claim.leak is None


def test_outsiders_of_an_unproved_mail_change_nothing() -> None:
    verdict = judge_mail(reply("Hello\n", "eve@elsewhere.example", signatures=()), NOW)

    assert isinstance(verdict, Kept)
    assert verdict.reasons == (Reason.UNSIGNED,)
    assert verdict.outsiders == ()


def test_the_coordinators_address_is_open_to_all_but_a_public_list_in_a_thread_is_a_case() -> None:
    assert isinstance(judge_mail(reply("Hello\n", "eve@elsewhere.example", door=Door.OWNER), NOW), Forwarded)
    assert isinstance(judge_mail(mail("Hello\n", PUBLIC, door=Door.OWNER), NOW), Forwarded)
    assert isinstance(judge_mail(reply("Hello\n", PUBLIC, door=Door.OWNER), NOW), LeakReport)


def test_a_leak_report_goes_first_whoever_else_reads_it() -> None:
    for facts in (reply("Leak: all of it, to them\n", PUBLIC), reply("Leak: it\n", "eve@elsewhere.example")):
        verdict = judge_mail(facts, NOW)
        assert isinstance(verdict, LeakReport)
        assert verdict.lines is not None
        assert verdict.found == ()
    assert isinstance(judge_mail(reply("Leak: no\n", "eve@elsewhere.example"), NOW), NoLeak)


ADDRESSES = st.sampled_from(
    [LIST, OWNER, PUBLIC, "eve@elsewhere.example", "?nobody", *(someone.address for someone in PEOPLE)]
)


@given(named=st.lists(ADDRESSES), scope=st.sampled_from(["all", "org:north", "org:nobody"]), flips=st.integers(0, 255))
def test_an_outsider_is_never_overlooked_whatever_its_place_or_letters(
    named: list[str], scope: str, flips: int
) -> None:
    shown = [address.upper() if flips >> (place % 8) & 1 else address for place, address in enumerate(named)]
    addressed = Addressed(named=tuple(shown), house=frozenset({LIST, OWNER}), people=PEOPLE)
    found = outsiders(addressed, ALICE, read_scope(scope), None, NOW)

    inside = {LIST, OWNER, ALICE.address, ADAM.address}
    inside |= {"all": {NORTH.address, SOUTH.address, LATE.address}, "org:north": {NORTH.address}}.get(scope, set())
    assert [address.lower() for address in found] == list(
        dict.fromkeys(address.lower() for address in shown if address.lower() not in inside)
    )


EVE, OTHER = "Eve@Elsewhere.example", "Other@lists.example"
KNOWN_GUEST = person(8, "finder", Role.GUEST)
ALL = (EVE, OTHER, "?no address", "South@south.example", *(one.address for one in (ADAM, GONE, SUSPENDED, KNOWN_GUEST)))


def test_who_is_a_member_is_let_in_by_the_scope_and_who_is_nobody_here_as_a_guest() -> None:
    people, ours = (*PEOPLE, KNOWN_GUEST), frozenset({OTHER.lower()})

    for disclosure in (None, OUT, HELD, replace(HELD, state=State.PENDING)):
        ways = ways_in(ALL, people, ours, disclosure, Order(tlp="RED"))
        assert ways == Ways((EVE, KNOWN_GUEST.address), ("South@south.example",))
        assert "@" not in repr(ways)


@pytest.mark.parametrize(
    ("disclosure", "order"),
    [
        *((replace(OUT, state=state), Order()) for state in (State.LIFTED, State.WITHDRAWN, State.CLOSED)),
        (OUT, Order(lift_now=True)),
        (OUT, Order(withdraw="no flaw")),
    ],
)
def test_nobody_is_let_into_what_is_over_or_is_ended_by_the_same_mail(disclosure: Disclosure, order: Order) -> None:
    assert ways_in(ALL, PEOPLE, frozenset(), disclosure, order) == Ways()
