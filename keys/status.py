"""What GnuPG's status lines add up to: the rules under which a message counts as opened.

Neither the exit code nor any single line is believed. GnuPG exits with 0 for text that was never
encrypted and for signatures by expired keys, prints plaintext before it fails, and exits with 2 for a
good message by an unknown key. So a message is opened only where the whole course of events is the
one that a whole message causes. User ids, file names and notations in the lines are never read.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from keys.process import Finished, StatusLine
from keys.results import SignatureSeen, SignatureStatus

STRONG_DIGESTS = frozenset({"8", "9", "10", "11"})  # RFC 9580 s9.5: SHA-256, -384, -512, -224
WEAK_DIGESTS = frozenset({"1", "2", "3"})  # MD5, SHA-1, RIPEMD-160
DOCUMENT_CLASSES = frozenset({"00", "01"})  # RFC 9580 s5.2.1: signatures over a document, no others
NO_PUBLIC_KEY = "9"  # ERRSIG's reason, a libgpg-error code
FINGERPRINT = re.compile(r"[0-9A-F]{40}")

EXACTLY_ONCE = ("DECRYPTION_KEY", "BEGIN_DECRYPTION", "PLAINTEXT", "DECRYPTION_OKAY", "GOODMDC", "END_DECRYPTION")
NEVER = frozenset({"FAILURE", "ERROR", "NODATA", "UNEXPECTED", "BADMDC", "DECRYPTION_FAILED", "TRUNCATED", "BADARMOR"})
NEVER_DETACHED = NEVER | {"PLAINTEXT", "BEGIN_DECRYPTION"}
OUTCOMES = {
    "GOODSIG": SignatureStatus.GOOD,
    "EXPSIG": SignatureStatus.EXPIRED,
    "EXPKEYSIG": SignatureStatus.EXPIRED_KEY,
    "REVKEYSIG": SignatureStatus.REVOKED_KEY,
    "BADSIG": SignatureStatus.BAD,
}


def is_whole(finished: Finished, list_fingerprint: str) -> bool:
    """Tell whether exactly one message was decrypted, whole and unchanged, with the list's own key.

    Everything that GnuPG said of text and signatures must lie inside that one decryption. A non-zero
    exit code must be explained by a signature that is not good; the signatures then say so.
    """
    keywords = _events(finished)
    if finished.cut or finished.timed_out or NEVER.intersection(keywords):
        return False
    if any(keywords.count(keyword) != 1 for keyword in EXACTLY_ONCE):
        return False
    begin, end = keywords.index("BEGIN_DECRYPTION"), keywords.index("END_DECRYPTION")
    inside = set(keywords[begin:end])
    outside = set(keywords[:begin] + keywords[end + 1 :])
    if end != len(keywords) - 1 or not inside.issuperset(EXACTLY_ONCE[1:-1]):
        return False
    if outside & {"NEWSIG", "VALIDSIG", "ERRSIG", *OUTCOMES} or not has_used_key(finished, list_fingerprint):
        return False
    return finished.returncode == 0 or (finished.returncode in (1, 2) and _has_flaw(read_signatures(finished)))


def stopped_at_signature(finished: Finished, list_fingerprint: str) -> bool:
    """Tell whether GnuPG gave up at a bad signature, before it had seen the message to its end.

    In batch mode it exits at once with code 1. What it printed until then is not known to be whole.
    """
    events = _events(finished)
    is_quiet = not NEVER.intersection(events) and "END_DECRYPTION" not in events and "BEGIN_DECRYPTION" in events
    signatures = read_signatures(finished)
    return (
        is_quiet
        and finished.returncode == 1
        and not (finished.cut or finished.timed_out)
        and has_used_key(finished, list_fingerprint)
        and bool(signatures)
        and signatures[-1].status is not SignatureStatus.GOOD
    )


def _events(finished: Finished) -> list[str]:
    """Give the keywords in order, without the line that only says the exit code again."""
    lines = finished.status
    return [line.keyword for line in lines if not (line.keyword == "FAILURE" and line.words()[0] == "gpg-exit")]


def has_used_key(finished: Finished, list_fingerprint: str) -> bool:
    """Tell whether the list's secret key did its part: what failed then is the message's own fault."""
    line = finished.first("DECRYPTION_KEY")
    return line is not None and line.words()[1:2] == [list_fingerprint]


def _has_flaw(signatures: tuple[SignatureSeen, ...]) -> bool:
    return any(seen.status is not SignatureStatus.GOOD for seen in signatures)


def read_signatures(finished: Finished) -> tuple[SignatureSeen, ...]:
    """Read every signature that was seen, in order; each begins with a NEWSIG of its own."""
    groups: list[list[StatusLine]] = []
    for line in finished.status:
        if line.keyword == "NEWSIG":
            groups.append([])
        elif groups:
            groups[-1].append(line)
        elif line.keyword in OUTCOMES or line.keyword in ("ERRSIG", "VALIDSIG"):
            groups.append([line])  # an outcome out of order: a group that can't come out good
    return tuple(_read_signature(group) for group in groups)


def read_detached(finished: Finished) -> tuple[SignatureSeen, ...]:
    """Read the signatures of a detached check: never good unless GnuPG as a whole agrees.

    Something that carries a text of its own is no detached signature, whatever it is signed with.
    """
    signatures = read_signatures(finished) or (_broken(),)
    is_odd = finished.cut or finished.timed_out or bool(NEVER_DETACHED.intersection(_events(finished)))
    if is_odd or (finished.returncode != 0 and not _has_flaw(signatures)):
        return tuple(_broken() for _ in signatures)
    return signatures


def _read_signature(group: list[StatusLine]) -> SignatureSeen:
    by_keyword: dict[str, list[StatusLine]] = {}
    for line in group:
        by_keyword.setdefault(line.keyword, []).append(line)
    outcomes = [OUTCOMES[keyword] for keyword, lines in by_keyword.items() if keyword in OUTCOMES for _ in lines]
    errors, valid, ids = (by_keyword.get(keyword, []) for keyword in ("ERRSIG", "VALIDSIG", "SIG_ID"))
    if len(errors) == 1 and not outcomes and not valid:
        return SignatureSeen(_error(errors[0].words()), None, None, None)
    if outcomes == [SignatureStatus.BAD] and not errors and not valid:
        return SignatureSeen(SignatureStatus.BAD, None, None, None)
    if len(outcomes) != 1 or errors or len(valid) != 1 or len(ids) > 1:
        return _broken()
    return _read_valid(outcomes[0], valid[0].words(), ids)


def _read_valid(outcome: SignatureStatus, words: list[str], ids: list[StatusLine]) -> SignatureSeen:
    """Read VALIDSIG: fpr, date, time, expiry, version, reserved, key algorithm, digest, class, primary fpr."""
    if len(words) != 10 or words[8] not in DOCUMENT_CLASSES or not FINGERPRINT.fullmatch(words[9]):  # noqa: PLR2004
        return _broken()
    made_at = _instant(words[2])
    if made_at is None or words[4] not in ("4", "5"):
        return _broken()
    status = outcome
    if words[7] not in STRONG_DIGESTS:
        status = SignatureStatus.WEAK if outcome is SignatureStatus.GOOD else outcome
    signature_id = ids[0].words()[0] if ids else None
    if status is SignatureStatus.GOOD and not signature_id:
        return _broken()  # without an id of its own a replay could not be told
    return SignatureSeen(status, words[9], made_at, signature_id)


def _error(words: list[str]) -> SignatureStatus:
    """Read ERRSIG: key id, key algorithm, digest, class, time, reason, ...; nothing of it is proved."""
    if len(words) > 5 and words[5] == NO_PUBLIC_KEY:  # noqa: PLR2004
        return SignatureStatus.UNKNOWN_KEY
    if len(words) > 2 and words[2] in WEAK_DIGESTS:  # noqa: PLR2004
        return SignatureStatus.WEAK
    return SignatureStatus.BROKEN


def _instant(text: str) -> datetime | None:
    """Read seconds since 1970, or the ISO form that GnuPG's manual announces ("20261122T012532")."""
    try:
        if "T" in text:
            return datetime.strptime(text, "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
        return datetime.fromtimestamp(int(text), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _broken() -> SignatureSeen:
    return SignatureSeen(SignatureStatus.BROKEN, None, None, None)
