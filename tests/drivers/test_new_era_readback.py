"""What a rate query of a running New Era proves: the manual leaves open if it tells the live or the stored rate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pumpd_drivers.new_era import DRIVER

from pumpd.driver_api import NoReply, Procedure, PumpProcedures, Remaining, Report, WireError

Script = list[tuple[str, str]]
Play = Callable[[Procedure[Any], Script], Any]

REMAINING = Remaining(rate_ul_per_h=12_340, volume_nl=48_000_000, lease_s=15, syringe_diameter_um=26_590)
PREPARE: Script = [
    *[("", "S"), ("SAF15", "S"), ("DIA26.59", "S"), ("PHN2", "S"), ("PHN", "S2"), ("FUNSTP", "S"), ("FUN", "SSTP")],
    *[("PHN1", "S"), ("PHN", "S1"), ("FUNRAT", "S"), ("RAT12.34MH", "S"), ("VOLML", "S"), ("VOL48.00", "S")],
    *[("DIRINF", "S"), ("PF0", "S"), ("AL1", "S"), ("TRGSP", "S"), ("LOC0", "S"), ("CLDINF", "S"), ("CLDWDR", "S")],
    *[("DIA", "S26.59"), ("FUN", "SRAT"), ("RAT", "S12.34MH"), ("VOL", "S48.00ML"), ("DIR", "SINF"), ("PF", "S0")],
    *[("AL", "S1"), ("TRG", "SSP"), ("LOC", "S0"), ("SAF", "S15"), ("PHN", "S1"), ("DIS", "SI0.000W0.000ML")],
]


def look(rate: str) -> Script:
    return [("RAT", f"I{rate}MH"), ("VOL", "I48.00ML"), ("DIS", "II0.125W0.000ML")]


def change(to: str, *, before: str, after: str) -> Script:
    return [("RAT", f"I{before}MH"), (f"RAT{to}", "I"), *look(after)]


def told(report: Report) -> tuple[int | None, bool]:
    return report.rate_ul_per_h, report.rate_may_be_stored


@pytest.fixture
def prepared(play: Play) -> PumpProcedures:
    one = DRIVER.pump(address=0, options={})
    play(one.prepare(REMAINING), PREPARE)
    return one


def test_after_a_prepare_the_read_back_is_what_runs(prepared: PumpProcedures, play: Play) -> None:
    assert told(play(prepared.observe(), look("12.34"))) == (12_340, False)


def test_a_read_back_that_follows_a_change_is_live(prepared: PumpProcedures, play: Play) -> None:
    assert told(play(prepared.change_rate(5_000), change("5.000", before="12.34", after="5.000"))) == (5_000, False)
    assert told(play(prepared.observe(), look("5.000"))) == (5_000, False)


def test_once_live_a_return_to_the_prepared_rate_is_believed(prepared: PumpProcedures, play: Play) -> None:
    play(prepared.change_rate(5_000), change("5.000", before="12.34", after="5.000"))
    back = play(prepared.change_rate(12_340), change("12.34", before="5.000", after="12.34"))
    assert told(back) == (12_340, False)


def test_once_live_a_read_back_that_stays_is_an_error(prepared: PumpProcedures, play: Play) -> None:
    play(prepared.change_rate(5_000), change("5.000", before="12.34", after="5.000"))
    with pytest.raises(WireError, match="reads back 5000"):
        play(prepared.change_rate(4_000), change("4.000", before="5.000", after="5.000"))


def test_a_stored_read_back_is_never_told_as_what_runs(prepared: PumpProcedures, play: Play) -> None:
    assert told(play(prepared.change_rate(5_000), change("5.000", before="12.34", after="12.34"))) == (12_340, True)
    assert told(play(prepared.observe(), look("12.34"))) == (12_340, True)
    # back to the rate that it told all the time: what it tells now proves nothing either
    assert told(play(prepared.change_rate(12_340), change("12.34", before="12.34", after="12.34"))) == (12_340, True)


def test_a_change_that_was_cut_leaves_the_read_back_in_doubt(prepared: PumpProcedures, play: Play) -> None:
    cut = prepared.change_rate(5_000)
    with pytest.raises(NoReply):
        play(_silent_after(cut, 2), [("RAT", "I12.34MH"), ("RAT5.000", "I")])
    assert told(play(prepared.observe(), look("12.34"))) == (12_340, True)


def _silent_after(procedure: Procedure[Any], replies: int) -> Procedure[Any]:
    """The same procedure, but after so many replies nothing answers."""
    request = next(procedure)
    for _ in range(replies):
        request = procedure.send((yield request))
    procedure.throw(NoReply("silence"))


def test_a_prepare_forgets_what_was_learned_as_soon_as_it_begins(prepared: PumpProcedures, play: Play) -> None:
    play(prepared.change_rate(5_000), change("5.000", before="12.34", after="5.000"))
    prepare = prepared.prepare(REMAINING)
    next(prepare)
    prepare.close()
    assert told(play(prepared.observe(), look("5.000"))) == (5_000, True)


def test_a_completed_prepare_makes_the_read_back_good_again(prepared: PumpProcedures, play: Play) -> None:
    play(prepared.change_rate(5_000), change("5.000", before="12.34", after="12.34"))
    play(prepared.prepare(REMAINING), PREPARE)
    assert told(play(prepared.observe(), look("12.34"))) == (12_340, False)


def test_a_new_run_of_the_daemon_does_not_know_what_the_read_back_tells(play: Play) -> None:
    one = DRIVER.pump(address=0, options={})
    assert told(play(one.observe(), look("12.34"))) == (12_340, True)
    assert told(play(one.change_rate(5_000), change("5.000", before="12.34", after="5.000"))) == (5_000, False)
