"""The texts about facts: reported, confirmed, to be decided on. Pure, as ``gateway.notices``."""

from __future__ import annotations

from datetime import datetime

from gateway.notices.common import LINE, MOST_VALUE, Notice, shortened, tagged
from policy.facts import Disclosure, State
from policy.instants import in_words
from policy.knowledge import FactKind
from policy.upstream import holding

SAID = {
    FactKind.PUBLIC: "it is public",
    FactKind.EXPLOIT: "an exploit is public",
    FactKind.ATTACKS: "attacks are seen",
}
FOLLOWS = {
    FactKind.PUBLIC: "That lifts the embargo at once and for good; nothing that was held is sent by it.",
    FactKind.EXPLOIT: "That lifts the embargo at once and for good; nothing that was held is sent by it.",
    FactKind.ATTACKS: "From then on its public date can't be moved to a later one.",
}


def reported(fact_id: str, disclosure: Disclosure, kind: FactKind, reporter: str, where: str | None) -> Notice:
    """To coordinators: somebody in the audience reports a fact. Nothing has changed."""
    lines = [
        f"{reporter} reports of {disclosure.id}: {SAID[kind]}.",
        f"Where: {shortened(where, MOST_VALUE) if where else '(not said)'}",
        "",
        "Nothing has changed by it. If it is so, answer this mail with this as the first line:",
        "",
        f"Confirm: {fact_id}",
        "",
        FOLLOWS[kind],
    ]
    return Notice(tagged(disclosure.id, f"Reported: {SAID[kind]} ({fact_id})"), "\n".join(lines) + "\n")


def decide(disclosure: Disclosure, subject: str, zone: str, now: datetime, *, by_agreement: bool) -> Notice:
    """To coordinators: attacks are confirmed; shall the embargo end? ``by_agreement``: they alone don't move it."""
    stands = f"Its public date stands:\n{in_words(disclosure.embargo_until, zone, now)}."
    if disclosure.state is State.EMBARGOED:
        stands += " It can't be moved to a later one any more."
    lines = [
        f"Attacks that use {disclosure.id} are confirmed. {stands}",
        "",
        "Please decide: is it better for everybody that members may speak and deploy now?",
        *_ways(disclosure, by_agreement=by_agreement),
    ]
    return Notice(tagged(disclosure.id, f"Attacks are seen, please decide: {subject}"), "\n".join(lines) + "\n")


def _ways(disclosure: Disclosure, *, by_agreement: bool) -> list[str]:
    """What a coordinator may answer as it stands."""
    both = "to send members the text and lift it in one step"
    if holders := holding(disclosure):
        return [f"It can't be lifted yet: the embargo of {', '.join(one.name for one in holders)} holds."]
    if disclosure.state is State.EMBARGOED:
        date = "`Propose-Embargo-Until:`" if by_agreement else "`Embargo-Until:`"
        lines, rest = ["Lift: now", "Cause: exploited"], f"or with an earlier {date}, or leave it as it is."
    elif disclosure.state is State.HELD:
        lines = ["Lift: now", "Cause: exploited", "Send: now"]
        rest = f"{both}, with `Hold-Until: now` to send it, or leave it."
    else:
        first = f"an approval: `Approve: {disclosure.id}`" if disclosure.unapproved else "a new `Embargo-Until:`"
        way = f"`Lift: now` beside `Send: now` is the way {both}."
        return [f"Members don't have it: it waits for {first}. After that", way]
    return ["Answer this mail with", LINE, *lines, LINE, rest]
