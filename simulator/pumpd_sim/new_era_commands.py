"""The commands of a New Era pump: what each accepts, refuses and answers.

Each function takes the pump and the text behind the command's name and returns the reply's data. A refusal
is raised and becomes the error after the live status letter: `?` not recognised, `?NA` not applicable now,
`?OOR` out of range. Source: New Era manuals, command set (NE-1000 publication 1200-01 section 10.4,
NE-500 publication 1200-02 pages 7 and 38 for rate, direction and triggers).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pumpd_sim.new_era_memory import LAST_PHASE, NL_PER_H_PER_THOUSANDTH, NL_PER_THOUSANDTH
from pumpd_sim.new_era_program import RATE_FUNCTIONS, State
from pumpd_sim.new_era_wire import (
    NotANumberError,
    TooManyDigitsError,
    five_characters,
    shown_step,
    thousandths,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from pumpd_sim.new_era import NewEra

NOT_RECOGNISED, NOT_APPLICABLE, OUT_OF_RANGE = "?", "?NA", "?OOR"
BAUDS = (300, 1_200, 2_400, 9_600, 19_200)
# NE-500 manual, page 38. The list knows no "off"; SP, stop only, is what cannot start a pump.
TRIGGERS = ("FT", "FH", "F2", "LE", "ST", "T2", "SP", "P2", "RL", "RH", "SL", "SH", "ET", "BT")
TRIGGER_EDGES = {  # mode -> (what a falling edge does, what a rising edge does); NE-500 manual, page 38
    "FT": ("toggle", ""),
    "FH": ("start", "stop"),
    "F2": ("", "toggle"),
    "LE": ("stop", "start"),
    "ST": ("start", ""),
    "T2": ("", "start"),
    "SP": ("stop", ""),
    "P2": ("", "stop"),
    "RL": ("start", ""),
    "RH": ("", "start"),
    "SL": ("stop", ""),
    "SH": ("", "stop"),
}
FUNCTIONS = {  # phase function -> digits of its parameter
    **dict.fromkeys(("RAT", "STP", "FIL", "INC", "DEC", "LIN", "PRI", "PRL"), 0),
    **dict.fromkeys(("LPS", "LPE", "EVR", "CLD", "BEP"), 0),
    **dict.fromkeys(("PAS", "JMP", "LOP", "IF", "EVN", "EVS"), 2),
}


class RefusedError(Exception):
    """The command was not carried out; the argument is the error text."""


def _number(pump: NewEra, text: str) -> int:
    try:
        return thousandths(text)
    except NotANumberError as error:
        raise RefusedError(NOT_RECOGNISED) from error
    except TooManyDigitsError as error:
        raise RefusedError(pump.options.too_many_digits) from error


def _whole(text: str, *, least: int, most: int) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise RefusedError(NOT_RECOGNISED)
    if len(text) > 3 or not least <= int(text) <= most:
        raise RefusedError(OUT_OF_RANGE)
    return int(text)


def _not_while_operating(pump: NewEra) -> None:
    paused = pump.program.state is State.PAUSED and pump.options.paused_is_operating
    if pump.program.operating or paused:
        raise RefusedError(NOT_APPLICABLE)


def _diameter(pump: NewEra, text: str) -> str:
    if not text:
        return five_characters(pump.memory.diameter_um)
    _not_while_operating(pump)
    diameter_um = _number(pump, text)
    if not pump.options.dia_min_um <= diameter_um <= pump.options.dia_max_um:
        raise RefusedError(OUT_OF_RANGE)
    pump.memory.set_diameter(diameter_um)
    if pump.options.dis_cleared_by_dia:
        pump.program.dispensed_zl = {"INF": 0, "WDR": 0}
    return ""


def _rate(pump: NewEra, text: str) -> str:
    program, phase = pump.program, pump.program.phase
    if phase.function not in RATE_FUNCTIONS:
        raise RefusedError(NOT_APPLICABLE)
    if not text:
        live = program.state is State.PUMPING and pump.options.rat_query_while_pumping == "live"
        return five_characters(program.rate if live else phase.rate) + phase.rate_unit
    unit = text[-2:] if text[-2:] in NL_PER_H_PER_THOUSANDTH else ""
    rate = _number(pump, text.removesuffix(unit))
    if program.operating and (unit or program.state is not State.PUMPING):
        raise RefusedError(NOT_APPLICABLE)
    rate_nl_per_h = rate * NL_PER_H_PER_THOUSANDTH[unit or phase.rate_unit]
    if not pump.memory.rate_in_range(rate_nl_per_h):
        raise RefusedError(OUT_OF_RANGE)
    if program.state is State.PUMPING:
        program.change_rate(pump.now_ns, rate)
    else:
        phase.rate, phase.rate_unit = rate, unit or phase.rate_unit
    return ""


def _volume(pump: NewEra, text: str) -> str:
    phase = pump.program.phase
    if phase.function not in RATE_FUNCTIONS:
        raise RefusedError(NOT_APPLICABLE)
    if not text:
        return five_characters(phase.volume) + pump.memory.volume_unit
    if pump.program.operating and pump.options.vol_while_pumping == "refused":
        raise RefusedError(NOT_APPLICABLE)
    if text in NL_PER_THOUSANDTH:
        pump.memory.volume_unit = text
    else:
        phase.volume = _number(pump, text)
    return ""


def _direction(pump: NewEra, text: str) -> str:
    program, phase = pump.program, pump.program.phase
    if not text:
        return program.direction if program.state is State.PUMPING else phase.direction
    if text not in ("INF", "WDR", "REV", "STK"):
        raise RefusedError(NOT_RECOGNISED)
    if program.operating and (text == "STK" or phase.volume or program.state is not State.PUMPING):
        raise RefusedError(NOT_APPLICABLE)
    if text == "REV":
        text = "INF" if phase.direction == "WDR" else "WDR"
    phase.direction = text
    if program.state is State.PUMPING:
        program.change_direction(pump.now_ns, text)
    return ""


def _phase(pump: NewEra, text: str) -> str:
    if not text:
        return str(pump.program.phase_number)
    number = _whole(text, least=1, most=LAST_PHASE)
    _not_while_operating(pump)
    pump.program.phase_number = number
    return ""


def _function(pump: NewEra, text: str) -> str:
    phase = pump.program.phase
    if not text:
        return phase.function + phase.parameter
    name = next((name for name in FUNCTIONS if text.startswith(name)), None)
    if name is None and text[:3] in ("TRG", "OUT"):
        name = text[:3]
    if name is None:
        raise RefusedError(NOT_RECOGNISED)
    parameter = text.removeprefix(name)
    if name == "TRG" and parameter not in TRIGGERS:
        raise RefusedError(NOT_RECOGNISED)
    if FUNCTIONS.get(name, 2) == 0 and parameter:
        raise RefusedError(NOT_RECOGNISED)
    if name != "TRG" and FUNCTIONS.get(name, 2):
        most = LAST_PHASE if name in ("JMP", "IF", "EVN", "EVS") else 99
        parameter = f"{_whole(parameter, least=0, most=most):02d}"
    if pump.options.program_edits_while_pumping == "refused":
        _not_while_operating(pump)
    phase.function, phase.parameter = name, parameter
    return ""


def _run(pump: NewEra, text: str) -> str:
    program = pump.program
    if text == "E":
        raise RefusedError(NOT_APPLICABLE)  # no event trap is ever set here
    number = _whole(text, least=1, most=LAST_PHASE) if text else None
    if program.state is State.USER_WAIT and number is None:
        program.go_on(pump.now_ns)
        return ""
    if program.operating:
        raise RefusedError(NOT_APPLICABLE)
    if program.state is State.PAUSED and number is None:
        _must_pump(pump, program.phase_number)
        program.resume(pump.now_ns)
        return ""
    selected = program.phase_number if pump.options.run_starts_at == "selected_phase" else 1
    _must_pump(pump, number or selected)
    program.start(pump.now_ns, number or selected)
    return ""


def _must_pump(pump: NewEra, phase_number: int) -> None:
    """A diameter set after the rate may have made the rate too fast for the motor."""
    phase = pump.memory.phase(phase_number)
    if phase.function == "RAT" and not pump.memory.rate_in_range(phase.rate_nl_per_h):
        raise RefusedError(OUT_OF_RANGE)


def _stop(pump: NewEra, text: str) -> str:
    if text:
        raise RefusedError(NOT_RECOGNISED)
    if pump.program.operating:
        pump.program.pause(pump.now_ns)
    elif pump.program.state is State.STOPPED and pump.options.stp_when_stopped == "?NA":
        raise RefusedError(NOT_APPLICABLE)
    else:
        pump.program.reset(pump.now_ns)
    return ""


def _purge(pump: NewEra, text: str) -> str:
    if text:
        raise RefusedError(NOT_RECOGNISED)
    if pump.program.state is not State.STOPPED:
        raise RefusedError(NOT_APPLICABLE)
    pump.program.purge(pump.now_ns)
    return ""


def _dispensed(pump: NewEra, text: str) -> str:
    if text:
        raise RefusedError(NOT_RECOGNISED)
    infused, withdrawn = (_counter(pump, direction) for direction in ("INF", "WDR"))
    return f"I{infused}W{withdrawn}{pump.memory.volume_unit}"


def _counter(pump: NewEra, direction: str) -> str:
    value = pump.program.dispensed(direction)
    if pump.options.dis_rounding == "nearest":
        value = pump.program.dispensed(direction, and_millionths=shown_step(value) * 500)
    over = 10_000_000
    if value >= over:
        value = value % over if pump.options.dis_beyond_9999 == "rolls_over" else over - 1
    return five_characters(value)


def _clear_dispensed(pump: NewEra, text: str) -> str:
    if text not in ("INF", "WDR"):
        raise RefusedError(NOT_RECOGNISED)
    _not_while_operating(pump)
    pump.program.dispensed_zl[text] = 0
    return ""


def _safe_mode(pump: NewEra, text: str) -> str:
    if not text:
        return str(pump.memory.timeout_s)
    pump.memory.timeout_s = _whole(text, least=0, most=pump.options.saf_limit)
    return ""


def _buzzer(pump: NewEra, text: str) -> str:
    if not text:
        return str(int(pump.buzzing))
    if text[0] not in "01" or (text[0] == "0" and text[1:]):
        raise RefusedError(NOT_RECOGNISED)
    beeps = _whole(text[1:], least=0, most=99) if text[1:] else 0
    pump.buzzing = text[0] == "1" and beeps == 0
    return ""


def _version(pump: NewEra, text: str) -> str:
    if text:
        raise RefusedError(NOT_RECOGNISED)
    return pump.options.model


def _trigger(pump: NewEra, text: str) -> str:
    if not text:
        return pump.memory.trigger
    if text not in TRIGGERS:
        raise RefusedError(NOT_RECOGNISED)
    pump.memory.trigger = text
    return ""


def _switch(name: str) -> Callable[[NewEra, str], str]:
    def command(pump: NewEra, text: str) -> str:
        if not text:
            return str(pump.memory.switches[name])
        if text not in ("0", "1"):
            raise RefusedError(NOT_RECOGNISED)
        pump.memory.switches[name] = int(text)
        return ""

    return command


def _output(pump: NewEra, text: str) -> str:
    if text not in ("50", "51"):
        raise RefusedError(NOT_RECOGNISED)
    pump.program.output = int(text[1])
    return ""


def _input(pump: NewEra, text: str) -> str:
    if text not in ("2", "3", "4", "6"):
        raise RefusedError(NOT_RECOGNISED)
    return str(pump.pins[int(text)])


def _address(pump: NewEra, text: str) -> str:
    """`*ADR [n [B baud]] [DUAL or RECP]`."""
    match = re.fullmatch(r"(\d*)(?:B(\d+))?(DUAL|RECP)?", text, re.ASCII)
    if match is None or (match[2] and not match[1]):
        raise RefusedError(NOT_RECOGNISED)
    if not text:
        return f"{pump.memory.address:02d}"
    if match[2] and (len(match[2]) > 5 or int(match[2]) not in BAUDS):
        raise RefusedError(OUT_OF_RANGE)
    if match[1]:
        pump.memory.address = _whole(match[1], least=0, most=99)
        pump.memory.network = ""
    if match[2]:
        pump.memory.baud = int(match[2])
        pump.watchdog_off()
    if match[3]:
        pump.memory.network = match[3]
    return ""


def _factory_reset(pump: NewEra, text: str) -> str:
    if text:
        raise RefusedError(NOT_RECOGNISED)
    pump.back_to_factory()
    return ""


COMMANDS: dict[str, Callable[[NewEra, str], str]] = {
    "DIA": _diameter,
    "PHN": _phase,
    "FUN": _function,
    "RAT": _rate,
    "VOL": _volume,
    "DIR": _direction,
    "RUN": _run,
    "STP": _stop,
    "PUR": _purge,
    "DIS": _dispensed,
    "CLD": _clear_dispensed,
    "SAF": _safe_mode,
    "BUZ": _buzzer,
    "VER": _version,
    "TRG": _trigger,
    "OUT": _output,
    "IN": _input,
    **{name: _switch(name) for name in ("LN", "AL", "PF", "LOC", "BP", "DIN", "ROM")},
}
SYSTEM_COMMANDS: dict[str, Callable[[NewEra, str], str]] = {"*ADR": _address, "*RESET": _factory_reset}
QUERIES_AND_STOP = ("STP", "DIS", "VER", "IN")  # not answered ?IGN


def find(text: str, *, system: bool = False) -> tuple[str, str] | None:
    """Split a command into its name and the rest."""
    for name in SYSTEM_COMMANDS if system else COMMANDS:
        if text.startswith(name):
            return name, text.removeprefix(name)
    return None
