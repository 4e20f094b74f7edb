"""What an incoming mail is: the whole of the judging, by table and by rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.control import read_block
from policy.facts import Disclosure, MessageKind, Person, Role, Standing, State
from policy.intake import Answered, Door, MailFacts, Signature, hear, judge_mail, judge_proof
from policy.reasons import Reason
from policy.requests import read_requests
from policy.surroundings import Surroundings
from policy.verdicts import (
    Acknowledged,
    Acted,
    Forwarded,
    Kept,
    LeakReport,
    NoLeak,
    Posted,
    Reach,
    Recorded,
    Replied,
    Requested,
    Steered,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def person(number: int, role: Role, standing: Standing = Standing.ACTIVE) -> Person:
    return Person(number, "list", role, f"p{number}@corp.example", f"Corp {number}", standing, frozenset(), ())


ALICE, ADAM = person(1, Role.COORDINATOR), person(2, Role.COORDINATOR)
NORTH, SOUTH = person(3, Role.MEMBER), person(4, Role.MEMBER)
SUSPENDED = person(5, Role.MEMBER, Standing.SUSPENDED)
HELD = Disclosure(
    "ED-2026-AAAA", "list", State.HELD, 1, ALICE.address, ALICE.name, NOW, NOW, NOW + timedelta(days=9), "AMBER", "all"
)
OUT = replace(HELD, state=State.EMBARGOED, released_at=NOW, admitted=frozenset({3, 5}))
TO_POST = Answered("ED-2026-AAAA/1", MessageKind.DISCLOSURE, by_tag=False)
BY_TAG = replace(TO_POST, by_tag=True)
BLOCK = "Embargo-Until: +9d\n\nText\n"


def signed(by: Person | None, **how: Any) -> Signature:
    return Signature(good=True, known=by is not None, made_at=NOW, signer=by, **how)


def facts(text: str = "Hello\n", by: Person | None = ALICE, **what: Any) -> MailFacts:
    """A mail that is encrypted and has one good signature; of a member in the audience where it is one."""
    signatures = what.pop("signatures", (signed(by),))
    role = next((one.signer.role.value for one in signatures if one.signer), None)
    is_reply = what.get("answered") is not None
    here = Surroundings(
        now=NOW,
        role=role,
        is_reply=is_reply,
        hold_until=NOW - timedelta(hours=1) if is_reply else None,
        embargo_until=NOW + timedelta(days=9) if is_reply else None,
    )
    whole: dict[str, Any] = {
        "door": Door.LIST,
        "encrypted": True,
        "signatures": signatures,
        "subject": "Flaw",
        "text": text,
        "block": read_block(text),
        "surroundings": here,
        "in_audience": by in {NORTH, SOUTH},
        **what,
    }
    return MailFacts(**whole)


def reply(text: str = "Hello\n", by: Person | None = NORTH, **what: Any) -> MailFacts:
    return facts(text, by, **{"answered": TO_POST, "disclosure": OUT, "is_threaded": True, **what})


def answer(kind: MessageKind, text: str = "Hello\n", by: Person = ALICE, **what: Any) -> MailFacts:
    return reply(text, by, answered=Answered("MS-1", kind, by_tag=False), **what)


KEPT = [
    ("malformed", facts(problem=Reason.MALFORMED, signatures=())),
    ("too-complex", facts(problem=Reason.TOO_COMPLEX, encrypted=False, signatures=())),
    ("undecryptable", facts(undecryptable=True, signatures=())),
    ("unsupported", facts(problem=Reason.UNSUPPORTED, encrypted=False, signatures=())),
    ("unsupported", facts(BLOCK, door=Door.REQUEST)),
    ("unsupported", facts(BLOCK, door=Door.SENDKEY)),
    ("unsupported", facts(BLOCK, door=Door.BOUNCES)),
    ("unsupported", facts(problem=Reason.UNSUPPORTED, partly_signed=True, signatures=(), door=Door.REQUEST)),
    ("cleartext", facts(BLOCK, encrypted=False, signatures=(), door=Door.REQUEST)),
    ("cleartext", facts(BLOCK, encrypted=False, partly_signed=True, door=Door.SENDKEY)),
    ("stranger", facts(BLOCK, None, door=Door.REQUEST)),
    ("stranger", reply("We pushed it to a public repository by mistake.\n", None, door=Door.REQUEST)),
    ("cleartext", facts(BLOCK, encrypted=False)),
    ("cleartext", facts(BLOCK, encrypted=False, signatures=())),
    ("cleartext", facts(BLOCK, encrypted=False, partly_signed=True)),
    ("unsigned", facts(BLOCK, signatures=())),
    ("partly-signed", facts(BLOCK, partly_signed=True, signatures=())),
    ("stranger", facts(BLOCK, None)),
    ("stranger", facts(BLOCK, None, claimed=ALICE)),
    ("stranger", facts(BLOCK, signatures=(signed(ALICE), signed(None)))),
    ("bad-signature", facts(BLOCK, signatures=(replace(signed(ALICE), good=False),))),
    ("bad-signature", facts(BLOCK, signatures=(signed(ALICE), replace(signed(ALICE), good=False)))),
    ("bad-signature", facts(BLOCK, signatures=(signed(ALICE), signed(ADAM)))),
    ("stale-signature", facts(BLOCK, signatures=(replace(signed(ALICE), made_at=NOW + timedelta(minutes=11)),))),
    ("stale-signature", facts(BLOCK, signatures=(replace(signed(ALICE), made_at=NOW - timedelta(days=7, minutes=1)),))),
    ("stale-signature", facts(BLOCK, signatures=(replace(signed(ALICE), made_at=None),))),
    ("replay", facts(BLOCK, signatures=(signed(ALICE, replayed=True),))),
    ("replay", reply(signatures=(signed(NORTH, replayed=True),))),
    ("wrong-list", facts(BLOCK, addressed_here=False)),
    ("wrong-list", reply(addressed_here=False)),
    ("not-in-audience", facts(BLOCK, replace(ALICE, standing=Standing.SUSPENDED))),
    ("no-control-block", facts("Lunch?\n")),
    ("control-lines", facts("Hold-Untill: now\n\nText\n")),
    ("control-lines", facts("Hi all,\n\nHold-Until: +1d\n\nText\n")),
    ("control-lines", facts(BLOCK, text_is_html=True)),
    ("control-lines", reply("Hold-Untill: now\n\nText\n", ALICE)),
    ("control-lines", reply("Scope: all\n\nText\n", NORTH)),
    ("unknown-thread", facts(BLOCK, is_threaded=True)),
    ("unknown-thread", facts(BLOCK, subject="AW: Flaw")),
    ("unknown-thread", facts("Text\n", NORTH, subject="Fwd: Flaw")),
    ("member-new-thread", facts("Text\n", NORTH)),
    ("not-in-audience", reply(in_audience=False)),
    ("not-in-audience", reply(by=SUSPENDED, in_audience=True)),
    ("possible-leak", reply("We pushed it to a public repository by mistake.\n")),
]


@pytest.mark.parametrize(
    ("reason", "mail"), [pytest.param(*row, id=f"{number}: {row[0]}") for number, row in enumerate(KEPT)]
)
def test_what_is_not_believed_or_not_allowed_is_kept_with_its_reason(reason: str, mail: MailFacts) -> None:
    verdict = judge_mail(mail, NOW)
    assert isinstance(verdict, Kept)
    assert (verdict.reason, verdict.reasons[0]) == (reason, reason)
    if verdict.reason in {Reason.STRANGER, Reason.BAD_SIGNATURE, Reason.UNSIGNED, Reason.CLEARTEXT}:
        assert verdict.writer is None


@pytest.mark.parametrize(
    ("mail", "kind"),
    [
        pytest.param(facts(BLOCK), Posted, id="a coordinator's new mail with a block"),
        pytest.param(reply(by=ALICE), Steered, id="a coordinator's reply"),
        pytest.param(reply(by=ALICE, subject="Hello"), Steered, id="threaded by its headers alone"),
        pytest.param(reply(), Replied, id="a member's reply"),
        pytest.param(reply("Ack: yes\n"), Acknowledged, id="an acknowledgement by its line"),
        pytest.param(reply("received, thanks\n"), Acknowledged, id="an acknowledgement in words"),
        pytest.param(reply("Ack: yes\n\nHow do we build it?\n"), Replied, id="an acknowledgement with a question"),
        pytest.param(reply("Leak: no\n"), NoLeak, id="no leak after all"),
        pytest.param(reply(disclosure=None), Replied, id="an answer to a notice without disclosure"),
        pytest.param(facts(door=Door.OWNER), Forwarded, id="to the coordinators"),
        pytest.param(facts(door=Door.OWNER, signatures=(), encrypted=False), Forwarded, id="in clear to coordinators"),
        pytest.param(facts("Leak: x\n", automatic="vacation"), Recorded, id="automatic, whatever it says"),
    ],
)
def test_what_is_proved_and_allowed_is_what_it_is(mail: MailFacts, kind: type) -> None:
    assert isinstance(judge_mail(mail, NOW), kind)


@pytest.mark.parametrize(
    ("text", "acknowledges"),
    [
        ("Status: patched\n", False),
        ("Status: patched\n\nThe rest follows tomorrow.\n", False),
        ("Status: patched\n\nThanks.\n", True),
        ("Ack: yes\nObject: DP-2026-K7QX\n", True),
        ("Ack: yes\nFact: public\n\nIt was made public by mistake.\n", True),
    ],
)
def test_a_members_line_is_done_whatever_polite_word_stands_beside_it(text: str, acknowledges: bool) -> None:
    verdict = judge_mail(reply(text), NOW)
    assert isinstance(verdict, Acted)
    assert len(verdict.order.acts) == 1
    assert verdict.acknowledges is acknowledges


@pytest.mark.parametrize("minutes", [-7 * 24 * 60, 0, 10])
def test_a_signature_may_be_ten_minutes_ahead_and_seven_days_old(minutes: int) -> None:
    made = replace(signed(ALICE), made_at=NOW + timedelta(minutes=minutes))
    assert judge_proof(facts(BLOCK, signatures=(made,)), NOW) == ()


def test_a_mail_that_waited_in_quarantine_is_not_stale_for_that() -> None:
    kept = facts(BLOCK, received_at=NOW, addressed_here=False, waived=frozenset({Reason.WRONG_LIST}))
    assert isinstance(judge_mail(kept, NOW + timedelta(days=30)), Posted)


@pytest.mark.parametrize(
    ("waived", "mail", "kind"),
    [
        pytest.param(Reason.REPLAY, facts(BLOCK, signatures=(signed(ALICE, replayed=True),)), Posted, id="replay"),
        pytest.param(Reason.WRONG_LIST, facts(BLOCK, addressed_here=False), Posted, id="wrong list"),
        pytest.param(Reason.UNKNOWN_THREAD, facts(BLOCK, is_threaded=True), Posted, id="unknown thread"),
        pytest.param(Reason.MEMBER_NEW_THREAD, facts(by=NORTH), Replied, id="a member's new mail"),
        pytest.param(Reason.NOT_IN_AUDIENCE, reply(in_audience=False), Replied, id="outside the audience"),
        pytest.param(Reason.POSSIBLE_LEAK, reply("It was made public.\n"), Replied, id="no leak after all"),
        pytest.param(Reason.UNSIGNED, facts(BLOCK, signatures=()), Kept, id="never what is not proved"),
        pytest.param(Reason.STRANGER, facts(BLOCK, None), Kept, id="never a stranger's"),
        pytest.param(Reason.CLEARTEXT, facts(BLOCK, encrypted=False), Kept, id="never what came in clear"),
        pytest.param(Reason.NO_CONTROL_BLOCK, facts("Lunch?\n"), Kept, id="never a post without a block"),
    ],
)
def test_a_rule_that_the_operator_waives_counts_no_more(waived: Reason, mail: MailFacts, kind: type) -> None:
    assert isinstance(judge_mail(replace(mail, waived=frozenset({waived})), NOW), kind)


@pytest.mark.parametrize(
    ("mail", "reach"),
    [
        pytest.param(reply(by=ALICE), Reach.ANSWERED, id="to the disclosure"),
        pytest.param(reply(by=ALICE, answered=BY_TAG), Reach.NOBODY, id="by its tag alone"),
        *(
            pytest.param(answer(kind), Reach.NOBODY, id=f"to a {kind}")
            for kind in (MessageKind.RECEIPT, MessageKind.COMPLAINT, MessageKind.ALARM, MessageKind.ACKNOWLEDGEMENT)
        ),
        pytest.param(answer(MessageKind.RECEIPT, "Send-To: audience\n\nText\n"), Reach.AUDIENCE, id="asked for"),
        pytest.param(reply(by=ALICE, disclosure=None), Reach.NOBODY, id="without a disclosure"),
    ],
)
def test_a_coordinators_reply_reaches_as_far_as_what_it_answers(mail: MailFacts, reach: Reach) -> None:
    verdict = judge_mail(mail, NOW)
    assert isinstance(verdict, Steered)
    assert verdict.reach is reach


LINE = "Leak: a patch, to a list\n"


@pytest.mark.parametrize(
    ("mail", "reporter", "joins"),
    [
        pytest.param(reply(LINE), NORTH, False, id="by a member"),
        pytest.param(reply(LINE, SUSPENDED, in_audience=False), SUSPENDED, False, id="by a suspended member"),
        pytest.param(reply(LINE, ALICE), ALICE, False, id="by a coordinator"),
        pytest.param(facts(LINE, NORTH), NORTH, False, id="new"),
        pytest.param(facts("Hi,\n\nLeak-Whatt: patch\n", NORTH), NORTH, False, id="misspelled and below a greeting"),
        pytest.param(reply("text\n", heard=hear("text\n\n" + LINE)), NORTH, False, id="in another part"),
        pytest.param(reply("Scope: nobody\n" + LINE), NORTH, False, id="beside a bad line"),
        pytest.param(reply(subject="Re: [ED-2026-AAAA] LEAK of a patch"), NORTH, False, id="by its subject"),
        *(
            pytest.param(replace(facts(LINE, NORTH), door=door), NORTH, False, id=f"to {door}")
            for door in (Door.OWNER, Door.REQUEST, Door.SENDKEY, Door.BOUNCES)
        ),
        pytest.param(reply(LINE, None), None, False, id="by a stranger"),
        pytest.param(reply(LINE, signatures=()), None, False, id="unsigned"),
        pytest.param(reply(LINE, encrypted=False, signatures=()), None, False, id="in clear"),
        pytest.param(reply(LINE, partly_signed=True, signatures=()), None, False, id="partly signed"),
        pytest.param(reply(LINE, signatures=(signed(NORTH, replayed=True),)), None, False, id="replayed"),
        pytest.param(reply(LINE, addressed_here=False), None, False, id="to another list"),
        pytest.param(reply("", undecryptable=True, signatures=()), None, False, id="undecryptable in a thread"),
        pytest.param(reply("", opaque=True, encrypted=False, signatures=()), None, False, id="never opened"),
        pytest.param(reply("", problem=Reason.MALFORMED, signatures=()), None, False, id="malformed in a thread"),
        pytest.param(reply("", problem=Reason.TOO_COMPLEX, signatures=()), None, False, id="too complex in a thread"),
        pytest.param(answer(MessageKind.LEAK_NOTICE, "We saw it too.\n", NORTH), NORTH, True, id="to a leak notice"),
        pytest.param(answer(MessageKind.LEAK_NOTICE, LINE, NORTH), NORTH, False, id="with lines to a leak notice"),
        pytest.param(answer(MessageKind.ACKNOWLEDGEMENT, LINE, NORTH), NORTH, True, id="with lines to our answer"),
        pytest.param(answer(MessageKind.ACKNOWLEDGEMENT, "On a list.\n", NORTH), NORTH, True, id="to our answer"),
    ],
)
def test_a_leak_report_is_one_whatever_else_is_wrong_with_it(
    mail: MailFacts, reporter: Person | None, joins: bool
) -> None:
    verdict = judge_mail(mail, NOW)
    assert isinstance(verdict, LeakReport)
    assert (verdict.reporter, verdict.joins) == (reporter, joins)
    assert bool(verdict.reasons) is (reporter is None)


@pytest.mark.parametrize(
    "mail",
    [
        pytest.param(facts("", undecryptable=True, signatures=()), id="undecryptable and new"),
        pytest.param(facts(subject="LEAK", by=NORTH), id="the word in the subject of a new mail"),
        pytest.param(reply(subject="Re: LEAK in the parser", disclosure_subject="LEAK in the parser"), id="its title"),
        pytest.param(reply(subject="Re: Leak in the parser"), id="not in capitals"),
        pytest.param(reply("> Leak: quoted\n"), id="quoted"),
        pytest.param(reply("Leak: no\n", ALICE), id="a coordinator's no"),
        pytest.param(answer(MessageKind.ALARM, "Lift: now\n", ALICE), id="a coordinator's answer to the alarm"),
        pytest.param(answer(MessageKind.ACKNOWLEDGEMENT, "thanks\n", NORTH), id="thanks for our answer"),
    ],
)
def test_what_is_no_leak_report_is_none(mail: MailFacts) -> None:
    assert not isinstance(judge_mail(mail, NOW), LeakReport)


def test_other_lines_beside_an_answer_that_it_was_none_are_told_and_not_acted_on() -> None:
    verdict = judge_mail(reply("Leak: no\nFact: public\n"), NOW)

    assert isinstance(verdict, NoLeak)
    assert [complaint.why for complaint in verdict.complaints] == [
        "not acted on, as your mail answers whether it was a leak: Fact; please send that again in a mail of its own"
    ]
    plain = judge_mail(reply("Leak: no\n\nA test mail.\n"), NOW)
    assert isinstance(plain, NoLeak)
    assert plain.complaints == ()


def test_other_lines_in_a_leak_report_are_told_and_not_acted_on() -> None:
    verdict = judge_mail(reply(LINE + "Lift: now\nSkope: all\n", ALICE), NOW)
    assert isinstance(verdict, LeakReport)
    assert "Lift, Scope" in verdict.complaints[0].why
    assert len(verdict.complaints) > 1


@pytest.mark.parametrize(
    ("mail", "at_once"),
    [
        pytest.param(facts(BLOCK, None), False, id="a stranger's"),
        pytest.param(facts(BLOCK, None, claimed=ALICE), True, id="in somebody's name"),
        pytest.param(reply(by=None), True, id="in a known thread"),
        pytest.param(facts(BLOCK, addressed_here=False), True, id="by a known signer"),
        pytest.param(facts(problem=Reason.MALFORMED, signatures=()), False, id="malformed"),
    ],
)
def test_coordinators_are_told_at_once_of_what_concerns_somebody_known(mail: MailFacts, at_once: bool) -> None:
    verdict = judge_mail(mail, NOW)
    assert isinstance(verdict, Kept)
    assert verdict.at_once is at_once


# --- rules ------------------------------------------------------------------------------------

PEOPLE = st.sampled_from([ALICE, ADAM, NORTH, SOUTH, SUSPENDED])
SIGNATURES = st.lists(
    st.builds(
        Signature,
        good=st.booleans(),
        known=st.booleans(),
        made_at=st.none() | st.integers(-20_000, 100).map(lambda minutes: NOW + timedelta(minutes=minutes)),
        signer=st.none() | PEOPLE,
        replayed=st.booleans(),
    ),
    max_size=2,
).map(tuple)
TEXTS = st.sampled_from(["", "Hello\n", BLOCK, "Scope: all\n", "Lift: now\n", "Ack: yes\n", "It was made public.\n"])
ANSWERS = st.none() | st.builds(
    Answered, message=st.just("MS-1"), kind=st.sampled_from(MessageKind), by_tag=st.booleans()
)
FACTS = st.builds(
    facts,
    text=TEXTS,
    door=st.sampled_from(Door),
    encrypted=st.booleans(),
    undecryptable=st.booleans(),
    opaque=st.booleans(),
    partly_signed=st.booleans(),
    problem=st.none() | st.sampled_from([Reason.MALFORMED, Reason.TOO_COMPLEX, Reason.UNSUPPORTED]),
    signatures=SIGNATURES,
    addressed_here=st.booleans(),
    is_threaded=st.booleans(),
    subject=st.sampled_from(["Flaw", "Re: Flaw", "Re: LEAK"]),
    answered=ANSWERS,
    disclosure=st.none() | st.sampled_from([HELD, OUT]),
    in_audience=st.booleans(),
    claimed=st.none() | PEOPLE,
    waived=st.frozensets(st.sampled_from([Reason.UNSIGNED, Reason.STRANGER, Reason.CLEARTEXT, Reason.BAD_SIGNATURE])),
)


@given(FACTS)
def test_nothing_unproved_is_ever_acted_on(mail: MailFacts) -> None:
    verdict = judge_mail(mail, NOW)
    signer_id = {one.signer.id if one.signer else None for one in mail.signatures}
    is_proved = (
        mail.encrypted
        and not (mail.undecryptable or mail.partly_signed or mail.problem)
        and len(signer_id) == 1
        and None not in signer_id
        and all(one.good and not one.replayed and one.made_at for one in mail.signatures)
    )
    match verdict:
        case Posted(writer) | Steered(writer) | Replied(writer) | Acknowledged(writer) | NoLeak(writer):
            assert is_proved
            assert mail.addressed_here
            assert signer_id == {writer.id}
        case LeakReport(reporter):
            assert reporter is None or (is_proved and mail.addressed_here)
        case Kept() | Forwarded() | Recorded():
            order = list(Reason)
            if mail.problem is not Reason.UNSUPPORTED:  # then it is said of the address, after all that is of the mail
                order.sort(key=Reason.UNSUPPORTED.__eq__)
            assert not isinstance(verdict, Kept) or list(verdict.reasons) == sorted(verdict.reasons, key=order.index)


@given(FACTS)
def test_a_member_never_posts_nor_steers(mail: MailFacts) -> None:
    if isinstance(verdict := judge_mail(mail, NOW), Posted | Steered):
        assert verdict.writer.role is Role.COORDINATOR


@given(FACTS, st.none() | st.just("vacation"))
def test_a_leak_line_always_makes_a_case_unless_nobody_wrote_it(mail: MailFacts, automatic: str | None) -> None:
    text = LINE + mail.text
    verdict = judge_mail(replace(mail, text=text, block=read_block(text), automatic=automatic), NOW)
    assert isinstance(verdict, Recorded if automatic else LeakReport)


@given(FACTS)
def test_without_a_block_nothing_is_a_disclosure(mail: MailFacts) -> None:
    verdict = judge_mail(replace(mail, text="Hello\n", block=read_block("Hello\n")), NOW)
    assert not isinstance(verdict, Posted)


ASK = "Suspend: north@corp.example\n"


def asking(text: str = ASK, by: Person | None = ALICE, **what: Any) -> MailFacts:
    return facts(text, by, **{"door": Door.REQUEST, "asked": read_requests(text), **what})


@pytest.mark.parametrize("text", [ASK, "help\n", "", "Suspned: x\n"])
def test_a_proved_active_coordinator_asks_at_the_request_address(text):
    verdict = judge_mail(asking(text), NOW)

    assert isinstance(verdict, Requested)
    assert verdict.writer == ALICE


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        (asking(by=NORTH), None),
        (asking(by=SUSPENDED), None),
        (asking(by=replace(ALICE, standing=Standing.SUSPENDED)), None),
        (asking(by=None), Reason.STRANGER),
        (asking(signatures=()), Reason.UNSIGNED),
        (asking(encrypted=False), Reason.CLEARTEXT),
        (asking(signatures=(signed(ALICE, replayed=True),)), Reason.REPLAY),
        (asking(signatures=(replace(signed(ALICE), made_at=NOW - timedelta(days=8)),)), Reason.STALE_SIGNATURE),
        (asking(signatures=(replace(signed(ALICE), good=False),)), Reason.BAD_SIGNATURE),
        (asking(signatures=(signed(ALICE), signed(ADAM))), Reason.BAD_SIGNATURE),
        (asking(addressed_here=False), None),
        (asking("Please suspend Northwind.\n"), None),
    ],
)
def test_whatever_else_comes_there_asks_nothing_and_is_kept(case, reason):
    verdict = judge_mail(case, NOW)

    assert isinstance(verdict, Kept)
    assert Reason.UNSUPPORTED in verdict.reasons
    assert reason is None or reason in verdict.reasons


def test_a_leak_goes_first_there_as_well():
    assert isinstance(judge_mail(asking(f"{ASK}Leak: the patch, to a journalist\n"), NOW), LeakReport)
