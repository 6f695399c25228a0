"""Rate and volume over the whole infusion as SVG: what was planned, asked, granted, measured and given.

Above, three rates that are told apart without colour: what was asked is dashed, what the pump granted is a broad line,
what it measured is a row of dots. Below, what is in: the plan is dashed, what was given is the area between its bounds.
A value that was not known leaves a gap. Both share the time axis, from the start to the planned end, so that how far it
has come is seen from across the room, and a page that was opened just now shows as much as one that has been open for
hours.

A page draws the whole once, when it is opened, and asks then for what is new since: the same strokes in the same frame,
to be added to those it has. Only where the frame itself has to change is it drawn anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from pumpd import words
from pumpd.api_models import PlanStepView, SampleView
from pumpd.console.svg import INK, SOFT, Frame, picture, round_axis, text, time_axis, upright, value_axis

GRANTED: Final = "#0b5c7d"
MEASURED: Final = "#a33b00"
GIVEN: Final = "#0d5c36"

SHORTEST_MS: Final = 10_000  # an axis shorter than this would show the counter's steps and nothing else
HIGHEST_LEAST_UL_PER_H: Final = 1_000
HIGHEST_LEAST_NL: Final = 1_000_000
STILL_MS: Final = 30_000  # two samples further apart than this are not joined by a line
MS_PER_H: Final = 3_600_000
LATER_MS: Final = 60_000
NEAR_MS: Final = 100

PLANNED: Final = {"stroke-width": "1.5", "stroke-dasharray": "3 4"}

Read = Callable[[SampleView], int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Of one picture, and where its two halves lie."""

    width: int
    height: int
    top: int = 40
    between: int = 34  # of the two halves
    bottom: int = 34

    def halves(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """(top, base) of the rates and of the volume."""
        middle = self.top + (self.height - self.top - self.bottom - self.between) * 3 // 5
        return (self.top, middle), (middle + self.between, self.height - self.bottom)


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """What a page has already: up to when, and in which frame (`_key_of`)."""

    ts_ms: int
    frame: str

    def span(self, from_ms: int, to_ms: int) -> tuple[int, int]:
        """Of its frame, where that is nearly this one: moments by the wall clock are told to a millisecond or two."""
        said = [int(part) for part in self.frame.split(".")[:2] if part.isdecimal()]
        near = len(said) == 2 and abs(said[0] - from_ms) <= NEAR_MS and abs(said[1] - to_ms) <= NEAR_MS  # from and to
        return (said[0], said[1]) if near else (from_ms, to_ms)


def rate_plot(
    samples: Iterable[SampleView],
    *,
    from_ms: int,
    now_ms: int,
    planned_end_ms: int,
    size: Size,
    plan: Sequence[PlanStepView] = (),
    concentration_ug_per_ml: int = 0,
    since: Since | None = None,
) -> str | None:
    """The picture as text. `samples` in order of time; those outside of the axis are left out.

    `since`: of the curves only what is new, for a page to add to those that it has; None where nothing is. The whole
    all the same where the frame is another one by now: a rate above the axis, a later end.
    """
    to_ms = max(now_ms, planned_end_ms, from_ms + SHORTEST_MS)
    running_late = to_ms == now_ms > planned_end_ms > 0
    if running_late:
        to_ms += -to_ms % LATER_MS  # the frame stays for a while
    if since is not None:
        from_ms, to_ms = since.span(from_ms, to_ms)
    rows = [row for row in samples if from_ms <= row.ts_ms <= to_ms]
    axes = _axes(rows, plan, size, (from_ms, to_ms))
    svg = picture(size.width, size.height, "Rate and volume over time: planned, asked, granted, measured and given")
    rates, known = axes.rates, _key_of(axes, plan)
    if since is not None and since.frame == known:
        first = next((place for place, row in enumerate(rows) if row.ts_ms > since.ts_ms), len(rows))
        if not rows[first:] or rates.x(rows[-1].ts_ms) == rates.x(since.ts_ms):
            return None
        rows = rows[max(0, first - 1) :]
    else:
        _paper(svg, axes, plan, size, concentration_ug_per_ml=concentration_ug_per_ml)
    svg.attrib |= {"data-frame": known, "data-until": str(rows[-1].ts_ms if rows else from_ms)}
    _curves(SubElement(svg, "g", {"data-curves": ""}), axes, rows)
    if from_ms < now_ms < to_ms and not running_late:
        upright(SubElement(svg, "g", {"data-now": ""}), rates, now_ms, "now")
    return tostring(svg, encoding="unicode")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Axes:
    """Of the rates, and of what is in; each with the distance of its lines."""

    rates: Frame
    rate_step: int
    volumes: Frame
    volume_step: int


def _axes(rows: list[SampleView], plan: Sequence[PlanStepView], size: Size, span: tuple[int, int]) -> _Axes:
    """Round tops over everything that is drawn in them."""
    (top, base), (below, ground) = size.halves()
    known = [rate for row in rows for rate in (row.asked_ul_per_h, row.granted_ul_per_h, row.measured_ul_per_h) if rate]
    known += [step.rate_ul_per_h for step in plan]
    rate_step, fastest = round_axis(max(max(known, default=0), HIGHEST_LEAST_UL_PER_H), 4)
    given = [row.delivered_high_nl for row in rows] + [volume for _, volume in _planned(plan, span[0])]
    volume_step, most = round_axis(max(max(given, default=0), HIGHEST_LEAST_NL), 3)
    return _Axes(
        rates=Frame(width=size.width, from_ms=span[0], to_ms=span[1], highest=fastest, top=top, base=base),
        rate_step=rate_step,
        volumes=Frame(width=size.width, from_ms=span[0], to_ms=span[1], highest=most, top=below, base=ground),
        volume_step=volume_step,
    )


def _key_of(axes: _Axes, plan: Sequence[PlanStepView]) -> str:
    """The same for two pictures of which one's curves can go on in the other."""
    said = [axes, *((step.rate_ul_per_h, step.volume_nl) for step in plan)]
    known = hashlib.sha256(repr(said).encode()).hexdigest()[:16]
    return f"{axes.rates.from_ms}.{axes.rates.to_ms}.{known}"


def _paper(
    svg: Element,
    axes: _Axes,
    plan: Sequence[PlanStepView],
    size: Size,
    *,
    concentration_ug_per_ml: int,
) -> None:
    """Axes, plan, and what the lines mean. The lower axis tells the mass where there is a drug: it was ordered."""
    rates, volumes = axes.rates, axes.volumes

    def told(volume_nl: int) -> str:
        if not concentration_ug_per_ml:
            return words.volume_ml(volume_nl)
        return words.mass(volume_nl * concentration_ug_per_ml // 1_000_000) if volume_nl else "0 mg"

    value_axis(svg, rates, axes.rate_step, words.rate_ml_per_h)
    time_axis(svg, rates, named=False)
    ahead = [(at, rate) for at, rate in _planned_rates(plan, rates.from_ms) if at <= rates.to_ms]
    _line(svg, rates, [ahead], SOFT, PLANNED)
    value_axis(svg, volumes, axes.volume_step, told)
    time_axis(svg, volumes)
    planned = list(_planned(plan, rates.from_ms))
    if planned:
        corners = [f"{min(volumes.x(at), size.width - volumes.right)},{volumes.y(volume)}" for at, volume in planned]
        SubElement(svg, "path", {"d": f"M{'L'.join(corners)}", "fill": "none", "stroke": SOFT, **PLANNED})
    _legend(svg, size)


def _curves(svg: Element, axes: _Axes, rows: list[SampleView]) -> None:
    rates, volumes = axes.rates, axes.volumes
    granted = _points(rows, lambda row: row.granted_ul_per_h)
    _line(svg, rates, granted, GRANTED, {"stroke-width": "5", "opacity": "0.75"})
    asked = _points(rows, lambda row: row.asked_ul_per_h)
    _line(svg, rates, asked, INK, {"stroke-width": "2", "stroke-dasharray": "8 5"})
    _dots(svg, rates, rows)
    _area(svg, volumes, rows)


def _planned_rates(plan: Sequence[PlanStepView], from_ms: int) -> Iterator[tuple[int, int]]:
    """(time, rate) where each step begins, and where the last one ends."""
    corners = list(_planned(plan, from_ms))
    for (at_ms, _), step in zip(corners, plan, strict=False):
        yield at_ms, step.rate_ul_per_h
    if plan:
        yield corners[-1][0], plan[-1].rate_ul_per_h


def _planned(plan: Sequence[PlanStepView], from_ms: int) -> Iterator[tuple[int, int]]:
    """(time, volume) at the corners of the plan, as if nothing had waited or stopped."""
    at_ms, volume_nl = from_ms, 0
    if plan:
        yield at_ms, volume_nl
    for step in plan:
        at_ms += step.volume_nl * MS_PER_H // (step.rate_ul_per_h * 1_000)
        volume_nl += step.volume_nl
        yield at_ms, volume_nl


def _area(svg: Element, frame: Frame, rows: list[SampleView]) -> None:
    """Between what is in at least and at most: a column of points at most for each column of the picture."""
    columns: dict[int, SampleView] = {frame.x(row.ts_ms): row for row in rows}
    if not columns:
        return
    upper = "L".join(f"{x},{frame.y(row.delivered_high_nl)}" for x, row in columns.items())
    lower = [f"{x},{frame.y(row.delivered_low_nl)}" for x, row in columns.items()]
    filled = {"fill": GIVEN, "fill-opacity": "0.25", "stroke": "none"}
    SubElement(svg, "path", {"d": f"M{'L'.join([upper, *reversed(lower)])}Z", **filled})
    for bound in (upper, "L".join(lower)):
        look = {"fill": "none", "stroke": GIVEN, "stroke-width": "3", "stroke-linejoin": "round"}
        SubElement(svg, "path", {"d": f"M{bound}", **look})


def _points(rows: list[SampleView], read: Read) -> Iterator[list[tuple[int, int]]]:
    """Runs of (time, rate) without a gap."""
    run: list[tuple[int, int]] = []
    for row in rows:
        rate = read(row)
        if run and (rate is None or row.ts_ms - run[-1][0] > STILL_MS):
            yield run
            run = []
        if rate is not None:
            run.append((row.ts_ms, rate))
    if run:
        yield run


def _line(svg: Element, frame: Frame, runs: Iterable[list[tuple[int, int]]], colour: str, look: dict[str, str]) -> None:
    """A rate holds until the next one: steps, no slopes. One point of the picture at most for each column."""
    for run in runs:
        path: list[str] = []
        last_x, last_y = -1, -1
        for index, (ts_ms, rate) in enumerate(run):
            x, y = frame.x(ts_ms), frame.y(rate)
            if not path:
                path.append(f"M{x},{y}")
            elif y != last_y:
                path.append(f"H{x}V{y}")
            elif index == len(run) - 1 and x != last_x:
                path.append(f"H{x}")
            last_x, last_y = x, y
        SubElement(svg, "path", {"d": "".join(path), "fill": "none", "stroke": colour, **look})


def _dots(svg: Element, frame: Frame, rows: list[SampleView]) -> None:
    last_x = -10
    for row in rows:
        if row.measured_ul_per_h is None or frame.x(row.ts_ms) - last_x < 5:
            continue
        last_x = frame.x(row.ts_ms)
        rate = min(row.measured_ul_per_h, frame.highest)
        SubElement(svg, "circle", {"cx": str(last_x), "cy": str(frame.y(rate)), "r": "2.5", "fill": MEASURED})


def _legend(svg: Element, size: Size) -> None:
    for place, (told, colour, look) in enumerate(
        (
            ("planned", SOFT, PLANNED),
            ("asked", INK, {"stroke-width": "2", "stroke-dasharray": "8 5"}),
            ("granted", GRANTED, {"stroke-width": "5", "opacity": "0.75"}),
            ("measured", MEASURED, {"stroke-width": "5", "stroke-dasharray": "0.1 8", "stroke-linecap": "round"}),
        )
    ):
        _key(svg, size, (place, 16), told, colour, look)
    (_, rates_base), _ = size.halves()
    _key(svg, size, (0, rates_base + 17), "planned", SOFT, PLANNED)
    _key(svg, size, (1, rates_base + 17), "given", GIVEN, {"stroke-width": "5"})


def _key(  # noqa: PLR0917  # a picture, which of its columns, how low, and what stands there
    svg: Element, size: Size, place: tuple[int, int], told: str, colour: str, look: dict[str, str]
) -> None:
    column, y = place
    wide = min((size.width - 16) // 4, 120)
    x, long = 8 + column * wide, 34 if wide > 100 else 20
    line = {"x1": str(x), "y1": str(y), "x2": str(x + long), "y2": str(y), "stroke": colour}
    SubElement(svg, "line", {**line, **look})
    text(svg, (x + long + 6, y + 5), told)
