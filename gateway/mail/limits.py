"""What is too much: counted on raw bytes, before anything is decoded (THREATS T18, finding 0.9).

Each number is far above what a person's mail program makes and far below what hurts: decoding a
300 KB subject of 20,000 encoded words costs many seconds, 500 nested parts end in a RecursionError.
The same caps hold for a mail as it comes in and for a payload once decrypted.
"""

from __future__ import annotations

from gateway.mail.model import Problem

HEADER_BYTES = 65_536  # one header section
HEADER_FIELDS = 500  # in one header section
HEADER_LINE = 998  # RFC 5322 s2.1.1, without CRLF
ALL_HEADER_BYTES = 1_048_576  # all header sections of a mail together
BODY_LINE = 65_536  # sloppy senders exceed 998 in bodies; nothing we decode is slow on long lines
DEPTH = 20  # levels of multipart
PARTS = 500  # entities of the tree, containers included
ENCODED_WORDS = 500  # RFC 2047, in one header section
PARAMETERS = 100  # in one structured field (RFC 2231 allows endless pieces)
ADDRESSES = 1_000  # in one header section
REFERENCES = 100  # kept; more are dropped from the middle
ID_LENGTH = 250  # of a message id worth keeping
TEXT_BYTES = 1_048_576  # of text that people write, not attach


class Unreadable(Exception):  # noqa: N818 - it carries a verdict, and never leaves gateway.mail
    """Ends the reading of a mail; caught where a public function returns its Problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.what)
        self.problem = problem


def malformed(what: str) -> Unreadable:
    """The mail breaks a rule that different programs would mend differently."""
    return Unreadable(Problem("malformed", what))


def too_complex(what: str) -> Unreadable:
    """The mail has more of something than anybody's mail program makes."""
    return Unreadable(Problem("too-complex", what))


def check(raw: bytes) -> Problem | None:
    """Judge what can be judged without structure: header section and line lengths; None when fine."""
    try:
        block, _ = header_section(raw, 0, len(raw))
        check_header(block)
        check_lines(raw)
    except Unreadable as unreadable:
        return unreadable.problem
    return None


def header_section(raw: bytes, start: int, end: int) -> tuple[bytes, int]:
    """Return the header section that begins at ``start`` and where its body begins.

    Raises:
        Unreadable: no end within ``HEADER_BYTES``.
    """
    for empty in (b"\r\n", b"\n"):
        if raw.startswith(empty, start, end):
            return b"", start + len(empty)
    limit = min(end, start + HEADER_BYTES + 4)
    ends = [(found, len(mark)) for mark in (b"\n\r\n", b"\n\n") if (found := raw.find(mark, start, limit)) >= 0]
    if ends:
        found, length = min(ends)
        return raw[start : found + 1], found + length
    if end - start > HEADER_BYTES:
        raise too_complex("a header section of more than 64 KB")
    return raw[start:end], end


def check_header(block: bytes) -> None:
    """Hold one header section against its caps.

    Raises:
        Unreadable: too-complex, with the cap that is exceeded.
    """
    if len(block) > HEADER_BYTES:
        raise too_complex("a header section of more than 64 KB")
    if longest_line_exceeds(block, HEADER_LINE):
        raise too_complex("a header line of more than 998 characters")
    folded = block.count(b"\n ") + block.count(b"\n\t")
    if block.count(b"\n") - folded > HEADER_FIELDS:
        raise too_complex("more than 500 header fields")
    if block.count(b"=?") > 2 * ENCODED_WORDS:  # a word may hold "=?" once more than it should
        raise too_complex("more encoded words than any subject has")


def check_lines(raw: bytes) -> None:
    """Hold every line of a mail against the cap for bodies.

    Raises:
        Unreadable: too-complex.
    """
    if longest_line_exceeds(raw, BODY_LINE):
        raise too_complex("a line of more than 64 KB")


def longest_line_exceeds(raw: bytes, cap: int) -> bool:
    """Say whether any line is longer than ``cap`` bytes and a CR; linear, in few steps."""
    at = 0
    while len(raw) - at > cap + 1:
        # The last line feed of a window as long as the longest legal line: leaps, not lines.
        newline = raw.rfind(b"\n", at, at + cap + 2)
        if newline < 0:
            return True
        at = newline + 1
    return False
