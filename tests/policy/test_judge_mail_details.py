"""Each part of a judgement on its own: what one fact more or less makes of a mail."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from policy.control import read_block
from policy.facts import Disclosure, MessageKind, Person, Role, Standing, State
from policy.intake import Answered, Door, MailFacts, Signature, hear, judge_mail, judge_proof, judged_unproved
from policy.orders import Order
from policy.outsiders import Addressed
from policy.reasons import Reason
from policy.surroundings import Surroundings
from policy.verdicts import (
    Acknowledged,
    Acted,
    Forwarded,
    Kept,
    LeakReport,
    Posted,
    Reach,
    Replied,
    Reposted,
    Steered,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def person(number: int, name: str, role: Role = Role.MEMBER, standing: Standing = Standing.ACTIVE) -> Person:
    return Person(number, "list", role, f"{name}@{name}.example", name, standing, frozenset(), ())


ALICE, ADAM = person(1, "alice", Role.COORDINATOR), person(2, "adam", Role.COORDINATOR)
NORTH, SOUTH, LATE = person(3, "north"), person(4, "south"), person(6, "late")
SUSPENDED = person(5, "suspended", standing=Standing.SUSPENDED)
PEOPLE = (ALICE, ADAM, NORTH, SOUTH, SUSPENDED, LATE)
EVE, PUBLIC = "eve@elsewhere.example", "oss@lists.example"
OUT = Disclosure(
    "ED-2026-AAAA", "list", State.EMBARGOED, 1, ALICE.address, "A", NOW, NOW, NOW + timedelta(days=9), "AMBER", "all",
    released_at=NOW, admitted=frozenset({3, 4, 5}),
)  # fmt: skip
UNSENT = replace(OUT, state=State.LIFTED, released_at=None, admitted=None)
TO_POST = Answered("ED-2026-AAAA/1", MessageKind.DISCLOSURE, by_tag=False)
TO_KEPT = Answered("MS-1", MessageKind.COMPLAINT, by_tag=False, about_kept_post=True)
BLOCK = "Embargo-Until: +9d\n\nText\n"
LINE = "Leak: a patch, to a list\n"
PROSE = "It was made public.\n"  # which may be a leak


def signature(by: Person | None = ALICE, **how: Any) -> Signature:
    return Signature(**{"good": True, "known": by is not None, "made_at": NOW, "signer": by, **how})


def mail(text: str = "Hello\n", by: Person | None = ALICE, named: tuple[str, ...] = (), **what: Any) -> MailFacts:
    """An encrypted mail with one good signature that names these addresses beside the list."""
    waived = what.pop("waived", ())
    is_reply = what.get("answered") is not None
    addressed = Addressed(named, named, what.pop("kept", ()), people=PEOPLE, public_lists=frozenset({PUBLIC}))
    whole: dict[str, Any] = {
        "door": Door.LIST,
        "encrypted": True,
        "signatures": (signature(by),),
        "subject": "Flaw",
        "text": text,
        "block": read_block(text),
        "surroundings": Surroundings(
            now=NOW,
            role=by.role.value if by else None,
            is_reply=is_reply,
            orgs=frozenset({"north", "south"}),
            addresses=frozenset({NORTH.address}),
            hold_until=NOW - timedelta(hours=1) if is_reply else None,
            embargo_until=NOW + timedelta(days=9) if is_reply else None,
        ),
        "in_audience": by in {NORTH, SOUTH},
        "addressed": replace(addressed, also_allowed=what.pop("also_allowed", frozenset())),
        "waived": frozenset(waived),
        **what,
    }
    return MailFacts(**whole)


def reply(text: str = "Hello\n", by: Person | None = NORTH, named: tuple[str, ...] = (), **what: Any) -> MailFacts:
    return mail(text, by, named, **{"answered": TO_POST, "disclosure": OUT, "is_threaded": True, **what})


def answer(kind: MessageKind, text: str, by: Person | None = NORTH, *, by_tag: bool = False) -> MailFacts:
    return reply(text, by, answered=Answered("MS-1", kind, by_tag=by_tag))


# --- what is proved


@pytest.mark.parametrize(
    ("facts", "reasons"),
    [
        pytest.param(mail(encrypted=False, undecryptable=True, signatures=()), "cleartext", id="in clear all the same"),
        pytest.param(
            mail(problem=Reason.TOO_COMPLEX, undecryptable=True), "too-complex undecryptable", id="both are told"
        ),
        pytest.param(
            mail(problem=Reason.MALFORMED, encrypted=False, signatures=()),
            "malformed",
            id="what can't be read is not called clear",
        ),
        pytest.param(mail(problem=Reason.MALFORMED, signatures=()), "malformed", id="nor unsigned"),
        pytest.param(mail(encrypted=False, signatures=()), "cleartext", id="nor is what came in clear"),
        pytest.param(
            mail(signatures=(signature(None, good=False),)), "stranger", id="an unknown key's can't be called bad"
        ),
        pytest.param(
            mail(signatures=(signature(good=False, replayed=True, made_at=None),)),
            "bad-signature",
            id="a bad one is not called old",
        ),
    ],
)
def test_a_mail_is_not_believed_for_these_reasons_and_no_others(facts: MailFacts, reasons: str) -> None:
    assert list(judge_proof(facts, NOW)) == reasons.split()


def test_one_reason_is_enough_for_nobody_to_have_said_it() -> None:
    assert judged_unproved((Reason.CLEARTEXT, Reason.REPLAY))
    assert not judged_unproved((Reason.REPLAY, Reason.STALE_SIGNATURE))


def test_who_is_named_as_the_writer_of_a_kept_mail_is_proved() -> None:
    in_clear = judge_mail(mail(BLOCK, encrypted=False, signatures=(signature(replayed=True),)), NOW)
    replayed = judge_mail(mail(BLOCK, signatures=(signature(replayed=True),)), NOW)

    assert isinstance(in_clear, Kept)
    assert in_clear.writer is None
    assert isinstance(replayed, Kept)
    assert replayed.writer is ALICE


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param(mail(door=Door.OWNER), Forwarded((), ALICE), id="proved"),
        pytest.param(
            mail(door=Door.OWNER, addressed_here=False), Forwarded((Reason.WRONG_LIST,), None), id="written elsewhere"
        ),
        pytest.param(
            mail(by=None, door=Door.OWNER, addressed_here=False), Forwarded((Reason.STRANGER,), None), id="a stranger"
        ),
    ],
)
def test_what_came_to_the_owners_address_goes_on_with_what_is_proved_of_it(facts, expected) -> None:
    assert judge_mail(facts, NOW) == expected


# --- kept: for which reasons, and how soon it is told


@pytest.mark.parametrize(
    ("facts", "reasons"),
    [
        pytest.param(reply(f"Scope: all\n\n{PROSE}"), "possible-leak control-lines", id="a member's bad line"),
        pytest.param(
            reply(f"Scope: all\n\n{PROSE}", waived=[Reason.POSSIBLE_LEAK]), "control-lines", id="it was no leak"
        ),
        pytest.param(mail(PROSE, NORTH), "member-new-thread possible-leak", id="a member's new mail"),
        pytest.param(reply(PROSE, None), "stranger possible-leak", id="a stranger's in a known thread"),
        pytest.param(mail(PROSE, None), "stranger", id="a stranger's new mail"),
        pytest.param(mail(PROSE), "no-control-block", id="a coordinator's"),
        pytest.param(mail(BLOCK, SUSPENDED), "member-new-thread", id="a suspended member's new mail"),
        pytest.param(mail("Hello\n", encrypted=False, named=(EVE,)), "cleartext", id="an outsider in an unproved mail"),
        pytest.param(mail(BLOCK + "\nHold-Until: +1d\n"), "control-lines", id="a stray below a block"),
    ],
)
def test_a_mail_is_kept_for_these_reasons_and_no_others(facts: MailFacts, reasons: str) -> None:
    verdict = judge_mail(facts, NOW)

    assert isinstance(verdict, Kept)
    assert sorted(verdict.reasons) == sorted(reasons.split())


@pytest.mark.parametrize("door", [Door.REQUEST, Door.SENDKEY, Door.BOUNCES])
def test_a_strangers_mail_to_the_lists_other_addresses_waits_for_the_digest(door: Door) -> None:
    verdict = judge_mail(mail(by=None, door=door), NOW)

    assert isinstance(verdict, Kept)
    assert not verdict.at_once
    assert verdict.reasons == (Reason.STRANGER, Reason.UNSUPPORTED)


@pytest.mark.parametrize(("default", "scope"), [("all", "Scope: all\n"), ("", "")])
def test_a_post_without_a_block_is_answered_with_one_for_the_lists_default_scope(default: str, scope: str) -> None:
    verdict = judge_mail(mail("Lunch?\n", surroundings=Surroundings(now=NOW, default_scope=default)), NOW)

    assert isinstance(verdict, Kept)
    assert verdict.corrected.startswith("Embargo-Until: 20")
    assert verdict.corrected.endswith(f"UTC\n{scope}")


@pytest.mark.parametrize("missing", ["block", "surroundings"])
def test_what_is_read_as_an_order_has_a_block_and_surroundings(missing: str) -> None:
    with pytest.raises(ValueError, match="a readable mail has"):
        judge_mail(reply(**{missing: None}), NOW)


# --- what is allowed


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        pytest.param(
            mail(BLOCK, waived=[Reason.STALE_SIGNATURE], signatures=(signature(made_at=NOW - timedelta(days=8)),)),
            Posted,
            id="an old signature that the operator lets pass",
        ),
        pytest.param(
            mail(BLOCK + "\nHold-Until: +1d\n", waived=[Reason.CONTROL_LINES]), Posted, id="a stray that is prose"
        ),
        pytest.param(
            reply("Scope: all\n\nText\n", waived=[Reason.CONTROL_LINES]), Replied, id="a member's line that is prose"
        ),
        pytest.param(
            mail(BLOCK, answered=replace(TO_POST, by_tag=True), disclosure=OUT), Steered, id="a tag makes it a reply"
        ),
        pytest.param(reply("Hello\n", ALICE, text_is_html=True), Steered, id="HTML without control lines"),
        pytest.param(reply(by=SUSPENDED, disclosure=None), Replied, id="a suspended member answers a notice"),
        pytest.param(reply(disclosure=None, in_audience=False), Replied, id="so does one outside"),
        pytest.param(
            answer(MessageKind.LEAK_NOTICE, "We saw it too.\n", by_tag=True), Replied, id="a tag alone joins no case"
        ),
        pytest.param(answer(MessageKind.LEAK_NOTICE, "Status: done\n"), Acted, id="a line in a case is a line"),
        pytest.param(reply(f"Fact: public\n\n{PROSE}"), Acted, id="a fact is about what leaked"),
        pytest.param(reply("Status: done\n", text_is_html=True), Replied, id="a line in HTML does nothing"),
        pytest.param(reply("received, thanks\n", attachments=("a.txt",)), Replied, id="thanks with an attachment"),
        pytest.param(reply("\n> What he wrote.\n"), Replied, id="a quotation alone acknowledges nothing"),
        pytest.param(reply("Ack: yes\n", text_is_html=True), Replied, id="nor does a line in HTML"),
        pytest.param(reply("Ack: yes\n\n> What he wrote.\n"), Acknowledged, id="a line over a quotation does"),
    ],
)
def test_one_fact_more_makes_it_this(facts: MailFacts, kind: type) -> None:
    assert isinstance(judge_mail(facts, NOW), kind)


@pytest.mark.parametrize(
    ("facts", "acknowledges"),
    [
        (reply("Ack: yes\n\nHow do we build it?\n"), True),
        (reply("How do we build it?\n"), False),
        (reply("Ack: yes\n\nHow do we build it?\n", text_is_html=True), False),
    ],
)
def test_a_reply_acknowledges_only_by_its_line(facts: MailFacts, acknowledges: bool) -> None:
    assert judge_mail(facts, NOW) == Replied(NORTH, acknowledges)


@pytest.mark.parametrize("state", [State.WITHDRAWN, State.CLOSED])
def test_a_word_about_what_is_over_reaches_nobody(state: State) -> None:
    verdict = judge_mail(reply(by=ALICE, disclosure=replace(OUT, state=state)), NOW)

    assert isinstance(verdict, Steered)
    assert verdict.reach is Reach.NOBODY


@pytest.mark.parametrize("state", [State.WITHDRAWN, State.CLOSED])
def test_a_members_word_about_what_is_over_is_kept_unless_the_operator_lets_it_through(state: State) -> None:
    facts = reply(disclosure=replace(OUT, state=state))
    verdict = judge_mail(facts, NOW)

    assert isinstance(verdict, Kept)
    assert verdict.reasons == (Reason.CONTROL_LINES,)
    assert [one.why for one in verdict.complaints] == [f"it is {state}, so nothing more is sent in this thread"]
    assert judge_mail(replace(facts, waived=frozenset({Reason.CONTROL_LINES})), NOW) == Replied(NORTH)
    assert judge_mail(reply(disclosure=replace(OUT, state=State.LIFTED)), NOW) == Replied(NORTH)


@pytest.mark.parametrize(
    ("facts", "offered"),
    [
        pytest.param(reply("Scope: org:nobody\n", ALICE), "", id="nothing that would be refused again"),
        pytest.param(
            reply("TLP: RED\n", ALICE, text_is_html=True), "TLP: RED\n", id="what HTML said, to send as plain text"
        ),
        pytest.param(
            mail("Lunch?\n", surroundings=Surroundings(NOW, default_scope="org:gone")),
            "Embargo-Until: 2026-12-08 17:00 UTC\nScope: org:gone\n",
            id="the list's own block for a mail without one, and none of its lines is called wrong",
        ),
    ],
)
def test_what_is_offered_with_a_refusal(facts: MailFacts, offered: str) -> None:
    verdict = judge_mail(facts, NOW)

    assert isinstance(verdict, Kept)
    assert (verdict.corrected, verdict.mend) == (offered, ())


@pytest.mark.parametrize("block", [read_block("Hello\n"), None])
def test_a_word_about_a_kept_post_stays_among_coordinators(block) -> None:
    facts = reply(by=ALICE, answered=TO_KEPT, disclosure=None, block=block, named=(), kept=(EVE,))

    assert judge_mail(facts, NOW) == Steered(ALICE, Order(), Reach.NOBODY)


def test_a_retrospective_reaches_the_audience_and_what_answers_several_mails_nobody() -> None:
    told = judge_mail(answer(MessageKind.ALARM, "Retrospective: LK-2026-K7QX\n\nText\n", ALICE), NOW)
    several = judge_mail(reply(by=ALICE, answered=replace(TO_POST, is_sole=False)), NOW)

    assert isinstance(told, Steered)
    assert told.reach is Reach.AUDIENCE
    assert isinstance(several, Steered)
    assert several.reach is Reach.NOBODY


@pytest.mark.parametrize(
    "kind", [MessageKind.NOTE, MessageKind.REPORT, MessageKind.FORWARD, MessageKind.STANDING_NOTICE]
)
def test_an_answer_to_what_one_person_got_reaches_nobody(kind: MessageKind) -> None:
    verdict = judge_mail(answer(kind, "Hello\n", ALICE), NOW)

    assert isinstance(verdict, Steered)
    assert verdict.reach is Reach.NOBODY


def test_what_is_not_said_of_a_mail_is_not_so() -> None:
    nothing = MailFacts(Door.LIST)

    assert {nothing.header_protected, nothing.in_audience, nothing.encrypted, nothing.is_threaded} == {False}
    assert nothing.addressed_here
    assert {Replied(NORTH).acknowledges, Acted(NORTH, Order()).acknowledges} == {False}


# --- leaks


@pytest.mark.parametrize(
    ("facts", "reporter", "joins", "reasons"),
    [
        pytest.param(
            answer(MessageKind.ACKNOWLEDGEMENT, LINE, by_tag=True), NORTH, False, (), id="a tag alone adds nothing"
        ),
        pytest.param(
            answer(MessageKind.ACKNOWLEDGEMENT, LINE, None), None, False, (Reason.STRANGER,), id="nor does a stranger"
        ),
        pytest.param(
            reply(LINE, addressed_here=False, waived=[Reason.WRONG_LIST]), NORTH, False, (), id="the operator's word"
        ),
        pytest.param(reply(LINE, addressed_here=False), None, False, (Reason.WRONG_LIST,), id="written elsewhere"),
        pytest.param(
            reply("We saw it too.\n", named=(EVE,), answered=Answered("MS-1", MessageKind.LEAK_NOTICE, by_tag=False)),
            NORTH,
            True,
            (),
            id="talk in a case is not held up for an outsider",
        ),
        pytest.param(
            replace(answer(MessageKind.ALARM, "", ALICE), subject="Re: LEAK of a patch"), ALICE, True, (), id="alarm"
        ),
        pytest.param(mail("", NORTH, subject="LEAK of a patch", is_threaded=True), NORTH, False, (), id="by headers"),
        pytest.param(mail("", NORTH, subject="Re: LEAK of a patch"), NORTH, False, (), id="by Re:"),
        pytest.param(mail("", NORTH, subject="LEAK", answered=TO_POST), NORTH, False, (), id="by what it answers"),
    ],
)
def test_a_report_says_whose_it_is_and_why_nobodys(facts, reporter, joins, reasons) -> None:
    verdict = judge_mail(facts, NOW)

    assert isinstance(verdict, LeakReport)
    assert (verdict.reporter, verdict.joins, verdict.reasons) == (reporter, joins, reasons)


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        pytest.param(reply(LINE + "Leak-To: a list\n"), "", id="its own lines are no others"),
        pytest.param(reply(LINE + "Wherever: x\n"), "", id="nor is what is no control line"),
        pytest.param(reply("", block=None, heard=hear(LINE)), "", id="nothing was read"),
        pytest.param(reply(LINE + "Scope: all\n", None), "", id="a stranger is told nothing"),
        pytest.param(reply(LINE + "Wherever: x\nScope: all\n"), "the leak goes first: Scope;", id="a line beside it"),
    ],
)
def test_a_reporter_is_told_which_lines_were_set_aside(facts: MailFacts, told: str) -> None:
    verdict = judge_mail(facts, NOW)

    assert isinstance(verdict, LeakReport)
    assert bool(verdict.complaints) is bool(told)
    assert isinstance(verdict.complaints, tuple)
    assert not told or told in verdict.complaints[0].why


# --- who else was addressed

REPOST = {"answered": TO_KEPT, "disclosure": None, "is_threaded": True}


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        pytest.param(mail(BLOCK, named=(), kept=(EVE,), **REPOST), Kept, id="a mended post: whom the kept one named"),
        pytest.param(mail(BLOCK, named=(), kept=(NORTH.address,), **REPOST), Reposted, id="by the default scope"),
        pytest.param(
            mail("Scope: org:north\n" + BLOCK, kept=(SOUTH.address,), **REPOST), Kept, id="by the block's own scope"
        ),
        pytest.param(reply("Hello\n", ALICE, kept=(EVE,)), Steered, id="a reply names only its own"),
        pytest.param(
            reply("Send-To: audience\n\nText\n", ALICE, named=(LATE.address,), disclosure=UNSENT),
            Steered,
            id="a fresh order is for whoever is in the scope now",
        ),
        pytest.param(
            reply("Hello\n", ALICE, named=(LATE.address,), disclosure=UNSENT), Kept, id="no other text lets anybody in"
        ),
        pytest.param(
            reply("Send-To: audience\n\nText\n", ALICE, named=(LATE.address,)), Kept, id="nor does one after a release"
        ),
        pytest.param(reply("Hi\n", None, named=(PUBLIC,), waived=[Reason.OUTSIDER_ADDRESSED]), Kept, id="waived"),
    ],
)
def test_whom_a_mail_names_is_held_against_whom_it_is_for(facts: MailFacts, kind: type) -> None:
    verdict = judge_mail(facts, NOW)

    assert isinstance(verdict, kind)
    if kind is Kept and verdict.reason is not Reason.STRANGER:
        assert verdict.reason is Reason.OUTSIDER_ADDRESSED


@pytest.mark.parametrize(
    ("facts", "others"),
    [
        pytest.param(mail("Skope: all\n" + BLOCK, named=(NORTH.address,)), (), id="a bad line may mean everybody"),
        pytest.param(mail("Lunch?\n", named=(NORTH.address,)), (), id="so may a post without a block"),
        pytest.param(reply("Tlp: x\n\nText\n", ALICE, named=(LATE.address,)), (), id="so may a reply's bad line"),
        pytest.param(reply(PROSE, named=(LATE.address,)), (LATE.address,), id="a member's reply is for those let in"),
        pytest.param(reply(PROSE, named=(SOUTH.address,)), (), id="and for all of them"),
    ],
)
def test_a_kept_mail_tells_who_else_was_addressed(facts: MailFacts, others: tuple[str, ...]) -> None:
    verdict = judge_mail(facts, NOW)

    assert isinstance(verdict, Kept)
    assert verdict.outsiders == others


def test_without_a_scope_a_post_is_for_no_member() -> None:
    nowhere = Surroundings(now=NOW, default_scope="", is_reply=True, role="coordinator")
    named = judge_mail(mail(BLOCK, named=(NORTH.address,), surroundings=nowhere), NOW)
    alone = judge_mail(mail(BLOCK, surroundings=nowhere), NOW)

    assert isinstance(named, Kept)
    assert named.outsiders == (NORTH.address,)
    assert isinstance(alone, Posted)


@pytest.mark.parametrize("state", [State.LIFTED, State.CLOSED])
def test_what_a_public_list_reads_after_the_lift_is_no_leak(state: State) -> None:
    verdict = judge_mail(reply(named=(PUBLIC,), disclosure=replace(OUT, state=state)), NOW)

    assert isinstance(verdict, Kept)
    assert verdict.leak is None


def test_a_public_list_is_a_leak_also_where_it_is_let_in_and_others_are_told_beside_it() -> None:
    let_in = judge_mail(reply(named=(PUBLIC,), also_allowed=frozenset({PUBLIC})), NOW)
    beside = judge_mail(reply(named=(EVE, PUBLIC)), NOW)

    assert isinstance(let_in, Kept)
    assert let_in.outsiders == (PUBLIC,)
    assert let_in.leak is not None
    assert isinstance(beside, Kept)
    assert beside.outsiders == (EVE, PUBLIC)


@pytest.mark.parametrize("to", [None, TO_POST])
@pytest.mark.parametrize(
    ("text", "what", "is_preview"),
    [
        ("Preview: yes\nTPL: RED\n", {}, True),
        ("TLP: PINK\nPreview: Yes.\nPreview: yes!\n", {}, True),
        ("TLP: PINK\n", {}, False),
        ("TLP: PINK\nPreview: no\n", {}, False),
        ("TLP: PINK\nPreview: yes\nPreview: no\n", {}, False),
        ("TLP: PINK\nPreview: please\n", {}, False),
        ("TLP: PINK\nPreveiw: yes\n", {}, False),  # perhaps it means something else: it is kept
        ("TLP: PINK\n\nHello,\nPreview: yes\n", {}, False),
        ("TLP: PINK\nPreview: yes\n", {"text_is_html": True}, False),
        ("TLP: PINK\nPreview: yes\n", {"named": (EVE,)}, False),
    ],
)
def test_of_a_preview_that_is_clearly_one_nothing_is_kept(text: str, what: Any, to: Any, *, is_preview: bool) -> None:
    found = judge_mail(mail(text, answered=to, **({"disclosure": OUT} if to else {}), **what), NOW)

    assert isinstance(found, Kept)
    assert found.is_preview is is_preview
