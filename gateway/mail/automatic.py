"""Tells what no person wrote: RFC 3834 s2, RFC 3464, RFC 8098, RFC 9078, and what programs do beside them.

A person's mail must never be taken for an automatic one: it might report a leak (law 5). So a weak
mark (a subject, the null sender, Precedence) counts only on a mail that is not encrypted, and
"Precedence: list" or another list's List-Id never: a team's alias is often a mailing list.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from gateway.mail import fields, words
from gateway.mail.fields import Field
from gateway.mail.model import Form
from gateway.mail.tree import Entity

HOPS = 50  # Received fields; RFC 5321 s6.3 wants a loop found, at 100 at the latest

_RESPONDER_FIELDS = frozenset(
    ("x-autoreply", "x-autorespond", "x-autoreply-from", "x-mail-autoreply", "x-autoresponse", "x-vacation")
)
_REPORTS = {"delivery-status": "bounce", "disposition-notification": "read-receipt", "feedback-report": "feedback"}

# How programs begin the subject of a vacation notice; the whole phrase with its colon, at the start.
_VACATION_PHRASES = (
    r"auto(?:matic)?[ -]?re(?:ply|sponse)",
    r"out of (?:the )?office(?: auto-?reply)?",
    r"vacation (?:reply|notice)",
    r"automatische antwort",
    r"automatisch antwoord",
    r"abwesenheits(?:notiz|benachrichtigung|nachricht)",
    r"abwesend",
    r"afwezig(?:heidsbericht)?",
    "r\u00e9ponse automatique",
    "message d.absence(?: du bureau)?",
    r"absen(?:ce|t) du bureau",
    "respuesta autom\u00e1tica",
    r"fuera de (?:la )?oficina",
    r"risposta automatica",
    r"fuori (?:sede|ufficio)",
    "resposta autom\u00e1tica",
    r"automatisk(?:t)? svar",
    r"autosvar",
    r"automaattinen vastaus",
    "automatick\u00e1 odpov\u011b\u010f",
    "automatyczna odpowied\u017a",
    "\u0430\u0432\u0442\u043e\\w*[ ]?\u043e\u0442\u0432\u0435\u0442",  # Russian, "auto answer" and "automatic answer"
    "\u81ea\u52a8(?:\u7b54\u590d|\u56de\u590d)",  # Chinese
    "\u81ea\u52d5(?:\u56de\u8986|\u5fdc\u7b54|\u8fd4\u4fe1)",  # Chinese, Japanese
    "\uc790\ub3d9 \ud68c\uc2e0",  # Korean
)
_VACATION = re.compile(f"(?:{'|'.join(_VACATION_PHRASES)})[ \u00a0]*[:\uff1a]", re.IGNORECASE)


def reason(root: Entity, form: Form, *, envelope_from: str | None, own_list_ids: Collection[str]) -> str | None:
    """Say why no person wrote the mail: "loop", "auto-submitted", "bounce", "vacation", ...; None if one may have."""
    found = root.fields
    if _is_loop(found, own_list_ids):
        return "loop"
    submitted = _first_word(found, "auto-submitted")
    if submitted not in ("", "no"):  # RFC 3834 s5
        return "auto-submitted"
    if form is Form.ENCRYPTED:
        return None
    return content_reason(root) or _weak_reason(found, envelope_from)


def content_reason(root: Entity) -> str | None:
    """Say whether the content is a report, a calendar reply or a reaction; also inside an encryption."""
    if root.kind.value == "multipart/report":
        return _REPORTS.get((root.kind.get("report-type") or "").lower(), "report")
    for entity in root.walk():
        if entity.disposition.value == "reaction":  # RFC 9078 s2
            return "reaction"
        is_calendar = entity.kind.value == "text/calendar"
        if is_calendar and (entity is root or (entity.kind.get("method") or "").lower() in ("reply", "counter")):
            return "calendar"
    return None


def _is_loop(found: tuple[Field, ...], own_list_ids: Collection[str]) -> bool:
    if len(fields.every(found, "received")) >= HOPS:
        return True
    own = {name.lower() for name in own_list_ids}
    for value in fields.every(found, "list-id"):
        text = words.decode_bytes(value).lower()
        if text.rpartition("<")[2].rstrip("> \t") in own:
            return True
    return False


def _first_word(found: tuple[Field, ...], name: str) -> str:
    """Return the first word of a field, in lower case, parameters and comments left out."""
    text = words.decode_bytes(fields.first(found, name) or b"").lower()
    return (re.split(r"[;( \t]", text.strip(), maxsplit=1) or [""])[0]


def _weak_reason(found: tuple[Field, ...], envelope_from: str | None) -> str | None:
    names = {field.name for field in found}
    sender = words.decode_bytes(fields.first(found, "from") or b"").lower()
    if "x-failed-recipients" in names or re.search(r"(?:^|[<\s\"])mailer-daemon@", sender):
        return "bounce"
    precedence = _first_word(found, "precedence")
    if names & _RESPONDER_FIELDS or precedence == "auto_reply":
        return "vacation"
    if _VACATION.match(words.decode(fields.first(found, "subject") or b"")):
        return "vacation"
    if precedence in ("bulk", "junk") and "list-id" not in names:
        return "bulk"
    # RFC 5321 s4.5.5: the null sender is for notifications alone.
    if envelope_from == "" or fields.first(found, "return-path") == b"<>":
        return "null-sender"
    return None
