"""What people wrote, as plain lines: character set, line ends, format=flowed (RFC 3676), HTML reduced."""

from __future__ import annotations

import html
import re

from gateway.mail import words

SIGNATURE = "-- "  # RFC 3676 s4.3: never flowed, though it ends in a blank


def decoded_text(content: bytes, charset: str | None) -> str:
    """Decode the content of a text part; line ends become LF, a NUL the replacement character."""
    text = words.decode_charset(content, charset).replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def unflowed(text: str, *, delete_space: bool) -> str:
    """Undo format=flowed: lines that one program wrapped are one line again, quotes marked "> ".

    ``delete_space``: the DelSp parameter (RFC 3676 s4.1).
    """
    lines: list[str] = []
    open_depth: int | None = None  # of the paragraph that the line before left open
    for line in text.split("\n"):
        bare = line.lstrip(">")
        depth = len(line) - len(bare)
        bare = bare.removeprefix(" ")  # space-stuffing, s4.4
        is_flowed = bare.endswith(" ") and bare != SIGNATURE
        shown = bare[:-1] if is_flowed and delete_space else bare
        if open_depth == depth and bare != SIGNATURE:
            lines.append(shown)
        else:
            lines.extend(["\n", ">" * depth, " " if depth else "", shown])
        open_depth = depth if is_flowed else None
    return "".join(lines)[1:]


def without_legacy_display(text: str) -> str:
    """Drop the header lines repeated on top of a text for old programs (RFC 9788 s4.5.3)."""
    head, separator, rest = text.partition("\n\n")
    if separator and all(re.match(r"[!-9;-~]+:|[ \t]", line) for line in head.split("\n")):
        return rest
    return text


_TAG = re.compile(r"/?[a-zA-Z][a-zA-Z0-9]*")
_SILENT = frozenset(("script", "style", "head", "title", "template", "noscript"))
_BREAKS = frozenset(("br", "tr", "li", "hr", "dt", "dd"))
_BLOCKS = frozenset(
    ("p", "div", "ul", "ol", "table", "pre", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "article", "section")
)


def html_to_text(source: str) -> str:
    """Reduce HTML to the words in it, quotes (blockquote) marked "> "; nothing is fetched or run.

    It serves to read a mail that has no plain text. Each search goes forward only, so it is linear.
    """
    lowered = source.lower() if len(source.lower()) == len(source) else source
    pieces: list[str] = []
    depth = at = 0
    while at < len(source):
        opened = source.find("<", at)
        pieces.append(_words(source[at : len(source) if opened < 0 else opened]))
        if opened < 0:
            break
        if source.startswith("<!--", opened):
            at = _behind(source, "-->", opened + 4)
            continue
        match = _TAG.match(source, opened + 1)
        if match is None:
            at = opened + 1
            if not source.startswith(("<!", "<?"), opened):
                pieces.append("<")
                continue
        at = _behind(source, ">", opened)
        name = match[0].lower() if match else ""
        if name in _SILENT:
            at = _behind(lowered, f"</{name}", at)
            at = _behind(source, ">", at)
        elif name.lstrip("/") in _BLOCKS:
            depth = max(depth + {"blockquote": 1, "/blockquote": -1}.get(name, 0), 0)
            pieces.append(f"\n\0{depth}\0")
        elif name in _BREAKS:
            pieces.append(f"\n\0{depth}\0")
    return _laid_out("".join(pieces))


def _behind(source: str, mark: str, at: int) -> int:
    """Return where ``mark`` ends, or the end of the text: what nothing closes is not shown."""
    found = source.find(mark, at)
    return len(source) if found < 0 else found + len(mark)


def _words(source: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", source)).replace("\0", "")


def _laid_out(text: str) -> str:
    lines: list[str] = []
    depth = 0
    for raw in text.split("\n"):
        line = raw
        if line.startswith("\0"):
            _, number, line = line.split("\0", 2)
            depth = int(number)
        line = " ".join(line.split())
        if line:
            lines.append("> " * depth + line)
    return "\n".join(lines) + ("\n" if lines else "")
