"""Where everything of a timeline picture stands: marks in lanes, their labels, the ticks of the axis.

Rules: time runs evenly from the left to the right. Each mark has its label beside it, and together they
take a box; no two boxes overlap, and each lies inside the picture. Marks of one shape that would stand
on each other are one mark that says how many they are: none is left out. Nothing is said by colour.

Lengths are the picture's own units, of which a letter is about seven wide.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from policy.dates import MONTHS

MARGIN = 14.0  # left and right of the axis
RADIUS = 7.0  # of a mark
GAP = 5.0  # between a mark and its label, and between two boxes
LINE = 16.0  # height of a line of a label
CAPTION = 20.0  # height of a lane's name
BAR = 16.0  # height of the bar of states
AXIS = 22.0  # height of the ticks' labels
TICK = 84.0  # the least distance of two ticks, so that their labels stand apart
TOGETHER = (12.0, 24.0, 48.0, 96.0)  # marks of one shape that are closer than this are drawn as one: the first ...
ROWS = 5  # ... of these at which a lane has no more rows than this
NARROWEST = 200.0
_STEPS = tuple(
    timedelta(seconds=seconds)
    for seconds in (
        *(1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 10_800, 21_600, 43_200),
        *(86_400 * days for days in (1, 2, 4, 7, 14, 28, 56, 91, 182, 365)),
    )
)
_SECOND, _YEAR = timedelta(seconds=1), timedelta(days=365)
_ORIGIN = datetime(1970, 1, 5, tzinfo=UTC)  # a Monday


@dataclass(frozen=True, slots=True)
class Mark:
    """Something to be shown at its moment. ``many`` is what several of its shape are called ("leak reports").

    ``alone``: never drawn as one with another. ``count``: how many it stands for.
    """

    at: datetime
    lane: str
    shape: str
    label: str
    many: str = "events"
    count: int = 1
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time to be shown as a bar, ``fill`` saying in which pattern."""

    start: datetime
    end: datetime
    fill: str


@dataclass(frozen=True, slots=True)
class Placed:
    """A mark at its place: ``left`` to ``right`` and ``top`` to ``bottom`` is the box of it and its label."""

    mark: Mark
    x: float
    y: float
    text_x: float
    is_left: bool  # the label stands left of the mark, and ends there
    lines: tuple[str, ...]
    left: float
    right: float
    top: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane with its name, and how far down it reaches."""

    name: str
    top: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Bar:
    """A span at its place."""

    fill: str
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the axis and what stands at it."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole picture. The bars stand at ``bar_top``, the ticks' labels below ``axis_top``."""

    width: float
    height: float
    start: datetime
    end: datetime
    bar_top: float
    axis_top: float
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    lanes: tuple[Lane, ...]
    placed: tuple[Placed, ...]

    def x(self, at: datetime) -> float:
        """Where an instant stands; one outside stands at the end that is nearer."""
        return _x(at, self.start, self.end, self.width)


def plan(
    marks: Iterable[Mark], spans: Iterable[Span], lanes: Sequence[str], width: float, until: datetime | None = None
) -> Plan:
    """Place everything in a picture of a width; lanes in this order, those without a mark left out.

    A mark of a lane that is not named goes into the last one. The axis ends with the last instant that there
    is, or with ``until``: what is later stands at its end. Raises ValueError for a picture too narrow to hold
    a label, and for one without lanes.
    """
    if width < NARROWEST or not lanes:
        raise ValueError(f"a timeline needs lanes, and a width of {NARROWEST:g} or more")
    everything, stretches = sorted(marks, key=lambda mark: mark.at), tuple(spans)
    start, end = _ends(everything, stretches, until)
    at_x = _scale(start, end, width)
    bars = tuple(_bar(span, at_x, width) for span in stretches)
    axis_top = BAR + GAP
    top = axis_top + AXIS
    rows: list[Placed] = []
    drawn: list[Lane] = []
    for name in lanes:
        is_last = name == lanes[-1]
        own = [mark for mark in everything if mark.lane == name or (is_last and mark.lane not in lanes)]
        if own:
            placed, bottom = _fill_lane(own, at_x, width, top + CAPTION)
            rows += placed
            drawn.append(Lane(name, top, bottom))
            top = bottom + GAP
    ticks = _ticks(start, end, at_x, width)
    return Plan(width, top, start, end, 0.0, axis_top, bars, ticks, tuple(drawn), tuple(rows))


# --- time to place ------------------------------------------------------------------------------


def _ends(marks: Sequence[Mark], spans: Sequence[Span], until: datetime | None) -> tuple[datetime, datetime]:
    instants = [mark.at for mark in marks] + [at for span in spans for at in (span.start, span.end)]
    if not instants:
        return _ORIGIN, _ORIGIN + _SECOND
    start, end = min(instants), until or max(instants)
    try:
        return start, max(end, start + _SECOND)
    except OverflowError:  # the last second of the calendar
        return start - _SECOND, start


def _x(at: datetime, start: datetime, end: datetime, width: float) -> float:
    part = (at - start) / (end - start)
    return MARGIN + min(1.0, max(0.0, part)) * (width - 2 * MARGIN)


def _scale(start: datetime, end: datetime, width: float) -> Callable[[datetime], float]:
    return lambda at: _x(at, start, end, width)


def _bar(span: Span, at_x: Callable[[datetime], float], width: float) -> Bar:
    """A bar is never too thin to be seen, however short the span."""
    left, right = at_x(span.start), at_x(max(span.start, span.end))
    right = min(max(right, left + 3), width - MARGIN)
    return Bar(span.fill, min(left, right - 3), right)


def _ticks(start: datetime, end: datetime, at_x: Callable[[datetime], float], width: float) -> tuple[Tick, ...]:
    most = int((width - 2 * MARGIN) // TICK)
    step = next((step for step in _STEPS if (end - start) / step <= most), None)
    if step is None:
        step = _YEAR * math.ceil((end - start) / _YEAR / most)
    number, ticks = math.ceil((start - _ORIGIN) / step), []
    while True:
        try:
            at = _ORIGIN + number * step
        except OverflowError:  # the last hours of the calendar
            break
        if at > end:
            break
        ticks.append(Tick(at_x(at), _tick_label(at, step)))
        number += 1
    return tuple(ticks)


def _tick_label(at: datetime, step: timedelta) -> str:
    if step >= _YEAR:
        return str(at.year)
    is_midnight = (at.hour, at.minute, at.second) == (0, 0, 0)
    if is_midnight:
        return f"{at.day} {MONTHS[at.month - 1]}"
    clock = f"{at.hour:02}:{at.minute:02}"
    return clock if step >= timedelta(minutes=1) else f"{clock}:{at.second:02}"


# --- marks to boxes -----------------------------------------------------------------------------


def _fill_lane(
    marks: Sequence[Mark], at_x: Callable[[datetime], float], width: float, top: float
) -> tuple[list[Placed], float]:
    """Give the boxes of a lane, row by row, and where the lane ends; the more crowded, the more are drawn as one."""
    rows: list[list[Placed]] = []
    for distance in TOGETHER:
        rows = _rows(_together(marks, at_x, distance), at_x, width)
        if len(rows) <= ROWS:
            break
    placed: list[Placed] = []
    for row in rows:
        height = max(len(box.lines) for box in row) * LINE
        placed += [
            replace(box, y=top + LINE / 2, top=top, bottom=top + len(box.lines) * LINE)  # the mark beside line one
            for box in row
        ]
        top += height + 2
    return placed, top


def _together(marks: Sequence[Mark], at_x: Callable[[datetime], float], distance: float) -> list[Mark]:
    """Make one mark of those of a shape that are closer than a distance; it says how many."""
    latest: dict[str, int] = {}
    found: list[Mark] = []
    for mark in marks:
        place = latest.get(mark.shape)
        if mark.alone:
            found.append(mark)
        elif place is not None and at_x(mark.at) - at_x(found[place].at) < distance:
            first = found[place]
            total = first.count + mark.count
            found[place] = replace(first, count=total, label=f"{total} {first.many}")
        else:
            latest[mark.shape] = len(found)
            found.append(mark)
    return found


def _rows(marks: Sequence[Mark], at_x: Callable[[datetime], float], width: float) -> list[list[Placed]]:
    """Put each box into the first row in which it is free."""
    rows: list[list[Placed]] = []
    for mark in marks:
        box = _box(mark, at_x(mark.at), width)
        for row in rows:
            if all(other.right + GAP <= box.left for other in row):  # they come by time, so none stands right of it
                row.append(box)
                break
        else:
            rows.append([box])
    return rows


def _box(mark: Mark, x: float, width: float) -> Placed:
    """The label to the right where it fits, else to the left, else in lines on the wider side."""
    aside = RADIUS + GAP
    room_right, room_left = width - x - aside, x - aside
    natural = text_width(mark.label)
    is_left = natural > room_right and room_left > room_right
    lines = wrapped(mark.label, room_left if is_left else room_right)
    takes = max(text_width(line) for line in lines)
    left = x - aside - takes if is_left else x - RADIUS
    right = x + RADIUS if is_left else x + aside + takes
    return Placed(mark, x, 0.0, x - aside if is_left else x + aside, is_left, lines, left, right, 0.0, 0.0)


def wrapped(text: str, room: float) -> tuple[str, ...]:
    """Text in lines of a width, broken between words; a word wider than a line is broken inside."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if text_width(longer) <= room:
            line = longer
            continue
        if line:
            lines.append(line)
        line = ""
        for character in word:
            if line and text_width(line + character) > room:
                lines.append(line)
                line = ""
            line += character
    return (*lines, line)


def text_width(text: str) -> float:
    """How wide a text is drawn at the most, in a plain typeface of size 12."""
    return sum(map(_letter_width, text))


def _letter_width(letter: str) -> float:
    if not letter.isascii():
        return 13.0
    if letter in "ijl.,:;'|! ":
        return 4.4
    return 11.0 if letter.isupper() or letter in "mw@%&" else 7.8
