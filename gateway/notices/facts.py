"""The texts about facts: reported, confirmed, to be decided on. Pure, as ``gateway.notices``."""

from __future__ import annotations

from datetime import datetime

from gateway.notices.common import LINE, MOST_VALUE, Notice, shortened, tagged
from policy.facts import Disclosure, State
from policy.instants import in_words
from policy.knowledge import FactKind

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


def decide(disclosure: Disclosure, subject: str, zone: str, now: datetime) -> Notice:
    """To coordinators: attacks are confirmed; shall the embargo end?"""
    lines = [
        f"Attacks that use {disclosure.id} are confirmed. Its public date stands:",
        f"{in_words(disclosure.embargo_until, zone, now)}. It can't be moved to a later one any more.",
        "",
        "Please decide: is it better for everybody that members may speak and deploy now? Answer this mail with",
        LINE,
    ]
    if disclosure.state is State.EMBARGOED:
        lines += ["Lift: now", "Cause: exploited", LINE, "or with an earlier `Embargo-Until:`, or leave it as it is."]
    else:
        lines += ["Lift: now", "Cause: exploited", "Send: now", LINE]
        lines += ["to send members the text and lift it in one step, with `Hold-Until: now` to send it, or leave it."]
    return Notice(tagged(disclosure.id, f"Attacks are seen, please decide: {subject}"), "\n".join(lines) + "\n")
