"""Rate over time as SVG, drawn here and not in the browser: the same picture for every screen, without a script.

Three lines that are told apart without colour: what was asked is dashed, what the pump granted is a broad line, what it
measured is a row of dots. A value that was not known leaves a gap. The time axis runs from the start to the planned
end, so that how far it has come is seen from across the room.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from pumpd import words
from pumpd.api_models import SampleView

INK: Final = "#12242f"
SOFT: Final = "#51636f"
GRID: Final = "#d5dde2"
GRANTED: Final = "#0b5c7d"
MEASURED: Final = "#a33b00"
FONT: Final = "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"

SHORTEST_MS: Final = 10_000  # an axis shorter than this would show the counter's steps and nothing else
HIGHEST_LEAST_UL_PER_H: Final = 1_000
TIME_STEPS_S: Final = (5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200)
STILL_MS: Final = 30_000  # two samples further apart than this are not joined by a line

Read = Callable[[SampleView], int | None]


def local_offset_min(ts_ms: int) -> int:
    """Minutes between local time and UTC at that moment."""
    offset = datetime.fromtimestamp(ts_ms // 1_000, tz=UTC).astimezone().utcoffset()
    return 0 if offset is None else int(offset.total_seconds()) // 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Where numbers go: milliseconds and µL/h to points of the picture."""

    width: int
    height: int
    from_ms: int
    to_ms: int
    top_ul_per_h: int
    left: int = 84
    right: int = 16
    top: int = 40
    bottom: int = 34

    def x(self, ts_ms: int) -> int:
        wide = self.width - self.left - self.right
        return self.left + (ts_ms - self.from_ms) * wide // (self.to_ms - self.from_ms)

    def y(self, ul_per_h: int) -> int:
        high = self.height - self.top - self.bottom
        return self.height - self.bottom - ul_per_h * high // self.top_ul_per_h


def rate_plot(
    samples: Iterable[SampleView], *, from_ms: int, now_ms: int, planned_end_ms: int, width: int, height: int
) -> str:
    """The picture as text. `samples` in order of time; those outside of the axis are left out."""
    to_ms = max(now_ms, planned_end_ms, from_ms + SHORTEST_MS)
    rows = [row for row in samples if from_ms <= row.ts_ms <= to_ms]
    known = [rate for row in rows for rate in (row.asked_ul_per_h, row.granted_ul_per_h, row.measured_ul_per_h) if rate]
    step, top = _rate_axis(max(known, default=HIGHEST_LEAST_UL_PER_H))
    frame = Frame(width=width, height=height, from_ms=from_ms, to_ms=to_ms, top_ul_per_h=top)
    svg = Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {width} {height}",
            "width": str(width),
            "height": str(height),
            "role": "img",
            "font-family": FONT,
            "font-size": "14",
        },
    )
    SubElement(svg, "title").text = "Rate over time: asked, granted and measured"
    _axes(svg, frame, step)
    _line(
        svg, frame, _points(rows, lambda row: row.granted_ul_per_h), GRANTED, {"stroke-width": "5", "opacity": "0.75"}
    )
    _line(
        svg, frame, _points(rows, lambda row: row.asked_ul_per_h), INK, {"stroke-width": "2", "stroke-dasharray": "8 5"}
    )
    _dots(svg, frame, rows)
    if from_ms < now_ms < to_ms:
        _upright(svg, frame, now_ms, "now")
    _legend(svg, frame)
    return tostring(svg, encoding="unicode")


def _rate_axis(highest_ul_per_h: int) -> tuple[int, int]:
    """A round step and a round top, with three to six steps up to it."""
    wanted = max(highest_ul_per_h, HIGHEST_LEAST_UL_PER_H) * 11 // 10
    for power in count(1):
        for lead in (1, 2, 5):
            step = lead * 10**power
            if wanted <= 5 * step:
                return step, -(-wanted // step) * step
    raise AssertionError("unreachable: the step grows without end")


def _axes(svg: Element, frame: Frame, step_ul_per_h: int) -> None:
    for rate in range(0, frame.top_ul_per_h + 1, step_ul_per_h):
        y = frame.y(rate)
        _stroke(svg, (frame.left, y), (frame.width - frame.right, y), SOFT if rate == 0 else GRID, "1")
        _text(svg, (frame.left - 8, y + 5), words.rate_ml_per_h(rate), anchor="end", colour=SOFT)
    span_ms = frame.to_ms - frame.from_ms
    room = max(2, (frame.width - frame.left - frame.right) // 96)
    step_ms = next((s * 1_000 for s in TIME_STEPS_S if span_ms <= s * 1_000 * room), TIME_STEPS_S[-1] * 1_000)
    offset = local_offset_min(frame.from_ms)
    first = -(-frame.from_ms // step_ms) * step_ms
    for ts_ms in range(first, frame.to_ms + 1, step_ms):
        x = frame.x(ts_ms)
        _stroke(svg, (x, frame.top), (x, frame.height - frame.bottom), GRID, "1")
        told = words.clock_time(ts_ms, offset_min=offset, seconds=step_ms < 60_000)
        _text(svg, (min(x, frame.width - 30), frame.height - frame.bottom + 20), told, anchor="middle", colour=SOFT)


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
        rate = min(row.measured_ul_per_h, frame.top_ul_per_h)
        SubElement(svg, "circle", {"cx": str(last_x), "cy": str(frame.y(rate)), "r": "2.5", "fill": MEASURED})


def _upright(svg: Element, frame: Frame, ts_ms: int, told: str) -> None:
    x = frame.x(ts_ms)
    _stroke(svg, (x, frame.top), (x, frame.height - frame.bottom), INK, "1")
    near_the_end = x > frame.width - 60
    _text(svg, (x - 5 if near_the_end else x + 5, frame.top + 12), told, anchor="end" if near_the_end else "start")


def _legend(svg: Element, frame: Frame) -> None:
    x = 8
    for told, colour, look in (
        ("asked", INK, {"stroke-width": "2", "stroke-dasharray": "8 5"}),
        ("granted", GRANTED, {"stroke-width": "5", "opacity": "0.75"}),
        ("measured", MEASURED, {"stroke-width": "5", "stroke-dasharray": "0.1 8", "stroke-linecap": "round"}),
    ):
        line = {"x1": str(x), "y1": "16", "x2": str(x + 34), "y2": "16", "stroke": colour}
        SubElement(svg, "line", {**line, **look})
        _text(svg, (x + 42, 21), told)
        x += min((frame.width - 16) // 3, 140)


def _stroke(svg: Element, start: tuple[int, int], end: tuple[int, int], colour: str, width: str) -> None:
    places = {"x1": str(start[0]), "y1": str(start[1]), "x2": str(end[0]), "y2": str(end[1])}
    SubElement(svg, "line", {**places, "stroke": colour, "stroke-width": width})


def _text(svg: Element, place: tuple[int, int], told: str, *, anchor: str = "start", colour: str = INK) -> None:
    look = {"x": str(place[0]), "y": str(place[1]), "text-anchor": anchor, "fill": colour}
    SubElement(svg, "text", look).text = told
