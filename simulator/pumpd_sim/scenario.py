"""A scenario: one day of one simulated pump, as a file that people read and a program plays.

A TOML file says which pump, what the host says and hears back, what goes wrong, and what must be so. Everything is
checked before anything is played, and a mistake is told with file, line and what would be right. The host is scripted:
its lines are the text of the device's own protocol (`speech`), so that a scenario can be read beside the manual.

    title = "Occlusion: the motor stalls"
    proves = ["occlusion", "alarm S"]
    [pump]
    device = "new_era"
    [[step]]
    at = "1s"                    # since the beginning; `after` counts from the step before
    send = "RUN"
    reply = "00I"
    [[step]]
    when = "alarm == 'S'"        # as soon as it is so, `within` at most
    within = "2min"
    expect = ["motor_turning == false", "pressure_mmhg > 900"]

The names in `when` and `expect` are the fields of `Truth`, the faults and their fields those of `fault_table`. The
schema is under semantic versioning.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from pumpd_sim import devices
from pumpd_sim.condition import Condition, ConditionError, condition
from pumpd_sim.fault_text import FaultTextError, fault_of, near
from pumpd_sim.faults import Fault
from pumpd_sim.modbus_speech import SpeechError
from pumpd_sim.speech import MODBUS, SPOKEN, spoken, usual

NS_PER_S = 10**9
UNITS_NS = {"ms": 10**6, "s": NS_PER_S, "min": 60 * NS_PER_S, "h": 3_600 * NS_PER_S}
LONGEST_NS = 7 * 24 * 3_600 * NS_PER_S
WITHIN_NS = 60 * NS_PER_S
STEPS_LIMIT = 1_000
_TIME = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|min|h))+")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|min|h)")

TOP = ("title", "about", "proves", "seed", "ends", "pump", "host", "step")
PUMP = ("device", "mode", "timeout_s", "address", "volume_ml", "capacity_ml", "syringe_diameter_mm", "options", "line")
LINE = ("compliance_nl_per_mmhg", "stall_pressure_mmhg", "drain_time_constant_ms")
HOST = ("speaks", "baud", "poll", "every")
STEP = (
    "at",
    "after",
    "when",
    "within",
    "send",
    "reply",
    "fault",
    "key",
    "rate_ml_per_h",
    "poll",
    "expect",
    "unasked",
    "say",
)
ACTIONS = ("send", "fault", "key", "poll")


class ScenarioError(ValueError):
    """The file is no scenario; the sentence names file and line, and what would be right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step. Exactly one of `at_ns`, `after_ns` and `when` says when; `reply` None takes any answer."""

    line: int
    at_ns: int | None = None
    after_ns: int | None = None
    when: Condition | None = None
    within_ns: int = WITHIN_NS
    send: str | None = None
    reply: tuple[str, ...] | None = None
    fault: Fault | None = None
    key: str = ""
    rate_nl_per_h: int | None = None
    poll: bool | None = None
    expect: tuple[Condition, ...] = ()
    unasked: str = ""
    say: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PumpOnTheBench:
    device: str
    mode: str = ""
    timeout_s: int | None = None
    address: int | None = None  # None: as it leaves the factory
    volume_nl: int | None = None
    capacity_nl: int | None = None
    syringe_diameter_um: int | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    line: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """`name` is the file's, without its ending; `poll` is sent every `every_ns` as long as polling is on."""

    name: str
    path: str
    title: str
    about: str
    proves: tuple[str, ...]
    seed: int
    ends_ns: int
    pump: PumpOnTheBench
    speaks: str
    baud: int | None
    poll: str | None
    every_ns: int
    steps: tuple[Step, ...]


def read(path: Path) -> Scenario:
    """Raises ScenarioError; OSError when the file cannot be read."""
    return of_text(path.read_text(encoding="utf-8"), path)


def of_text(text: str, path: Path) -> Scenario:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        raise ScenarioError(f"{path}:{found[1] if found else 1}: {error}") from error
    return _Reader(text, path).scenario(table)


class _Reader:
    """One file; knows on which line each table and key stands."""

    def __init__(self, text: str, path: Path) -> None:
        self._lines = text.splitlines()
        self._path = path
        self._starts = {"": 0, "pump": self._header("[pump]"), "host": self._header("[host]")}
        self._steps = [at for at, line in enumerate(self._lines) if line.strip().startswith("[[step]]")]
        self._spoken = SPOKEN["raw"]  # until the file has told

    def scenario(self, table: Mapping[str, Any]) -> Scenario:
        self._known(table, TOP, 0, "a scenario")
        for name in ("title", "pump", "step"):
            if name not in table:
                raise self._wrong(0, name, f"a scenario needs {name}")
        host = self._table(table, "host", HOST)
        speaks = self._text(host, "speaks", self._starts["host"], "")
        pump = self._pump(self._table(table, "pump", PUMP))
        steps = table["step"]
        if not isinstance(steps, list) or not 1 <= len(steps) <= STEPS_LIMIT or len(steps) != len(self._steps):
            raise self._wrong(0, "step", f"steps are [[step]] tables, 1 to {STEPS_LIMIT} of them")
        speech = self._speech(speaks, pump)
        read = tuple(self._step(one, start) for one, start in zip(steps, self._steps, strict=True))
        poll = self._text(host, "poll", self._starts["host"], "") if "poll" in host else None
        if poll is not None:
            self._sensible(self._spoken.must_be_sayable, poll, "poll", self._starts["host"])
        proves = table.get("proves", [])
        if not isinstance(proves, list) or not all(isinstance(one, str) for one in proves):
            raise self._wrong(0, "proves", "proves is a list of words")
        return Scenario(
            name=self._path.stem,
            path=str(self._path),
            title=self._text(table, "title", 0, ""),
            about=self._text(table, "about", 0, ""),
            proves=tuple(proves),
            seed=self._whole(table, "seed", 0, 0) or 0,
            ends_ns=self._time(table, "ends", 0) or 0,
            pump=pump,
            speaks=speech,
            baud=self._whole(host, "baud", self._starts["host"], None),
            poll=poll,
            every_ns=self._time(host, "every", self._starts["host"]) or NS_PER_S,
            steps=read,
        )

    def _speech(self, speaks: str, pump: PumpOnTheBench) -> str:
        """What the host speaks; from here on lines are checked by it."""
        try:
            kind = devices.load(pump.device)
        except devices.DeviceError as error:
            raise self._wrong(self._starts["pump"], "device", str(error)) from error
        speech = speaks or usual(kind, pump.mode)
        known = [*SPOKEN, *(MODBUS if kind.registers else ())]
        if speech not in known:
            raise self._wrong(self._starts["host"], "speaks", f"nobody speaks {speech!r}; {near(speech, known)}")
        self._spoken = spoken(speech, kind, kind.addresses[0] if pump.address is None else pump.address)
        return speech

    def _sensible(self, check: Callable[[str], None], line: str, key: str, start: int) -> str:
        try:
            check(line)
        except SpeechError as error:
            raise self._wrong(start, key, str(error)) from error
        return line

    def _pump(self, table: Mapping[str, Any]) -> PumpOnTheBench:
        start = self._starts["pump"]
        if "device" not in table:
            raise self._wrong(start, "device", "a pump needs device")
        options, line = table.get("options", {}), table.get("line", {})
        if not isinstance(options, dict) or not isinstance(line, dict):
            raise self._wrong(start, "options", "options and line are tables: { NAME = VALUE }")
        self._known(line, LINE, start, "line")
        return PumpOnTheBench(
            device=self._text(table, "device", start, ""),
            mode=self._text(table, "mode", start, ""),
            timeout_s=self._whole(table, "timeout_s", start, None),
            address=self._whole(table, "address", start, None),
            volume_nl=self._thousandths(table, "volume_ml", start, 10**6),
            capacity_nl=self._thousandths(table, "capacity_ml", start, 10**6),
            syringe_diameter_um=self._thousandths(table, "syringe_diameter_mm", start, 10**3),
            options={
                name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in options.items()
            },
            line={name: self._whole(line, name, start, 0) or 0 for name in line},
        )

    def _step(self, table: Mapping[str, Any], start: int) -> Step:
        fault = table.get("fault")
        fields: dict[str, Any] = {}
        if fault is not None:  # its fields stand beside it; a key and a rate are then its own
            fields = {
                name: value for name, value in table.items() if name not in STEP or name in ("key", "rate_ml_per_h")
            }
            table = {name: value for name, value in table.items() if name not in fields}
        self._known(table, STEP, start, "a step")
        times = [name for name in ("at", "after", "when") if name in table]
        if len(times) != 1:
            raise self._wrong(start, "at", "a step has one of at, after and when")
        if sum(1 for name in ACTIONS if name in table) > 1:
            raise self._wrong(start, "send", f"a step does one thing: {', '.join(ACTIONS)}")
        if ("reply" in table and "send" not in table) or ("rate_ml_per_h" in table and "key" not in table):
            raise self._wrong(start, "reply", "reply belongs to send, rate_ml_per_h to a key or a fault")
        if "within" in table and "when" not in table:
            raise self._wrong(start, "within", "within belongs to when")
        return Step(
            line=start + 1,
            at_ns=self._time(table, "at", start),
            after_ns=self._time(table, "after", start),
            when=self._condition(table["when"], "when", start) if "when" in table else None,
            within_ns=self._time(table, "within", start) or WITHIN_NS,
            send=self._said(table, start),
            reply=self._replies(table, start),
            fault=None if fault is None else self._fault(fault, fields, start),
            key=self._text(table, "key", start, ""),
            rate_nl_per_h=self._thousandths(table, "rate_ml_per_h", start, 10**6),
            poll=self._poll(table, start),
            expect=tuple(self._condition(one, "expect", start) for one in _listed(table.get("expect", []))),
            unasked=self._sensible(
                self._spoken.must_be_hearable, self._text(table, "unasked", start, ""), "unasked", start
            ),
            say=self._text(table, "say", start, ""),
        )

    def _said(self, table: Mapping[str, Any], start: int) -> str | None:
        if "send" not in table:
            return None
        return self._sensible(self._spoken.must_be_sayable, self._text(table, "send", start, ""), "send", start)

    def _fault(self, name: object, fields: Mapping[str, Any], start: int) -> Fault:
        try:
            return fault_of({"fault": name, **fields})
        except FaultTextError as error:
            raise self._wrong(start, "fault", str(error)) from error

    def _poll(self, table: Mapping[str, Any], start: int) -> bool | None:
        if "poll" not in table:
            return None
        if table["poll"] not in ("on", "off"):
            raise self._wrong(start, "poll", "poll is 'on' or 'off'")
        return bool(table["poll"] == "on")

    def _replies(self, table: Mapping[str, Any], start: int) -> tuple[str, ...] | None:
        if "reply" not in table:
            return None
        replies = _listed(table["reply"])
        if not all(isinstance(one, str) for one in replies):
            raise self._wrong(start, "reply", "reply is the text, or a list of texts that may be; '' is silence")
        return tuple(self._sensible(self._spoken.must_be_hearable, one, "reply", start) for one in replies)

    def _condition(self, said: object, key: str, start: int) -> Condition:
        try:
            return condition(said)
        except ConditionError as error:
            raise self._wrong(start, key, str(error)) from error

    # Values, each told with its line when wrong

    def _table(self, table: Mapping[str, Any], name: str, known: tuple[str, ...]) -> Mapping[str, Any]:
        found = table.get(name, {})
        if not isinstance(found, dict):
            raise self._wrong(0, name, f"{name} is a table: [{name}]")
        self._known(found, known, self._starts[name], f"[{name}]")
        return found

    def _known(self, table: Mapping[str, Any], known: tuple[str, ...], start: int, where: str) -> None:
        for name in table:
            if name not in known:
                raise self._wrong(start, name, f"unknown key {name!r} in {where}; {near(name, list(known))}")

    def _text(self, table: Mapping[str, Any], name: str, start: int, default: str) -> str:
        value = table.get(name, default)
        if not isinstance(value, str):
            raise self._wrong(start, name, f"{name} is a text, not {value!r}")
        return value

    def _whole(self, table: Mapping[str, Any], name: str, start: int, default: int | None) -> int | None:
        value = table.get(name, default)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
            raise self._wrong(start, name, f"{name} is a whole number, not {value!r}")
        return value

    def _thousandths(self, table: Mapping[str, Any], name: str, start: int, factor: int) -> int | None:
        """A number, or a number as text, in a unit a `factor` smaller."""
        if name not in table:
            return None
        text = str(table[name])
        if not re.fullmatch(r"\d{1,5}(\.\d{1,3})?", text):
            raise self._wrong(start, name, f"{name} is a number with up to three decimals, not {table[name]!r}")
        return int(Decimal(text) * factor)

    def _time(self, table: Mapping[str, Any], name: str, start: int) -> int | None:
        if name not in table:
            return None
        text = table[name]
        if not isinstance(text, str) or not _TIME.fullmatch(text):
            raise self._wrong(start, name, f"{name} is a time such as '90s', '1h30min' or '250ms', not {text!r}")
        time_ns = sum(int(Decimal(number) * UNITS_NS[unit]) for number, unit in _PART.findall(text))
        if time_ns > LONGEST_NS:
            raise self._wrong(start, name, f"{name} is at most a week, not {text!r}")
        return time_ns

    def _header(self, header: str) -> int:
        return next((at for at, line in enumerate(self._lines) if line.strip().startswith(header)), 0)

    def _wrong(self, start: int, key: str, sentence: str) -> ScenarioError:
        """The line of the key in its table, or of the table."""
        line = start
        for at in range(start, len(self._lines)):
            if at > start and self._lines[at].lstrip().startswith("["):
                break
            if re.match(rf"\s*{re.escape(key)}\s*=", self._lines[at]):
                line = at
                break
        return ScenarioError(f"{self._path}:{line + 1}: {sentence}")


def _listed(value: Any) -> list[Any]:  # noqa: ANN401  # whatever TOML holds
    return value if isinstance(value, list) else [value]
