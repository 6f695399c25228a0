"""What is open about the ISCO pumps, as options: a driver must live with every value of every field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pumpd_sim.readings import figure


@dataclass(frozen=True, slots=True, kw_only=True)
class IscoOptions:
    """One reading of the manual and of the recorded traffic."""

    run_together: Literal["misread", "answered"] = "misread"
    """Requests that come in one TCP piece: a recorded pump answered with units and exceptions that fit none of them."""

    disturbed_after_requests: int = figure(0, 60)
    """After so many requests the pump falls silent once, and then misreads what has gathered; 0 is never."""

    disturbed_for_s: int = 120
    """How long it is silent then: about two minutes in the record."""

    split_after_bytes: int = figure(0, 96)
    """A TCP reply longer than this comes in two pieces, as one recorded reply did (96 and 113 bytes); 0 is whole."""

    run_refused_with: Literal["exception", "nothing"] = "exception"
    """A start that cannot be: exception 4, or an echo and no start."""

    control_needs_remote: bool = False
    """Whether run is obeyed only while the pump is switched to remote (coil 47)."""

    unit_change: Literal["keeps_flow", "keeps_number"] = "keeps_flow"
    """Whether choosing another flow unit converts the flow set point, or leaves its number and so changes the flow."""

    flow_beyond_limit: Literal["exception", "clamped"] = "exception"
    """A flow set point above the pump's highest."""

    reset_volume_coil_reads: bool = False
    """Whether coil 82 reads back as 1."""

    dispensed_rounding_nl: int = figure(1, 10_000)
    """The step in which the volumes are shown."""

    pump_type: int = 1_000
    software_version: str = "2.5"
    reply_delay_ms: int = figure(10, 0, 100)
