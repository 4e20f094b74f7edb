"""Mails in the small world: what is known of each, judged by the real code."""

from __future__ import annotations

from dataclasses import dataclass, replace

from policy import audience, intake
from policy.facts import MessageKind, Person, Standing
from policy.intake import Answered, Door, MailFacts, Signature, Verdict
from policy.scopes import read_scope
from tools.model.world import Stand, World, block_of


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail: who signed it, what it says, and what is wrong with it ("": nothing)."""

    writer: Person | None
    text: str
    wrong: str = ""


def judged(world: World, position: Stand, letter: Letter) -> Verdict:
    """What the real code makes of a mail that comes now; "Re:" where there is a disclosure.

    Reading takes a thousandth of a second, so it is kept: by the letter, the moment and the disclosure, of which all
    else follows here; and by all that reading and judging may look at, as disclosures that differ elsewhere read alike.
    """
    asked = (letter, position.now, position.paper)
    if asked not in world.answers:
        world.answers[asked] = _judge(world, position, letter)
    return world.answers[asked]


def _judge(world: World, position: Stand, letter: Letter) -> Verdict:
    facts = _facts(world, position, letter)
    found = facts.disclosure
    surroundings = facts.surroundings
    seen = (letter, position.now, found and found.state, surroundings, facts.in_audience)
    if seen not in world.verdicts:
        world.verdicts[seen] = intake.judge_mail(facts, world.at(position.now))
    return world.verdicts[seen]


WRONGS = ("unsigned", "cleartext", "replayed", "stale", "early", "bad", "partly", "elsewhere", "automatic", "two")


def _facts(world: World, position: Stand, letter: Letter) -> MailFacts:
    found = position.paper.value if position.paper else None
    now, writer, wrong = world.at(position.now), letter.writer, letter.wrong
    made_at = {"stale": now - 2 * intake.SIGNED_BACK, "early": now + 2 * intake.SIGNED_AHEAD}.get(wrong, now)
    signature = Signature(
        good=wrong != "bad", known=writer is not None, made_at=made_at, signer=writer, replayed=wrong == "replayed"
    )
    signatures = () if wrong in {"unsigned", "cleartext"} else (signature,)
    if wrong == "two":
        signatures = (signature, replace(signature, signer=world.adam))
    role = writer.role.value if writer and writer.standing is not Standing.REMOVED else None
    return MailFacts(
        door=Door.LIST,
        automatic="auto-replied" if wrong == "automatic" else None,
        encrypted=wrong != "cleartext",
        partly_signed=wrong == "partly",
        signatures=signatures,
        addressed_here=wrong != "elsewhere",
        subject="Re: Flaw" if found else "Flaw",
        is_threaded=found is not None,
        answered=Answered("ED-2026-K7QX/1", MessageKind.DISCLOSURE, by_tag=False) if found else None,
        disclosure=found,
        disclosure_subject="Flaw" if found else "",
        text=letter.text,
        block=block_of(letter.text),
        surroundings=world.surroundings(position, role, is_reply=found is not None),
        in_audience=_in_audience(world, position, writer),
    )


def _in_audience(world: World, position: Stand, writer: Person | None) -> bool:
    if writer is None or position.paper is None or position.paper.value.admitted is None:
        return False
    found = position.paper.value
    return audience.judge_seat(writer, read_scope(found.scope), found.admitted, world.at(position.now)).inside


def strangers(world: World, position: Stand) -> tuple[Letter, ...]:
    """Who must not be able to change anything by whatever he says: forged, late, twice, or not his to say."""
    stranger = Letter(None, "")
    members = world.members(position.standings, position.keys)
    forged = [Letter(world.alice, "", wrong) for wrong in WRONGS]
    return (stranger, Letter(world.gone, ""), *forged, *(Letter(person, "") for person in members))
