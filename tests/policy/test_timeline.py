"""Where things stand in a timeline: nothing is left out, nothing lies on anything, all of it in the picture."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.timeline import Mark, Span, plan, text_width, wrapped

START = datetime(2026, 11, 24, 17, tzinfo=UTC)
LANES = ("State", "Mail", "Other")


def mark(days: float, label: str = "lifted", **more):
    return Mark(**({"at": START + timedelta(days=days), "lane": "State", "shape": "dot", "label": label} | more))


def test_time_runs_evenly_from_left_to_right():
    drawn = plan([mark(0, "a"), mark(7, "b"), mark(14, "c")], [], LANES, 960)

    first, middle, last = sorted(placed.x for placed in drawn.placed)
    assert middle - first == pytest.approx(last - middle)
    assert (first, last) == (pytest.approx(14), pytest.approx(946))
    assert drawn.x(START - timedelta(days=9)) == pytest.approx(14)
    assert drawn.x(START + timedelta(days=99)) == pytest.approx(946)


def test_what_would_stand_on_each_other_is_one_mark_that_says_how_many():
    drawn = plan(
        [mark(0, many="acks"), mark(0.01, count=3, many="acks"), mark(0.02, shape="star"), mark(14)], [], LANES, 960
    )

    assert [
        (placed.mark.label, placed.mark.count) for placed in drawn.placed if placed.mark.at < START + timedelta(1)
    ] == [
        ("4 acks", 4),
        ("lifted", 1),
    ]


def test_the_more_crowded_a_lane_the_more_is_drawn_as_one():
    crowd = [mark(day / 4, f"member {day} acknowledged", many="acknowledgements") for day in range(60)]

    drawn = plan(crowd, [], LANES, 960)

    assert len({placed.top for placed in drawn.placed}) <= 5
    assert sum(placed.mark.count for placed in drawn.placed) == 60


def test_what_is_to_stand_alone_does():
    drawn = plan([mark(0, "first date", alone=True), mark(0, "date", alone=True)], [], LANES, 960)

    assert {placed.mark.label for placed in drawn.placed} == {"first date", "date"}


def test_a_lane_without_a_mark_is_left_out_and_an_unknown_one_is_the_last():
    drawn = plan([mark(0), mark(1, lane="?")], [], LANES, 960)

    assert [lane.name for lane in drawn.lanes] == ["State", "Other"]
    assert len(drawn.placed) == 2


def test_the_shortest_state_is_seen():
    spans = [Span(START, START + timedelta(seconds=1), "held"), Span(START, START + timedelta(days=90), "embargoed")]

    assert [bar.right - bar.left >= 3 for bar in plan([], spans, LANES, 360).bars] == [True, True]


def test_what_is_after_the_end_stands_at_the_end():
    drawn = plan([mark(0, "a"), mark(1, "b"), mark(99, "c")], [], LANES, 960, START + timedelta(days=2))

    assert [placed.x for placed in drawn.placed] == [pytest.approx(14), pytest.approx(480), pytest.approx(946)]


def test_a_picture_of_nothing_is_a_picture():
    assert plan([], [], LANES, 360).placed == ()


@pytest.mark.parametrize(("lanes", "width"), [((), 960), (LANES, 100)])
def test_what_can_not_be_drawn_is_refused(lanes, width):
    with pytest.raises(ValueError, match="timeline needs"):
        plan([mark(0)], [], lanes, width)


@pytest.mark.parametrize(
    ("span", "labels"),
    [
        pytest.param(timedelta(seconds=9), ["17:00:00", "17:00:05"], id="a demo"),
        pytest.param(timedelta(hours=9), ["18:00", "21:00", "25 Nov"], id="a night"),
        pytest.param(timedelta(days=14), ["30 Nov", "7 Dec"], id="an embargo"),
        pytest.param(timedelta(days=1400), ["2027", "2029"], id="a long one"),
    ],
)
def test_the_ticks_are_round_and_say_what_tells_them_apart(span, labels):
    drawn = plan([mark(0), mark(span / timedelta(days=1))], [], LANES, 360)

    assert [tick.label for tick in drawn.ticks] == labels


def test_a_label_is_broken_between_words_and_a_long_word_inside():
    assert wrapped("public date moved", text_width("public date ")) == ("public date", "moved")
    assert "".join(wrapped("x" * 50, 100)) == "x" * 50
    assert wrapped("", 100) == ("",)


instants = st.one_of(
    st.datetimes(timezones=st.just(UTC)),  # the whole calendar
    st.floats(0, 20).map(lambda days: START + timedelta(days=days)),  # and a crowd
)
marks = st.builds(
    Mark,
    at=instants,
    lane=st.sampled_from([*LANES, "?"]),
    shape=st.sampled_from(["dot", "star"]),
    label=st.one_of(st.text(max_size=60), st.sampled_from(["lifted", "public date moved", "member 12 acknowledged"])),
    many=st.just("events"),
    count=st.integers(1, 9),
    alone=st.booleans(),
)
spans = st.tuples(instants, instants).map(lambda ends: Span(min(ends), max(ends), "held"))


@given(
    st.lists(marks, max_size=40),
    st.lists(spans, max_size=4),
    st.sampled_from([200.0, 360.0, 960.0]),
    st.none() | instants,
)
def test_no_two_boxes_overlap_all_are_inside_and_none_is_left_out(given_marks, given_spans, width, until):
    drawn = plan(given_marks, given_spans, LANES, width, until)

    assert sum(placed.mark.count for placed in drawn.placed) == sum(one.count for one in given_marks)
    for placed in drawn.placed:
        assert -0.01 <= placed.left <= placed.right <= width + 0.01
        assert any(lane.top <= placed.top and placed.bottom <= lane.bottom for lane in drawn.lanes)
        for line in placed.lines:
            left = placed.text_x - text_width(line) if placed.is_left else placed.text_x
            assert placed.left - 0.01 <= left
            assert left + text_width(line) <= placed.right + 0.01
    for one, other in combinations(drawn.placed, 2):
        apart_across = one.right <= other.left or other.right <= one.left
        assert apart_across or one.bottom <= other.top or other.bottom <= one.top
    assert all(0 <= bar.left < bar.right <= width for bar in drawn.bars)
    assert all(0 <= tick.x <= width for tick in drawn.ticks)
    assert all(b.x - a.x >= 60 for a, b in zip(drawn.ticks, drawn.ticks[1:], strict=False))
