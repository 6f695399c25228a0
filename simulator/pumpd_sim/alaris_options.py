"""What is publicly known of the Alaris Asena protocol leaves much open; each open point is a field here.

No manual of the protocol is public. What clients and a simulator of other people exchange with it fixes framing, CRC
and the shape of the answers (`alaris_kind.PROVENANCE`); how it refuses, which word it uses while infusing and what ends
an alarm stand nowhere. A driver must live with every value of every field.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pumpd_sim import readings
from pumpd_sim.readings import figure

if TYPE_CHECKING:
    import random


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarisOptions:
    """One reading. The comment at each field says what is open."""

    serial: str = "8002-51740"
    """The permission code is the CRC of this text: 3CC1."""

    protocol: str = "Asena Rev 2.1.5"
    """Answer to COMMS_PROTOCOL."""

    refusal: Literal["silence", "error", "echo"] = "silence"
    """What answers a command that is not carried out: nothing; its name and ERROR; or, the worst, what it would say
    had it obeyed."""

    bad_crc: Literal["silence", "error"] = "silence"
    """What answers a frame with a wrong CRC: nothing, or `ERROR`."""

    infusing_shows_in: Literal["both", "mode", "rate", "neither"] = "both"
    """Which fields of INF tell that the pump infuses: the mode word is another than SET, the rate is 0.00 while
    stopped, both; or neither, so that only the volume infused tells."""

    mode_word: Literal["INF", "INFUSE", "RUN"] = "INF"
    """The mode word while infusing, where it differs from SET."""

    alarm_marker: Literal["code", "ALARM"] = "code"
    """What stands in INF's alarm field: the alarm's code, or only that there is one (ALARM tells which)."""

    alarm_ended_by: Literal["stop", "start", "key"] = "stop"
    """What ends an alarm whose cause is gone: INF_STOP, INF_START or, always, a key at the pump."""

    kvo_word: Literal["KVO", "KVOR"] = "KVO"
    continue_word: Literal["CONT", "CONTIN"] = "CONT"
    """Spelling of the end actions beside STOP; any other spelling is refused."""

    kvo_hundredths: int = figure(100, 10, 250)
    """The rate that keeps the vein open, in 0.01 ml/h, unless the rate set is lower."""

    vtbi_off_reply: Literal["bare", "with_fields"] = "bare"
    """Answer to INF_VTBI while none is set: `INF_VTBI^DEACT`, or with its empty fields behind it (one client's parser
    wants them)."""

    vtbi_query: Literal["left", "set"] = "left"
    """Which volume INF_VTBI answers: what is left of it, or what was set."""

    vtbi_while_infusing: bool = True
    """Whether a VTBI may be set or ended while infusing."""

    vtbi_after_end: Literal["off", "again"] = "off"
    """After the VTBI was given: none is set, or the same stands ready for the next start."""

    rate_while_infusing: bool = True
    """Whether INF_RATE is taken while infusing; it then acts at once."""

    more_decimals: Literal["refused", "cut"] = "refused"
    """A rate with more than two decimals, a volume with more than three."""

    volume_rounding: Literal["down", "nearest"] = "down"
    """How the volume infused comes to three decimals."""

    volume_survives_power: bool = True
    settings_survive_power: bool = True
    """Whether volume infused, and rate and VTBI, are still there after the power came back."""

    stop_needs_permission: bool = True
    """Whether INF_STOP is refused without REMOTE_CTRL."""

    config_permission_needed: bool = False
    """Whether rate and VTBI need REMOTE_CFG beside REMOTE_CTRL; some clients send both."""

    permission_lapses_after_s: int = figure(0, 2, 10)
    """How long REMOTE_CTRL lasts without being given again; 0 = until taken back. One client repeats it each second."""

    key_ends_permission: bool = False
    """Whether a key at the pump takes remote control back."""

    traffic_is: Literal["frame", "byte"] = "frame"
    """What restarts the 15 s of the watchdog: a frame with a good CRC, or any byte."""

    occlusion_mmhg: int = figure(500, 300, 900)
    near_end_min: int = figure(5, 1, 15)
    """A site sets both at the pump."""

    reply_ms: int = figure(20, 0, 450)
    """How long an answer takes. The pump itself says that it may be 4000 ms; a client waits 500."""

    slow_every: int = figure(0, 5)
    """Every so many answers, one takes the 4000 ms; 0 = none does."""

    @staticmethod
    def drawn(rng: random.Random) -> AlarisOptions:
        return readings.drawn(AlarisOptions, rng)
