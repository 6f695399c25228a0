"""What the New Era manuals leave open, as options.

The pages that could be read do not settle everything. Each open point is a field here, so that nobody
mistakes a guess for a fact: a driver must live with every value of every field. `drawn` picks them by
lot, so that a run of seeded tests meets pumps that differ wherever the manual allows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pumpd_sim import readings
from pumpd_sim.readings import figure

if TYPE_CHECKING:
    import random

RefusalWay = Literal["silence", "?COM"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEraOptions:
    """One reading of the manual. The comment at each field says what is open."""

    model: str = "NE1000V3.923"
    """Answer to VER: `NE<model>[X[n]]V<major>.<minor>`."""

    saf_limit: int = figure(255, 99, 999)
    """Longest timeout SAF takes, in seconds; one to three digits are documented, the limit is not."""

    bad_crc_in_safe: RefusalWay = "?COM"
    """What a Safe-mode pump says to a packet with a wrong CRC that seems to bear its address."""

    bad_crc_in_basic: RefusalWay = "silence"
    """The same in Basic mode, which takes both framings."""

    safe_rejects_basic: RefusalWay = "silence"
    """What a Safe-mode pump says to a plain Basic command (which it does not obey)."""

    saf_in_basic_framing_answered: Literal["basic", "safe"] = "basic"
    """Framing of the reply when SAF n > 0 itself came in Basic framing."""

    foreign_packet_feeds_watchdog: bool = False
    """Whether a valid packet for another address restarts the communication timer."""

    saf_alarm_reply_framing: Literal["asked", "current"] = "asked"
    """Framing of an alarm reply that takes the place of the reply to SAF: as SAF asked (one independent
    client relies on it), or as the pump's mode still is."""

    stp_when_stopped: Literal["accepted", "?NA"] = "accepted"
    """Whether STP is refused when there is nothing to stop."""

    vol_while_pumping: Literal["refused", "stored"] = "refused"
    """One model refuses VOL while pumping; `stored` takes it and it acts at once."""

    paused_is_operating: bool = False
    """Whether DIA, CLD, PHN and FUN are refused with ?NA in pause too, not only while pumping."""

    program_edits_while_pumping: Literal["refused", "stored"] = "refused"
    """FUN settings while the program operates; refusal is inferred (PHN is always refused then)."""

    run_starts_at: Literal["selected_phase", "phase_1"] = "selected_phase"
    """Where RUN starts from a stopped program: at the phase that PHN selected, or always at 1."""

    rat_query_while_pumping: Literal["live", "stored"] = "live"
    """Which rate a query answers after the rate was changed while pumping."""

    phase_2_from_the_factory: Literal["STP", "RAT"] = "STP"
    """What phase 2 holds before anybody programs it; RAT with VOL 0 pumps on for ever."""

    too_many_digits: Literal["?", "?OOR"] = "?OOR"
    """The answer to a number with more than four digits or three decimals."""

    dis_rounding: Literal["down", "nearest"] = "down"
    """How the dispensed totals are cut to four digits."""

    dis_beyond_9999: Literal["rolls_over", "holds"] = "rolls_over"
    """What the totals do beyond four digits."""

    dis_survives_reset: bool = False
    """Whether the dispensed totals are still there after the power came back."""

    dis_cleared_by_dia: bool = False
    """Whether setting the diameter clears the dispensed totals."""

    purge_counts: bool = True
    """Whether what is purged is counted as dispensed."""

    stall_leaves: Literal["stopped", "paused"] = "stopped"
    """Whether a stall resets the program or leaves it paused (RUN then resumes)."""

    stall_detected_after_ms: int = figure(500, 50, 3_000)
    """How long the motor misses steps before the alarm."""

    stop_key_when_locked: bool = False
    """Whether the stop key still works under the keypad lock (LOC 1)."""

    ign_window_ms: int = figure(1, 0, 100)
    """How long after the program went to its next phase a setting is answered ?IGN; 0 is never."""

    dia_min_um: int = 100
    dia_max_um: int = 50_000
    """The real limits depend on the model."""

    reply_delay_ms: int = figure(0, 40)
    """How long the pump thinks before it answers."""

    @staticmethod
    def drawn(rng: random.Random) -> NewEraOptions:
        """Every open yes-or-no and either-or point by lot; figures keep their defaults."""
        return readings.drawn(NewEraOptions, rng)
