"""A pump that was saved goes on as if nothing had happened, and what is no state is told with its place."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pumpd_sim import devices, state
from pumpd_sim.bus import SimBus
from pumpd_sim.cli import main
from pumpd_sim.faults import Fault, FaultKind
from pumpd_sim.host import Host
from pumpd_sim.new_era import NewEra
from pumpd_sim.new_era_options import NewEraOptions
from pumpd_sim.new_era_wire import Framing

SECOND = 10**9
KIND = devices.load("new_era")
MISHAPS = (
    Fault(kind=FaultKind.OCCLUSION), Fault(kind=FaultKind.RELEASE_OCCLUSION), Fault(kind=FaultKind.LEAK, permille=200),
    Fault(kind=FaultKind.SLOW_OCCLUSION, for_ms=40_000), Fault(kind=FaultKind.STALL), Fault(kind=FaultKind.FREE_MOTOR),
    Fault(kind=FaultKind.AIR, volume_nl=50_000), Fault(kind=FaultKind.CALIBRATION, permille=1_100),
    Fault(kind=FaultKind.REVERSE, for_ms=None), Fault(kind=FaultKind.REBOOT, for_ms=3_000),
    Fault(kind=FaultKind.WRONG_SYRINGE, diameter_um=20_000), Fault(kind=FaultKind.FREE_FLOW, rate_nl_per_h=9_000_000),
    Fault(kind=FaultKind.REFUSE, count=2), Fault(kind=FaultKind.OTHER_USER_AT_KEYPAD, key="stop"),
)  # fmt: skip
COMMANDS = ("RUN", "STP", "RAT17.3", "RAT40MH", "VOL1.5", "DIS", "", "PUR", "CLDINF")


def infusing(options: NewEraOptions | None = None) -> Host:
    pump = NewEra(timeout_s=10, options=options)
    host = Host(SimBus([pump], baud=None), framing=Framing.SAFE)
    for command in ("", "DIA26.59", "RAT25MH", "VOL.020", "PHN2", "FUNPAS05", "PHN3", "FUNJMP01", "PHN1", "RUN"):
        host.ask(command)
    assert host.ask("") == "00I"
    return host


def saved(host: Host) -> state.WireState:
    return state.saved(host.bus, KIND, host.now_ns)


def served(document: object) -> SimBus:
    """The pump of that document, on a wire of its own."""
    read = state.read_document(document)
    bus = SimBus(read.built(), baud=None, day_ns=read.day_ns)
    read.bring_on_faults(bus)
    return bus


def went_on(told: state.WireState) -> Host:
    return Host(served(json.loads(told.text())), framing=Framing.SAFE)


step = st.one_of(
    st.tuples(st.just("wait"), st.floats(0.001, 9, allow_nan=False)),
    st.tuples(st.just("ask"), st.sampled_from(COMMANDS)),
    st.tuples(st.just("mishap"), st.sampled_from(MISHAPS)),
)


def do(host: Host, steps: list[tuple[str, Any]]) -> list[object]:
    """What is answered, and what is so after each."""
    seen: list[object] = []
    for what, how in steps:
        if what == "wait":
            host.wait(how)
        elif what == "ask":
            seen.append(host.ask(how))
        else:
            host.bus.inject(host.now_ns, how)
        seen.append(host.truth())
    return seen


@settings(max_examples=25)
@given(st.lists(step, max_size=12), st.lists(step, min_size=1, max_size=12))
def test_a_saved_pump_answers_and_pumps_as_the_one_that_was_never_saved(
    before: list[tuple[str, Any]], after: list[tuple[str, Any]]
) -> None:
    host = infusing()
    do(host, before)
    host.wait(0.6)  # a packet's half that is still coming in is not kept
    other = went_on(saved(host))
    assert do(other, after) == do(host, after)


def test_the_first_pump_does_not_notice_that_it_was_saved() -> None:
    host, witness = infusing(), infusing()
    other = went_on(saved(host))
    other.ask("STP")
    other.ask("RAT1MH")
    host.wait(60)
    witness.wait(60)
    assert host.truth() == witness.truth()


def test_no_time_passes_between_saving_and_serving() -> None:
    host = infusing()
    host.wait(4)
    told = saved(host)
    other = went_on(told)
    assert other.truth() == host.truth()
    left_ns = other.truth().watchdog_left_ns
    assert left_ns is not None
    other.wait(left_ns / SECOND + 0.1)
    assert other.truth().alarm == "T"


def test_every_reading_of_the_manual_is_kept() -> None:
    options = NewEraOptions(stall_leaves="paused", dis_survives_reset=True, reply_delay_ms=40)
    pump = went_on(saved(infusing(options))).bus.device()
    assert isinstance(pump, NewEra)
    assert pump.options == options


def test_faults_of_the_document_stand_as_soon_as_it_is_served() -> None:
    host = infusing()
    told = state.saved(host.bus, KIND, host.now_ns, faults=[{"fault": "mute", "for_s": 60}])
    other = went_on(told)
    assert other.ask("") == ""
    other.bus.inject(other.now_ns, Fault(kind=FaultKind.MUTE, for_ms=0))
    assert other.ask("").startswith("00")


def test_the_schema_of_the_docs_is_the_one_that_is_checked(pytestconfig: pytest.Config) -> None:
    published = json.loads((pytestconfig.rootpath / "docs" / "pump-state.schema.json").read_text(encoding="utf-8"))
    assert published == state.schema()
    jsonschema.Draft202012Validator.check_schema(published)
    jsonschema.validate(json.loads(saved(infusing()).text()), published)


@pytest.mark.parametrize(
    ("at", "value", "complaint"),
    [
        ("pumpd_sim_state", "2.0.0", "this pumpd-sim reads 1."),
        ("day_ns", "soon", "day_ns a whole number"),
        ("pumps.0.plant.position_steps", 1.5, "pumps[0].plant.position_steps: integer, not 1.5"),
        ("pumps.0.plant.occluded", 1, "pumps[0].plant.occluded: boolean"),
        ("pumps.0.plant.blocked", "stuck", "one of 'occluded', 'empty'"),
        ("pumps.0.plant.spec.capacity_nl", 0, "spec.capacity_nl: 0 is none"),
        ("pumps.0.plant.sense", 2, "sense and speed.direction are 1 or -1"),
        ("pumps.0.memory.phases", [], "41 phases, not 0"),
        ("pumps.0.memory.switches", {"LN": 0}, "memory.switches: LN, AL"),
        ("pumps.0.program.phase_number", 42, "phase_number: 1 to 41"),
        ("pumps.0.options.stall_leaves", "gone", "none of stopped, paused"),
        ("pumps.0.alarms", ["Z"], "alarms: any of R, S"),
        ("pumps.0.plnat", {}, "unknown field 'plnat'; did you mean 'plant'?"),
        ("device", "harvard", "a harvard cannot be saved yet; these can: new_era"),
        ("faults", [{"fault": "mutter"}], "mutter"),
    ],
)
def test_what_is_no_state_is_told_with_its_place(at: str, value: object, complaint: str) -> None:
    document = json.loads(saved(infusing()).text())
    *path, name = at.split(".")
    inside = document
    for key in path:
        inside = inside[int(key)] if key.isdecimal() else inside[key]
    inside[name] = value
    with pytest.raises(ValueError, match=re.escape(complaint)):
        served(document)


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        (["--volume-ml", "20"], "--state says it already: leave out --volume-ml"),
        (["--device", "alaris"], "holds a new_era"),
    ],
)
def test_a_command_line_that_contradicts_the_file_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], complaint: str
) -> None:
    file = tmp_path / "pump.json"
    file.write_text(saved(infusing()).text(), encoding="utf-8")
    assert main(["serve", "--state", str(file), *more]) == 2
    assert complaint in capsys.readouterr().err


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--state", str(tmp_path / "gone.json")]) == 2
    assert "gone.json" in capsys.readouterr().err
    assert main(["serve"]) == 2
    assert "--device NAME" in capsys.readouterr().err
