"""The timeline as a picture: inline SVG whose place for everything ``policy.timeline`` has found.

Each sort of thing has a shape of its own and a label beside it, and each state a pattern of its own, so
that nothing is said by colour alone. The colours are the page's (``gateway.life.page``), light or dark.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

from gateway.life.model import Sign
from gateway.life.words import visible
from policy import timeline
from policy.instants import in_words
from policy.spans import span_in_words
from policy.timeline import Mark, Placed, Plan, Span

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.life.model import Life, Moment, Stay

STATES, DATES, WRITTEN, DELIVERY, FAILED, ACKNOWLEDGED, LEAKS, OTHER = LANES = (
    "State",
    "Dates",
    "Written",
    "Delivered",
    "Not delivered",
    "Acknowledged",
    "Leaks and alarms",
    "Other",
)
_LANE_OF = {
    Sign.POSTED: STATES,
    Sign.RELEASED: STATES,
    Sign.STOPPED: STATES,
    Sign.LIFTED: STATES,
    Sign.WITHDRAWN: STATES,
    Sign.CLOSED: STATES,
    Sign.DATE: DATES,
    Sign.WRITTEN: WRITTEN,
    Sign.DELIVERED: DELIVERY,
    Sign.FAILED: FAILED,
    Sign.ACKNOWLEDGED: ACKNOWLEDGED,
    Sign.LEAK: LEAKS,
    Sign.ALARM: LEAKS,
    Sign.OTHER: OTHER,
}
_MANY = {
    Sign.POSTED: "posts",
    Sign.RELEASED: "releases",
    Sign.STOPPED: "stops",
    Sign.LIFTED: "lifts",
    Sign.WITHDRAWN: "withdrawals",
    Sign.CLOSED: "ends",
    Sign.DATE: "changes of dates",
    Sign.WRITTEN: "messages",
    Sign.DELIVERED: "copies delivered",
    Sign.FAILED: "failed attempts",
    Sign.ACKNOWLEDGED: "acknowledgements",
    Sign.LEAK: "reports and answers",
    Sign.ALARM: "alarms",
    Sign.OTHER: "other events",
}
# Around (0, 0), about seven units to each side. "full" is filled, "line" is drawn.
_SHAPES = {
    Sign.POSTED: ("full", "M-6 -6H6V6H-6Z"),
    Sign.RELEASED: ("full", "M-5 -6.5L6.5 0L-5 6.5Z"),
    Sign.STOPPED: ("full", "M-5.5 -6H-1.5V6H-5.5ZM1.5 -6H5.5V6H1.5Z"),
    Sign.LIFTED: ("full", "M0 -6.5L6.5 2H-6.5ZM-6.5 4H6.5V6.5H-6.5Z"),
    Sign.WITHDRAWN: ("line", "M-6 0A6 6 0 1 1 6 0A6 6 0 1 1 -6 0M-4.2 -4.2L4.2 4.2"),
    Sign.CLOSED: ("line", "M-5.5 -5.5H5.5V5.5H-5.5ZM-5.5 0H5.5"),
    Sign.DATE: ("line", "M-6 0H5M1 -4.5L5.5 0L1 4.5"),
    Sign.WRITTEN: ("line", "M-6.5 -4.5H6.5V4.5H-6.5ZM-6.5 -4.5L0 1L6.5 -4.5"),
    Sign.DELIVERED: ("full", "M0 -6.5L6.5 0L0 6.5L-6.5 0Z"),
    Sign.FAILED: ("line", "M-5 -5L5 5M5 -5L-5 5"),
    Sign.ACKNOWLEDGED: ("line", "M-5.5 0L-1.5 4.5L6 -5"),
    Sign.LEAK: ("full", "M0 -7L2 -2.2L6.8 -2.2L3 1L4.4 6L0 3.2L-4.4 6L-3 1L-6.8 -2.2L-2 -2.2Z"),
    Sign.ALARM: ("line", "M0 -6L6.5 5.5H-6.5ZM0 -2V2M0 3.4V4.2"),
    Sign.OTHER: ("full", "M-3.5 0A3.5 3.5 0 1 1 3.5 0A3.5 3.5 0 1 1 -3.5 0Z"),
}
_ENDS = frozenset({"lifted", "closed", "withdrawn"})
_FLAG = ("line", "M-4 7V-6.5H5.5L3 -3.5L5.5 -0.5H-4")
_PATTERNS = {
    "pending": '<circle cx="3" cy="3" r="1.3" class="ink"/>',
    "held": '<path d="M-2 8L8 -2M2 12L12 2" class="thin"/>',
    "embargoed": '<rect width="6" height="6" class="ink"/>',
    "lifted": '<path d="M0 5.5H6" class="thin"/>',
    "closed": '<rect width="6" height="6" fill="none"/>',
    "withdrawn": '<path d="M0 0L6 6M6 0L0 6" class="thin"/>',
}


def marks_of(life: Life) -> tuple[Mark, ...]:
    """Everything of a life that is shown at a moment: what happened, the states, the public dates."""
    marks = [_mark(moment) for moment in life.moments]
    # How it ended is a mark of its own; the bar that begins there needs no second one.
    marks += [_state_mark(stay) for stay in life.stays if stay.end is not None or stay.state not in _ENDS]
    if life.first_embargo_until != life.embargo_until:
        marks.append(_flag(life, life.first_embargo_until, "first public date"))
    marks.append(_flag(life, life.embargo_until, "public date"))
    return tuple(marks)


def end_of(life: Life) -> datetime:
    """Where the picture ends: with the public date, or where that is far beyond the end of its life, with that.

    A life that ended is not drawn up to the day on which its report is made.
    """
    dates = (life.embargo_until, life.first_embargo_until)
    seen = [moment.at for moment in life.moments] + [life.posted_at]
    if life.ended_at is None:
        return max(*seen, *dates, life.made_at)
    last = max(*seen, life.ended_at)
    room = last + (last - life.posted_at)
    return max([last + (last - life.posted_at) / 20, *(date for date in dates if date <= room)])


def _mark(moment: Moment) -> Mark:
    return Mark(moment.at, _LANE_OF[moment.sign], moment.sign.value, moment.short, _MANY[moment.sign], moment.count)


def _state_mark(stay: Stay) -> Mark:
    length = "until now" if stay.end is None else f"for {span_in_words(stay.end - stay.start)}"
    return Mark(stay.start, STATES, f"in-{stay.state}", f"{stay.state} {length}", alone=True)


def _flag(life: Life, at: datetime, label: str) -> Mark:
    if at > end_of(life):
        label = f"{label}: {in_words(at, 'UTC')}, beyond this picture"
    return Mark(at, DATES, "flag", label, alone=True)


def plan_of(life: Life, width: float) -> Plan:
    """Where everything stands in a picture of a width."""
    end = end_of(life)
    now = min(end, max(life.made_at, life.posted_at))
    spans = [Span(stay.start, stay.end or max(now, stay.start), stay.state) for stay in life.stays]
    return timeline.plan(marks_of(life), spans, LANES, width, end)


def draw(life: Life, width: float, name: str) -> str:
    """A picture of a width. ``name`` tells the pictures of a page apart: it stands in their ids."""
    plan = plan_of(life, width)
    return "\n".join(_lines(life, plan, name))


def _lines(life: Life, plan: Plan, name: str) -> Iterator[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="timeline {name}" viewBox="0 0 {plan.width:g} {plan.height:g}" '
        f'role="img" aria-labelledby="{name}-title" font-size="12">'
    )
    yield f'<title id="{name}-title">{_text(f"Timeline of {life.id}; the table below says the same")}</title>'
    yield "<defs>"
    for state, inside in _PATTERNS.items():
        yield (f'<pattern id="{name}-{state}" width="6" height="6" patternUnits="userSpaceOnUse">{inside}</pattern>')
    yield "</defs>"
    for tick in plan.ticks:
        yield f'<path class="grid" d="M{tick.x:.1f} {timeline.BAR:g}V{plan.height:g}"/>'
        yield _tick_label(tick.x, tick.label, plan)
    for bar in plan.bars:
        yield (
            f'<rect class="bar" x="{bar.left:.1f}" y="{plan.bar_top + 1:g}" width="{bar.right - bar.left:.1f}" '
            f'height="{timeline.BAR - 2:g}" fill="url(#{name}-{_state(bar.fill)})"/>'
        )
    for at in (life.released_at, life.ended_at):
        if at is not None:
            yield f'<path class="guide" d="M{plan.x(at):.1f} {timeline.BAR:g}V{plan.height:g}"/>'
    for lane in plan.lanes:
        yield f'<path class="rule" d="M0 {lane.top + 0.5:g}H{plan.width:g}"/>'
        yield f'<text class="lane" x="0" y="{lane.top + 13:g}">{_text(lane.name)}</text>'
    for placed in plan.placed:
        yield from _placed(placed, name)
    yield "</svg>"


def _tick_label(x: float, label: str, plan: Plan) -> str:
    anchor = "start" if x < timeline.TICK / 2 else "end" if x > plan.width - timeline.TICK / 2 else "middle"
    return f'<text class="tick" x="{x:.1f}" y="{plan.axis_top + 12:g}" text-anchor="{anchor}">{_text(label)}</text>'


def _placed(placed: Placed, name: str) -> Iterator[str]:
    mark = placed.mark
    told = _text(f"{in_words(mark.at, 'UTC')}: {mark.label}")
    yield f'<g class="{_text(mark.shape)}"><title>{told}</title>'
    if mark.shape.startswith("in-"):
        state = _state(mark.shape.removeprefix("in-"))
        yield (
            f'<rect class="bar" x="{placed.x - 6:.1f}" y="{placed.y - 6:.1f}" width="12" height="12" '
            f'fill="url(#{name}-{state})"/>'
        )
    else:
        how, path = _FLAG if mark.shape == "flag" else _SHAPES[Sign(mark.shape)]
        yield f'<path class="{how}" transform="translate({placed.x:.1f} {placed.y:.1f})" d="{path}"/>'
    anchor = "end" if placed.is_left else "start"
    for number, line in enumerate(placed.lines):
        y = placed.y + 4 + number * timeline.LINE
        yield f'<text class="halo" x="{placed.text_x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{_text(line)}</text>'
    yield "</g>"


def _state(state: str) -> str:
    return state if state in _PATTERNS else "closed"


def _text(text: str) -> str:
    return escape(visible(text))
