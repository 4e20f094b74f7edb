"""Terms are accepted by one signed line of the right key, and by nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from policy.accepting import accepted
from policy.control import read_block
from policy.facts import Key, MessageKind, Person, Role, Standing
from policy.grants import AcceptTerms
from policy.intake import Answered, Door, MailFacts, Signature, judge_mail
from policy.orders import read_order
from policy.surroundings import Surroundings
from policy.verdicts import Acted

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
EVE = Person(
    7, "l", Role.GUEST, "eve@x.example", "Eve", Standing.SUSPENDED, frozenset(), (Key("A" * 40, "ed25519", None),)
)
LINE = "Accept: SR-2026-K7QX\n"
SIGNED = Signature(good=True, known=True, made_at=NOW, signer=EVE)
ANSWER = MailFacts(
    Door.LIST,
    signatures=(SIGNED,),
    is_threaded=True,
    answered=Answered("MS-1", MessageKind.TERMS, by_tag=False),
    text=LINE,
    block=read_block(LINE),
    surroundings=Surroundings(NOW, role="guest", is_reply=True),
)


def saying(text: str) -> MailFacts:
    return replace(ANSWER, text=text, block=read_block(text))


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param(ANSWER, id="signed in clear"),
        pytest.param(replace(ANSWER, encrypted=True), id="signed and encrypted"),
        pytest.param(saying(f"{LINE}\nWith pleasure.\n\n> Accept: SR-2026-AAAA\n"), id="with a word below it"),
        pytest.param(
            replace(
                ANSWER, answered=None, is_threaded=False, surroundings=Surroundings(NOW, role="guest", is_reply=False)
            ),
            id="in a mail of its own",
        ),
    ],
)
def test_the_terms_are_accepted(facts: MailFacts) -> None:
    verdict = judge_mail(facts, NOW)

    assert isinstance(verdict, Acted)
    assert (verdict.writer, verdict.order.acts) == (EVE, (AcceptTerms("SR-2026-K7QX"),))


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param(replace(ANSWER, signatures=()), id="not signed"),
        pytest.param(replace(ANSWER, signatures=(replace(SIGNED, good=False),)), id="a signature that does not hold"),
        pytest.param(replace(ANSWER, signatures=(replace(SIGNED, signer=None),)), id="another key"),
        pytest.param(replace(ANSWER, signatures=(replace(SIGNED, replayed=True),)), id="a replay"),
        pytest.param(replace(ANSWER, signatures=(replace(SIGNED, made_at=None),)), id="without a date"),
        pytest.param(replace(ANSWER, partly_signed=True), id="partly signed"),
        pytest.param(replace(ANSWER, addressed_here=False), id="written to somebody else"),
        pytest.param(replace(ANSWER, door=Door.OWNER), id="to another address"),
        pytest.param(replace(ANSWER, text_is_html=True), id="in HTML"),
        pytest.param(saying(f"{LINE}Fact: public\n\n"), id="with another line"),
        pytest.param(saying("Fact: public\n"), id="another line alone, of those that he may write"),
        pytest.param(saying(f"Hello,\n\n{LINE}"), id="below the top"),
        pytest.param(saying(f"> {LINE}"), id="in a quote"),
        pytest.param(saying("Accept: yes\n"), id="without its id"),
        pytest.param(saying("I accept.\n"), id="in prose"),
    ],
)
def test_nothing_else_accepts_them(facts: MailFacts) -> None:
    assert not isinstance(judge_mail(facts, NOW), Acted)


@pytest.mark.parametrize("role", [Role.MEMBER, Role.COORDINATOR])
def test_nobody_accepts_for_another(role: Role) -> None:
    who = replace(EVE, role=role, standing=Standing.ACTIVE)
    surroundings = Surroundings(NOW, role=role.value, is_reply=True)

    verdict = judge_mail(
        replace(ANSWER, encrypted=True, signatures=(replace(SIGNED, signer=who),), surroundings=surroundings), NOW
    )
    assert not isinstance(verdict, Acted)


@pytest.mark.parametrize("role", [Role.MEMBER, Role.COORDINATOR])
def test_only_a_guest_accepts_wherever_his_line_was_read(role: Role) -> None:
    who = replace(EVE, role=role, standing=Standing.ACTIVE)

    assert accepted(ANSWER, ()) == Acted(EVE, read_order(read_block(LINE), Surroundings(NOW, role="guest")))
    assert accepted(replace(ANSWER, signatures=(replace(SIGNED, signer=who),)), ()) is None


@pytest.mark.parametrize("unread", [{"block": None}, {"surroundings": None}])
def test_what_could_not_be_read_accepts_nothing(unread: dict[str, None]) -> None:
    assert accepted(replace(ANSWER, **unread), ()) is None  # type: ignore[arg-type]
