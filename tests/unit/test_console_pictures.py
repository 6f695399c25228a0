"""The estimate goes by what was delivered, ends now, and is a picture with a band in it."""

from __future__ import annotations

from xml.etree.ElementTree import fromstring

import pytest

from pumpd.api_models import Phase, SampleView
from pumpd.console.pictures import curve_of
from pumpd.console.plasma_chart import plasma_plot

FROM_MS = 1_780_000_000_000
MIN_MS = 60_000


def sample(after_ms: int, delivered_nl: int) -> SampleView:
    return SampleView(
        ts_ms=FROM_MS + after_ms, slot="p1", phase=Phase.INFUSING, asked_ul_per_h=None, granted_ul_per_h=None,
        measured_ul_per_h=None, delivered_low_nl=delivered_nl - 1_000, delivered_high_nl=delivered_nl + 1_000,
    )  # fmt: skip


def forty_minutes() -> list[SampleView]:
    """35 mg over 40 min at 1 mg/mL, as 0.5 mg/kg at 70 kg."""
    return [sample(minute * MIN_MS, 1_000 + 35_000_000 * minute // 40) for minute in range(41)]


def test_estimate_follows_the_delivered_volume_and_falls_after_the_end() -> None:
    running = curve_of(forty_minutes(), 1_000, 70_000, FROM_MS + 40 * MIN_MS)
    later = curve_of(forty_minutes(), 1_000, 70_000, FROM_MS + 60 * MIN_MS)
    assert running is not None
    assert later is not None
    assert running[-1].low_ng_per_ml == pytest.approx(177, rel=0.01)  # Clements 250
    assert running[-1].high_ng_per_ml == pytest.approx(253, rel=0.01)  # Kamp
    assert later[-1].low_ng_per_ml == pytest.approx(55, rel=0.01)  # Domino
    assert later[-1].high_ng_per_ml == pytest.approx(115, rel=0.01)


def test_nothing_measured_gives_no_picture() -> None:
    assert curve_of([], 1_000, 70_000, FROM_MS) is None
    assert curve_of([sample(0, 1_000)], 1_000, 70_000, FROM_MS) is None


def test_picture_says_that_it_is_an_estimate_and_stays_in_its_frame() -> None:
    curve = curve_of(forty_minutes(), 1_000, 70_000, FROM_MS + 40 * MIN_MS)
    assert curve is not None
    svg = fromstring(plasma_plot(curve))  # noqa: S314  # our own picture
    told = " ".join(text.text or "" for text in svg.iter("{http://www.w3.org/2000/svg}text"))
    assert "Model estimate" in told
    assert "pain relief" in told
    assert "anaesthesia" not in told  # its range lies far above this picture
    outline, _ = (path.attrib["d"] for path in svg.iter("{http://www.w3.org/2000/svg}path"))
    heights = [int(corner.split(",")[1]) for corner in outline.removeprefix("M").removesuffix("Z").split("L")]
    assert min(heights) >= 40
    assert max(heights) <= 426
