"""The plot draws what was measured, leaves gaps where nothing was known, and stays inside its frame."""

from __future__ import annotations

import re
from typing import Final
from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpd.api_models import Phase, PlanStepView, SampleView
from pumpd.console.charts import STILL_MS, Since, Size, rate_plot

FROM_MS: Final = 1_780_000_000_000
SVG: Final = "{http://www.w3.org/2000/svg}"


def sample(after_s: int, asked: int | None, granted: int | None = None, measured: int | None = None) -> SampleView:
    return SampleView(
        ts_ms=FROM_MS + after_s * 1_000, slot="p1", phase=Phase.INFUSING, asked_ul_per_h=asked,
        granted_ul_per_h=granted, measured_ul_per_h=measured, delivered_low_nl=0, delivered_high_nl=0,
    )  # fmt: skip


def plot(
    rows: list[SampleView],
    *,
    now_s: int = 100,
    end_s: int = 200,
    width: int = 600,
    height: int = 250,
    plan: tuple[PlanStepView, ...] = (),
    since: Since | None = None,
) -> Element:
    drawn = rate_plot(
        rows, from_ms=FROM_MS, now_ms=FROM_MS + now_s * 1_000, planned_end_ms=FROM_MS + end_s * 1_000,
        size=Size(width=width, height=height), plan=plan, since=since,
    )  # fmt: skip
    assert drawn is not None
    return fromstring(drawn)  # noqa: S314  # our own picture


def lines(svg: Element, colour: str) -> list[str]:
    return [path.attrib["d"] for path in svg.iter(f"{SVG}path") if path.attrib["stroke"] == colour]


def areas(svg: Element) -> list[str]:
    return [path.attrib["d"] for path in svg.iter(f"{SVG}path") if path.attrib["fill"] == GIVEN]


GRANTED, ASKED, GIVEN, PLANNED = "#0b5c7d", "#12242f", "#0d5c36", "#51636f"
rates = st.one_of(st.none(), st.integers(0, 2_000_000))


@given(st.lists(st.tuples(st.integers(0, 300), rates, rates, rates), max_size=60))
def test_every_point_lies_inside_the_picture(rows: list[tuple[int, int | None, int | None, int | None]]) -> None:
    svg = plot([sample(*row) for row in sorted(rows, key=lambda row: row[0])])
    numbers: list[tuple[int, int]] = []
    for path in svg.iter(f"{SVG}path"):
        numbers += [(int(n), 600) for n in re.findall(r"[MH](\d+)", path.attrib["d"])]
        numbers += [(int(n), 250) for n in re.findall(r"[V,](\d+)", path.attrib["d"])]
        assert "-" not in path.attrib["d"]
    for dot in svg.iter(f"{SVG}circle"):
        numbers += [(int(dot.attrib["cx"]), 600), (int(dot.attrib["cy"]), 250)]
    assert [pair for pair in numbers if not 0 <= pair[0] <= pair[1]] == []


def test_unknown_rate_leaves_a_gap_and_is_never_drawn_as_zero() -> None:
    svg = plot([sample(0, 5_000, 5_000), sample(10, 5_000, None), sample(20, 5_000, 5_000), sample(30, 5_000, 5_000)])
    assert len(lines(svg, GRANTED)) == 2
    assert len(lines(svg, ASKED)) == 1


def test_silence_is_not_bridged_by_a_line() -> None:
    apart_s = STILL_MS // 1_000 + 1
    assert len(lines(plot([sample(0, 5_000), sample(apart_s, 5_000)]), ASKED)) == 2


def test_rate_changes_are_steps_and_not_slopes() -> None:
    (path,) = lines(plot([sample(0, 4_000), sample(10, 4_000), sample(20, 8_000), sample(30, 8_000)]), ASKED)
    assert re.fullmatch(r"M\d+,\d+H\d+V\d+H\d+", path)


def test_lines_are_told_apart_without_colour() -> None:
    svg = plot([sample(second, 5_000, 5_000, 4_900) for second in range(0, 90, 10)])
    (asked,) = (path for path in svg.iter(f"{SVG}path") if path.attrib["stroke"] == ASKED)
    (granted,) = (path for path in svg.iter(f"{SVG}path") if path.attrib["stroke"] == GRANTED)
    assert "stroke-dasharray" in asked.attrib
    assert int(granted.attrib["stroke-width"]) > int(asked.attrib["stroke-width"])
    assert len(list(svg.iter(f"{SVG}circle"))) == 9
    assert {"planned", "asked", "granted", "measured", "given"} <= {text.text for text in svg.iter(f"{SVG}text")}


def test_eight_hours_are_no_bigger_than_the_picture() -> None:
    rows = [sample(second, 5_000, 5_000, 4_900 + second % 7) for second in range(0, 28_800, 5)]
    svg = plot(rows, now_s=28_800, end_s=28_800)
    assert len(list(svg.iter(f"{SVG}circle"))) <= 600 // 5
    assert max(len(line) for line in lines(svg, ASKED) + lines(svg, GRANTED)) < 50
    (given_area,) = areas(svg)
    assert given_area.count(",") <= 2 * 600


def test_axis_reaches_to_the_planned_end_and_says_now() -> None:
    told = [text.text for text in plot([sample(0, 5_000)]).iter(f"{SVG}text")]
    assert "now" in told
    assert "6 mL/h" in told
    assert "now" not in [text.text for text in plot([sample(0, 5_000)], now_s=300).iter(f"{SVG}text")]


def test_whole_plan_is_drawn_before_anything_was_given_and_what_was_given_lies_between_its_bounds() -> None:
    plan = (
        PlanStepView(rate_ul_per_h=36_000, volume_nl=1_000_000),
        PlanStepView(rate_ul_per_h=72_000, volume_nl=2_000_000),
    )
    empty = plot([], now_s=0, height=330, plan=plan)
    planned_rate, planned = lines(empty, PLANNED)
    corners = [tuple(map(int, corner.split(","))) for corner in planned.removeprefix("M").split("L")]
    assert [x for x, _ in corners] == [84, 334, 584]  # the start, half of the time, the planned end
    (_, none), (_, third), (_, whole) = corners
    assert re.fullmatch(r"M84,\d+H334V\d+H584", planned_rate)  # and the two rates as a stair
    assert (none - third) * 3 == pytest.approx(none - whole, abs=3)
    known = sample(100, 36_000).model_copy(update={"delivered_low_nl": 900_000, "delivered_high_nl": 1_100_000})
    (area,) = areas(plot([sample(0, 36_000), known], height=330, plan=plan))
    heights = [int(corner.split(",")[1]) for corner in area.removeprefix("M").removesuffix("Z").split("L")]
    upper, lower = heights[1], heights[2]
    assert upper < third < lower


def drawn_until(svg: Element) -> Since:
    return Since(ts_ms=int(svg.attrib["data-until"]), frame=svg.attrib["data-frame"])


def corners(paths: list[str]) -> set[tuple[int, int]]:
    """Every place that steps pass through, column by column."""
    found: set[tuple[int, int]] = set()
    for path in paths:
        x, y = 0, 0
        for kind, first, second in re.findall(r"([MHV])(\d+)(?:,(\d+))?", path):
            before = x
            x, y = (x, int(first)) if kind == "V" else (int(first), int(second) if second else y)
            found |= {(column, y) for column in range(before if kind == "H" else x, x + 1)}
    return found


@given(st.lists(st.integers(1, 40), min_size=2, max_size=40), st.integers(1, 39))
def test_what_is_added_to_a_picture_makes_it_the_whole_one(rates_l_per_h: list[int], cut: int) -> None:
    rows = [sample(place * 5, 1_000 * rate, 900 * rate) for place, rate in enumerate(rates_l_per_h)]
    plan = (PlanStepView(rate_ul_per_h=40_000, volume_nl=2_200_000),)
    earlier = plot(rows[:cut], plan=plan)
    whole = plot(rows, plan=plan)
    assert whole.attrib["data-frame"] == earlier.attrib["data-frame"], "neither the axes nor the end have moved"
    if len(rows) <= cut:
        return
    more = plot(rows, plan=plan, since=drawn_until(earlier))
    assert more.attrib["data-until"] == whole.attrib["data-until"]
    for colour in (GRANTED, ASKED):
        assert corners(lines(earlier, colour)) | corners(lines(more, colour)) == corners(lines(whole, colour))
    assert [text.text for text in more.iter(f"{SVG}text")] == ["now"], "no axis twice"


def test_nothing_is_added_where_no_column_is_new_and_all_where_the_frame_has_changed() -> None:
    rows = [sample(second, 5_000, 5_000) for second in range(60)]
    first = plot(rows, end_s=14_400)
    later = [*rows, sample(60, 5_000, 5_000)]
    told = {"from_ms": FROM_MS, "planned_end_ms": FROM_MS + 14_400_000, "size": Size(width=600, height=250)}
    assert rate_plot(later, now_ms=FROM_MS + 61_000, since=drawn_until(first), **told) is None  # type: ignore[arg-type]
    faster = plot([*rows, sample(60, 500_000)], end_s=14_400, since=drawn_until(first))
    assert faster.attrib["data-frame"] != first.attrib["data-frame"]
    assert "planned" in [text.text for text in faster.iter(f"{SVG}text")]


def test_beyond_its_end_the_frame_stays_for_a_minute() -> None:
    rows = [sample(second, 5_000, 5_000) for second in range(240)]
    frames = [plot(rows[:now], now_s=now, end_s=100).attrib["data-frame"] for now in range(121, 240)]
    assert len(set(frames)) <= 3


@given(st.integers(-2, 2), st.integers(-2, 2))
def test_moments_that_are_told_a_little_otherwise_make_no_new_frame(start_ms: int, end_ms: int) -> None:
    rows = [sample(second, 5_000, 5_000) for second in range(60)]
    first = plot(rows, end_s=120)
    drawn = rate_plot(
        [*rows, sample(70, 5_000, 5_000)], from_ms=FROM_MS + start_ms, now_ms=FROM_MS + 71_000,
        planned_end_ms=FROM_MS + 120_000 + end_ms, size=Size(width=600, height=250), since=drawn_until(first),
    )  # fmt: skip
    assert drawn is not None
    assert fromstring(drawn).attrib["data-frame"] == first.attrib["data-frame"]  # noqa: S314  # our own picture
