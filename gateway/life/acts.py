"""From the trail's events to words and signs, as a table; and what a reason may say in a redacted report.

A new event gets a line in ``ACTS``, or in ``STEPS`` where it is a step of the disclosure itself. One that has
none is listed under its own name, with the sign for everything else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.life.model import Sign

if TYPE_CHECKING:
    from storage.records import AuditRecord

STEP = "disclosure-"  # the trail's name of a step is this and the state that it led to
COPY = "copy-"


@dataclass(frozen=True, slots=True)
class Act:
    """How an event is told.

    ``says_why``: its reason is one of the program's own words. ``in_words``: that word belongs to what is
    told ("Leak assessed: contained").
    """

    words: str
    sign: Sign
    says_why: bool = True
    in_words: bool = False


STEPS: dict[str, Act] = {
    "post": Act("Posted", Sign.POSTED),
    "hold-over": Act("Released to members", Sign.RELEASED),
    "date-passed": Act("Not released: its public date had gone by", Sign.STOPPED),
    "stop": Act("Release stopped", Sign.STOPPED),
    "go": Act("Release let go on", Sign.RELEASED),
    "send-and-lift": Act("Sent to members, and lifted in one step", Sign.RELEASED),
    "new-date": Act("Dates set anew", Sign.DATE),
    "date-agreed": Act("Its public date set anew, as was agreed", Sign.DATE),
    "change": Act("Changed", Sign.OTHER),
    "follow-up": Act("Added to", Sign.WRITTEN),
    "withdraw": Act("Withdrawn", Sign.WITHDRAWN),
    "close": Act("Closed", Sign.CLOSED),
    "publish": Act("Public notice ordered", Sign.OTHER),
    "leak": Act("Opened again: a leak was reported", Sign.LEAK),
    "upstream": Act("Embargo of a third party", Sign.DATE),
    "approve": Act("Approved by a second coordinator", Sign.OTHER),
    "lift-asked": Act("Its date has come: the coordinators are asked to lift it", Sign.DATE),
}
"""Steps of the disclosure, by the reason that the trail gives."""

BY_STATE: dict[str, Act] = {
    "lifted": Act("Lifted", Sign.LIFTED),
    "withdrawn": Act("Withdrawn", Sign.WITHDRAWN),
    "closed": Act("Closed", Sign.CLOSED),
    "embargoed": Act("Changed under embargo", Sign.OTHER),
    "held": Act("Changed while held", Sign.OTHER),
    "pending": Act("Kept back", Sign.STOPPED),
}
"""Steps whose reason is not in ``STEPS``, by the state that they led to."""

ACTS: dict[str, Act] = {
    "follow-up": Act("Follow-up", Sign.WRITTEN),
    "audience-let-in": Act(
        "Its audience was let in after the lift, by an order of its own", Sign.RELEASED, says_why=False
    ),
    "reply": Act("Reply of a member", Sign.WRITTEN),
    "correction": Act("Correction", Sign.WRITTEN),
    "status": Act("Status told", Sign.WRITTEN),
    "details-let-go": Act("Details let go that an upstream's embargo kept back", Sign.WRITTEN),
    "reminder": Act("Reminder", Sign.OTHER, in_words=True),
    "fact-reported": Act("Fact reported", Sign.LEAK, in_words=True),
    "fact-confirmed": Act("Fact confirmed", Sign.LEAK, in_words=True),
    "share-asked": Act("A member asks to share it", Sign.OTHER),
    "share-seconded": Act("Sharing was approved by a first coordinator", Sign.OTHER),
    "share-approved": Act("Sharing was approved", Sign.OTHER),
    "share-moved": Act("The end of sharing moved with the date", Sign.OTHER),
    "share-denied": Act("Sharing was denied", Sign.OTHER),
    "terms-accepted": Act("Terms accepted: it is shared", Sign.OTHER),
    "guest-let-in": Act("A guest was let in", Sign.OTHER),
    "grant-ended": Act("A guest's part ended", Sign.OTHER),
    "acknowledged": Act("Acknowledged", Sign.ACKNOWLEDGED),
    "leak": Act("Leak reported", Sign.LEAK),
    "leak-opened": Act("Leak found: a case was opened", Sign.LEAK),
    "leak-acked": Act("Alarm of a leak taken in hand", Sign.ALARM),
    "leak-added": Act("More on a leak", Sign.LEAK),
    "leak-again": Act("The same leak report again", Sign.LEAK),
    "leak-discussed": Act("Answer about a leak", Sign.LEAK),
    "leak-bound": Act("Leak report found to belong here", Sign.LEAK),
    "leak-vouched": Act("Leak report vouched for", Sign.LEAK),
    "leak-assessed": Act("Leak assessed", Sign.LEAK, in_words=True),
    "leak-retrospective": Act("Retrospective posted", Sign.LEAK),
    "removal-asked": Act("Asked whether the organisation stays", Sign.LEAK),
    "leaks-told": Act("Leak reports told together", Sign.LEAK),
    "leak-closed": Act("Leak case closed", Sign.LEAK),
    "retrospective-due": Act("Retrospective due", Sign.LEAK),
    "no-leak": Act("Said to be no leak", Sign.LEAK),
    "alarm": Act("Alarm", Sign.ALARM, in_words=True),
    "alarm-acked": Act("Alarm acknowledged", Sign.ALARM),
    "public-notice": Act("Public notice sent", Sign.DELIVERED),
    "quarantined": Act("A mail was kept back", Sign.OTHER),
    "quarantine-released": Act("A mail that was kept back was let in", Sign.OTHER),
    "quarantine-discarded": Act("A mail that was kept back was discarded", Sign.OTHER),
    "quarantine-expired": Act("A mail that was kept back expired", Sign.OTHER),
    "forwarded": Act("A mail went to the coordinators alone", Sign.OTHER),
    "automatic": Act("An automatic mail came", Sign.OTHER),
    "key-asked": Act("Somebody asked for the list's key", Sign.OTHER),
    "nobody-to-tell": Act("Nobody could be told of a mail", Sign.OTHER),
    "content-destroyed": Act("Content destroyed", Sign.CLOSED),
    "copy-retried": Act("A copy is tried again", Sign.OTHER, says_why=False),
    "copies-retried": Act("Its copies are tried again", Sign.OTHER),
}
"""All other events about a disclosure."""

COPIES: dict[str, tuple[str, Sign]] = {
    "sent": ("delivered", Sign.DELIVERED),
    "deferred": ("not taken yet", Sign.FAILED),
    "bounced": ("bounced", Sign.FAILED),
    "withheld": ("withheld", Sign.FAILED),
    "cancelled": ("cancelled", Sign.FAILED),
}
"""Copies, by the state that they came to."""

WHYS: dict[tuple[str, str], str] = {
    ("follow-up", "audience"): "to the audience",
    ("follow-up", "nobody"): "to the coordinators alone",
    ("follow-up", "answered"): "to those who got what it answers",
}
"""Reasons that say little by themselves, in words, by the event that has them."""

CAUSES: dict[str, str] = {
    "clock": "its public date came",
    "public": "it was public already",
    "exploited": "it was being exploited",
    "exploit": "an exploit was public",
    "leaked": "it had leaked",
    "leaked-public": "it had leaked, and was public",
    "ready": "everybody was ready",
    "other": "the coordinators or the operator said so",
}
"""Why an embargo was lifted, in words."""

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_OUR_WORDS = re.compile(r"[a-z]+(?: [a-z]+){0,5}")
_SMTP = re.compile(r"[245]\d\d(?:[ -][245]\.\d{1,3}\.\d{1,3})?(?!\d)")
_LONGEST = 40


def act_of(record: AuditRecord) -> Act:
    """How a record of the trail is told."""
    if record.event.startswith(STEP):
        named = STEPS.get(record.reason) or BY_STATE.get(record.event.removeprefix(STEP))
        if named is not None:
            return named
    known = ACTS.get(record.event)
    if known is not None:
        return known
    words = " ".join(record.event.replace("-", " ").replace("_", " ").split())
    return Act(words[:1].upper() + words[1:] or "Event without a name", Sign.OTHER, says_why=False)


def open_reason(record: AuditRecord, act: Act) -> str | None:
    """What of a record's reason holds nothing of people: a word of ours, or the code of a next hop's answer."""
    if record.event.startswith(COPY):
        return open_copy_reason(record.event.removeprefix(COPY), record.reason)
    is_word = _SLUG.fullmatch(record.reason) and len(record.reason) <= _LONGEST
    return record.reason if act.says_why and is_word else None


def open_copy_reason(state: str, reason: str | None) -> str | None:
    """What of a copy's reason holds nothing of people: why we kept it, or the code of the next hop's answer."""
    if not reason:
        return None
    code = _SMTP.match(reason)
    if code is not None:
        return code[0]
    is_ours = state in {"withheld", "cancelled"} and len(reason) <= _LONGEST and _OUR_WORDS.fullmatch(reason)
    return reason if is_ours else None
