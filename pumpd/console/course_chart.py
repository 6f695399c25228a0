"""An outcome over a course, as a small picture: one line a question, by the day on which it was asked.

As every picture of the page it is drawn here: the same on each screen, and there without a script. Each value is
written at its point, so that nothing has to be read off an axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from xml.etree.ElementTree import SubElement, tostring

from pumpd.api_course_models import OutcomeView
from pumpd.console.svg import INK, SOFT, Frame, picture, round_axis, stroke, text, value_axis

WIDTH: Final = 600
HEIGHT: Final = 200
MS_PER_DAY: Final = 86_400_000


def outcome_chart(outcomes: Sequence[OutcomeView]) -> bytes:
    """Of one instrument; the last value of a day counts. At least one."""
    by_day = {each.day: each for each in outcomes}
    shown = [by_day[day] for day in sorted(by_day)]
    first, last = shown[0], shown[-1]
    step, _ = round_axis(first.most * 10 // 11, 5)
    frame = Frame(
        width=WIDTH,
        from_ms=first.day * MS_PER_DAY,
        to_ms=max(last.day, first.day + 1) * MS_PER_DAY,
        highest=first.most,
        top=24,
        base=HEIGHT - 34,
        right=44,
    )
    told = ", ".join(f"{each.total} on {each.day_text}" for each in shown)
    svg = picture(WIDTH, HEIGHT, f"{first.text}: {told}")
    value_axis(svg, frame, step, str)
    points = [(frame.x(each.day * MS_PER_DAY), frame.y(each.total)) for each in shown]
    line = " ".join(f"{x},{y}" for x, y in points)
    SubElement(svg, "polyline", {"points": line, "fill": "none", "stroke": INK, "stroke-width": "3"})
    for (x, y), each in zip(points, shown, strict=True):
        SubElement(svg, "circle", {"cx": str(x), "cy": str(y), "r": "5", "fill": INK})
        text(svg, (x, y - 10), str(each.total), anchor="middle")
        stroke(svg, (x, frame.base), (x, frame.base + 5), SOFT, "1")
    text(svg, (frame.left, HEIGHT - 10), first.day_text, colour=SOFT)
    if last is not first:
        text(svg, (WIDTH - frame.right, HEIGHT - 10), last.day_text, anchor="end", colour=SOFT)
    return tostring(svg)
