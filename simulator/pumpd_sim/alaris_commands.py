"""The commands of the Alaris Asena protocol: each takes a pump and the fields behind its name.

Each returns the body of the answer. What is not carried out raises `RefusedError`; how that looks on the wire is an
option, since nobody has published a refusal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pumpd_sim.alaris_wire import NotANumberError, decimal, permission_code, scaled
from pumpd_sim.plant import ZL_PER_NL

if TYPE_CHECKING:
    from pumpd_sim.alaris import Alaris

ZL_PER_UL = 1_000 * ZL_PER_NL
LEAST_RATE, TOP_RATE = 10, 120_000  # 0.1 to 1200 ml/h, in hundredths
VTBI_LIMIT_UL = 1_000_000
DAY_S = 24 * 3_600


class RefusedError(Exception):
    """The pump does not do this."""


def carry_out(pump: Alaris, fields: tuple[str, ...]) -> str:
    """The body of the answer; empty for silence."""
    name, *values = fields
    command = COMMANDS.get(name)
    if command is None:
        return refusal(pump, fields)
    try:
        return command(pump, values)
    except (RefusedError, NotANumberError):
        return refusal(pump, fields)


def refusal(pump: Alaris, fields: tuple[str, ...]) -> str:
    name, *values = fields
    match pump.options.refusal:
        case "silence":
            return ""
        case "error":
            return f"{name}^ERROR"
        case "echo":
            return _permitted_words(name) if values[:1] == ["ENABLED"] and name in _PERMISSIONS else "^".join(fields)


def _require(*, true: bool) -> None:
    if not true:
        raise RefusedError


# What may be asked at any time


def _told(answer: Callable[[Alaris], str]) -> Callable[[Alaris, list[str]], str]:
    def command(pump: Alaris, values: list[str]) -> str:
        _require(true=not values)
        return answer(pump)

    return command


def _inf(pump: Alaris) -> str:
    shows = pump.options.infusing_shows_in
    infusing_word = pump.options.mode_word if shows in ("both", "mode") else "SET"
    rate = pump.rate_nl_per_h // 10_000 if pump.infusing else pump.rate_hundredths
    if not pump.infusing and shows in ("both", "rate"):
        rate = 0
    marker = (pump.alarm if pump.options.alarm_marker == "code" else "ALARM") if pump.alarm else "-"
    half = ZL_PER_UL // 2 if pump.options.volume_rounding == "nearest" else 0
    fields = (
        "INF", pump.options.serial, marker, infusing_word if pump.infusing else "SET", decimal(rate, 2), "ml/h", "",
        decimal((pump.infused_zl + half) // ZL_PER_UL, 3), "ml", f"{pump.plant.pressure_mmhg}.00", "mmHg",
        _time_left(pump), "EVENT", str(pump.events),
    )  # fmt: skip
    return "^".join(fields)


def _time_left(pump: Alaris) -> str:
    left_zl = pump.vtbi_left_zl if pump.vtbi_ul else max(0, pump.plant.remaining_nl) * ZL_PER_NL
    rate_zl_per_h = (pump.rate_nl_per_h or pump.rate_hundredths * 10_000) * ZL_PER_NL
    if rate_zl_per_h == 0 or left_zl * 3_600 // rate_zl_per_h >= DAY_S:
        return "24+"
    left_s = left_zl * 3_600 // rate_zl_per_h
    return f"{left_s // 3_600:02d}:{left_s // 60 % 60:02d}:{left_s % 60:02d}"


# What needs permission

_PERMISSIONS = ("REMOTE_CTRL", "REMOTE_CFG")


def _permitted_words(name: str) -> str:
    return f"{name}^ENABLED^****^PERMIT^0^ms"


def _remote_control(pump: Alaris, values: list[str]) -> str:
    if values == ["DISABLED"]:
        pump.take_permission_back()
        return "REMOTE_CTRL^DISABLED"
    _require(true=values == ["ENABLED", permission_code(pump.options.serial)])
    pump.remote_since_ns = pump.now_ns
    return _permitted_words("REMOTE_CTRL")


def _remote_settings(pump: Alaris, values: list[str]) -> str:
    if values == ["DISABLED"]:
        pump.configurable = False
        return "REMOTE_CFG^DISABLED"
    _require(true=values == ["ENABLED", permission_code(pump.options.serial)])
    pump.configurable = True
    return _permitted_words("REMOTE_CFG")


def _remote_query(_pump: Alaris, values: list[str]) -> str:
    _require(true=values == ["DEACT"])
    return "REMQUERY^DEACT^^^^"


def _may_set(pump: Alaris) -> bool:
    return pump.permitted and (pump.configurable or not pump.options.config_permission_needed)


def _rate(pump: Alaris, values: list[str]) -> str:
    if values:
        _require(true=_may_set(pump) and len(values) == 2 and values[1] == "ml/h")
        _require(true=not pump.infusing or pump.options.rate_while_infusing)
        hundredths = scaled(values[0], 2, cut=pump.options.more_decimals == "cut")
        _require(true=LEAST_RATE <= hundredths <= TOP_RATE)
        set_rate(pump, hundredths)
    return f"INF_RATE^{decimal(pump.rate_hundredths, 2)}^ml/h"


def set_rate(pump: Alaris, hundredths: int) -> None:
    """At once, while infusing; while the vein is kept open only at the next start."""
    pump.rate_hundredths = hundredths
    pump.log()
    if pump.infusing:
        pump.drive()


def _vtbi(pump: Alaris, values: list[str]) -> str:
    words = {"STOP": "STOP", pump.options.kvo_word: "KVO", pump.options.continue_word: "CONT"}
    if values:
        _require(true=_may_set(pump) and (not pump.infusing or pump.options.vtbi_while_infusing))
        if values == ["DEACT"]:
            pump.set_vtbi(0, "STOP")
            return "INF_VTBI^DEACT"
        _require(true=len(values) == 4 and values[0] == "ACTIV" and values[2] == "ml" and values[3] in words)
        volume_ul = scaled(values[1], 3, cut=pump.options.more_decimals == "cut")
        _require(true=0 < volume_ul <= VTBI_LIMIT_UL)
        pump.set_vtbi(volume_ul, words[values[3]])
    if not pump.vtbi_ul:
        return "INF_VTBI^DEACT" if pump.options.vtbi_off_reply == "bare" else "INF_VTBI^DEACT^^ml^"
    shown_ul = pump.vtbi_ul if pump.options.vtbi_query == "set" else -(-pump.vtbi_left_zl // ZL_PER_UL)
    (word,) = [word for word, meaning in words.items() if meaning == pump.end_action]
    return f"INF_VTBI^ACTIV^{decimal(shown_ul, 3)}^ml^{word}"


def _clear_volume(pump: Alaris) -> str:
    _require(true=pump.permitted)
    pump.infused_zl = 0
    return "INF_VI_CLEAR"


def _start(pump: Alaris) -> str:
    _require(true=pump.permitted and pump.rate_hundredths > 0)
    if pump.options.alarm_ended_by == "start":
        pump.alarm = ""
    _require(true=pump.infusing or not pump.alarm)
    pump.start(over_the_line=True)
    return "INF_START"


def _stop(pump: Alaris) -> str:
    _require(true=pump.permitted or not pump.options.stop_needs_permission)
    if pump.options.alarm_ended_by == "stop":
        pump.alarm = ""
    pump.stop()
    return "INF_STOP"


COMMANDS: dict[str, Callable[[Alaris, list[str]], str]] = {
    "COMMS_PROTOCOL": _told(lambda pump: f"COMMS_PROTOCOL^{pump.options.protocol}"),
    "COMMS_RESPONSE_MAX": _told(lambda _: "COMMS_RESPONSE_MAX^4000^ms"),
    "INST_SERIALNO": _told(lambda pump: f"INST_SERIALNO^{pump.options.serial}"),
    "SYRINGE_STATUS": _told(lambda _: "SYRINGE_STATUS^BD PLASTIPAK^ 50^CONF"),
    "INF_RATE_MAX_SYRINGE": _told(lambda _: "INF_RATE_MAX_SYRINGE^1200.00^ml/h"),
    "ALARM": _told(lambda pump: f"ALARM^{pump.alarm or 'AL_NOALM'}^ ^ "),
    "INF": _told(_inf),
    "REMOTE_CTRL": _remote_control,
    "REMOTE_CFG": _remote_settings,
    "REMQUERY": _remote_query,
    "INF_RATE": _rate,
    "INF_VTBI": _vtbi,
    "INF_VI_CLEAR": _told(_clear_volume),
    "INF_START": _told(_start),
    "INF_STOP": _told(_stop),
}
