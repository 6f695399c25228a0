"""The scenarios that come along hold, cover what they should, and a wrong one is told with file and line."""

from __future__ import annotations

import functools
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pumpd_sim import devices
from pumpd_sim.condition import ConditionError, condition
from pumpd_sim.device import Device
from pumpd_sim.fault_table import FAULTS
from pumpd_sim.faults import FaultKind
from pumpd_sim.harvard import State
from pumpd_sim.pump_faults import can_have
from pumpd_sim.run import junit, shipped
from pumpd_sim.scenario import Scenario, ScenarioError, of_text, read
from pumpd_sim.scenario_play import CannotPlayError, Played, bench, play
from pumpd_sim.speech import SPOKEN, meant, shown
from pumpd_sim.timeline import page

SCENARIOS = {path.stem: path for path in shipped()}
WHERE = Path("my.toml")
PUMP = '[pump]\ndevice = "new_era"\nmode = "basic"\n'
GOOD = f'title = "A try"\n{PUMP}[[step]]\nat = "1s"\nsend = ""\nreply = "00A?R"\n'

BAG = 'title = "A try"\n[pump]\ndevice = "bag_pump"\n[[step]]\nat = "1s"\n'


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pumpd_sim", "run", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@functools.cache
def scenario_of(name: str) -> Scenario:
    return read(SCENARIOS[name])


@functools.cache
def played_once(name: str) -> Played:
    return play(scenario_of(name))


def of_device(device: str) -> list[Played]:
    return [played_once(name) for name in SCENARIOS if scenario_of(name).pump.device == device]


def built(device: str) -> Device:
    scenario = of_device(device)[0].scenario
    kind = devices.load(device)
    return kind.build(bench(scenario.pump, kind.bauds[0], 0))


def alarms_of(device: str) -> set[str]:
    """Those that it can raise by itself; a Harvard's are prompts."""
    if device == "harvard":
        return {State.STALLED.value, State.INFUSE_LIMIT.value, State.WITHDRAW_LIMIT.value}
    return set(getattr(built(device), "alarms_known", ()))


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_that_comes_along_holds(name: str) -> None:
    played = played_once(name)
    assert played.failed == []
    assert len(played.checks) > 3


@pytest.mark.parametrize("name", [name for name in SCENARIOS if "wire" in name or name == "line-noise"])
def test_the_same_seed_is_the_same_day(name: str) -> None:
    """Chance has its part in what a wire does."""
    once, again = played_once(name), play(scenario_of(name))
    assert (once.frames, once.fired, once.samples) == (again.frames, again.fired, again.samples)


@pytest.mark.parametrize("device", devices.names())
def test_every_fault_that_a_pump_can_have_is_proved_and_every_claim_is_played(device: str) -> None:
    pump = built(device)
    possible = {kind for kind in FaultKind if FAULTS[kind].place not in ("host", "broker") and can_have(pump, kind)}
    proved: set[FaultKind] = set()
    for played in of_device(device):
        happened = {fired.kind for fired in played.fired}
        words = [word for word in played.scenario.proves if not word.startswith(("alarm ", "ordinary"))]
        assert {FaultKind(word) for word in words} <= happened, played.scenario.path
        proved |= {FaultKind(word) for word in words}
    assert possible - proved == set()


@pytest.mark.parametrize("device", devices.names())
def test_every_alarm_of_a_pump_is_raised_in_a_scenario_that_says_so(device: str) -> None:
    claimed: set[str] = set()
    raised: set[str] = set()
    for played in of_device(device):
        claimed |= {word.removeprefix("alarm ") for word in played.scenario.proves if word.startswith("alarm ")}
        raised |= {truth.alarm for truth in played.samples}
        raised |= {seen.text[-5] for seen in played.frames if re.search(r"A\?.<03>", seen.text)}
    assert claimed == alarms_of(device)
    assert claimed <= raised


@pytest.mark.parametrize("device", devices.names())
def test_every_pump_has_an_ordinary_day(device: str) -> None:
    assert any("ordinary day" in played.scenario.proves for played in of_device(device))


def test_a_claim_that_does_not_hold_fails_and_says_what_was_so_instead() -> None:
    played = play(
        of_text(GOOD + '[[step]]\nafter = "1s"\nsend = ""\nreply = "00I"\nexpect = ["motor_turning"]\n', WHERE)
    )
    assert [(check.line, check.what, check.instead) for check in played.failed] == [
        (9, "an empty command is answered 00I", "00S"),
        (9, "motor_turning", "motor_turning is False"),
    ]


def test_a_when_that_never_comes_ends_the_play() -> None:
    text = GOOD + '[[step]]\nwhen = "alarm == \'S\'"\nwithin = "5s"\n[[step]]\nafter = "0s"\nsend = "RUN"\n'
    played = play(of_text(text, WHERE))
    assert [check.line for check in played.failed] == [9]
    assert "the play ends here" in played.failed[0].instead
    assert not any(b"RUN" in seen.data for seen in played.frames)


def test_a_fault_that_hits_nothing_is_a_failed_check() -> None:
    played = play(of_text(GOOD + '[[step]]\nafter = "1s"\nfault = "drop"\n', WHERE))
    assert [check.what for check in played.failed] == ["the fault drop happens"]


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ('title = "x"\n[pump]\ndevize = "new_era"\n[[step]]\nat = "1s"\n', 3, "did you mean 'device'?"),
        (f'title = "x"\ntitel = "y"\n{PUMP}[[step]]\nat = "1s"\n', 2, "did you mean 'title'?"),
        (GOOD + '[[step]]\nafter = "5 s"\n', 10, "a time such as"),
        (GOOD + '[[step]]\nafter = "5s"\nfault = "explode"\n', 11, "unknown fault 'explode'"),
        (GOOD + '[[step]]\nafter = "5s"\nfault = "mute"\nfor_z = 3\n', 11, "unknown field 'for_z' of mute"),
        (GOOD + '[[step]]\nat = "5s"\nafter = "5s"\n', 10, "one of at, after and when"),
        (GOOD + '[[step]]\nat = "5s"\nexpect = ["presure_mmhg > 3"]\n', 11, "did you mean 'pressure_mmhg'?"),
        (GOOD + '[[step]]\nat = "5s"\nsend = "x"\nkey = "stop"\n', 11, "a step does one thing"),
        (GOOD + "[[step]]\nat = 5\n", 10, "a time such as"),
        (GOOD + "[[step]\n", 9, "Expected"),
        (GOOD + '[[step]]\nat = "1s"\nreply = "00S"\n', 11, "reply belongs to send"),
        (GOOD.replace("basic", "fast"), 1, "nobody speaks 'new_era_fast'"),
        (GOOD.replace('"new_era"', '"old_era"'), 3, "no device 'old_era'"),
        (BAG + 'send = "rate_ml_h = 5"\n', 6, "no 'rate_ml_h'; did you mean 'rate_ml_per_h'?"),
        (BAG + 'send = "rate_ml_per_h = much"\n', 6, "'much' is no value of rate_ml_per_h: write a number"),
        (BAG + 'send = "timeout_ms = 70000"\n', 6, "a number that fits into u16"),
        (BAG + 'send = "run = 1"\n', 6, "write on or off"),
        (BAG + 'send = "status = ready"\nreply = "status = redy"\n', 7, "some of drive_on"),
        (BAG + 'send = "run"\n', 6, "neither NAME?, nor NAME = VALUE, nor a PDU"),
        (BAG + 'send = "@300 run = off"\n', 6, "a unit is 0 to 255"),
        (BAG + 'send = "rate_ml_per_h?"\nreply = "rate_ml_per_h = 60.0"\n', 7, "shown as 'rate_ml_per_h = 60'"),
        (BAG + 'send = "rate_ml_per_h?"\nreply = "60"\n', 7, "nobody answers '60'"),
        (BAG + 'unasked = "done"\n', 6, "nobody answers 'done'"),
        (BAG.replace("[[step]]", '[host]\npoll = "state?"\n[[step]]'), 5, "no 'state'; did you mean 'status'?"),
        (GOOD.replace("[[step]]", '[host]\nspeaks = "modbus_rtu"\n[[step]]'), 6, "nobody speaks 'modbus_rtu'"),
    ],
)
def test_a_wrong_file_is_told_with_its_line(text: str, line: int, sentence: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        of_text(text, WHERE)
    assert str(refused.value).startswith(f"my.toml:{line}: ")
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (GOOD.replace('"new_era"', '"new_era"\noptions = { saf = 1 }'), "unknown option 'saf'"),
        (GOOD + '[[step]]\nat = "5s"\nfault = "battery_sag"\n', "my.toml:9: NewEra cannot have battery_sag"),
        (GOOD + '[[step]]\nat = "5s"\nfault = "broker_down"\n', "my.toml:9: broker_down is a fault of the broker"),
        (BAG.replace('"bag_pump"', '"bag_pump"\nmode = "ascii"'), "mode 'ascii': bag_pump has rtu, tcp"),
    ],
)
def test_what_cannot_be_played_says_why(text: str, sentence: str) -> None:
    with pytest.raises(CannotPlayError) as refused:
        play(of_text(text, WHERE))
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("alarm", "not true or false by itself"),
        ("alarm > 'S'", "cannot be compared"),
        ("displaced_nl == 'much'", "cannot be compared"),
        ("displaced_nl > 5 gallons", "neither a whole number"),
        ("", "a condition is a text"),
        (5, "a condition is a text"),
    ],
)
def test_a_wrong_condition_is_told(said: object, sentence: str) -> None:
    with pytest.raises(ConditionError, match=sentence):
        condition(said)


@given(st.binary(max_size=30))
def test_bytes_shown_are_bytes_meant(data: bytes) -> None:
    if b"<" not in data:
        assert meant(shown(data)) == data


@given(st.binary(max_size=30), st.sampled_from(list(SPOKEN)))
def test_whatever_is_heard_can_be_shown(data: bytes, speech: str) -> None:
    assert all(isinstance(line, str) for line in SPOKEN[speech].heard(data))


# The command


def test_the_command_gives_a_verdict_and_leaves_its_papers(tmp_path: Path) -> None:
    papers, line = tmp_path / "junit.xml", tmp_path / "timeline.html"
    done = run("keypad", "power", "--junit", str(papers), "--html", str(line))
    assert (done.returncode, done.stderr) == (0, "")
    assert "2 of 2 scenarios hold" in done.stdout
    suite = ET.parse(papers).getroot()  # noqa: S314  # our own file
    assert (suite.get("tests"), suite.get("failures")) == ("2", "0")
    names = {one.get("name"): one.get("value") for one in suite.iter("property")}
    assert names["seed"] == "0"
    assert "Somebody at the keypad" in line.read_text(encoding="utf-8")


def test_the_command_fails_where_a_claim_fails(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(GOOD.replace("00A?R", "00S"), encoding="utf-8")
    done = run(str(tmp_path), "--junit", str(tmp_path / "j.xml"))
    assert done.returncode == 1
    assert f"{wrong}:5: at " in done.stdout
    assert "but 00A?R" in done.stdout
    failure = ET.parse(tmp_path / "j.xml").getroot().find(".//failure")  # noqa: S314  # our own file
    assert failure is not None
    assert "is answered 00S, but 00A?R" in str(failure.get("message"))


@pytest.mark.parametrize("arguments", [("nowhere",), (), ("--html", "x.html")])
def test_a_senseless_command_is_one_line_and_exit_2(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


class _Sources(HTMLParser):
    """Everything a page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.fetched += [value or "" for name, value in attrs if name in ("src", "href", "data", "srcset")]


def test_the_time_line_needs_nothing_but_itself_and_shows_both_truths_frames_faults_and_alarms() -> None:
    scenario = read(SCENARIOS["occlusion"])
    text = page([play(scenario), play(replace(scenario, title="<b>&"))])
    seen = _Sources()
    seen.feed(text)
    assert all(one.startswith("#") for one in seen.fetched)
    assert not {"script", "link", "iframe", "img"} & set(seen.tags)
    assert "://" not in text
    assert "&lt;b&gt;&amp;" in text
    for wanted in (
        "displaced",
        "at the patient",
        "rate the pump believes",
        "occlusion",
        "alarm S",
        "00A?S",
        "pressure",
    ):
        assert wanted in text, wanted
    coordinates = [float(number) for number in re.findall(r"cx=([\d.]+)", text)]
    assert max(coordinates) <= 1120


def test_junit_is_read_back_with_what_failed() -> None:
    scenario: Scenario = of_text(GOOD.replace("00A?R", "00S"), WHERE)
    suite = ET.fromstring(junit([play(scenario)]))  # noqa: S314  # our own text
    assert suite.get("failures") == "1"
