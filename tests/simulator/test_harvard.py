"""The Harvard look-alike: its text, its stories, and every open point shown to matter."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pumpd_sim.bus import SimBus
from pumpd_sim.device import Truth
from pumpd_sim.devices import load
from pumpd_sim.faults import Fault, FaultKind
from pumpd_sim.harvard import Harvard
from pumpd_sim.harvard_options import HarvardOptions
from pumpd_sim.harvard_text import Receiver
from pumpd_sim.plant import PlantSpec
from pumpd_sim.readings import Reading, read

SECOND = 10**9
FRAMES: list[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parents[1] / "vectors" / "harvard.toml").read_text(encoding="utf-8")
)["frame"]


class Line:
    """A host that believes everything; `poll on` first, unless told otherwise."""

    def __init__(self, options: HarvardOptions | None = None, *, address: int = 0, poll: bool = True) -> None:
        self.pump = Harvard(address=address, options=options, plant=PlantSpec(volume_nl=50_000_000))
        self.bus = SimBus([self.pump], baud=None)
        self.now_ns = 0
        if poll:
            self.send(f"{address}:poll on")

    def send(self, text: str) -> bytes:
        self.bus.write(self.now_ns, text.encode() + b"\r")
        end_ns, heard = self.now_ns + SECOND, b""
        while not heard and (wake_ns := self.bus.next_wake_ns()) is not None and wake_ns <= end_ns:
            self.now_ns = max(self.now_ns, wake_ns)
            heard = self.bus.poll(self.now_ns)
        return heard

    def ask(self, text: str) -> str:
        """Lines and prompt, between the lines ` / `."""
        heard = self.send(text)
        assert heard.startswith(b"\n"), heard
        assert heard.endswith(b"\x11"), heard
        return heard[1:-1].decode().replace("\r\n", " / ")

    def wait(self, seconds: float) -> bytes:
        self.now_ns += round(seconds * SECOND)
        return self.bus.poll(self.now_ns)

    def truth(self) -> Truth:
        return self.bus.truth(self.now_ns)

    def fault(self, kind: FaultKind, **how: object) -> str:
        self.bus.inject(self.now_ns, Fault(kind=kind, **how))  # type: ignore[arg-type]  # fields by name
        return kind.value


def go(line: Line, target: str = "2 ml", rate: str = "60 ml/hr") -> str:
    for command in ("diameter 26.59", f"irate {rate}", f"tvolume {target}", "civolume"):
        assert line.ask(command).strip(" /")[-1] in ":*", command
    return line.ask("irun")


# Text


@pytest.mark.parametrize(
    "frame", [one for one in FRAMES if one["direction"] == "host_to_pump"], ids=lambda f: f["payload"]
)
def test_every_command_of_the_vectors_is_heard_and_known(frame: dict[str, Any]) -> None:
    data = bytes.fromhex(frame["hex"])
    receiver = Receiver()
    (heard,) = [one for byte in data + b"\n" if (one := receiver.feed(byte))]
    line = Line(address=heard.address)
    said = line.send(data.decode().rstrip("\r"))
    assert said.startswith(b"\n")
    assert b"Unknown" not in said
    assert b"Argument" not in said


def test_the_replies_of_the_vectors_come_about_byte_for_byte() -> None:
    said: set[bytes] = set()
    talk = (
        "stop", "poll on", "stop", "ver", "version", "tvolume", "frobnicate", "crate", "diameter 14.43", "irate lim",
        "diameter 26.59", "diameter", "irate 24.5 ml/hr", "irate", "tvolume 48 ml", "tvolume", "irun",
        "wrate 24.5 ml/hr", "wrun", "irun",
    )  # fmt: skip
    for address in (0, 12):
        line = Line(address=address, poll=False)
        said |= {line.send(f"{address}:{text}") for text in talk}
        line.fault(FaultKind.STALL)
        line.wait(1)
        said.add(line.send(f"{address}:"))
        line.fault(FaultKind.FREE_MOTOR)
        said |= {line.send(f"{address}:{text}") for text in ("tvolume 1 ul", "irun")}
        line.wait(1)
        said.add(line.send(f"{address}:"))
    line = Line()
    said |= {line.send(text) for text in ("irate max", "irun")}
    line.wait(3_000)
    said.add(line.send(""))
    said |= {line.send(text) for text in ("wrate max", "wrun")}
    line.wait(3_000)
    said.add(line.send(""))
    wanted = [frame for frame in FRAMES if frame["direction"] == "pump_to_host" and " i." not in frame["payload"]]
    wanted = [frame for frame in wanted if " I." not in frame["payload"] and "Argument" not in frame["payload"]]
    missing = [(frame["meaning"], frame["hex"]) for frame in wanted if bytes.fromhex(frame["hex"]) not in said]
    assert len(wanted) > 15
    assert missing == []


def test_the_status_of_the_vectors_in_both_forms() -> None:
    for form, time, flags in (("manual", "1200", "i...I"), ("newer", "1200000", "I...I.")):
        line = Line(HarvardOptions(status_form=form))  # type: ignore[arg-type]  # of its kind
        go(line, "48 ml", "24.5 ml/hr")
        line.wait(1_200)
        rate, seconds, volume, letters, prompt = line.ask("status").replace(" /", "").split()
        assert (rate, seconds, letters, prompt) == ("6805555555", time, flags, ">")
        assert int(volume) == pytest.approx(8_166_666_666_666, abs=120 * 10**6)


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("IRAT 3.2 UL/MIN", ":"),
        ("@irate 3.2 ul/min", ":"),
        ("irun ", "Command error / :"),  # no rate is set
        ("irate 3.2 parsec", "Argument error: parsec /    Invalid unit / :"),
        ("irate fast ml/h", "Argument error: fast /    Invalid number / :"),
        ("irate 99 ml/min", "Argument error: 99 /    Out of range / :"),
        ("diameter 33.0001", "Argument error: 33.0001 /    Out of range / :"),
        ("diameter 14.4321", ":"),
        ("tvolume 0 ml", "Argument error: 0 /    Out of range / :"),
        ("irate", "0 ml/hr / :"),
        ("svolume", "10 ml / :"),
        ("svolume 50 ml", ":"),
        ("svolume 50 pints", "Argument error: pints /    Invalid unit / :"),
        ("", ":"),
        ("irate lim", ".0404 nl/min to 26.0035 ml/min / :"),  # of the 14.43 mm it comes with
    ],
)
def test_what_is_asked_is_answered_as_the_manual_has_it(asked: str, answered: str) -> None:
    line = Line()
    assert line.ask(asked) == answered


def test_each_pump_of_a_chain_answers_to_its_address_alone() -> None:
    pumps = [Harvard(address=0), Harvard(address=12)]
    bus = SimBus(pumps, baud=None)
    for text, said in (
        (b"12:diameter\r", b"\n12:14.4300 mm\r\n12:"),
        (b"diameter\r", b"\n14.4300 mm\r\n:"),
        (b"3:stop\r", b""),
    ):
        bus.write(0, text)
        assert bus.poll(0) == said


# Stories


@pytest.mark.parametrize("milliseconds", [10, 700, 50_000])
def test_what_is_displaced_is_the_target_and_then_the_prompt_says_so(milliseconds: int) -> None:
    line = Line()
    assert go(line) == ">"
    while line.truth().motor_turning:
        line.wait(milliseconds / 1_000)
    truth = line.truth()
    assert 0 <= truth.displaced_nl - 2_000_000 <= truth.step_nl
    assert line.ask("ivolume").startswith("2.000")
    assert line.ask("irun") == "T*"  # nothing is left to do until the volume is cleared
    assert not line.truth().motor_turning
    assert line.ask("stop") == ":"


def test_it_runs_on_when_nobody_speaks_any_more() -> None:
    line = Line()
    go(line, "40 ml")
    line.wait(1_800)
    assert line.truth().motor_turning
    assert line.truth().displaced_nl == pytest.approx(30_000_000, abs=1_000)
    assert line.truth().watchdog_left_ns is None


def test_a_closed_line_shows_only_when_the_motor_stalls_and_only_in_the_prompt() -> None:
    line = Line()
    go(line, "10 ml")
    line.fault(FaultKind.OCCLUSION)
    line.wait(55)
    assert line.ask("") == ">"
    line.wait(10)
    truth = line.truth()
    assert (truth.motor_turning, truth.alarm, truth.blocked) == (False, "*", "")
    assert line.ask("status").endswith("i.S.I / *")
    assert truth.stored_nl == pytest.approx(1_000_000, abs=2_000)


def test_the_believed_diameter_decides_what_a_step_counts() -> None:
    line = Line()
    go(line, "2 ml")
    assert line.ask("stop") == ":"
    line.ask("diameter 14.43")
    line.ask("civolume")
    line.ask("irun")
    line.wait(200)
    ratio = line.truth().displaced_nl / 2_000_000
    assert ratio == pytest.approx((26.59 / 14.43) ** 2, rel=0.001)


def test_a_rate_acts_at_once_and_one_out_of_range_changes_nothing() -> None:
    line = Line()
    go(line)
    assert line.ask("irate 12.5 ml/hr") == ">"
    assert line.truth().rate_nl_per_h == pytest.approx(12_500_000, abs=2)
    assert line.ask("irate 9999 ml/min").startswith("Argument error")
    assert line.ask("crate") == "Infusing at 12.5 ml/hr / >"
    assert line.ask("diameter 20") == "Command error / >"


def test_it_withdraws_and_turns_round() -> None:
    line = Line()
    line.ask("diameter 26.59")
    line.ask("irate 60 ml/hr")
    line.ask("wrate 30 ml/hr")
    assert line.ask("wrun") == "<"
    line.wait(60)
    assert line.truth().displaced_nl == pytest.approx(-500_000, abs=1_000)
    assert line.ask("wvolume").startswith("499.9")
    assert line.ask("rrun") == ">"
    line.wait(60)
    assert line.truth().displaced_nl == pytest.approx(500_000, abs=1_000)


def test_after_a_power_failure_it_is_idle_and_says_nothing_of_it() -> None:
    line = Line()
    go(line)
    line.wait(30)
    line.fault(FaultKind.REBOOT, for_ms=2_000)
    assert line.send("status") == b""
    line.wait(3)
    assert line.ask("ivolume") == "0 ml / :"
    assert line.ask("tvolume") == "2 ml / :"
    assert not line.truth().motor_turning


def test_what_is_not_to_be_remembered_is_not() -> None:
    line = Line()
    line.ask("nvram none")
    go(line)
    line.fault(FaultKind.REBOOT, for_ms=1_000)
    line.wait(2)
    line.send("poll on")
    assert line.ask("tvolume") == "Target volume not set / :"
    assert line.ask("diameter") == "14.4300 mm / :"


def test_a_person_at_the_screen_stops_starts_and_changes_the_rate() -> None:
    line = Line()
    go(line)
    line.fault(FaultKind.OTHER_USER_AT_KEYPAD, key="rate", rate_nl_per_h=90_000_000)
    assert line.ask("crate") == "Infusing at 90 ml/hr / >"
    line.fault(FaultKind.OTHER_USER_AT_KEYPAD, key="stop")
    assert line.ask("crate") == "Command error / :"
    line.fault(FaultKind.OTHER_USER_AT_KEYPAD, key="start")
    assert line.truth().motor_turning


# Open points: each reading shows


def _stalled_after_s(line: Line) -> float:
    go(line)
    line.fault(FaultKind.STALL)
    waited = 0.0
    while line.ask("") == ">":
        line.wait(0.1)
        waited += 0.1
    return waited


def _reboot(line: Line) -> bytes:
    line.fault(FaultKind.REBOOT, for_ms=1_000)
    line.wait(2)
    return line.send("poll on")


SHOWN: dict[str, Callable[[Line], object]] = {
    "status_form": lambda line: (go(line), line.wait(10), line.ask("status")),
    "address_before_lines": lambda line: Line(line.pump.options, address=7).send("7:diameter"),
    "address_0_shown": lambda line: line.send("diameter"),
    "poll_from_start": lambda line: Line(line.pump.options, poll=False).send("diameter"),
    "echo_from_start": lambda line: line.send("diameter"),
    "unit_per_hour": lambda line: (go(line), line.ask("irate")),
    "leading_zero": lambda line: line.ask("irate lim"),
    "digits": lambda line: (line.ask("irate 1.23456 ml/min"), line.ask("irate")),
    "volume_unit": lambda line: (go(line), line.wait(10), line.ask("ivolume")),
    "rate_while_running": lambda line: (go(line), line.ask("irate 1 ml/min")),
    "target_while_running": lambda line: (go(line), line.ask("tvolume 3 ml")),
    "target_counts": lambda line: (go(line, ".1 ml"), line.wait(10), line.ask("irun")),
    "diameter_clears": lambda line: (go(line), line.ask("stop"), line.ask("diameter 20"), line.ask("tvolume")),
    "end_of_travel": lambda line: (go(line, "55 ml", "20 ml/min"), line.wait(300), line.ask("")),
    "stall_detected_after_ms": _stalled_after_s,
    "settings_survive_power": lambda line: (go(line), _reboot(line), line.ask("tvolume")),
    "counters_survive_power": lambda line: (go(line), line.wait(9), _reboot(line), line.ask("ivolume")),
    "reply_ms": lambda line: (line.ask("ver"), line.now_ns),
}


@pytest.mark.parametrize("reading", load("harvard").readings[1:], ids=lambda reading: reading.name)
def test_each_reading_shows_on_the_wire(reading: Reading) -> None:
    ((name, _),) = reading.settings
    plain, other = Line(), Line(read(HarvardOptions, dict(reading.settings)))
    assert SHOWN[name](plain) != SHOWN[name](other)


@given(st.integers(0, 10**9))
def test_under_any_reading_no_more_than_the_target_is_given_by_one_run(seed: int) -> None:
    line = Line(HarvardOptions.drawn(random.Random(seed)))
    for command in ("diameter 26.59", "irate 60 ml/hr", "tvolume 500 ul", "irun"):
        line.send(command)
    line.wait(3_600)
    truth = line.truth()
    assert 0 <= truth.displaced_nl - 500_000 <= truth.step_nl
    assert truth.status == "T*"
