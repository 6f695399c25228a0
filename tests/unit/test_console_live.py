"""What a page shows of a view: the same texts at first and later, never an old number as a live one."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpd.api_models import BedView
from pumpd.console import live
from pumpd.console.guard import form_token
from pumpd.console.pages import stands_still

CONSOLE: Final = Path(live.__file__).parent
BUTTONS: Final = (
    "start",
    "stop",
    "pause",
    "resume",
    "rate",
    "step",
    "end",
    "answer",
    "rearm",
    "change_container",
    "label",
)
RATE: Final = {
    "ul_per_h": 4944,
    "text": "4.944 mL/h",
    "dose_text": "0.3 mg/kg/h (24.72 mg/h)",
    "dose_ng_per_h": 24720000,
}
VOLUME: Final = {"nl": 26_360_000, "text": "26.36 mL"}


def bed_view(**changed: object) -> BedView:
    infusion = {
        "infusion_id": 1,
        "regimen": "FM-3H",
        "regimen_title": "Fibromyalgia",
        "day": 1,
        "container_title": "60 mL syringe",
        "started_by": "Anna Berg",
        "drug": "ketamine",
        "high_alert": True,
        "concentration_ug_per_ml": 5000,
        "concentration_text": "5 mg/mL",
        "weight_text": "82.4 kg",
        "mode": "ask",
        "step": 1,
        "steps": 3,
        "step_due": False,
        "next_rate": RATE,
        "rate_max": RATE,
        "total": VOLUME,
        "container_ordered": "syringe-60-5",
        "container": 1,
        "containers": 2,
        "planned_end_ts_ms": 20_000_000,
        "started_ts_ms": 1_000_000,
    }
    pump = {
        "slot": "p1",
        "title": "New Era NE-1000",
        "asset": "",
        "verified_on_hardware": False,
        "identity_text": "",
        "cannot_detect": ["air"],
        "link": "up",
        "link_text": "connected",
        "link_detail": "",
        "drive": "infusing",
        "phase": "infusing",
        "why": "reported_driving",
        "phase_text": "Infusing",
        "why_text": "",
        "phase_since_ts_ms": 0,
        "infusion": infusion,
        "asked": RATE,
        "granted": RATE,
        "measured": RATE
        | {"text": "4.9 mL/h ± 0.2 mL/h", "uncertainty_ul_per_h": 200, "window_ms": 9000, "window_text": "9 s"},
        "delivered": {"low_nl": 1_000_000, "high_nl": 1_100_000, "text": "between 1 and 1.1 mL"},
        "remaining": VOLUME,
        "left_ms": 60_000,
        "left_text": "1 min",
        "planned_end_text": "14:00",
        "container_left_ms": 30_000,
        "container_left_text": "30 s",
        "container_end_text": "13:59",
        "in_line": None,
        "question": None,
        "asset_in_doubt": False,
        "command_pending": False,
        "age_ms": 100,
        "buttons": {name: {"allowed": True} for name in BUTTONS},
    } | changed
    return BedView.model_validate(
        {
            "site": "n",
            "ward": "w",
            "bed": "b",
            "boot": "x",
            "number": 1,
            "training": False,
            "ts_ms": 1_780_000_000_000,
            "journal_ok": True,
            "journal_text": None,
            "alarms": [],
            "pumps": [pump],
        }
    )


def test_every_place_of_every_template_has_its_text() -> None:
    known = set(live.fields(bed_view()))
    for path in (CONSOLE / "templates").glob("*.j2"):
        text = path.read_text()
        named = re.findall(r'slot ~ "(\.[a-z_]+)', text) + re.findall(
            r"data-field=\"\{\{ [a-z.]*slot \}\}(\.[a-z_]+)", text
        )
        for name in named:
            complete = [f"p1{name}"] if not name.endswith(".") else []
            assert set(complete) <= known, f"{path.name}: {name}"
    assert {"p1.rate", "p1.measured_flow", "bed.clock"} <= known


def test_dose_by_weight_its_mass_and_the_flow_are_three_figures() -> None:
    pump = bed_view().pumps[0]
    assert live.figures_of(pump.asked) == ("0.3 mg/kg/h", "24.72 mg/h", "4.944 mL/h")
    assert live.figures_of(None) == (live.NOT_KNOWN, "", "")
    fields = live.fields(bed_view(granted=None, measured=None))
    assert (fields["p1.granted"], fields["p1.measured_flow"]) == ("not yet", "")


def test_what_stands_still_has_no_rate_to_wait_for() -> None:
    fields = live.fields(bed_view(phase="stopped", granted=None, measured=None, left_text=None, planned_end_text=None))
    assert {fields[f"p1.{name}"] for name in ("granted", "measured", "left", "end")} == {"none"}


@given(st.integers(0, 100_000), st.integers(0, 100_000))
def test_no_value_gets_fresher_by_growing_older(one: int, other: int) -> None:
    order = ["live", "old", "grey", "gone"]
    young, old = sorted((one, other))
    assert order.index(live.freshness(young)) <= order.index(live.freshness(old))


@pytest.mark.parametrize(
    ("age_ms", "state", "told"),
    [
        (0, "live", ""),
        (1_999, "live", ""),
        (2_000, "old", "as of 2 s ago"),
        (4_999, "old", "as of 4 s ago"),
        (5_000, "grey", "NO DATA: last heard 5 s ago"),
        (9_999, "grey", "NO DATA: last heard 9 s ago"),
        (10_000, "gone", "NO DATA: last heard 10 s ago"),
        (None, "gone", "NO DATA from the pump"),
    ],
)
@pytest.mark.requirement("LINK-08")
def test_age_is_said_from_two_seconds_and_takes_the_number_away_at_ten(
    age_ms: int | None, state: str, told: str
) -> None:
    assert (live.freshness(age_ms), live.age_text(age_ms)) == (state, told)


def test_browser_applies_the_same_limits_as_the_console() -> None:
    script = (CONSOLE / "static" / "live.js").read_text()
    limits = dict(re.findall(r"^const ([A-Z]+_MS) = ([\d_]+);", script, re.MULTILINE))
    for name in ("LIVE_MS", "GREY_MS", "GONE_MS"):
        assert int(limits[name]) == getattr(live, name), name
    for words in ("as of ", "NO DATA: last heard ", "NO DATA from the pump"):
        assert words in script


def test_layout_changes_with_what_can_be_pressed_and_not_with_numbers() -> None:
    plain = live.shape(bed_view())
    assert live.shape(bed_view(age_ms=900, left_text="2 min", remaining=VOLUME | {"nl": 1})) == plain
    buttons = {name: {"allowed": name != "pause", "why_not": None} for name in BUTTONS}
    for changed in (
        {"phase": "stopped"},
        {"question": "?"},
        {"buttons": buttons},
        {"link": "silent"},
        {"measured": None},
    ):
        assert live.shape(bed_view(**changed)) != plain, changed


def test_message_carries_texts_ages_and_bars_of_every_pump() -> None:
    told = json.loads(live.message(bed_view()))
    assert told["ages"] == {"p1": 100}
    assert told["meters"] == {"p1": [1_000_000, 26_360_000]}
    assert told["fields"]["p1.delivered"] == "between 1 and 1.1 mL"


@pytest.mark.parametrize(
    ("drive", "pending", "still"), [("still", False, True), ("still", True, False), ("infusing", False, False)]
)
def test_stop_is_confirmed_only_by_the_pumps_own_report(drive: str, pending: bool, still: bool) -> None:  # noqa: FBT001
    assert stands_still(bed_view(drive=drive, command_pending=pending).pumps[0]) is still
    assert not stands_still(bed_view(drive=None, command_pending=False).pumps[0])


def test_form_token_does_not_reveal_the_session() -> None:
    assert "secret" not in form_token("secret")
    assert form_token("secret") != form_token("other")


def test_pages_use_nothing_that_their_policy_forbids() -> None:
    for path in (CONSOLE / "templates").glob("*.j2"):
        text = path.read_text()
        assert not re.search(
            r"<style|\sstyle=|\son[a-z]+=|https?://|<script(?! type=\"module\" src=\"/static/)", text
        ), path
    for path in (CONSOLE / "static").iterdir():
        hosts = set(re.findall(r"https?://[^\"'\s)]+", path.read_text())) - {"http://www.w3.org/2000/svg"}
        assert hosts == set(), path
