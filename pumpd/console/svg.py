"""The few strokes that every picture of the page is made of, its frame, and its axes of time and of numbers.

Pictures are drawn here and not in the browser: the same for every screen, and there without a script. Nothing in them
is told by colour alone: a line is dashed, broad or dotted, and each has its name beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Final
from xml.etree.ElementTree import Element, SubElement

from pumpd import words

INK: Final = "#12242f"
SOFT: Final = "#51636f"
GRID: Final = "#d5dde2"
FONT: Final = "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"

TIME_STEPS_S: Final = (5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200)


def local_offset_min(ts_ms: int) -> int:
    """Minutes between local time and UTC at that moment."""
    offset = datetime.fromtimestamp(ts_ms // 1_000, tz=UTC).astimezone().utcoffset()
    return 0 if offset is None else int(offset.total_seconds()) // 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Where numbers go: milliseconds and any whole number to points of the picture."""

    width: int
    from_ms: int
    to_ms: int
    highest: int
    top: int  # of the picture's points, downwards
    base: int
    left: int = 84
    right: int = 16

    def x(self, ts_ms: int) -> int:
        wide = self.width - self.left - self.right
        return self.left + (ts_ms - self.from_ms) * wide // (self.to_ms - self.from_ms)

    def y(self, value: int) -> int:
        return self.base - value * (self.base - self.top) // self.highest


def picture(width: int, height: int, told: str) -> Element:
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
    SubElement(svg, "title").text = told
    return svg


def round_axis(highest: int, steps: int = 5) -> tuple[int, int]:
    """A round step and a round top, with three to six steps up to it (fewer where `steps` is less)."""
    wanted = highest * 11 // 10
    for power in count(1):
        for lead in (1, 2, 5):
            step: int = lead * 10**power
            if wanted <= steps * step:
                return step, -(-wanted // step) * step
    raise AssertionError("unreachable: the step grows without end")


def value_axis(svg: Element, frame: Frame, step: int, told: Callable[[int], str]) -> None:
    for value in range(0, frame.highest + 1, step):
        y = frame.y(value)
        stroke(svg, (frame.left, y), (frame.width - frame.right, y), SOFT if value == 0 else GRID, "1")
        text(svg, (frame.left - 8, y + 5), told(value), anchor="end", colour=SOFT)


def time_axis(svg: Element, frame: Frame, *, named: bool = True) -> None:
    span_ms = frame.to_ms - frame.from_ms
    room = max(2, (frame.width - frame.left - frame.right) // 96)
    step_ms = next((s * 1_000 for s in TIME_STEPS_S if span_ms <= s * 1_000 * room), TIME_STEPS_S[-1] * 1_000)
    offset = local_offset_min(frame.from_ms)
    first = -(-frame.from_ms // step_ms) * step_ms
    for ts_ms in range(first, frame.to_ms + 1, step_ms):
        x = frame.x(ts_ms)
        stroke(svg, (x, frame.top), (x, frame.base), GRID, "1")
        if named:
            told = words.clock_time(ts_ms, offset_min=offset, seconds=step_ms < 60_000)
            text(svg, (min(x, frame.width - 30), frame.base + 20), told, anchor="middle", colour=SOFT)


def upright(svg: Element, frame: Frame, ts_ms: int, told: str) -> None:
    x = frame.x(ts_ms)
    stroke(svg, (x, frame.top), (x, frame.base), INK, "1")
    near_the_end = x > frame.width - 60
    text(svg, (x - 5 if near_the_end else x + 5, frame.top + 12), told, anchor="end" if near_the_end else "start")


def stroke(svg: Element, start: tuple[int, int], end: tuple[int, int], colour: str, width: str) -> None:
    places = {"x1": str(start[0]), "y1": str(start[1]), "x2": str(end[0]), "y2": str(end[1])}
    SubElement(svg, "line", {**places, "stroke": colour, "stroke-width": width})


def text(svg: Element, place: tuple[int, int], told: str, *, anchor: str = "start", colour: str = INK) -> None:
    look = {"x": str(place[0]), "y": str(place[1]), "text-anchor": anchor, "fill": colour}
    SubElement(svg, "text", look).text = told
