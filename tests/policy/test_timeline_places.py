"""A timeline to the tenth of a pixel: one embargo in a wide and in a narrow picture, and its edges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from policy.timeline import GAP, LINE, Mark, Plan, Span, _box, _fill_lane, _rows, _together, plan, text_width, wrapped

START = datetime(2026, 11, 24, 17, tzinfo=UTC)
LANES = ("State", "Mail", "Other")


def mark(days: float, label: str = "lifted", lane: str = "State", **more) -> Mark:
    return Mark(**({"at": START + timedelta(days=days), "lane": lane, "shape": "dot", "label": label} | more))


def told(drawn: Plan) -> list[str]:
    """A picture in words."""
    found = [f"{drawn.width:.1f} x {drawn.height:.1f}, bars at {drawn.bar_top:.1f}, axis at {drawn.axis_top:.1f}"]
    found += [f"bar {bar.fill} {bar.left:.1f} to {bar.right:.1f}" for bar in drawn.bars]
    found += [f"tick {tick.label} {tick.x:.1f}" for tick in drawn.ticks]
    found += [f"lane {lane.name} {lane.top:.1f} to {lane.bottom:.1f}" for lane in drawn.lanes]
    for one in drawn.placed:
        text = f"text {'left' if one.is_left else 'right'} at {one.text_x:.1f}"
        box = f"{one.left:.1f}-{one.right:.1f} x {one.top:.1f}-{one.bottom:.1f}"
        found.append(f"{' / '.join(one.lines)}: {one.x:.1f} {one.y:.1f}, {text}, {box}")
    return found


MARKS = [
    mark(0, "posted"),
    mark(0.5, "held"),
    mark(1, "released to 12 members", "Mail"),
    mark(3, "public date moved to 8 December, as one asked", shape="star"),
    mark(3.2, "ack", "Mail", many="acks"),
    mark(3.3, "ack", "Mail", many="acks", count=2),
    mark(13, "a leak was reported", "Other", alone=True),
    mark(13.9, "lifted"),
]
SPANS = [
    Span(START, START + timedelta(days=1), "held"),
    Span(START + timedelta(days=1), START + timedelta(days=14), "embargoed"),
    Span(START + timedelta(days=14), START + timedelta(days=14), "lifted"),
]
WIDE = """
    960.0 x 208.0, bars at 0.0, axis at 21.0
    bar held 14.0 to 80.6
    bar embargoed 80.6 to 946.0
    bar lifted 943.0 to 946.0
    tick 25 Nov 33.4
    tick 27 Nov 166.6
    tick 29 Nov 299.7
    tick 1 Dec 432.8
    tick 3 Dec 566.0
    tick 5 Dec 699.1
    tick 7 Dec 832.3
    lane State 43.0 to 99.0
    lane Mail 104.0 to 160.0
    lane Other 165.0 to 203.0
    posted: 14.0 71.0, text right at 26.0, 7.0-72.8 x 63.0-79.0
    public date moved to 8 December, as one asked: 213.7 71.0, text right at 225.7, 206.7-548.9 x 63.0-79.0
    lifted: 939.3 71.0, text left at 927.3, 887.3-946.3 x 63.0-79.0
    held: 47.3 89.0, text right at 59.3, 40.3-87.1 x 81.0-97.0
    released to 12 members: 80.6 132.0, text right at 92.6, 73.6-257.0 x 124.0-140.0
    3 acks: 227.0 150.0, text right at 239.0, 220.0-282.4 x 142.0-158.0
    a leak was reported: 879.4 193.0, text left at 867.4, 729.6-886.4 x 185.0-201.0
"""
NARROW = """
    360.0 x 224.0, bars at 0.0, axis at 21.0
    bar held 14.0 to 37.7
    bar embargoed 37.7 to 346.0
    bar lifted 343.0 to 346.0
    tick 30 Nov 139.5
    tick 7 Dec 305.5
    lane State 43.0 to 115.0
    lane Mail 120.0 to 176.0
    lane Other 181.0 to 219.0
    2 events: 14.0 71.0, text right at 26.0, 7.0-85.0 x 63.0-79.0
    lifted: 343.6 71.0, text left at 331.6, 291.6-350.6 x 63.0-79.0
    public date moved to 8 December, as / one asked: 85.1 89.0, text right at 97.1, 78.1-349.1 x 81.0-113.0
    released to 12 members: 37.7 148.0, text right at 49.7, 30.7-214.1 x 140.0-156.0
    3 acks: 89.9 166.0, text right at 101.9, 82.9-145.3 x 158.0-174.0
    a leak was reported: 322.3 209.0, text left at 310.3, 172.5-329.3 x 201.0-217.0
"""


@pytest.mark.parametrize(("width", "picture"), [(960, WIDE), (360, NARROW)])
def test_an_embargo_is_drawn_like_this(width: float, picture: str) -> None:
    assert told(plan(MARKS, SPANS, LANES, width)) == [line.strip() for line in picture.strip().split("\n")]


@pytest.mark.parametrize(
    ("span", "width", "labels"),
    [
        pytest.param(
            timedelta(seconds=30), 960, "17:00:00 17:00:05 17:00:10 17:00:15 17:00:20 17:00:25 17:00:30", id="s"
        ),
        pytest.param(timedelta(minutes=5), 500, "17:00 17:01 17:02 17:03 17:04 17:05", id="minutes"),
        pytest.param(timedelta(hours=12), 400, "18:00|21:00|25 Nov|03:00", id="hours, and midnight"),
        pytest.param(timedelta(days=364), 700, "18 Jan|15 Mar|10 May|5 Jul|30 Aug|25 Oct", id="weeks"),
        pytest.param(timedelta(days=365 * 4), 500, "2026|2027|2028|2029", id="years"),
        pytest.param(timedelta(days=365 * 30), 500, "2029|2035|2041|2047|2053", id="many years"),
    ],
)
def test_ticks_are_as_many_as_fit(span: timedelta, width: float, labels: str) -> None:
    drawn = plan([mark(0), mark(span / timedelta(days=1))], [], LANES, width)

    assert [tick.label for tick in drawn.ticks] == (labels.split("|") if "|" in labels else labels.split())


def test_the_ends_of_the_calendar_can_be_drawn() -> None:
    last, first = datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)
    at_the_end = plan([mark(0, "x", at=last)], [], LANES, 360)
    everything = plan([mark(0, "x", at=first), mark(0, "y", at=last)], [], LANES, 360)

    assert (at_the_end.start, at_the_end.end) == (last - timedelta(seconds=1), last)
    assert len(everything.ticks) == 3
    nothing = plan([], [], LANES, 360)
    assert nothing.end - nothing.start == timedelta(seconds=1)
    assert nothing.start == datetime(1970, 1, 5, tzinfo=UTC)


def test_a_picture_may_be_just_wide_enough_and_ends_where_it_is_told() -> None:
    drawn = plan([mark(0), mark(9)], [], LANES, 200, START + timedelta(days=3))

    assert drawn.end == START + timedelta(days=3)
    assert plan([mark(0)], [], LANES, 200, START - timedelta(days=3)).end == START + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("text", "width"),
    [("i", 4.4), ("a", 7.8), ("A", 11.0), ("m@", 22.0), ("\u00e9", 13.0), ("\u5b57", 13.0), ("", 0.0)],
)
def test_letters_are_taken_for_as_wide_as_they_may_be(text: str, width: float) -> None:
    assert text_width(text) == pytest.approx(width)


@pytest.mark.parametrize(
    ("text", "room", "lines"),
    [
        ("aaa aaa", text_width("aaa aaa"), ("aaa aaa",)),
        ("aaa aaa", 7.8 * 6, ("aaa", "aaa")),
        ("aa aaaaaa a", 7.8 * 3, ("aa", "aaa", "aaa", "a")),
        ("aaaa", 1, ("a", "a", "a", "a")),
    ],
)
def test_a_label_is_broken_to_the_letter(text: str, room: float, lines: tuple[str, ...]) -> None:
    assert wrapped(text, room) == lines


def test_a_short_span_is_three_wide_wherever_it_stands() -> None:
    drawn = plan([mark(0), mark(14)], [Span(START + timedelta(days=7), START + timedelta(days=7), "held")], LANES, 960)

    (bar,) = drawn.bars
    assert (bar.left, bar.right) == (480, 483)


def test_as_many_ticks_as_fit_between_the_margins() -> None:
    assert len(plan([mark(0), mark(3)], [], LANES, 280).ticks) == 3


def far(number: float, label: str = "A") -> Mark:
    """A mark that stands so many places from the left."""
    return mark(number, label)


def at_x(at: datetime) -> float:
    return (at - START) / timedelta(days=1)


def test_marks_are_one_when_they_are_closer_than_the_distance_and_in_one_row_when_they_just_fit() -> None:
    assert len(_together([far(0), far(12)], at_x, 12)) == 2
    assert len(_together([far(0), far(11.5)], at_x, 12)) == 1
    assert [len(row) for row in _rows([far(20), far(20 + 12 + 11 + GAP + 7)], at_x, 300)] == [2]
    assert [len(row) for row in _rows([far(20), far(20 + 12 + 11 + GAP + 6)], at_x, 300)] == [1, 1]


def test_a_row_is_free_where_none_of_its_boxes_stands() -> None:
    """It is not enough that the first one in the row stands far away."""
    assert [len(row) for row in _rows([far(20), far(120), far(125)], at_x, 300)] == [2, 1]
    assert [len(row) for row in _rows([far(20), far(120), far(125), far(220)], at_x, 300)] == [3, 1]


def test_five_rows_are_not_too_many_and_a_row_is_as_high_as_its_highest_label() -> None:
    crowd = [far(300 + 20 * number, "a label that is wide") for number in range(5)]
    placed, _ = _fill_lane(crowd, at_x, 960, 0)
    row, bottom = _fill_lane([far(10), far(60, "two words")], at_x, 130, 100)

    assert len({one.top for one in placed}) == len(placed) == 5
    assert [len(one.lines) for one in row] == [1, 2]
    assert {one.top for one in row} == {100}
    assert bottom == 100 + 2 * LINE + 2


@pytest.mark.parametrize(
    ("x", "label", "is_left"),
    [
        pytest.param(178, "A" * 10, False, id="it just fits on the right"),
        pytest.param(179, "A" * 10, True, id="it does not"),
        pytest.param(150, "A" * 30, False, id="as much room on both sides"),
        pytest.param(151, "A" * 30, True, id="a little more on the left"),
        pytest.param(145, "A" * 30, False, id="a little more on the right"),
    ],
)
def test_a_label_stands_right_of_its_mark_unless_there_is_more_room_on_the_left(x, label, is_left) -> None:
    assert _box(far(x, label), x, 300).is_left is is_left


@pytest.mark.parametrize(
    ("apart", "count", "drawn"),
    [
        pytest.param(12, 5, 5, id="five rows are not crowded"),
        pytest.param(12, 6, 3, id="six are: within 24 is one"),
        pytest.param(24, 6, 3, id="within 48, where 24 is not enough"),
        pytest.param(48, 6, 3, id="within 96, where 48 is not enough"),
        pytest.param(96, 6, 6, id="no further: then there are more rows"),
    ],
)
def test_in_a_crowd_marks_are_one_that_stand_further_apart(apart: float, count: int, drawn: int) -> None:
    crowd = [far(100 + apart * number, "a very long label " * 5) for number in range(count)]
    placed, _ = _fill_lane(crowd, at_x, 3000, 0)

    assert len(placed) == drawn
    assert sum(one.mark.count for one in placed) == count


MONDAY = datetime(1970, 1, 5, tzinfo=UTC)
MINUTE, HOUR, DAY = 60, 3600, 86_400
STEPS = [
    (1, "5 Jan, 00:00:01, 00:00:02"),
    (2, "5 Jan, 00:00:02, 00:00:04"),
    (5, "5 Jan, 00:00:05, 00:00:10"),
    (10, "5 Jan, 00:00:10, 00:00:20"),
    (30, "5 Jan, 00:00:30, 00:01:00"),
    (1 * MINUTE, "5 Jan, 00:01, 00:02"),
    (2 * MINUTE, "5 Jan, 00:02, 00:04"),
    (5 * MINUTE, "5 Jan, 00:05, 00:10"),
    (10 * MINUTE, "5 Jan, 00:10, 00:20"),
    (30 * MINUTE, "5 Jan, 00:30, 01:00"),
    (1 * HOUR, "5 Jan, 01:00, 02:00"),
    (2 * HOUR, "5 Jan, 02:00, 04:00"),
    (3 * HOUR, "5 Jan, 03:00, 06:00"),
    (6 * HOUR, "5 Jan, 06:00, 12:00"),
    (12 * HOUR, "5 Jan, 12:00, 6 Jan"),
    (1 * DAY, "5 Jan, 6 Jan, 7 Jan"),
    (2 * DAY, "5 Jan, 7 Jan, 9 Jan"),
    (4 * DAY, "5 Jan, 9 Jan, 13 Jan"),
    (7 * DAY, "5 Jan, 12 Jan, 19 Jan"),
    (14 * DAY, "5 Jan, 19 Jan, 2 Feb"),
    (28 * DAY, "5 Jan, 2 Feb, 2 Mar"),
    (56 * DAY, "5 Jan, 2 Mar, 27 Apr"),
    (91 * DAY, "5 Jan, 6 Apr, 6 Jul"),
    (182 * DAY, "5 Jan, 6 Jul, 4 Jan"),
    (365 * DAY, "1970, 1971, 1972"),
]


@pytest.mark.parametrize(("seconds", "labels"), STEPS)
def test_ticks_stand_at_round_times(seconds: int, labels: str) -> None:
    """A picture that holds two steps of the axis, from midnight of a Monday on."""
    span = timedelta(seconds=2 * seconds)
    drawn = plan([mark(0, at=MONDAY), mark(0, at=MONDAY + span)], [], LANES, 200)

    assert [tick.label for tick in drawn.ticks] == labels.split(", ")
    assert [tick.x for tick in drawn.ticks] == [pytest.approx(x) for x in (14, 100, 186)]
