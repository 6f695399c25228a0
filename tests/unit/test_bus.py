"""The bus against scripted pumps on a virtual loop: who gets the wire, and what the bed is told.

The toy protocol here (one line a frame) belongs to no manual, so that the bus is held to its own rules and not
to a driver's. Each pump keeps what it heard with the time, and that list is what the tests judge: what the bus
believes is not evidence.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpd.bus import PREEMPT_LIMIT_MS, QUEUE_LIMIT, STOPS_LIMIT
from pumpd.bus_port import BACKOFF_MOST_S
from pumpd.bus_procedure import DETAIL_CHARS, EXCHANGES_LIMIT
from pumpd.core.effects import (
    Acknowledge,
    Identify,
    Observe,
    Prepare,
    PumpEffect,
    Stop,
)
from pumpd.core.events import (
    AlarmSeen,
    BusEvent,
    CommandEnded,
    Done,
    LinkReported,
    LinkState,
    LinkWhy,
    Overtaken,
    PumpReported,
    PumpSilent,
    Refused,
    Unknown,
)
from pumpd.core.pump import (
    Drive,
    PumpAlarm,
    Report,
)
from pumpd.driver_api import (
    NoReply,
    Procedure,
    Reply,
    WireRequest,
)
from pumpd.testing.toy_bus import INFO, QUIET_MS, REMAINING, REPLY_LIMIT_MS, REPLY_S, Rig, play, rate, start
from pumpd.testing.virtual import VirtualClock, run_virtual

# --- stop first -----------------------------------------------------------------------------------------


@pytest.mark.requirement("CMD-06")
def test_stop_cuts_another_pumps_silent_exchange_after_preempt_after_ms_and_a_quiet_wire() -> None:
    async def story(rig: Rig) -> None:
        rig.pumps["p1"].mute = {"RATE?"}
        rig.bus.submit(Observe(slot="p1"))
        await rig.hears("p1", "RATE?")
        asked_s = rig.now()
        rig.bus.submit(Stop(slot="p2", command_id=7))
        assert await rig.hears("p2", "STP") - asked_s == pytest.approx((200 + QUIET_MS) / 1000, abs=0.002)
        await rig.until(rig.ended(7))
        (silent,) = rig.of(PumpSilent)
        assert silent.slot == "p1"
        assert "cut short by a stop" in silent.detail
        assert isinstance(rig.outcome(7), Done)
        assert rig.bus.counts.cut == 1

    play(story, pumps=2)


def test_stop_follows_an_answered_exchange_at_once_and_cuts_nothing() -> None:
    async def story(rig: Rig) -> None:
        rig.bus.submit(Observe(slot="p1"))
        began_s = await rig.hears("p1", "RATE?")
        rig.bus.submit(Stop(slot="p2", command_id=7))
        assert await rig.hears("p2", "STP") - began_s == pytest.approx(REPLY_S, abs=0.002)
        await rig.until(lambda: bool(rig.of(PumpReported)))
        assert rig.bus.counts.cut == 0

    play(story, pumps=2)


@pytest.mark.requirement("CMD-06")
def test_no_pump_can_make_a_stop_wait_longer_than_the_limit() -> None:
    async def story(rig: Rig) -> None:
        slow = replace(INFO, preempt_after_ms=900)
        rig.bus._places["p1"].station = replace(rig.bus._places["p1"].station, info=slow)
        rig.pumps["p1"].mute = {"RATE?"}
        rig.bus.submit(Observe(slot="p1"))
        await rig.hears("p1", "RATE?")
        asked_s = rig.now()
        rig.bus.submit(Stop(slot="p2", command_id=7))
        assert await rig.hears("p2", "STP") - asked_s <= (PREEMPT_LIMIT_MS + QUIET_MS) / 1000 + 0.002

    play(story, pumps=2)


def test_stop_of_an_idle_bus_leaves_in_the_same_instant() -> None:
    async def story(rig: Rig) -> None:
        await asyncio.sleep(3.3)
        asked_s = rig.now()
        rig.bus.submit(Stop(slot="p1", command_id=1))
        await rig.until(rig.ended(1))
        assert rig.pumps["p1"].heard[0] == (asked_s, "STP")

    play(story)


@pytest.mark.requirement("CMD-06")
def test_stop_takes_queued_commands_out_and_says_so() -> None:
    async def story(rig: Rig) -> None:
        rig.bus.submit(Observe(slot="p1"))
        await rig.hears("p1", "RATE?")
        rig.bus.submit(Prepare(slot="p1", command_id=1, remaining=REMAINING))
        rig.bus.submit(start(command_id=2))
        rig.bus.submit(rate(command_id=3))
        rig.bus.submit(Acknowledge(slot="p1", command_id=4))
        rig.bus.submit(Stop(slot="p1", command_id=5))
        await rig.until(rig.ended(5))
        assert [rig.outcome(number) for number in (1, 2, 3, 4)] == [Overtaken()] * 4
        assert rig.pumps["p1"].words() == ["RATE?", "STP", "RATE?", "STATE?"]

    play(story)


def test_withdraw_names_what_it_took_and_leaves_the_looks() -> None:
    async def story(rig: Rig) -> None:
        rig.bus.submit(start(command_id=2))
        rig.bus.submit(Observe(slot="p1"))
        rig.bus.submit(rate(command_id=3))
        rig.bus.submit(start("p2", command_id=4))
        assert rig.bus.withdraw("p1") == (2, 3)
        assert rig.bus.withdraw("p1") == ()
        await rig.until(lambda: rig.ended(4)() and bool(rig.of(PumpReported)))
        assert isinstance(rig.outcome(4), Done)
        assert "RUN" not in rig.pumps["p1"].words()

    play(story, pumps=2)


def test_start_submitted_while_a_stop_is_under_way_is_overtaken() -> None:
    async def story(rig: Rig) -> None:
        rig.bus.submit(Stop(slot="p1", command_id=1))
        rig.bus.submit(start(command_id=2))
        await rig.hears("p1", "STP")
        rig.bus.submit(rate(command_id=3))
        await rig.until(rig.ended(1, 2, 3))
        assert rig.outcome(2) == rig.outcome(3) == Overtaken()
        rig.bus.submit(start(command_id=4))
        await rig.until(rig.ended(4))
        assert isinstance(rig.outcome(4), Done)

    play(story)


@pytest.mark.requirement("G12")
def test_start_closed_by_a_stop_is_unknown_when_run_had_left_and_refused_when_nothing_had() -> None:
    async def story(rig: Rig) -> None:
        rig.bus.submit(start(command_id=1))
        await rig.hears("p1", "RUN")
        rig.bus.submit(Stop(slot="p1", command_id=2))
        await rig.until(rig.ended(1, 2))
        assert isinstance(rig.outcome(1), Unknown)
        rig.bus.submit(rate(command_id=3))
        await rig.hears("p1", "STATE?", 2)
        rig.bus.submit(Stop(slot="p1", command_id=4))
        await rig.until(rig.ended(3, 4))
        assert isinstance(rig.outcome(3), Refused)
        assert "RAT" not in rig.pumps["p1"].words()

    play(story)


def test_all_stops_leave_before_any_other_exchange() -> None:
    async def story(rig: Rig) -> None:
        for slot in rig.pumps:
            rig.bus.submit(Observe(slot=slot))
        for number, slot in enumerate(rig.pumps):
            rig.bus.submit(Stop(slot=slot, command_id=number))
        await rig.until(rig.ended(0, 1, 2, 3))
        heard = sorted((at, word) for pump in rig.pumps.values() for at, word in pump.heard)
        assert [word for _, word in heard[:4]] == ["STP"] * 4

    play(story, pumps=4)


def test_stops_that_wait_together_are_answered_by_one_attempt_and_a_later_one_by_its_own() -> None:
    async def story(rig: Rig) -> None:
        rig.bus.submit(Stop(slot="p1", command_id=1))
        rig.bus.submit(Stop(slot="p1", command_id=2))
        await rig.hears("p1", "STP")
        rig.bus.submit(Stop(slot="p1", command_id=3))
        await rig.until(rig.ended(1, 2, 3))
        assert rig.pumps["p1"].words().count("STP") == 2
        assert all(isinstance(rig.outcome(number), Done) for number in (1, 2, 3))

    play(story)


def test_mute_pump_that_is_stopped_for_ever_leaves_each_neighbour_an_exchange_after_each_attempt() -> None:
    async def story(rig: Rig) -> None:
        rig.pumps["p1"].mute = {"STP"}
        rig.pumps["p3"].delay_s = {"RATE?": 0.9}  # slower than a stop's patience, within its own limit

        def again(request: BusEvent) -> None:
            match request:
                case CommandEnded(slot="p1", command_id=number):
                    rig.bus.submit(Stop(slot="p1", command_id=number + 1))
                case PumpReported(slot=slot) | PumpSilent(slot=slot):
                    rig.bus.submit(Observe(slot=slot))
                case _:
                    pass

        rig.on_told = again
        for slot in ("p2", "p3"):
            rig.bus.submit(Observe(slot=slot))
        rig.bus.submit(Stop(slot="p1", command_id=1))
        await asyncio.sleep(60)
        heard = sorted((at, slot) for slot, pump in rig.pumps.items() for at, _ in pump.heard)
        order = [slot for _, slot in heard]
        attempts = [index for index, slot in enumerate(order) if slot == "p1"]
        assert len(attempts) > 15
        rounds = [order[one + 1 : two] for one, two in pairwise(attempts[1:])]
        assert all(sorted(turns) == ["p2", "p3"] for turns in rounds), rounds
        assert {report.slot for report in rig.of(PumpReported)} == {"p2", "p3"}

    play(story, pumps=3)


@given(
    acts=st.lists(
        st.tuples(
            st.sampled_from(["observe", "prepare", "start", "rate", "stop", "acknowledge"]),
            st.sampled_from(["p1", "p2"]),
            st.sampled_from([0, 0, 1, 15, 25, 70, 400]),
        ),
        min_size=2,
        max_size=25,
    ),
    mute=st.sets(st.sampled_from(["RATE?", "STP", "RUN", "SET"]), max_size=2),
)
@pytest.mark.requirement("CMD-06")
def test_nothing_that_drives_reaches_the_wire_after_a_stop_and_every_command_ends_once(
    acts: list[tuple[str, str, int]], mute: set[str]
) -> None:
    """Judged on the wire: after a stop was submitted, only a start submitted after that stop had ended may leave."""

    async def story(rig: Rig) -> None:
        rig.pumps["p1"].mute = mute
        open_stops: dict[str, set[int]] = {"p1": set(), "p2": set()}
        closed_s: dict[str, list[tuple[float, float]]] = {"p1": [], "p2": []}
        began_s: dict[int, float] = {}
        allowed: dict[str, list[float]] = {"p1": [], "p2": []}  # when a start was submitted with no stop open

        def on_told(request: BusEvent) -> None:
            if isinstance(request, CommandEnded) and request.command_id in began_s:
                open_stops[request.slot].discard(request.command_id)
                closed_s[request.slot].append((began_s[request.command_id], rig.now()))

        rig.on_told = on_told
        for number, (act, slot, wait_ms) in enumerate(acts):
            effects: dict[str, PumpEffect] = {
                "observe": Observe(slot=slot),
                "prepare": Prepare(slot=slot, command_id=number, remaining=REMAINING),
                "start": start(slot, number),
                "rate": rate(slot, number),
                "stop": Stop(slot=slot, command_id=number),
                "acknowledge": Acknowledge(slot=slot, command_id=number),
            }
            if act == "stop":
                began_s[number] = rig.now()
                open_stops[slot].add(number)
            elif act in ("start", "rate") and not open_stops[slot]:
                allowed[slot].append(rig.now())
            rig.bus.submit(effects[act])
            await asyncio.sleep(wait_ms / 1000)
        commands = {number for number, (act, _, _) in enumerate(acts) if act != "observe"}
        await rig.until(rig.ended(*commands))
        assert sorted(ended.command_id for ended in rig.of(CommandEnded)) == sorted(commands)
        for slot, pump in rig.pumps.items():
            drives = [at for at, word in pump.heard if word in ("RUN", "RAT")]
            inside = [at for at in drives for one, two in closed_s[slot] if one < at < two]
            assert inside == [], "a start or a rate between a stop's request and its end"
            assert len(drives) <= len(allowed[slot])

    play(story, pumps=2)


def test_attempt_at_a_stop_runs_to_its_end_before_others_have_their_turn() -> None:
    async def story(rig: Rig) -> None:
        rig.bus.submit(Observe(slot="p2"))
        rig.bus.submit(Stop(slot="p1", command_id=1))
        await rig.until(lambda: rig.ended(1)() and bool(rig.of(PumpReported)))
        assert rig.pumps["p1"].words() == ["STP", "RATE?", "STATE?"]
        assert rig.pumps["p1"].heard[-1][0] < rig.pumps["p2"].heard[0][0]

    play(story, pumps=2)


def test_repeated_stop_cuts_nobody_and_goes_before_its_pumps_other_work() -> None:
    async def story(rig: Rig) -> None:
        rig.pumps["p1"].mute = {"STP"}
        rig.pumps["p2"].delay_s = {"RATE?": 0.9}
        rig.bus.submit(Stop(slot="p1", command_id=1))
        await rig.until(rig.ended(1))
        rig.bus.submit(Observe(slot="p2"))
        rig.bus.submit(Observe(slot="p1"))
        await rig.hears("p2", "RATE?")
        rig.bus.submit(Stop(slot="p1", command_id=2))
        await rig.until(rig.ended(2))
        assert rig.bus.counts.cut == 0
        assert rig.pumps["p1"].words()[:2] == ["STP", "STP"]
        await rig.until(lambda: {seen.slot for seen in rig.of(PumpReported)} == {"p1", "p2"})

    play(story, pumps=2)


def test_driver_that_repeats_an_unanswered_stop_gives_its_turn_away_after_each_silence() -> None:
    async def story(rig: Rig) -> None:
        def stubborn() -> Procedure[Report]:
            for _ in range(3):
                with suppress(NoReply):
                    yield from rig.pumps["p1"].ask("STP")
            return (yield from rig.pumps["p1"].look())

        rig.pumps["p1"].stop = stubborn  # type: ignore[method-assign]
        rig.pumps["p1"].mute = {"STP"}
        rig.bus.submit(Observe(slot="p2"))
        rig.bus.submit(Stop(slot="p1", command_id=1))
        await rig.until(rig.ended(1))
        heard = sorted((at, word) for pump in rig.pumps.values() for at, word in pump.heard)
        assert [word for _, word in heard[:5]] == ["STP", "RATE?", "STP", "STATE?", "STP"]

    play(story, pumps=2)


# --- turns ----------------------------------------------------------------------------------------------


def test_silent_pump_of_four_costs_the_others_one_reply_limit_a_round() -> None:
    async def story(rig: Rig) -> None:
        rig.pumps["p1"].mute = {"RATE?"}

        def again(request: BusEvent) -> None:
            if isinstance(request, PumpReported | PumpSilent):
                rig.bus.submit(Observe(slot=request.slot))

        rig.on_told = again
        for slot in rig.pumps:
            rig.bus.submit(Observe(slot=slot))
        await asyncio.sleep(60)
        for slot in ("p2", "p3", "p4"):
            at = [when for when, word in rig.pumps[slot].heard]
            gaps = [two - one for one, two in pairwise(at)]
            assert max(gaps) <= (REPLY_LIMIT_MS + QUIET_MS) / 1000 + 4 * REPLY_S
            assert len(at) > 50

    play(story, pumps=4)


def test_between_two_exchanges_of_a_long_prepare_another_pump_has_its_turn() -> None:
    async def story(rig: Rig) -> None:
        rig.bus.submit(Prepare(slot="p1", command_id=1, remaining=REMAINING))
        rig.bus.submit(Observe(slot="p2"))
        await rig.until(rig.ended(1))
        prepared_s = rig.pumps["p1"].heard
        assert prepared_s[0][0] < rig.pumps["p2"].heard[0][0] < prepared_s[1][0]

    play(story, pumps=2)


@pytest.mark.requirement("LEASE-04")
def test_bus_sends_nothing_by_itself() -> None:
    async def story(rig: Rig) -> None:
        await asyncio.sleep(3600)
        assert rig.pumps["p1"].heard == []
        assert rig.bus.counts.exchanges == 1  # the identification

    play(story)


def test_bus_proves_life_at_least_once_a_second_idle_waiting_and_down() -> None:
    async def story(rig: Rig) -> None:
        await asyncio.sleep(5)
        rig.pumps["p1"].mute = {"RATE?"}
        rig.pumps["p1"].limit_ms = 4000
        rig.bus.submit(Observe(slot="p1"))
        await asyncio.sleep(5)
        rig.refuse_open = True
        rig.link.hang_up()
        await asyncio.sleep(10)

    rig = play(story)
    gaps = [two - one for one, two in pairwise(rig.beats)]
    assert max(gaps) <= 1.0
    assert rig.beats[-1] > 19


def test_full_queue_answers_instead_of_growing() -> None:
    async def story(rig: Rig) -> None:
        for _ in range(QUEUE_LIMIT):
            rig.bus.submit(Observe(slot="p1"))
        rig.bus.submit(start(command_id=1))
        rig.bus.submit(Observe(slot="p1"))
        assert isinstance(rig.outcome(1), Refused)
        assert len(rig.of(PumpSilent)) == 1
        for number in range(STOPS_LIMIT + 1):
            rig.bus.submit(Stop(slot="p1", command_id=100 + number))
        assert isinstance(rig.outcome(100 + STOPS_LIMIT), Unknown)
        await rig.until(rig.ended(100))
        assert isinstance(rig.outcome(100), Done)

    play(story)


# --- frames ---------------------------------------------------------------------------------------------


@pytest.mark.requirement("CMD-07")
@pytest.mark.requirement("G02")
def test_late_reply_is_not_taken_for_the_answer_to_the_next_question() -> None:
    async def story(rig: Rig) -> None:
        pump = rig.pumps["p1"]
        pump.says = {"STATE?": ["1:STATE? run", "1:STATE? still"]}
        pump.delay_s = {"STATE?": REPLY_LIMIT_MS / 1000 + 0.03}  # too late, within the quiet time
        rig.bus.submit(Observe(slot="p1"))
        await rig.until(lambda: bool(rig.of(PumpSilent)))
        pump.delay_s = {}
        rig.bus.submit(Observe(slot="p1"))
        await rig.until(lambda: bool(rig.of(PumpReported)))
        assert rig.of(PumpReported)[0].report.drive is Drive.STILL
        assert rig.bus.counts.late == 1
        assert rig.bus.counts.no_replies == 1

    play(story)


def test_a_protocol_that_parts_frames_by_silence_has_its_gap_after_each_reply() -> None:
    async def story(rig: Rig) -> None:
        rig.pumps["p1"].gap_ms = 5
        rig.bus.submit(Observe(slot="p1"))
        await rig.until(lambda: bool(rig.of(PumpReported)))

    (first, _), (second, _) = play(story).pumps["p1"].heard[-2:]
    assert second - first >= REPLY_S + 0.005


def test_after_a_silence_nothing_is_sent_until_the_wire_was_quiet() -> None:
    async def story(rig: Rig) -> None:
        rig.pumps["p1"].mute = {"RATE?"}
        rig.bus.submit(Observe(slot="p1"))
        began_s = await rig.hears("p1", "RATE?")
        rig.bus.submit(Observe(slot="p2"))
        next_s = await rig.hears("p2", "RATE?")
        assert next_s - began_s == pytest.approx((REPLY_LIMIT_MS + QUIET_MS) / 1000, abs=0.002)

    play(story, pumps=2)


def test_babbling_wire_holds_up_a_stop_for_a_bounded_time_only() -> None:
    async def babble(rig: Rig) -> None:
        while True:
            rig.link.put("9")
            await asyncio.sleep(0.005)

    async def story(rig: Rig) -> None:
        rig.pumps["p1"].mute = {"RATE?"}
        babbler = asyncio.create_task(babble(rig))
        rig.bus.submit(Observe(slot="p1"))
        await rig.hears("p1", "RATE?")
        asked_s = rig.now()
        rig.bus.submit(Stop(slot="p2", command_id=1))
        assert await rig.hears("p2", "STP") - asked_s <= (200 + 2 * QUIET_MS) / 1000 + 0.002
        babbler.cancel()

    play(story, pumps=2)


@pytest.mark.requirement("CMD-07")
def test_frames_of_strangers_and_noise_are_counted_and_dropped() -> None:
    async def story(rig: Rig) -> None:
        rig.pumps["p1"].says = {"RATE?": ["77:RATE? run|noise|2:RATE? run|1:STATE? run|1:RATE? still"]}
        rig.link.put("78:STATE? run\n79:ALARM\n")
        rig.bus.submit(Observe(slot="p1"))
        await rig.until(lambda: bool(rig.of(PumpReported)))
        counts = rig.bus.counts
        assert (counts.foreign, counts.garbled, counts.late) == (3, 1, 2)
        assert rig.of(PumpReported)[0].report.drive is Drive.STILL
        assert rig.of(AlarmSeen) == []

    play(story, pumps=2)


def test_half_a_frame_from_an_idle_hour_does_not_swallow_the_next_reply() -> None:
    async def story(rig: Rig) -> None:
        rig.link.put("1:RA")
        await asyncio.sleep(1)
        rig.bus.submit(Observe(slot="p1"))
        await rig.until(lambda: bool(rig.of(PumpReported) or rig.of(PumpSilent)))
        assert rig.of(PumpSilent) == []

    play(story)


def test_alarms_of_others_and_of_an_idle_bus_are_news() -> None:
    async def story(rig: Rig) -> None:
        rig.link.put("2:ALARM\n")
        await rig.until(lambda: bool(rig.of(AlarmSeen)))
        rig.pumps["p1"].says = {"RATE?": ["2:ALARM|1:RATE? still"]}
        rig.bus.submit(Observe(slot="p1"))
        await rig.until(lambda: bool(rig.of(PumpReported)))
        assert [(seen.slot, seen.alarm) for seen in rig.of(AlarmSeen)] == [("p2", PumpAlarm.STALL)] * 2

    play(story, pumps=2)


def test_alarm_before_the_real_reply_is_news_and_the_command_is_done() -> None:
    async def story(rig: Rig) -> None:
        rig.pumps["p1"].says = {"RUN": ["1:ALARM|1:RUN run"]}
        rig.bus.submit(start())
        await rig.until(rig.ended(1))
        assert isinstance(rig.outcome(1), Done)
        assert len(rig.of(AlarmSeen)) == 1

    play(story)


def test_alarm_in_place_of_a_reply_costs_one_quiet_time() -> None:
    async def story(rig: Rig) -> None:
        rig.pumps["p1"].says = {"RUN": ["1:ALARM|1:ALARM"]}
        rig.bus.submit(start())
        began_s = await rig.hears("p1", "RUN")
        rig.bus.submit(Observe(slot="p1"))
        assert await rig.hears("p1", "RATE?") - began_s == pytest.approx(REPLY_S + QUIET_MS / 1000, abs=0.002)

    play(story)


# --- outcomes (wall 4) ----------------------------------------------------------------------------------

PREPARE = Prepare(slot="p1", command_id=1, remaining=REMAINING)
STOP = Stop(slot="p1", command_id=1)
NO, NONSENSE, ALARM = "1:{} no", "1:{} nonsense", "1:ALARM"


@pytest.mark.parametrize(
    ("effect", "word", "answer", "expected"),
    [
        # before anything that changes the pump had left
        (rate(), "STATE?", NO, Refused),
        (rate(), "STATE?", NONSENSE, Refused),
        (rate(), "STATE?", ALARM, Refused),
        (rate(), "STATE?", "", Refused),
        # the direct answer to what changes it
        (start(), "RUN", NO, Refused),
        (start(), "RUN", ALARM, Refused),
        (start(), "RUN", NONSENSE, Unknown),
        (start(), "RUN", "", Unknown),
        (rate(), "RAT", NO, Refused),
        # after something that changes it was accepted
        (start(), "RATE?", NO, Unknown),
        (start(), "RATE?", NONSENSE, Unknown),
        (start(), "RATE?", ALARM, Unknown),
        (start(), "RATE?", "", Unknown),
        (STOP, "RATE?", NO, Unknown),
        # a prepare moves nothing: a plain no stays a no, whatever was set before
        (PREPARE, "SET", NO, Refused),
        (PREPARE, "RATE?", NO, Refused),
        (PREPARE, "RATE?", ALARM, Refused),
        (PREPARE, "RATE?", "", Unknown),
        (PREPARE, "STATE?", "", Refused),
        # a stop is never refused by silence
        (STOP, "STP", NO, Refused),
        (STOP, "STP", "", Unknown),
    ],
)
def test_outcome_of_a_command_by_where_and_how_it_failed(
    effect: PumpEffect, word: str, answer: str, expected: type[object]
) -> None:
    async def story(rig: Rig) -> None:
        rig.pumps["p1"].says = {word: [answer.format(word) or "|"]}
        rig.bus.submit(effect)
        await rig.until(rig.ended(1))
        outcome = rig.outcome(1)
        assert isinstance(outcome, expected)
        assert isinstance(outcome, Refused | Unknown)
        assert word in outcome.detail or answer == ALARM
        if isinstance(outcome, Refused):
            assert outcome.alarm is (PumpAlarm.STALL if answer == ALARM else None)
            assert rig.of(AlarmSeen) == []
        else:
            assert [seen.alarm for seen in rig.of(AlarmSeen)] == ([PumpAlarm.STALL] if answer == ALARM else [])

    play(story)


def test_stop_that_asks_first_and_hears_nothing_is_unknown() -> None:
    async def story(rig: Rig) -> None:
        rig.pumps["p1"].stop = rig.pumps["p1"].look  # type: ignore[method-assign]
        rig.pumps["p1"].mute = {"RATE?"}
        rig.bus.submit(STOP)
        await rig.until(rig.ended(1))
        assert isinstance(rig.outcome(1), Unknown)

    play(story)


def test_no_that_comes_after_an_unanswered_change_is_unknown() -> None:
    async def story(rig: Rig) -> None:
        def patient() -> Procedure[Report]:
            with suppress(NoReply):
                yield from rig.pumps["p1"].ask("RUN")
            return (yield from rig.pumps["p1"].look())

        rig.pumps["p1"].start = patient  # type: ignore[method-assign]
        rig.pumps["p1"].says = {"RUN": ["|"], "RATE?": ["1:RATE? no"]}
        rig.bus.submit(start())
        await rig.until(rig.ended(1))
        assert isinstance(rig.outcome(1), Unknown)

    play(story)


def test_silence_that_a_driver_outlives_by_its_own_look_is_done() -> None:
    async def story(rig: Rig) -> None:
        def patient() -> Procedure[Report]:
            with suppress(NoReply):
                yield from rig.pumps["p1"].ask("RUN")
            return (yield from rig.pumps["p1"].look())

        rig.pumps["p1"].start = patient  # type: ignore[method-assign]
        rig.pumps["p1"].mute = {"RUN"}
        rig.bus.submit(start())
        await rig.until(rig.ended(1))
        outcome = rig.outcome(1)
        assert isinstance(outcome, Done)
        assert outcome.report is not None
        assert outcome.report.drive is Drive.INFUSING

    play(story)


def test_done_carries_what_was_read_back_and_when_it_was_asked() -> None:
    async def story(rig: Rig) -> None:
        rig.bus.submit(PREPARE)
        await rig.until(rig.ended(1))
        began_ns = rig.clock.now_ns()
        rig.bus.submit(start(command_id=2))
        await rig.until(rig.ended(2))
        prepared, started = rig.outcome(1), rig.outcome(2)
        assert isinstance(prepared, Done)
        assert isinstance(started, Done)
        assert prepared.granted is not None
        assert started.report is not None
        assert started.report.drive is Drive.INFUSING
        assert started.asked_at_ns == began_ns

    play(story)


@pytest.mark.requirement("CMD-05")
def test_a_leg_that_does_not_count_from_its_prepare_is_not_done() -> None:
    """Two drivers were written so: after a pause the whole first leg counted twice."""

    async def story(rig: Rig) -> None:
        rig.pumps["p1"].counter_nl = 501_799
        rig.bus.submit(PREPARE)
        await rig.until(rig.ended(1))
        outcome = rig.outcome(1)
        assert isinstance(outcome, Unknown)
        assert "infused_nl = 501799 after a prepare instead of 0" in outcome.detail

    play(story)


def test_report_is_framed_by_its_first_byte_and_its_last_reply() -> None:
    async def story(rig: Rig) -> None:
        rig.bus.submit(Observe(slot="p2"))  # goes first, so the question of p1 leaves later than it was asked
        rig.bus.submit(Observe(slot="p1"))
        await rig.until(lambda: len(rig.of(PumpReported)) == 2)
        now_s = rig.now()
        boot_ns = rig.clock.now_ns() - round(now_s * 1e9)
        for report in rig.of(PumpReported):
            heard = [at for at, _ in rig.pumps[report.slot].heard]
            assert (report.asked_at_ns - boot_ns) / 1e9 == pytest.approx(heard[0], abs=1e-6)
            assert (report.at_ns - boot_ns) / 1e9 == pytest.approx(heard[-1] + REPLY_S, abs=1e-6)

    play(story, pumps=2)


def test_unanswered_observation_says_what_was_sent_and_received_within_bounds() -> None:
    async def story(rig: Rig) -> None:
        rig.pumps["p1"].says = {"RATE?": ["x" * 500]}
        rig.bus.submit(Observe(slot="p1"))
        await rig.until(lambda: bool(rig.of(PumpSilent)))
        (silent,) = rig.of(PumpSilent)
        assert "sent RATE? (31 3a 52 41 54 45 3f 0a)" in silent.detail
        assert "received 78 78" in silent.detail
        assert len(silent.detail) <= DETAIL_CHARS

    play(story)


def test_driver_that_goes_round_in_circles_is_ended() -> None:
    async def story(rig: Rig) -> None:
        def for_ever() -> Procedure[Report]:
            while True:
                yield from rig.pumps["p1"].ask("RAT")

        rig.pumps["p1"].start = for_ever  # type: ignore[method-assign]
        rig.bus.submit(start())
        await rig.until(rig.ended(1))
        assert isinstance(rig.outcome(1), Unknown)
        assert rig.pumps["p1"].words().count("RAT") == EXCHANGES_LIMIT

    play(story)


# --- the link -------------------------------------------------------------------------------------------


def links(rig: Rig) -> list[tuple[str, LinkState]]:
    return [(report.slot, report.link) for report in rig.of(LinkReported)]


@pytest.mark.requirement("LINK-01")
def test_connected_means_identified() -> None:
    async def story(rig: Rig) -> None:
        await rig.until(lambda: bool(rig.told))
        rig.bus.submit(PREPARE)
        rig.bus.submit(start(command_id=2))
        rig.bus.submit(rate(command_id=3))
        await rig.until(rig.ended(1, 2, 3))
        assert all(isinstance(rig.outcome(number), Refused) for number in (1, 2, 3))
        assert rig.pumps["p1"].heard == []
        rig.bus.submit(Identify(slot="p1"))
        rig.bus.submit(start(command_id=4))
        await rig.until(rig.ended(4))
        assert isinstance(rig.outcome(4), Done)
        assert links(rig) == [("p1", LinkState.SILENT), ("p1", LinkState.UP)]

    play(story, identified=False)


def test_stop_goes_to_a_pump_that_nobody_has_identified() -> None:
    async def story(rig: Rig) -> None:
        rig.bus.submit(STOP)
        await rig.until(rig.ended(1))
        assert isinstance(rig.outcome(1), Done)

    play(story, identified=False)


def test_three_silences_in_a_row_lose_the_link_and_are_reported_once() -> None:
    async def story(rig: Rig) -> None:
        pump = rig.pumps["p1"]
        for mute in (True, True, False, True, True, True, True):
            pump.mute = {"RATE?"} if mute else set()
            seen = len(rig.told)
            rig.bus.submit(Observe(slot="p1"))
            await rig.until(lambda seen=seen: len(rig.told) > seen)  # type: ignore[misc]
        assert len(rig.of(PumpSilent)) == 6
        assert links(rig) == [("p1", LinkState.SILENT)]
        at = rig.told.index(rig.of(LinkReported)[0])
        assert len([silent for silent in rig.told[:at] if isinstance(silent, PumpSilent)]) == 5

    play(story)


def test_hang_up_ends_what_is_under_way_by_wall_four_and_is_reported_once() -> None:
    async def story(rig: Rig) -> None:
        rig.refuse_open = True
        rig.bus.submit(Observe(slot="p2"))
        await rig.hears("p2", "RATE?")
        rig.bus.submit(start("p1", 1))
        rig.bus.submit(rate("p3", 2))
        await rig.hears("p1", "RUN")
        rig.bus.submit(start("p1", 3))
        rig.link.hang_up()
        await rig.until(rig.ended(1, 2, 3))
        assert isinstance(rig.outcome(1), Unknown)
        assert isinstance(rig.outcome(2), Refused)
        assert isinstance(rig.outcome(3), Refused)
        assert [silent.slot for silent in rig.of(PumpSilent)] == ["p2"]
        await asyncio.sleep(30)
        assert [(told.slot, told.why) for told in rig.of(LinkReported)] == [
            (slot, why) for why in (LinkWhy.HUNG_UP, LinkWhy.ABSENT) for slot in rig.pumps
        ]
        assert {link for _, link in links(rig)} == {LinkState.DOWN}

    play(story, pumps=3)


@pytest.mark.requirement("LINK-05")
def test_port_is_tried_for_ever_with_a_back_off_that_neither_hammers_nor_sleeps_through() -> None:
    async def story(rig: Rig) -> None:
        await asyncio.sleep(3600)
        gaps = [two - one for one, two in pairwise(rig.opened_at)]
        assert gaps[:6] == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 2.0], abs=0.01)
        assert max(gaps) <= BACKOFF_MOST_S + 0.01
        assert min(gaps[6:]) >= BACKOFF_MOST_S - 0.01
        asked_s = rig.now()
        rig.bus.reconnect_now()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert rig.opened_at[-1] == asked_s
        rig.refuse_open = False
        await rig.until(lambda: links(rig)[-1] == ("p1", LinkState.SILENT))
        assert links(rig) == [("p1", LinkState.DOWN), ("p1", LinkState.SILENT)]

    play(story, identified=False, refuse_open=True)


@pytest.mark.requirement("LINK-05")
def test_port_that_opens_and_hangs_up_at_once_is_not_hammered() -> None:
    async def story(rig: Rig) -> None:
        for _ in range(8):
            opened = len(rig.opened_at)
            await rig.until(lambda opened=opened: len(rig.opened_at) > opened)  # type: ignore[misc]
            rig.link.hang_up()
        assert rig.opened_at[-1] - rig.opened_at[-2] == pytest.approx(BACKOFF_MOST_S, abs=0.01)

    play(story, identified=False)


def test_while_the_port_is_down_everything_ends_and_a_bed_that_repeats_at_once_does_not_spin() -> None:
    async def story(rig: Rig) -> None:
        rig.refuse_open = True
        rig.link.hang_up()
        await rig.until(lambda: bool(rig.of(LinkReported)))

        def again(request: BusEvent) -> None:
            match request:
                case CommandEnded(command_id=number) if number >= 100:
                    rig.bus.submit(Stop(slot="p1", command_id=number + 1))
                case PumpSilent():
                    rig.bus.submit(Observe(slot="p1"))
                case _:
                    pass

        rig.on_told = again
        rig.bus.submit(Observe(slot="p1"))
        rig.bus.submit(Stop(slot="p1", command_id=100))
        await asyncio.sleep(1)
        rig.bus.submit(Acknowledge(slot="p1", command_id=1))
        await asyncio.sleep(1)
        assert isinstance(rig.outcome(1), Refused)
        assert isinstance(rig.outcome(100), Unknown)
        assert 10 <= len(rig.of(PumpSilent)) <= 22
        assert 10 <= len(rig.opened_at) <= 22  # while a stop is wanted the port is tried at the shortest interval

    play(story)


def test_start_asked_for_while_the_port_was_down_never_reaches_the_pump() -> None:
    async def story(rig: Rig) -> None:
        rig.refuse_open = True
        rig.link.hang_up()
        await rig.until(lambda: bool(rig.of(LinkReported)))
        rig.bus.submit(start(command_id=1))
        rig.refuse_open = False
        rig.bus.reconnect_now()
        await rig.until(rig.ended(1))
        await asyncio.sleep(10)
        assert isinstance(rig.outcome(1), Refused)
        assert rig.pumps["p1"].heard == []

    play(story)


def test_port_that_takes_no_bytes_is_closed_and_opened_again() -> None:
    async def story(rig: Rig) -> None:
        rig.stuck = True
        rig.bus.submit(start())
        await rig.until(rig.ended(1))
        assert isinstance(rig.outcome(1), Unknown)
        rig.stuck = False
        await rig.until(lambda: links(rig)[-1] == ("p1", LinkState.SILENT))
        assert rig.pumps["p1"].heard == []

    play(story)


# --- without the bed ------------------------------------------------------------------------------------


def test_stop_all_beside_a_running_bus_stops_every_pump_and_seals_it() -> None:
    async def story(rig: Rig) -> None:
        rig.pumps["p1"].mute = {"RATE?"}
        rig.bus.submit(Observe(slot="p1"))
        await rig.hears("p1", "RATE?")
        rig.bus.submit(start("p2", 1))
        rig.pumps["p3"].running = rig.pumps["p3"].stuck = True
        told = len(rig.told)
        assert await rig.bus.stop_all() == ("p1", "p3")
        assert all("STP" in pump.words() for pump in rig.pumps.values())
        assert rig.pumps["p1"].words().count("STP") == 3
        assert rig.pumps["p2"].words().count("STP") == 1
        rig.bus.submit(start("p3", 2))
        rig.bus.submit(Prepare(slot="p3", command_id=3, remaining=REMAINING))
        await asyncio.sleep(5)
        assert all(not {"RUN", "SET"} & set(pump.words()) for pump in rig.pumps.values())
        assert len(rig.told) == told

    play(story, pumps=3)


def test_stop_all_needs_no_bed_no_bus_task_and_no_faultless_driver() -> None:
    async def main(clock: VirtualClock) -> None:
        rig = Rig(clock=clock, count=3)

        def broken() -> Procedure[Report]:
            raise ZeroDivisionError("a fault of ours")
            yield

        rig.pumps["p1"].stop = broken  # type: ignore[method-assign]
        bus = asyncio.create_task(rig.bus.run())
        await asyncio.sleep(1)

        def dead(request: BusEvent) -> None:
            raise asyncio.QueueFull

        rig.on_told = dead
        rig.bus.submit(Observe(slot="p1"))
        with pytest.raises(asyncio.QueueFull):
            await bus
        assert await rig.bus.stop_all() == ("p1",)
        assert [pump.words().count("STP") for pump in rig.pumps.values()] == [0, 1, 1]
        assert rig.link.failed == "closed"

    run_virtual(main)


def test_stop_all_on_a_port_that_is_gone_gives_up_and_says_who_is_unconfirmed() -> None:
    async def main(clock: VirtualClock) -> None:
        rig = Rig(clock=clock, count=2, refuse_open=True)
        assert await rig.bus.stop_all() == ("p1", "p2")
        assert len(rig.opened_at) == 6

    run_virtual(main)


@pytest.mark.requirement("SELF-04")
def test_failed_assertion_ends_the_bus_with_its_port_closed() -> None:
    async def main(clock: VirtualClock) -> None:
        rig = Rig(clock=clock)

        def broken(request: WireRequest, reply: Reply) -> bool:
            raise AssertionError("a fault of ours")

        rig.framing.answers = broken  # type: ignore[method-assign]
        bus = asyncio.create_task(rig.bus.run())
        await asyncio.sleep(1)
        rig.bus.submit(Observe(slot="p1"))
        with pytest.raises(AssertionError, match="a fault of ours"):
            await bus
        assert rig.link.failed == "closed"

    run_virtual(main)
