"""Text in headers and bodies: character sets, encoded words (RFC 2047), and what must not be in a line."""

from __future__ import annotations

import base64
import binascii
import codecs
import re
import unicodedata

# Only character sets that mail is written in. Python knows others that decode slowly (idna), hide text
# (utf-7) or run an escape language.
_CHARSET = re.compile(
    r"ascii|utf-8(-sig)?|utf-16(-[bl]e)?|utf-32(-[bl]e)?|iso8859-\d+|iso2022_(jp|kr).*|cp\d+|koi8-[rut]|gb2312|gbk|"
    r"gb18030|hz|big5|big5hkscs|shift_jis.*|euc_.*|johab|mac-.*|tis-620|ptcp154"
)
_WORD = re.compile(r"=\?([!#-+\-0-9A-Z^-~]{1,60})\?([bBqQ])\?([!->@-~]*)\?=")
_BETWEEN = re.compile(r"[ \t]*")
_LINE_BREAKERS = ("Cc", "Zl", "Zp", "Cs")


def decode_charset(content: bytes, charset: str | None) -> str:
    """Decode bytes; where the charset is unknown or wrong, as UTF-8, else as Latin-1. Never fails."""
    for name in (charset or "utf-8", "utf-8"):
        try:
            info = codecs.lookup(name.strip())
            if _CHARSET.fullmatch(info.name):
                return content.decode(info.name)
        except (LookupError, ValueError):
            continue
    return content.decode("latin-1")


def decode_bytes(value: bytes) -> str:
    """Decode a raw header value: UTF-8 (RFC 6532), else Latin-1."""
    return decode_charset(value, "utf-8")


def cleaned(text: str) -> str:
    """Make text fit for one line: each control character and line separator becomes a blank (T17)."""
    return "".join(" " if unicodedata.category(char) in _LINE_BREAKERS else char for char in text)


def decode(value: bytes | str) -> str:
    """Decode the encoded words of a header value, as one clean line.

    Words side by side are one text (RFC 2047 s6.2): a character may be split between them.
    """
    text = decode_bytes(value) if isinstance(value, bytes) else value
    done: list[str] = []
    at = 0
    pending: tuple[str, bytes] | None = None
    for match in _WORD.finditer(text):
        charset = match[1].partition("*")[0].lower()  # RFC 2231 s5: a language may follow
        content = _word_content(match[2], match[3])
        between = text[at : match.start()]
        if pending is not None and _BETWEEN.fullmatch(between):
            if pending[0] == charset:
                content = pending[1] + content
            else:
                done.append(decode_charset(pending[1], pending[0]))
        else:
            if pending is not None:
                done.append(decode_charset(pending[1], pending[0]))
            done.append(between)
        pending = (charset, content)
        at = match.end()
    if pending is not None:
        done.append(decode_charset(pending[1], pending[0]))
    done.append(text[at:])
    return cleaned("".join(done)).strip()


def _word_content(encoding: str, content: str) -> bytes:
    if encoding in "qQ":
        return _quoted(content.replace("_", " "), "=")
    return decode_base64(content.encode("ascii"))


def percent_decoded(value: str) -> bytes:
    """Undo the percent encoding of RFC 2231."""
    return _quoted(value, "%")


def _quoted(value: str, mark: str) -> bytes:
    pattern = re.compile(re.escape(mark.encode()) + rb"([0-9A-Fa-f]{2})")
    return pattern.sub(lambda match: bytes.fromhex(match[1].decode()), value.encode("utf-8", "replace"))


def decode_base64(content: bytes) -> bytes:
    """Decode base64 as mail programs do: what is no base64 is skipped, missing padding is added."""
    try:
        return binascii.a2b_base64(content)
    except binascii.Error:
        bare = re.sub(rb"[^A-Za-z0-9+/]+", b"", content)
        return base64.b64decode(bare[: len(bare) - (len(bare) % 4 == 1)] + b"===")


def decode_quoted_printable(content: bytes) -> bytes:
    """Decode quoted-printable (RFC 2045 s6.7); what is broken stands as it is. Never fails."""
    return binascii.a2b_qp(content)


def encode(text: str) -> str:
    """Encode text for a header: as it is where that is safe, else as UTF-8 encoded words of base64.

    The result is printable ASCII on one line; at each blank it may be folded.
    """
    line = " ".join(cleaned(text).split())
    is_plain = line.isascii() and "=?" not in line
    if is_plain and all(len(word) <= 70 for word in line.split(" ")):  # noqa: PLR2004 - a line is 78
        return line
    done: list[str] = []
    chunk = b""
    for char in line:
        piece = char.encode("utf-8", "replace")
        if len(chunk) + len(piece) > 42:  # noqa: PLR2004 - 42 bytes make a word of 68 of the 75 of RFC 2047 s2
            done.append(_word(chunk))
            chunk = b""
        chunk += piece
    done.append(_word(chunk))
    return " ".join(done)


def _word(chunk: bytes) -> str:
    return f"=?utf-8?b?{base64.b64encode(chunk).decode()}?="
