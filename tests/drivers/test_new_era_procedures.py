"""Identify, observe and prepare of the New Era driver, each against a scripted conversation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pumpd_drivers.new_era import DRIVER

from pumpd.driver_api import (
    Drive,
    Granted,
    Identified,
    Procedure,
    PumpAlarm,
    PumpAlarmed,
    PumpProcedures,
    PumpRefused,
    Remaining,
    Reply,
    Report,
    WireError,
)

Script = list[tuple[str, str]]
Play = Callable[[Procedure[Any], Script], Any]

REMAINING = Remaining(rate_ul_per_h=12_345, volume_nl=48_000_000, lease_s=15, syringe_diameter_um=26_590)
LOOK: Script = [("RAT", "I12.34MH"), ("VOL", "I48.00ML"), ("DIS", "II0.125W0.000ML")]
STILL: Script = [("RAT", "S12.34MH"), ("VOL", "S48.00ML"), ("DIS", "SI0.125W0.000ML")]
PAUSED: Script = [(command, "P" + reply[1:]) for command, reply in STILL]
WRITE: Script = [
    ("", "S"),
    *((command, "S") for command in ("SAF15", "DIA26.59", "PHN2")),
    ("PHN", "S2"),
    ("FUNSTP", "S"),
    ("FUN", "SSTP"),
    ("PHN1", "S"),
    ("PHN", "S1"),
    *(
        (command, "S")
        for command in (
            *("FUNRAT", "RAT12.34MH", "VOLML", "VOL48.00", "DIRINF"),
            *("PF0", "AL1", "TRGSP", "LOC0", "CLDINF", "CLDWDR"),
        )
    ),
]
READ: Script = [
    ("DIA", "S26.59"),
    ("FUN", "SRAT"),
    ("RAT", "S12.34MH"),
    ("VOL", "S48.00ML"),
    ("DIR", "SINF"),
    ("PF", "S0"),
    ("AL", "S1"),
    ("TRG", "SSP"),
    ("LOC", "S0"),
    ("SAF", "S15"),
    ("PHN", "S1"),
    ("DIS", "SI0.000W0.000ML"),
]


def pump() -> PumpProcedures:
    return DRIVER.pump(address=0, options={})


def swapped(script: Script, command: str, answer: str) -> Script:
    """The script up to the last line with this command, which is answered otherwise."""
    last = max(index for index, line in enumerate(script) if line[0] == command)
    return [*script[:last], (command, answer)]


# identify


def test_identify_leaves_a_pump_in_safe_mode_as_it_is(play: Play) -> None:
    found = play(pump().identify(), [("VER", "INE1000V3.923"), ("SAF", "I15")])
    assert found == Identified(model="NE-1000", firmware="3.923", serial=None)


def test_identify_brings_a_still_pump_from_basic_to_safe_mode(play: Play) -> None:
    script = [("VER", "SNE1000X2V3.923"), ("SAF", "S0"), ("SAF15", "S"), ("SAF", "S15")]
    assert play(pump().identify(), script).model == "NE-1000X2"


@pytest.mark.parametrize("letter", ["I", "W", "T", "U", "X"])
def test_identify_changes_nothing_on_a_pump_that_moves_in_basic_mode(play: Play, letter: str) -> None:
    play(pump().identify(), [("VER", f"{letter}NE1000V3.923"), ("SAF", f"{letter}0")])


def test_identify_through_a_power_up_alarm_tells_it_in_the_next_report_and_once(play: Play) -> None:
    one = pump()
    play(one.identify(), [("VER", "A?R"), ("VER", "SNE1000V3.923"), ("SAF", "S15")])
    assert play(one.observe(), STILL).alarm is PumpAlarm.RESET
    assert play(one.observe(), STILL).alarm is None


def test_identify_does_not_take_another_model(play: Play) -> None:
    with pytest.raises(WireError, match="NE-1000, the only model"):
        play(pump().identify(), [("VER", "SNE9000V3.923")])


def test_identify_says_so_when_safe_mode_was_not_taken(play: Play) -> None:
    with pytest.raises(WireError, match="15 s of Safe mode"):
        play(pump().identify(), [("VER", "SNE1000V3.923"), ("SAF", "S0"), ("SAF15", "S"), ("SAF", "S0")])


# observe


def test_observe_reports_what_the_pump_says(play: Play) -> None:
    assert play(pump().observe(), LOOK) == Report(
        drive=Drive.INFUSING,
        rate_ul_per_h=12_340,
        infused_nl=125_000,
        step_nl=1_000,
        alarm=None,
        rate_may_be_stored=True,  # an earlier run of the daemon may have set another one
        target_nl=48_000_000,
    )


def test_observe_takes_drive_and_counter_from_one_reply(play: Play) -> None:
    """The pump reached its target between two replies: still, with the counter of the end."""
    report = play(pump().observe(), [*LOOK[:2], ("DIS", "SI48.00W0.000ML")])
    assert (report.drive, report.infused_nl, report.step_nl) == (Drive.STILL, 48_000_000, 10_000)


@pytest.mark.parametrize("letter", ["W", "X", "T", "U"])
def test_observe_never_calls_still_what_moves_or_will_move_by_itself(play: Play, letter: str) -> None:
    report = play(pump().observe(), [*LOOK[:2], ("DIS", f"{letter}I0.125W0.000ML")])
    assert report.drive is Drive.OTHER


def test_observe_through_an_alarm_fills_the_report_and_keeps_the_alarm(play: Play) -> None:
    report = play(pump().observe(), [("RAT", "A?S"), *PAUSED])
    assert (report.alarm, report.drive, report.infused_nl, report.paused) == (
        PumpAlarm.STALL,
        Drive.STILL,
        125_000,
        True,
    )


def test_observe_of_nothing_but_alarms_is_still_with_unknown_counter(play: Play) -> None:
    report = play(pump().observe(), [(c, "A?T") for c in ("RAT", "VOL", "DIS") for _ in range(4)])
    assert (report.alarm, report.drive, report.infused_nl) == (PumpAlarm.LEASE_EXPIRED, Drive.STILL, None)


def test_an_alarm_survives_a_look_that_then_loses_the_pump(play: Play) -> None:
    one = pump()
    looking = one.observe()
    next(looking)
    looking.throw(PumpAlarmed(PumpAlarm.STALL))
    with pytest.raises(TimeoutError):
        looking.throw(TimeoutError())
    assert play(one.observe(), STILL).alarm is PumpAlarm.STALL


def test_observe_works_where_a_rate_is_refused(play: Play) -> None:
    report = play(pump().observe(), [("RAT", "S?NA"), ("VOL", "S?NA"), STILL[2]])
    assert (report.rate_ul_per_h, report.target_nl, report.infused_nl) == (None, None, 125_000)


def test_a_damaged_query_is_repeated_once(play: Play) -> None:
    assert play(pump().observe(), [("RAT", "I?COM"), *LOOK]).rate_ul_per_h == 12_340
    report = play(pump().observe(), [("RAT", "I?COM"), ("RAT", "I?COM"), *LOOK[1:]])
    assert report.rate_ul_per_h is None


# prepare


@pytest.mark.requirement("SEC-03")
@pytest.mark.requirement("FLOW-14")
def test_prepare_writes_and_reads_back_everything_and_grants_the_rounded_rate(play: Play) -> None:
    assert play(pump().prepare(REMAINING), WRITE + READ) == Granted(
        rate_ul_per_h=12_340, volume_nl=48_000_000, lease_s=15, infused_nl=0, step_nl=1_000
    )


def test_prepare_resets_a_paused_programme_first(play: Play) -> None:
    play(pump().prepare(REMAINING), [("", "P"), ("STP", "S"), *WRITE, *READ])


def test_prepare_refuses_a_programme_that_stays_paused_since_run_would_resume_it(play: Play) -> None:
    with pytest.raises(PumpRefused, match="only a stopped pump"):
        play(pump().prepare(REMAINING), [("", "P"), ("STP", "P?NA"), ("", "P")])


@pytest.mark.parametrize("letter", ["I", "W", "X", "T", "U"])
def test_prepare_refuses_a_pump_that_does_not_stand_still(play: Play, letter: str) -> None:
    with pytest.raises(PumpRefused, match="only a stopped pump"):
        play(pump().prepare(REMAINING), [("", letter)])


@pytest.mark.parametrize("error", ["", "?", "?NA"])
def test_prepare_leaves_a_firmware_without_keypad_lock_alone(play: Play, error: str) -> None:
    script = [(c, f"S{error}" if c == "LOC0" else "S?" if c == "LOC" and error else a) for c, a in WRITE + READ]
    play(pump().prepare(REMAINING), script)


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("DIA", "S21.59"),
        ("FUN", "SPAS"),
        ("RAT", "S12.35MH"),
        ("RAT", "S12.33MH"),
        ("RAT", "S12.34MM"),
        ("VOL", "S48.01ML"),
        ("VOL", "S0.000ML"),
        ("VOL", "S48.00UL"),
        ("DIR", "SWDR"),
        ("PF", "S1"),
        ("AL", "S0"),
        ("TRG", "SFT"),
        ("LOC", "S1"),
        ("SAF", "S0"),
        ("SAF", "S255"),
        ("PHN", "S2"),
        ("DIS", "SI0.001W0.000ML"),
        ("DIS", "SI0.000W0.001ML"),
        ("DIS", "PI0.000W0.000ML"),
        ("DIS", "II0.000W0.000ML"),
    ],
)
@pytest.mark.requirement("SEC-03")
@pytest.mark.requirement("FLOW-14")
def test_prepare_fails_on_any_read_back_that_differs(play: Play, command: str, answer: str) -> None:
    with pytest.raises(WireError, match=f"sent '{command}'.*do not start"):
        play(pump().prepare(REMAINING), swapped(WRITE + READ, command, answer))


@pytest.mark.parametrize(("command", "answer"), [("PHN", "S1"), ("FUN", "SRAT")])
def test_prepare_fails_when_phase_two_is_not_a_stop(play: Play, command: str, answer: str) -> None:
    upto = [line[0] for line in WRITE].index("PHN1")
    with pytest.raises(WireError, match="do not start"):
        play(pump().prepare(REMAINING), swapped(WRITE[:upto], command, answer))


def test_prepare_repeats_a_setting_that_arrived_damaged_and_refuses_what_is_out_of_range(play: Play) -> None:
    script = list(WRITE)
    script.insert([line[0] for line in WRITE].index("RAT12.34MH"), ("RAT12.34MH", "S?COM"))
    play(pump().prepare(REMAINING), script + READ)
    with pytest.raises(PumpRefused, match=r"RAT12\.34MH.*\?OOR.*diameter"):
        play(pump().prepare(REMAINING), swapped(WRITE, "RAT12.34MH", "S?OOR"))


@pytest.mark.parametrize(
    "wrong",
    [
        Remaining(rate_ul_per_h=1_000, volume_nl=1_000_000, lease_s=None, syringe_diameter_um=26_590),
        Remaining(rate_ul_per_h=1_000, volume_nl=1_000_000, lease_s=256, syringe_diameter_um=26_590),
        Remaining(rate_ul_per_h=1_000, volume_nl=1_000_000, lease_s=0, syringe_diameter_um=26_590),
        Remaining(rate_ul_per_h=1_000, volume_nl=1_000_000, lease_s=15, syringe_diameter_um=None),
        Remaining(rate_ul_per_h=1_000, volume_nl=1_000_000, lease_s=15, syringe_diameter_um=26_595),
        Remaining(rate_ul_per_h=0, volume_nl=1_000_000, lease_s=15, syringe_diameter_um=26_590),
        Remaining(rate_ul_per_h=1_000, volume_nl=0, lease_s=15, syringe_diameter_um=26_590),
    ],
)
def test_prepare_refuses_what_the_wire_cannot_carry_before_a_byte_leaves(wrong: Remaining) -> None:
    with pytest.raises(PumpRefused):
        next(pump().prepare(wrong))


class Honest:
    """Stores what it is told and says it back in five characters; for properties over all values."""

    def __init__(self) -> None:
        self.said: dict[str, str] = {}
        self.unit = "ML"
        self.phase = "1"

    def serve(self, procedure: Procedure[Granted]) -> Granted:
        request = next(procedure)
        while True:
            reply = self.reply(request.data[3:-3].decode())
            try:
                request = procedure.send(Reply(address=0, body=reply.encode()))
            except StopIteration as end:
                granted: Granted = end.value
                return granted

    def reply(self, command: str) -> str:
        name = "CLD" if command.startswith("CLD") else command[:2] if command[:2] in ("PF", "AL") else command[:3]
        value = command[len(name) :]
        if name == "PHN" and value:
            self.phase = value
        if name == "VOL" and value in ("ML", "UL"):
            self.unit = value
        elif value:
            self.said[name + (self.phase if name == "FUN" else "")] = value
        if value or not command:
            return "S"
        if name == "DIS":
            return f"SI0.000W0.000{self.unit}"
        said = self.phase if name == "PHN" else self.said[name + (self.phase if name == "FUN" else "")]
        if name in ("RAT", "VOL", "DIA"):
            number = said.removesuffix("MH")
            said = (number if "." in number else number + ".") + {"RAT": "MH", "VOL": self.unit, "DIA": ""}[name]
        return "S" + said


@given(
    rate=st.integers(min_value=1, max_value=9_999_999),
    volume=st.integers(min_value=1_000, max_value=140_000_000),
    lease=st.integers(min_value=1, max_value=255),
)
@settings(max_examples=60, deadline=None)
def test_granted_is_never_above_the_asked_and_misses_by_less_than_one_digit(rate: int, volume: int, lease: int) -> None:
    asked = Remaining(rate_ul_per_h=rate, volume_nl=volume, lease_s=lease, syringe_diameter_um=29_700)
    granted = Honest().serve(pump().prepare(asked))
    assert asked.rate_ul_per_h * 999 < granted.rate_ul_per_h * 1_000 <= asked.rate_ul_per_h * 1_000
    assert asked.volume_nl * 99 < granted.volume_nl * 100 <= asked.volume_nl * 100
    assert granted.lease_s == lease
