"""Every word that the gateway says to an SMTP client that hands it a mail: one table of constants.

A reply tells the client what to do next and nothing else: no cause, no address, no text of a mail.
Two failures that must look alike from outside share their text (THREATS T6, T24).
Codes: RFC 5321 s4.2.3; enhanced codes: RFC 3463.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reply:
    """One SMTP reply: code, enhanced code, and a short constant text."""

    code: int
    status: str
    text: str

    def line(self) -> str:
        """Give the reply as it goes over the wire, without the line end."""
        return f"{self.code} {self.status} {self.text}"

    @property
    def is_kept(self) -> bool:
        """Whether the client may forget the mail: it is committed here (law 4)."""
        return self.code == _KEPT_CODE


_KEPT_CODE = 250

# After the dot.
OK = Reply(_KEPT_CODE, "2.0.0", "kept")
LATER = Reply(451, "4.3.0", "not kept, please try again later")
NO_SPACE = Reply(451, "4.3.1", "not kept, no space, please try again later")
BARE = Reply(550, "5.6.0", "a line ends in CR LF, and a mail holds no bare CR, bare LF or NUL")
TOO_LARGE = Reply(552, "5.3.4", "larger than the announced SIZE")

# At RCPT: what is told is the same for every address that is not one of ours.
TAKEN = Reply(250, "2.1.5", "known")
UNKNOWN_USER = Reply(550, "5.1.1", "no such address here")
RELAYING = Reply(550, "5.7.1", "no such address here")
ONE_AT_A_TIME = Reply(452, "4.5.3", "one recipient a transaction, please send this one again")

# The session around it.
TLS_REQUIRED = Reply(530, "5.7.0", "STARTTLS first")
TLS_TWICE = Reply(503, "5.5.1", "TLS is in use")
NOT_HERE = Reply(502, "5.5.1", "not offered")
BAD_LINE = Reply(500, "5.5.2", "a command line ends in CR LF")
SYNTAX = Reply(501, "5.5.4", "syntax")
NO_PARAMETERS = Reply(555, "5.5.4", "parameter not offered")
SENDER_FIRST = Reply(503, "5.5.1", "MAIL first")
RECIPIENT_FIRST = Reply(503, "5.5.1", "RCPT first")
NO_ANSWER = Reply(252, "2.5.0", "send a mail and see")
BUSY = Reply(421, "4.3.2", "too many connections, please try again later")
CLOSING = Reply(421, "4.3.2", "closing, please try again later")
