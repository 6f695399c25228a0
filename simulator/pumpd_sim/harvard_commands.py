"""The commands of the "Ultra" set: each takes a pump and its arguments and returns the lines of the reply.

Names may be shortened to their first four letters. A setting is answered by the prompt alone, a question by one line or
three, a refusal by one of the texts of the manual.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

from pumpd_sim.harvard_text import (
    PER_HOUR,
    ZL_OF,
    ZL_PER_FL,
    BadArgumentError,
    Command,
    cut_to,
    number,
    rate_zl_per_h,
    shown,
    volume_zl,
)
from pumpd_sim.plant import piston_area_um2

if TYPE_CHECKING:
    from pumpd_sim.harvard import Harvard

Lines = tuple[str, ...]
NOT_NOW: Lines = ("Command error",)
UNKNOWN: Lines = ("Unknown command",)
LEAST_DIAMETER_NM, MOST_DIAMETER_NM = 1_000_000, 33_000_000
NM_PER_MM = 10**6
# `irate lim` is quoted as `.0404 nl/min to 26.0035 ml/min`; with the 14.43 mm of a 10 ml syringe that is this speed.
TOP_NM_PER_MIN = 159_004_500
LEAST_FM_PER_MIN = 247_100
ZL_PER_UM2_NM = 1_000


class NotNowError(Exception):
    """The pump does not do this in its present state."""


def carry_out(pump: Harvard, heard: Command) -> Lines:
    if not heard.name:
        return () if not heard.values else UNKNOWN
    found = _find(heard.name)
    if found is None:
        return UNKNOWN
    try:
        return found(pump, list(heard.values))
    except NotNowError:
        return NOT_NOW
    except BadArgumentError as error:
        return (f"Argument error: {error.args[0]}", f"   {error.args[1]}")


def _find(name: str) -> Callable[[Harvard, list[str]], Lines] | None:
    if name in COMMANDS:
        return COMMANDS[name]
    longer = [full for full in COMMANDS if len(name) >= 4 and full.startswith(name)]
    return COMMANDS[longer[0]] if longer else None


def _only(values: list[str], count: int) -> None:
    if len(values) > count:
        raise BadArgumentError(values[count], "Too many arguments")
    if len(values) < count:
        raise BadArgumentError("", "Missing argument")


def _when_still(pump: Harvard) -> None:
    if pump.moving:
        raise NotNowError


# Rates


def limits_zl_per_h(pump: Harvard) -> tuple[int, int]:
    """Piston area times least and top speed."""
    area_um2 = piston_area_um2(pump.diameter_nm // 1_000)
    return area_um2 * LEAST_FM_PER_MIN * 60 // 1_000, area_um2 * TOP_NM_PER_MIN * 60 * ZL_PER_UM2_NM


def in_range(pump: Harvard, zl_per_h: int) -> bool:
    least, top = limits_zl_per_h(pump)
    return least <= zl_per_h <= top


def _told_rate(pump: Harvard, zl_per_h: int, unit: str) -> str:
    volume, _, time = unit.partition("/")
    value = Decimal(zl_per_h) / (ZL_OF[volume] * PER_HOUR[time])
    spelt = pump.options.unit_per_hour.partition("/")[2] if PER_HOUR[time] == 1 else time
    return f"{shown(value, digits=pump.options.digits, leading_zero=pump.options.leading_zero)} {volume}/{spelt}"


def _told_limit(pump: Harvard, zl_per_h: int, volume: str) -> str:
    text = f"{Decimal(zl_per_h) / (ZL_OF[volume] * 60):.4f}"
    return f"{text if pump.options.leading_zero else text.removeprefix('0')} {volume}/min"


def _rate(withdraws: bool) -> Callable[[Harvard, list[str]], Lines]:  # noqa: FBT001  # one of two commands
    def command(pump: Harvard, values: list[str]) -> Lines:
        if not values:
            return (_told_rate(pump, pump.rates_zl_per_h[withdraws], pump.rate_units[withdraws]),)
        least, top = limits_zl_per_h(pump)
        if values == ["lim"]:
            return (f"{_told_limit(pump, least, 'nl')} to {_told_limit(pump, top, 'ml')}",)
        if pump.moving and pump.options.rate_while_running == "refused":
            raise NotNowError
        if values[0] in ("max", "min"):
            _only(values, 1)
            wished, unit = (top, "ml/min") if values[0] == "max" else (least, "nl/min")
        else:
            _only(values, 2)
            wished, unit = cut_to(rate_zl_per_h(*values), pump.options.digits), values[1]
        if not least <= wished <= top:
            raise BadArgumentError(values[0], "Out of range")
        pump.rates_zl_per_h[withdraws], pump.rate_units[withdraws] = wished, unit
        if pump.moving and pump.withdraws == withdraws:
            pump.drive()
        return ()

    return command


def _present_rate(pump: Harvard, values: list[str]) -> Lines:
    _only(values, 0)
    if not pump.moving:
        raise NotNowError
    doing = "Withdrawing" if pump.withdraws else "Infusing"
    return (f"{doing} at {_told_rate(pump, pump.rate_zl_per_h, pump.rate_units[pump.withdraws])}",)


# Volumes


def _told_volume(pump: Harvard, zl: int) -> str:
    unit = "ml"
    if pump.options.volume_unit == "by_size":
        unit = next((unit for unit, size in ZL_OF.items() if zl >= size), "ml" if zl == 0 else "pl")
    value = Decimal(zl) / ZL_OF[unit]
    return f"{shown(value, digits=pump.options.digits, leading_zero=pump.options.leading_zero)} {unit}"


def _target(pump: Harvard, values: list[str]) -> Lines:
    if not values:
        return (_told_volume(pump, pump.target_zl) if pump.target_zl else "Target volume not set",)
    if pump.moving and pump.options.target_while_running == "refused":
        raise NotNowError
    _only(values, 2)
    wished = cut_to(volume_zl(*values), pump.options.digits)
    if wished <= 0:
        raise BadArgumentError(values[0], "Out of range")
    pump.target_zl = wished
    return ()


def _clear_target(pump: Harvard, values: list[str]) -> Lines:
    _only(values, 0)
    if pump.moving and pump.options.target_while_running == "refused":
        raise NotNowError
    pump.target_zl = 0
    return ()


def _counted(withdraws: bool) -> Callable[[Harvard, list[str]], Lines]:  # noqa: FBT001  # one of two commands
    def command(pump: Harvard, values: list[str]) -> Lines:
        _only(values, 0)
        return (_told_volume(pump, pump.counted_zl[withdraws]),)

    return command


def _clear_counted(*directions: bool) -> Callable[[Harvard, list[str]], Lines]:
    def command(pump: Harvard, values: list[str]) -> Lines:
        _only(values, 0)
        for withdraws in directions:
            pump.counted_zl[withdraws] = 0
        return ()

    return command


# Method and settings


def _diameter(pump: Harvard, values: list[str]) -> Lines:
    if not values:
        return (f"{Decimal(pump.diameter_nm) / NM_PER_MM:.4f} mm",)
    _when_still(pump)
    _only([value for value in values if value != "mm"], 1)
    diameter_nm = int(number(values[0]) * NM_PER_MM)
    if not LEAST_DIAMETER_NM <= diameter_nm <= MOST_DIAMETER_NM:
        raise BadArgumentError(values[0], "Out of range")
    pump.diameter_nm = diameter_nm
    if pump.options.diameter_clears == "rates_and_target":
        pump.rates_zl_per_h, pump.target_zl = {False: 0, True: 0}, 0
    return ()


def _syringe_volume(pump: Harvard, values: list[str]) -> Lines:
    """What it holds; the pump shows it and bounds nothing by it."""
    if not values:
        return (_told_volume(pump, pump.syringe_zl),)
    _when_still(pump)
    _only(values, 2)
    pump.syringe_zl = volume_zl(*values)
    return ()


def _load(pump: Harvard, values: list[str]) -> Lines:
    _when_still(pump)
    if len(values) != 2 or values[0] != "qs" or values[1] not in ("i", "w", "iw", "wi"):
        raise BadArgumentError(" ".join(values), "Invalid method")
    pump.withdraws = values[1].startswith("w")
    return ()


def _switch(name: str, *others: str) -> Callable[[Harvard, list[str]], Lines]:
    def command(pump: Harvard, values: list[str]) -> Lines:
        if not values:
            return ("ON" if getattr(pump, name) else "OFF",)
        _only(values, 1)
        if values[0] not in ("on", "off", *others):
            raise BadArgumentError(values[0], "Invalid setting")
        setattr(pump, name, values[0] != "off")
        return ()

    return command


def _nvram(pump: Harvard, values: list[str]) -> Lines:
    """`none` and `off`: nothing that is set from now on outlives the power."""
    if values not in (["on"], ["off"], ["none"]):
        raise BadArgumentError(" ".join(values), "Invalid setting")
    pump.remembers = values == ["on"]
    return ()


def _address(pump: Harvard, values: list[str]) -> Lines:
    if not values:
        return (f"Pump address is {pump.address}",)
    _only(values, 1)
    if not (values[0].isascii() and values[0].isdecimal() and int(values[0]) < 100):
        raise BadArgumentError(values[0], "Out of range")
    pump.address = int(values[0])
    return ()


def _version(pump: Harvard, values: list[str]) -> Lines:
    _only(values, 0)
    options = pump.options
    return (
        f"Firmware:      {options.firmware}",
        f"Pump address:  {pump.address}",
        f"Serial number: {options.serial}",
    )


def _ver(pump: Harvard, values: list[str]) -> Lines:
    _only(values, 0)
    return (pump.options.model,)


# Running


def _run(withdraws: bool | None) -> Callable[[Harvard, list[str]], Lines]:  # noqa: FBT001  # None: the present one
    def command(pump: Harvard, values: list[str]) -> Lines:
        _only(values, 0)
        wished = pump.withdraws if withdraws is None else withdraws
        if not in_range(pump, pump.rates_zl_per_h[wished]) or (pump.moving and pump.withdraws == wished):
            raise NotNowError
        pump.run(withdraws=wished)
        return ()

    return command


def _reverse(pump: Harvard, values: list[str]) -> Lines:
    return _run(not pump.withdraws)(pump, values)


def _stop(pump: Harvard, values: list[str]) -> Lines:
    _only(values, 0)
    pump.stop()
    return ()


def _status(pump: Harvard, values: list[str]) -> Lines:
    _only(values, 0)
    newer = pump.options.status_form == "newer"
    letter = "w" if pump.withdraws else "i"
    limit = letter if pump.state.value in (">*", "<*") else "."
    stall = "S" if pump.state.value == "*" else "."
    flags = f"{letter.upper() if newer and pump.moving else letter}{limit}{stall}.{letter.upper()}"
    if newer:
        flags += "T" if pump.state.value == "T*" else "."
    fl_per_s = pump.rate_zl_per_h // (3_600 * ZL_PER_FL)
    time = pump.run_ns // (10**6 if newer else 10**9)
    return (f"{fl_per_s} {time} {pump.counted_zl[pump.withdraws] // ZL_PER_FL} {flags}",)


COMMANDS: dict[str, Callable[[Harvard, list[str]], Lines]] = {
    "address": _address,
    "civolume": _clear_counted(False),
    "crate": _present_rate,
    "ctvolume": _clear_target,
    "cvolume": _clear_counted(False, True),
    "cwvolume": _clear_counted(True),
    "diameter": _diameter,
    "echo": _switch("echo"),
    "irate": _rate(withdraws=False),
    "irun": _run(withdraws=False),
    "ivolume": _counted(withdraws=False),
    "load": _load,
    "nvram": _nvram,
    "poll": _switch("poll", "remote"),
    "rrun": _reverse,
    "run": _run(withdraws=None),
    "status": _status,
    "stop": _stop,
    "stp": _stop,
    "svolume": _syringe_volume,
    "tvolume": _target,
    "ver": _ver,
    "version": _version,
    "wrate": _rate(withdraws=True),
    "wrun": _run(withdraws=True),
    "wvolume": _counted(withdraws=True),
}
