"""Devices are found by entry point, and nothing but their own facts tells the simulator about a protocol."""

from __future__ import annotations

import random
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import Literal

import pytest
from pumpd_sim import cli, devices
from pumpd_sim.bus import SimBus
from pumpd_sim.devices import Bench, DeviceError, DeviceKind, load
from pumpd_sim.readings import drawn, figure, read, readings

KINDS = devices.names()


@pytest.fixture
def claims(monkeypatch: pytest.MonkeyPatch) -> list[EntryPoint]:
    """What the installed packages claim, for the test to write."""
    installed: list[EntryPoint] = []

    def found(*, group: str, name: str | None = None) -> list[EntryPoint]:
        assert group == devices.GROUP
        return [entry for entry in installed if name in (None, entry.name)]

    monkeypatch.setattr(devices, "entry_points", found)
    return installed


def claim(name: str, value: str) -> EntryPoint:
    return EntryPoint(name=name, value=value, group=devices.GROUP)


def test_a_name_claimed_twice_is_refused_with_both_claims(claims: list[EntryPoint]) -> None:
    claims += [claim("new_era", "pumpd_sim.new_era_kind:DEVICE"), claim("new_era", "someone.else:DEVICE")]
    with pytest.raises(DeviceError, match=r"claimed by .*pumpd_sim\.new_era_kind:DEVICE.* and .*someone\.else:DEVICE"):
        load("new_era")


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("new_eral", "", "did you mean 'new_era'"),
        ("zzz", "", "installed: broken, misnamed, new_era, number"),
        ("broken", "nowhere:DEVICE", "cannot be imported"),
        ("number", "pumpd_sim.bus:NS_PER_S", "is no DeviceKind but int"),
        ("misnamed", "pumpd_sim.new_era_kind:DEVICE", "calls itself 'new_era'"),
    ],
)
def test_what_is_no_device_is_refused_with_a_sentence(
    claims: list[EntryPoint], name: str, value: str, sentence: str
) -> None:
    claims += [claim("new_era", "pumpd_sim.new_era_kind:DEVICE")]
    for other in ("broken", "number", "misnamed"):
        claims.append(claim(other, value if other == name else "x:Y"))
    with pytest.raises(DeviceError, match=sentence):
        load(name)


def bench(kind: DeviceKind, options: object, mode: str) -> Bench:
    return Bench(address=kind.addresses[0], baud=kind.bauds[0], plant=kind.plant, options=options, mode=mode)


@pytest.mark.parametrize("name", KINDS)
def test_every_reading_of_every_device_builds_a_pump_that_stands_still_and_tells_its_truth(name: str) -> None:
    kind = load(name)
    assert kind.readings[0].name == "default"
    assert len({reading.name for reading in kind.readings}) == len(kind.readings)
    for mode in kind.modes:
        for reading in kind.readings:
            bus = SimBus([kind.build(bench(kind, read(kind.options, dict(reading.settings)), mode))])
            truth = bus.truth(10**9)
            assert (truth.address, truth.motor_turning, truth.displaced_nl) == (kind.addresses[0], False, 0)


@pytest.mark.parametrize("name", KINDS)
def test_every_behaviour_says_whence_it_is(name: str) -> None:
    rows = load(name).provenance
    assert {source for _, source, _ in rows} <= {"manual", "capture", "client", "assumption"}
    assert all(where for _, source, where in rows if source != "assumption")
    assert len({what for what, _, _ in rows}) == len(rows) > 10


@pytest.mark.parametrize("name", KINDS)
def test_no_noise_stops_a_pump_from_answering_afterwards_or_moves_its_motor(name: str) -> None:
    """Random bytes are as good as never a command with a checksum; without one they are as good as never a start."""
    kind = load(name)
    for mode in kind.modes:
        rng = random.Random(f"{name} {mode}")
        bus = SimBus([kind.build(bench(kind, drawn(kind.options, rng), mode))], baud=None)
        for at in range(1, 200):
            bus.write(at * 10**9, rng.randbytes(rng.randrange(1, 40)))
        assert bus.truth(201 * 10**9).displaced_nl == 0


def test_devices_are_listed_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["devices"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(KINDS)
    assert any("New Era NE-1000" in line and "basic, safe" in line for line in lines)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--device", "new_erra"], "did you mean 'new_era'"),
        (["--device", "new_era", "--mode", "rtu"], "new_era has basic, safe"),
        (["--device", "new_era", "--address", "100"], "--address: 0 to 99"),
        (["--device", "new_era", "--baud", "38400"], "--baud: new_era has 300, 1200"),
        (["--device", "new_era", "--timeout-s", "256"], "--timeout-s: 1 to 255"),
        (["--device", "new_era", "--tcp", "here"], "is not HOST:PORT"),
    ],
)
def test_what_a_device_does_not_have_is_refused_with_what_it_has(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["serve", *arguments]) == 2
    assert sentence in capsys.readouterr().err


# Readings


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    refusal: Literal["silence", "NAK"] = "silence"
    strict: bool = True
    limit: int = figure(5, 3, 9)
    delay: int = 7
    model: str = "X1"


def test_each_reading_differs_from_the_default_in_one_point() -> None:
    assert [one.name for one in readings(Open)] == ["default", "refusal=NAK", "strict=false", "limit=3", "limit=9"]
    assert [read(Open, dict(one.settings)) for one in readings(Open)] == [
        Open(),
        Open(refusal="NAK"),
        Open(strict=False),
        Open(limit=3),
        Open(limit=9),
    ]


def test_by_lot_every_either_or_is_met_and_figures_stay() -> None:
    met = {drawn(Open, random.Random(seed)) for seed in range(50)}
    assert met == {Open(refusal=refusal, strict=strict) for refusal in ("silence", "NAK") for strict in (True, False)}
