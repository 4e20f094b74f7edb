"""Why: the one vocabulary of logs, audit trail, notices and docs."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why a mail is kept back; in the order in which ``Reason`` lists them, the first is told first.

    Could not be read, was not encrypted, was not proved, was not allowed.
    """

    # could not be read
    MALFORMED = "malformed"
    TOO_COMPLEX = "too-complex"
    UNDECRYPTABLE = "undecryptable"
    UNSUPPORTED = "unsupported"
    # was not encrypted
    CLEARTEXT = "cleartext"
    # was not proved
    UNSIGNED = "unsigned"
    PARTLY_SIGNED = "partly-signed"
    BAD_SIGNATURE = "bad-signature"
    STRANGER = "stranger"
    STALE_SIGNATURE = "stale-signature"
    REPLAY = "replay"
    # was not allowed
    WRONG_LIST = "wrong-list"
    UNKNOWN_THREAD = "unknown-thread"
    MEMBER_NEW_THREAD = "member-new-thread"
    NOT_IN_AUDIENCE = "not-in-audience"
    POSSIBLE_LEAK = "possible-leak"
    NO_CONTROL_BLOCK = "no-control-block"
    CONTROL_LINES = "control-lines"
    OUTSIDER_ADDRESSED = "outsider-addressed"
    TWO_PERSON = "two-person"

    @property
    def meaning(self) -> str:
        """One line of meaning, for people."""
        return MEANINGS[self]


MEANINGS: dict[Reason, str] = {
    Reason.MALFORMED: "the mail breaks the rules of mail so badly that it can't be read safely",
    Reason.TOO_COMPLEX: "the mail has more headers, parts or levels than anybody's mail program makes",
    Reason.UNDECRYPTABLE: "it could not be decrypted with the list's key, or was damaged on the way",
    Reason.UNSUPPORTED: "a form that the gateway does not read here",
    Reason.CLEARTEXT: "it was not encrypted to the list's key",
    Reason.UNSIGNED: "it was encrypted but carries no signature",
    Reason.PARTLY_SIGNED: "only part of it is signed, so nothing of it is believed",
    Reason.BAD_SIGNATURE: "its signature does not hold",
    Reason.STRANGER: "it is signed by a key that is not pinned for this list",
    Reason.STALE_SIGNATURE: "its signature is dated more than 10 minutes ahead or 7 days back",
    Reason.REPLAY: "the same signature came before, in another envelope",
    Reason.WRONG_LIST: "it was written to somebody else and only sent here",
    Reason.UNKNOWN_THREAD: "it is a reply, but to nothing that this list knows",
    Reason.MEMBER_NEW_THREAD: "members reply to disclosures; only coordinators begin one",
    Reason.NOT_IN_AUDIENCE: "its writer is not in the audience of that disclosure",
    Reason.POSSIBLE_LEAK: "it seems to speak of a leak; its writer was asked",
    Reason.NO_CONTROL_BLOCK: "a new mail without control lines is no disclosure",
    Reason.CONTROL_LINES: "a control line is unknown, unclear or not possible",
    Reason.OUTSIDER_ADDRESSED: "it also addresses somebody outside the audience",
    Reason.TWO_PERSON: "a second coordinator has to agree first",
}

UNPROVED = frozenset(
    {
        Reason.MALFORMED,
        Reason.TOO_COMPLEX,
        Reason.UNDECRYPTABLE,
        Reason.CLEARTEXT,
        Reason.UNSIGNED,
        Reason.PARTLY_SIGNED,
        Reason.BAD_SIGNATURE,
        Reason.STRANGER,
    }
)
"""Reasons that nobody can waive: it could not be read, or it was not proved who said it."""


def judged_unproved(reasons: tuple[Reason, ...]) -> bool:
    """Whether any of the reasons means that nobody is known to have said this."""
    return any(reason in UNPROVED for reason in reasons)
