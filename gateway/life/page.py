"""The report as one HTML file: no script, nothing from outside, every word of people's escaped.

It holds two pictures of the timeline, one for wide windows and for paper and one for narrow ones, of which a
window shows the one that it has room for. The tables below say the same; on a narrow window each row
becomes a block, with the headings beside what they are about.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

from gateway.life import words
from gateway.life.picture import draw
from gateway.life.words import visible

if TYPE_CHECKING:
    from gateway.life.model import Life, Text
    from gateway.life.words import Sheet

WIDE, NARROW = 960, 360  # units of the two pictures, about pixels of a window of 1280 or 400

# Nothing may be loaded or run, were there anything: the styles are this file's own.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLE = """
:root{color-scheme:light dark;--paper:#fff;--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--grid:#eaeef2;--leak:#b3261e}
@media (prefers-color-scheme:dark){:root{--paper:#12151a;--ink:#e6e9ee;--soft:#a2abb8;--line:#3b434e;--grid:#232932;
--leak:#ff8a80}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:1024px;margin:0 auto;padding:24px 16px 48px}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 4px;overflow-wrap:anywhere}
h2{font-size:1.125rem;margin:32px 0 8px}
.note{color:var(--soft);margin:0 0 16px}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;margin:0}
dt{color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere}
figure{margin:24px 0 0}
svg{display:block;width:100%;height:auto;font-family:system-ui,sans-serif;fill:var(--ink)}
svg.narrow{display:none;max-width:520px}
.ink,.full{fill:var(--ink)}
.line,.thin{fill:none;stroke:var(--ink);stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}
.thin{stroke-width:1.2}
.bar{stroke:var(--ink);stroke-width:1}
.grid{fill:none;stroke:var(--grid)}
.rule{fill:none;stroke:var(--line)}
.guide{fill:none;stroke:var(--soft);stroke-dasharray:2 4}
.lane,.tick{fill:var(--soft);font-size:11px}
.lane{font-weight:600}
.halo{paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}
.leak path{fill:var(--leak)}
.leak text{font-weight:600}
table{border-collapse:collapse;width:100%;font-size:.9375rem}
th,td{text-align:left;vertical-align:top;padding:6px 12px 6px 0;border-bottom:1px solid var(--line);
overflow-wrap:anywhere}
th{min-width:6.5em;color:var(--soft);font-weight:600}
pre{white-space:pre-wrap;overflow-wrap:anywhere;border-left:3px solid var(--line);margin:8px 0;padding-left:12px}
td[data-name=When]{white-space:nowrap}
@media (max-width:700px){
td[data-name=When]{white-space:normal}
svg.wide{display:none}svg.narrow{display:block}
dl{grid-template-columns:7.5em 1fr;gap:4px 8px}
thead{display:none}table,tbody,tr,td{display:block}
tr{border-bottom:1px solid var(--line);padding:8px 0}
td{border:0;padding:1px 0;display:grid;grid-template-columns:7.5em 1fr;gap:8px}
td.none{display:none}
td::before{content:attr(data-name);color:var(--soft)}}
@media print{svg.wide{display:block}svg.narrow{display:none}}
"""


def html(life: Life) -> str:
    """The whole page, in ASCII: everything else stands as a numbered character."""
    page = "\n".join(_lines(life)) + "\n"
    return page.encode("ascii", "xmlcharrefreplace").decode("ascii")


def _lines(life: Life) -> Iterator[str]:
    yield "<!DOCTYPE html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="viewport" content="width=device-width,initial-scale=1">'
    yield '<meta name="referrer" content="no-referrer"><meta name="robots" content="noindex">'
    yield f"<title>{_text(words.title(life))}</title><style>{_STYLE}</style></head><body><main>"
    yield f"<h1>{_text(words.title(life))}</h1>"
    yield f'<p class="note">{_text(words.FULL if life.is_full else words.REDACTED)}</p>'
    yield "<dl>"
    for name, value in words.facts(life):
        yield f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>"
    yield "</dl><figure>"
    yield draw(life, WIDE, "wide")
    yield draw(life, NARROW, "narrow")
    yield "</figure>"
    for sheet in words.sheets(life):
        yield from _sheet(sheet)
    if life.texts:
        yield "<h2>What was written</h2>"
    for text in life.texts:
        yield from _written(text)
    yield "</main></body></html>"


def _sheet(sheet: Sheet) -> Iterator[str]:
    yield f"<h2>{_text(sheet.title)}</h2><table><thead><tr>"
    yield "".join(f"<th>{_text(heading)}</th>" for heading in sheet.headings)
    yield "</tr></thead><tbody>"
    for row in sheet.rows:
        cells = zip(sheet.headings, row, strict=True)
        yield f"<tr>{''.join(_cell(name, cell) for name, cell in cells)}</tr>"
    yield "</tbody></table>"


def _cell(name: str, cell: str) -> str:
    empty = ' class="none"' if cell == words.NOTHING else ""  # not worth a line of a narrow window
    return f'<td data-name="{_text(name)}"{empty}><span>{_text(cell)}</span></td>'


def _written(text: Text) -> Iterator[str]:
    yield f"<h3>{_text(text.message)}: {_text(text.subject)}</h3>"
    yield f'<p class="note">{_text(f"{text.label} by {text.writer}")}'
    if text.attachments:
        yield f"; attached: {_text(', '.join(text.attachments))}"
    yield f"</p><pre>{escape(visible(text.text, lines=True))}</pre>"


def _text(text: str) -> str:
    return escape(visible(text))
