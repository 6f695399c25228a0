"""The estimated concentration in the plasma as a band over four models, beside what published studies saw at it.

The band is the lowest and the highest of the models, the line in it is Kamp's; there is no number to read off as a
value of this patient. Ranges that lie above the picture are told in the text beside it and not drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from pumpd import pharmacokinetics, words
from pumpd.console.svg import INK, SOFT, Frame, picture, round_axis, text, time_axis, value_axis

WIDTH: Final = 1_100
HEIGHT: Final = 460
BAND: Final = "#0b4f6c"
HIGHEST_LEAST_NG_PER_ML: Final = 280  # so that pain relief and dissociation are always in the picture
MS_PER_S: Final = 1_000


def plasma_plot(estimates: Sequence[pharmacokinetics.Estimate]) -> str:
    """`estimates` in order of time, at least two."""
    most = max(int(each.high_ng_per_ml) + 1 for each in estimates)
    step, highest = round_axis(max(most, HIGHEST_LEAST_NG_PER_ML))
    frame = Frame(
        width=WIDTH, from_ms=_ms(estimates[0]), to_ms=_ms(estimates[-1]), highest=highest, top=40, base=HEIGHT - 34,
        left=110, right=190,
    )  # fmt: skip
    svg = picture(WIDTH, HEIGHT, "Ketamine in the plasma over time: a band over four published models, model estimate")
    _ranges(svg, frame)
    value_axis(svg, frame, step, words.plasma)
    time_axis(svg, frame)
    upper = [f"{frame.x(_ms(each))},{frame.y(int(each.high_ng_per_ml))}" for each in estimates]
    lower = [f"{frame.x(_ms(each))},{frame.y(int(each.low_ng_per_ml))}" for each in estimates]
    outline = {"fill": BAND, "fill-opacity": "0.2", "stroke": BAND, "stroke-width": "1.5", "stroke-dasharray": "2 3"}
    SubElement(svg, "path", {"d": f"M{'L'.join([*upper, *reversed(lower)])}Z", **outline})
    kamp = [f"{frame.x(_ms(each))},{frame.y(int(each.kamp_ng_per_ml))}" for each in estimates]
    SubElement(svg, "path", {"d": f"M{'L'.join(kamp)}", "fill": "none", "stroke": INK, "stroke-width": "2.5"})
    text(svg, (12, 22), "Model estimate: the band holds four published models, the line is Kamp 2020")
    return tostring(svg, encoding="unicode")


def _ms(estimate: pharmacokinetics.Estimate) -> int:
    return int(estimate.at_s * MS_PER_S)


def _ranges(svg: Element, frame: Frame) -> None:
    """Each as a bar right of the picture: side by side, since they overlap, with its name along it."""
    x = frame.width - frame.right + 26
    for each in pharmacokinetics.RANGES:
        if each.high_ng_per_ml > frame.highest:
            continue
        top, base = frame.y(each.high_ng_per_ml), frame.y(each.low_ng_per_ml)
        box = {"x": str(x - 8), "y": str(top), "width": "16", "height": str(max(base - top, 3))}
        SubElement(svg, "rect", {**box, "fill": SOFT, "fill-opacity": "0.35", "stroke": SOFT})
        along = {"transform": f"translate({x + 24} {base}) rotate(-90)", "fill": INK}
        SubElement(svg, "text", along).text = each.told
        x += 62
