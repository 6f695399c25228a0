"""What a wire can do to a bus, by name: each state of a link has a reason, and ends by itself when its cause does."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpd.bus_echo import UNLEARN_AFTER, Echo
from pumpd.bus_port import why_of
from pumpd.bus_turns import PROBE_MOST_S, worst_cycle_ms
from pumpd.core.effects import Acknowledge, Identify, Observe, Stop
from pumpd.core.events import (
    BusEvent,
    Done,
    LinkReported,
    LinkState,
    LinkWhy,
    PumpIdentified,
    PumpReported,
    PumpSilent,
)
from pumpd.core.lease import CYCLES_IN_A_LEASE, LEASE_MARGIN_S, LEASE_MAX_S
from pumpd.core.units import NS_PER_S
from pumpd.errors import LinkError
from pumpd.registry import load
from pumpd.testing.toy_bus import INFO, QUIET_MS, REPLY_LIMIT_MS, REPLY_S, Rig, play
from pumpd.words_links import REASONS, link_text, link_went


def reasons(rig: Rig, slot: str = "p1") -> list[LinkWhy | None]:
    return [told.why for told in rig.of(LinkReported) if told.slot == slot]


def look_for_ever(rig: Rig, every_s: float = 0.5) -> None:
    """As a bed does: it looks at who has named itself, and asks the others who they are."""
    loop = asyncio.get_running_loop()
    named: set[str] = set(rig.pumps)

    def ask(slot: str) -> None:
        rig.bus.submit(Observe(slot=slot) if slot in named else Identify(slot=slot))

    def again(told: BusEvent) -> None:
        match told:
            case LinkReported(slot=slot, link=link):
                named.discard(slot)
                if link is LinkState.UP:
                    named.add(slot)
            case PumpReported(slot=slot) | PumpSilent(slot=slot) | PumpIdentified(slot=slot):
                loop.call_later(every_s, ask, slot)
            case _:
                pass

    rig.on_told = again
    for slot in rig.pumps:
        rig.bus.submit(Observe(slot=slot))


def says(*lines: str, at_times: bool = False) -> Callable[[str], list[str]]:
    """A pump that answers everything with this; at times: every other question."""
    count = itertools.count()

    def answer(word: str) -> list[str]:
        assert word
        return list(lines) if not at_times or next(count) % 2 else []

    return answer


# --- reasons --------------------------------------------------------------------------------------------


def test_every_reason_has_words_for_the_bed_and_for_the_record() -> None:
    assert set(REASONS) == set(LinkWhy)
    assert link_text(LinkState.UP, LinkWhy.IDENTIFIED) == link_text(LinkState.UP, None) == "connected"
    assert link_text(LinkState.DOWN, LinkWhy.ABSENT).startswith("not connected: its cable is not plugged")
    assert link_text(LinkState.DOWN, LinkWhy.ABSENT).endswith("Plug it in.")
    assert "Plug" not in link_went(LinkState.DOWN, LinkWhy.ABSENT)
    for why, (said, do_now) in REASONS.items():
        up = why in (LinkWhy.IDENTIFIED, LinkWhy.ECHOED)
        assert said or why is LinkWhy.IDENTIFIED
        assert not said.endswith(".")
        assert do_now[-1:] in ("", ".", "?")
        assert not (up and do_now)


def test_every_fault_of_a_port_has_a_name() -> None:
    faults = [LinkError(""), *(kind("") for kind in LinkError.__subclasses__())]
    names = [why_of(fault) for fault in faults]
    assert len(set(names)) == len(faults)


def test_a_pump_that_lost_its_power_is_mute_and_comes_back_by_itself() -> None:
    async def story(rig: Rig) -> None:
        look_for_ever(rig)
        rig.unplugged = True
        await rig.until(lambda: LinkWhy.MUTE in reasons(rig))
        await asyncio.sleep(60)
        rig.unplugged = False
        await rig.until(lambda: LinkWhy.IDENTIFIED in reasons(rig))
        assert reasons(rig) == [LinkWhy.MUTE, LinkWhy.IDENTIFIED]

    play(story)


@pytest.mark.requirement("G04")
def test_a_plug_pulled_and_put_back_goes_through_its_reasons_to_an_identified_pump() -> None:
    async def story(rig: Rig) -> None:
        look_for_ever(rig)
        rig.refuse_open = True
        rig.link.hang_up()
        await asyncio.sleep(30)
        rig.refuse_open = False
        await rig.until(lambda: LinkWhy.IDENTIFIED in reasons(rig))
        assert reasons(rig) == [LinkWhy.HUNG_UP, LinkWhy.ABSENT, LinkWhy.OPENED, LinkWhy.IDENTIFIED]

    play(story)


def test_a_port_that_takes_no_bytes_is_called_stuck() -> None:
    async def story(rig: Rig) -> None:
        rig.stuck = True
        rig.bus.submit(Observe(slot="p1"))
        await rig.until(lambda: bool(reasons(rig)))
        assert reasons(rig)[0] is LinkWhy.STUCK

    play(story)


def test_bytes_that_are_no_answer_are_noise_and_a_crackling_wire_does_not_fill_the_record() -> None:
    async def story(rig: Rig) -> None:
        look_for_ever(rig)
        pump = rig.pumps["p1"]
        pump.mute = {"WHO?"}
        pump.says = {"RATE?": ["?"] * 3}
        pump.speaks = says("?")
        await rig.until(lambda: bool(reasons(rig)))
        assert reasons(rig) == [LinkWhy.NOISE]
        pump.speaks = says("?", at_times=True)
        await asyncio.sleep(600)
        assert reasons(rig) == [LinkWhy.NOISE]
        pump.speaks = says()
        await asyncio.sleep(30)
        assert reasons(rig) == [LinkWhy.NOISE, LinkWhy.MUTE]

    play(story)


def test_after_a_suspend_everything_is_opened_and_asked_anew_and_nothing_that_waited_is_sent() -> None:
    async def story(rig: Rig) -> None:
        rig.bus.submit(Observe(slot="p2"))
        await rig.until(lambda: bool(rig.of(PumpReported)))
        opened = len(rig.opened_at)
        rig.clock.suspend(3600 * NS_PER_S)
        await asyncio.sleep(2)
        assert len(rig.opened_at) == opened + 1
        assert reasons(rig) == [LinkWhy.SLEPT, LinkWhy.OPENED]
        assert "3600 s" in rig.of(LinkReported)[0].detail
        rig.bus.submit(Identify(slot="p1"))
        await rig.until(lambda: LinkWhy.IDENTIFIED in reasons(rig))
        await asyncio.sleep(3600)
        assert len(rig.opened_at) == opened + 1  # an hour awake is no sleep

    play(story, pumps=2)


# --- an adapter that hears itself -----------------------------------------------------------------------


@pytest.mark.requirement("G03")
def test_an_echoing_adapter_is_named_and_survived() -> None:
    async def story(rig: Rig) -> None:
        rig.echoes = True
        look_for_ever(rig)
        rig.bus.submit(Identify(slot="p1"))
        await rig.until(lambda: LinkWhy.ECHOED in reasons(rig))
        reports = len(rig.of(PumpReported))
        await asyncio.sleep(60)
        assert len(rig.of(PumpReported)) > reports + 100
        assert not rig.of(PumpSilent)
        rig.unplugged = True
        await rig.until(lambda: LinkWhy.ECHO in reasons(rig))
        rig.unplugged = False
        await rig.until(lambda: reasons(rig)[-1] is LinkWhy.ECHOED)

    play(story)


@pytest.mark.requirement("G03")
def test_our_own_echo_is_never_a_pumps_acknowledgement() -> None:
    """As a write over Modbus is acknowledged: by the same bytes."""

    async def story(rig: Rig) -> None:
        pump = rig.pumps["p1"]
        rig.framing.answers = lambda request, reply: reply.body.split()[0].decode() == request.expects  # type: ignore[method-assign]
        pump.speaks = lambda word: [f"1:{word}"] if word == "STP" else [f"1:{word} still"]
        rig.echoes = True
        rig.bus.submit(Identify(slot="p1"))
        await rig.until(lambda: LinkWhy.ECHOED in reasons(rig))
        pump.speaks = says()
        rig.bus.submit(Acknowledge(slot="p1", command_id=1))
        await rig.until(rig.ended(1))
        assert not isinstance(rig.outcome(1), Done)
        assert rig.bus.counts.no_replies == 1

    play(story)


@given(
    st.binary(min_size=4, max_size=12),
    st.binary(max_size=12),
    st.lists(st.integers(min_value=1, max_value=6), max_size=8),
)
def test_a_known_echo_is_taken_off_in_whatever_pieces_it_comes(sent: bytes, reply: bytes, cuts: list[int]) -> None:
    echo = Echo()
    echo.sending(sent, query=True)
    assert echo.take(sent) == b""
    assert echo.heard
    for query in (False, True):
        echo.sending(sent, query=query)
        stream, got = sent + reply, b""
        for cut in cuts:
            got += echo.take(stream[:cut])
            stream = stream[cut:]
        got += echo.take(stream) + echo.rest()
        assert got == reply


@given(st.binary(min_size=4, max_size=12), st.binary(max_size=24), st.integers(min_value=0, max_value=24))
def test_without_an_echo_every_byte_comes_through(sent: bytes, reply: bytes, cut: int) -> None:
    echo = Echo()
    echo.sending(sent, query=True)
    got = echo.take(reply[:cut]) + echo.take(reply[cut:]) + echo.rest()
    assert got == (reply.removeprefix(sent))


def test_a_write_teaches_no_echo_and_an_adapter_that_stopped_echoing_is_trusted_after_three_queries() -> None:
    echo = Echo()
    echo.sending(b"write", query=False)
    assert echo.take(b"write") == b"write"
    assert not echo.heard
    echo.sending(b"query", query=True)
    echo.take(b"query")
    for told in range(UNLEARN_AFTER):
        assert echo.heard, told
        echo.sending(b"query", query=True)
        assert echo.take(b"reply") == b"reply"
    assert not echo.heard


# --- the breaker ----------------------------------------------------------------------------------------


def probes(rig: Rig, slot: str) -> list[float]:
    return [at for at, _ in rig.pumps[slot].heard]


def test_one_silent_pump_of_sixteen_costs_the_others_one_reply_limit_a_probe_and_probes_are_few() -> None:
    async def story(rig: Rig) -> None:
        rig.pumps["p1"].mute = {"RATE?", "WHO?"}
        look_for_ever(rig)
        await asyncio.sleep(60)
        before = len(probes(rig, "p1"))
        for pump in rig.pumps.values():
            pump.heard.clear()
        await asyncio.sleep(600)
        assert before < 20
        silent = probes(rig, "p1")
        assert 120 <= len(silent) <= 600 / PROBE_MOST_S
        cost_s = (REPLY_LIMIT_MS + QUIET_MS) / 1000
        round_s = 16 * REPLY_S + cost_s
        for slot in list(rig.pumps)[1:]:
            gaps = [two - one for one, two in pairwise(probes(rig, slot))]
            assert max(gaps) <= 0.5 + round_s + 0.01
            late = sum(gap > 0.5 + 16 * REPLY_S + 0.01 for gap in gaps)
            assert late <= len(silent) + 1  # at most one look a probe is late

    play(story, pumps=16)


def test_without_its_neighbours_a_silent_pump_is_asked_as_often_as_the_bed_likes() -> None:
    async def story(rig: Rig) -> None:
        rig.pumps["p1"].mute = {"RATE?", "WHO?"}
        look_for_ever(rig)
        await asyncio.sleep(60)
        rig.pumps["p1"].heard.clear()
        await asyncio.sleep(60)
        assert len(probes(rig, "p1")) >= 60 / (0.5 + (REPLY_LIMIT_MS + QUIET_MS) / 1000) - 2

    play(story)


def test_first_probes_come_while_a_lease_may_still_be_alive_and_an_answer_closes_the_breaker() -> None:
    async def story(rig: Rig) -> None:
        pump = rig.pumps["p1"]
        pump.limit_ms = 150
        pump.mute = {"RATE?", "WHO?"}
        look_for_ever(rig)
        await asyncio.sleep(4)
        assert len(probes(rig, "p1")) >= 5  # three until it is silent, two probes
        await asyncio.sleep(60)
        pump.mute = set()
        back_s = rig.now()
        await rig.until(lambda: reasons(rig)[-1] is LinkWhy.IDENTIFIED)
        assert rig.now() - back_s <= PROBE_MOST_S + 1
        pump.heard.clear()
        await asyncio.sleep(10)
        assert len(probes(rig, "p1")) >= 2 * 15

    play(story, pumps=4)


@pytest.mark.requirement("CMD-06")
def test_a_stop_goes_through_an_open_breaker_at_once_and_a_persons_command_probes() -> None:
    async def story(rig: Rig) -> None:
        pump = rig.pumps["p1"]
        pump.mute = {"RATE?", "WHO?"}
        look_for_ever(rig)
        await asyncio.sleep(60)
        heard = len(pump.heard)
        await rig.until(lambda: len(pump.heard) > heard)
        await asyncio.sleep(2)  # half-way between two probes
        pump.mute = set()
        asked_s = rig.now()
        rig.bus.submit(Stop(slot="p1", command_id=7))
        assert await rig.hears("p1", "STP") - asked_s <= REPLY_S + 0.002
        await rig.until(rig.ended(7))
        assert isinstance(rig.outcome(7), Done)

    play(story, pumps=4)


def test_a_look_that_takes_more_than_its_driver_promised_gives_the_wire_away() -> None:
    async def story(rig: Rig) -> None:
        pump = rig.pumps["p1"]
        pump.delay_s = dict.fromkeys(("RATE?", "STATE?"), 0.9)  # each within the reply limit
        look = pump.look

        def endless():  # type: ignore[no-untyped-def]  # noqa: ANN202  a driver that breaks its promise
            for _ in range(50):
                yield from look()
            return (yield from look())

        pump.look = endless  # type: ignore[method-assign]
        rig.bus.submit(Observe(slot="p1"))
        await rig.until(lambda: bool(rig.of(PumpSilent)))
        assert "promised" in rig.of(PumpSilent)[0].detail
        assert len(pump.heard) * 0.9 <= INFO.worst_observe_ms / 1000 + 0.9

    play(story, pumps=2)


def test_a_probe_ends_at_its_first_silence_even_where_a_driver_would_ask_again() -> None:
    async def story(rig: Rig) -> None:
        pump = rig.pumps["p1"]
        pump.mute = {"WHO?", "RATE?"}
        pump.persists = 3
        look_for_ever(rig)
        await asyncio.sleep(60)
        pump.heard.clear()
        await asyncio.sleep(100)
        times = probes(rig, "p1")
        assert len(times) >= 15
        assert min(two - one for one, two in pairwise(times)) >= PROBE_MOST_S

    play(story, pumps=2)


@pytest.mark.requirement("CMD-06")
def test_a_repeated_stop_goes_through_an_open_breaker_too() -> None:
    async def story(rig: Rig) -> None:
        rig.pumps["p1"].mute = {"RATE?", "WHO?", "STP"}
        look_for_ever(rig)
        await asyncio.sleep(60)
        for number in range(1, 20):
            asked_s = rig.now()
            rig.bus.submit(Stop(slot="p1", command_id=number))
            assert await rig.hears("p1", "STP", number) - asked_s <= 2 * (REPLY_LIMIT_MS + QUIET_MS) / 1000
            await rig.until(rig.ended(number))

    play(story, pumps=2)


# --- wall 8: the worst round of a bus -------------------------------------------------------------------


@pytest.mark.requirement("LEASE-04")
@pytest.mark.parametrize("silent", [False, True], ids=["every reply late", "every last reply missing"])
def test_no_round_of_sixteen_pumps_takes_longer_than_the_worst_cycle_that_leases_are_checked_by(silent: bool) -> None:  # noqa: FBT001  a parameter of pytest's
    limit_ms = INFO.worst_observe_ms // 2  # a look of the toy is two exchanges

    async def story(rig: Rig) -> None:
        for pump in rig.pumps.values():
            pump.limit_ms = limit_ms
            pump.delay_s = dict.fromkeys(("RATE?", "STATE?"), limit_ms / 1000 - 0.001)
            pump.mute = {"STATE?"} if silent else set()
        began_s = rig.now()
        for slot in rig.pumps:
            rig.bus.submit(Observe(slot=slot))
        await rig.until(lambda: len(rig.of(PumpReported)) + len(rig.of(PumpSilent)) == len(rig.pumps))
        took_ms = (rig.now() - began_s) * 1000
        assert len(rig.of(PumpSilent)) == (16 if silent else 0)
        assert took_ms <= worst_cycle_ms([INFO] * 16)
        assert took_ms >= 16 * INFO.worst_observe_ms - 16 * 2  # and it is no idle bound

    play(story, pumps=16)


@pytest.mark.requirement("LEASE-04")
def test_sixteen_pumps_of_the_slowest_line_cannot_be_guarded_by_any_lease_and_four_can() -> None:
    info = load("new_era").info
    longest_ms = (LEASE_MAX_S - LEASE_MARGIN_S) * 1000
    assert CYCLES_IN_A_LEASE * worst_cycle_ms([info] * 16) > longest_ms
    assert CYCLES_IN_A_LEASE * worst_cycle_ms([info] * 4) <= longest_ms
