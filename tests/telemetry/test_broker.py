"""The publisher against a real Mosquitto: everything that a dashboard relies on, and everything that can break.

What arrives is judged by an independent client and by the checker of `pumpd mqtt check`.
"""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import pytest

from pumpd.clock import SystemClock
from pumpd.core.codes import Condition, Phase, Why
from pumpd.core.pump import Drive
from pumpd.samples import Sample
from pumpd.telemetry import connection, publisher, telling
from pumpd.telemetry.backfill import SPANS_MAX
from pumpd.telemetry.check import is_well
from pumpd.telemetry.checker import Checker
from pumpd.telemetry.outbox import BACKFILL_MAX, EVENTS_MAX, RETAINED_MAX, TELEMETRY_MAX
from pumpd.telemetry.publisher import Publisher
from pumpd.telemetry.topics import Kind
from pumpd.testing.broker import Ear, Mosquitto, ear_at, free_port
from pumpd.testing.told_bed import RATE_UL_PER_H, ToldBed, config_for

PREFIX = "pumpd/1/north/pain/bed-1"
OUTBOX_MAX = RETAINED_MAX + EVENTS_MAX + TELEMETRY_MAX + BACKFILL_MAX + 2


@asynccontextmanager
async def publishing(bed: ToldBed, port: int, folder: Path, **mqtt: int) -> AsyncIterator[Publisher]:
    """Running inside the block, ended in order behind it."""
    mouth = bed.publisher(config_for(port, folder, slots=tuple(slot for slot, _ in bed.setup.pumps), **mqtt))
    task = asyncio.create_task(mouth.run(), name="publisher")
    try:
        yield mouth
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same steps, sooner."""
    monkeypatch.setattr(telling, "PERIOD_S", 0.05)
    monkeypatch.setattr(publisher, "PERIOD_S", 0.05)
    monkeypatch.setattr(publisher, "SWEEP_S", 0.2)
    monkeypatch.setattr(publisher, "BACK_OFF_FIRST_S", 0.05)
    monkeypatch.setattr(publisher, "BACK_OFF_MAX_S", 0.1)


@pytest.fixture
def ear_first(mosquitto: Mosquitto, ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a restart of the broker nobody speaks before somebody listens: else the kept event is told to nobody."""
    really_reach = connection.reach

    async def reach_behind_the_ear(host: str, port: int, context: ssl.SSLContext | None) -> None:
        await ear.until(lambda: mosquitto.starts == ear.connections, "the ear's connection")
        await really_reach(host, port, context)

    monkeypatch.setattr(connection, "reach", reach_behind_the_ear)


def faults(ear: Ear) -> list[str]:
    return [f"{each.fault.value} {each.topic} {each.text}" for each in ear.checker.faults(SystemClock().wall_ms())]


def first_topics(ear: Ear) -> list[str]:
    """In the order of their first arrival, without the prefix."""
    return list(dict.fromkeys(each.topic.removeprefix(f"{PREFIX}/") for each in ear.heard))


async def test_everything_retained_stands_after_the_connection_with_status_first(
    mosquitto: Mosquitto, ear: Ear, bed: ToldBed, tmp_path: Path
) -> None:
    bed.infuse()
    bed.alarm(3)
    bed.alarm(4, None, Condition.JOURNAL_DOWN)
    async with publishing(bed, mosquitto.port, tmp_path):
        await ear.until(lambda: len(ear.standing) == 6, "six retained topics")
        assert first_topics(ear)[:6] == ["status", "p1/about", "p1/link", "p1/state", "p1/alarm/3", "bed/alarm/4"]
        async with ear_at(mosquitto.port) as late:
            await late.until(lambda: len(late.standing) == 6, "the same for whoever comes later")
        state = ear.of(Kind.STATE)[0]
        assert (state.phase, state.alarm_count, state.alarm_priority) == (Phase.INFUSING, 2, "high")
        assert state.asked_ml_per_h == RATE_UL_PER_H / 1_000
        assert {each.boot for each in ear.standing.values()} == {bed.state.boot}
    assert faults(ear) == []


async def test_telemetry_flows_while_a_pump_may_move_and_stops_when_it_stands(
    mosquitto: Mosquitto, ear: Ear, bed: ToldBed, tmp_path: Path
) -> None:
    async with publishing(bed, mosquitto.port, tmp_path):
        await ear.until(lambda: len(ear.of(Kind.STATE)) >= 3, "states as signs of life")
        assert ear.of(Kind.TELEMETRY) == []
        bed.infuse()
        await ear.until(lambda: len(ear.of(Kind.TELEMETRY)) >= 5, "telemetry")
        bed.play(bed.phase("p1", Phase.ENDED, Why.VOLUME_REACHED))
        await ear.until(lambda: ear.standing[f"{PREFIX}/p1/state"].phase is Phase.ENDED, "the end")
        count = len(ear.of(Kind.TELEMETRY))
        states = len(ear.of(Kind.STATE))
        await ear.until(lambda: len(ear.of(Kind.STATE)) >= states + 2, "two more signs of life")
        assert len(ear.of(Kind.TELEMETRY)) <= count + 1
    assert faults(ear) == []
    assert ear.checker.gaps == 0


@pytest.mark.requirement("ALM-11")
async def test_events_carry_the_row_of_the_journal_and_arrive_in_its_order(
    mosquitto: Mosquitto, ear: Ear, bed: ToldBed, tmp_path: Path
) -> None:
    async with publishing(bed, mosquitto.port, tmp_path):
        await ear.until(lambda: ear.of(Kind.STATE), "the connection")
        before = bed.last_seq
        bed.infuse()
        await ear.until(lambda: len(ear.of(Kind.EVENT)) == 6, "six events")
        assert [each.id for each in ear.of(Kind.EVENT)] == list(range(before + 1, before + 7))
        assert [each.event for each in ear.of(Kind.EVENT)] == [
            "infusion_ordered", "phase_changed", "leg_prepared", "phase_changed", "command_issued", "phase_changed",
        ]  # fmt: skip
        assert {each.infusion_id for each in ear.of(Kind.EVENT)} == {"17"}
    assert faults(ear) == []


async def test_an_alarm_stands_while_it_is_active_and_leaves_no_topic_behind(
    mosquitto: Mosquitto, ear: Ear, bed: ToldBed, tmp_path: Path
) -> None:
    async with publishing(bed, mosquitto.port, tmp_path):
        await ear.until(lambda: ear.of(Kind.STATE), "the connection")
        bed.alarm(8)
        await ear.until(lambda: f"{PREFIX}/p1/alarm/8" in ear.standing, "the alarm")
        bed.clear(8)
        await ear.until(lambda: f"{PREFIX}/p1/alarm/8" not in ear.standing, "its end")
        await ear.until(lambda: ear.standing[f"{PREFIX}/p1/state"].alarm_count == 0, "a state without it")
        async with ear_at(mosquitto.port) as late:
            await late.until(lambda: f"{PREFIX}/p1/state" in late.standing, "what is retained")
            assert late.standing_of(Kind.ALARM) == []
    assert faults(ear) == []


async def test_what_an_earlier_run_left_is_cleared_and_what_is_ours_is_not(
    mosquitto: Mosquitto, ear: Ear, bed: ToldBed, tmp_path: Path
) -> None:
    other = "pumpd/1/north/pain/bed-2/p1/alarm/1"
    async with aiomqtt.Client("127.0.0.1", mosquitto.port) as past:
        for topic in (f"{PREFIX}/p1/alarm/77", f"{PREFIX}/p3/state", f"{PREFIX}/bed/alarm/78", other):
            await past.publish(topic, b'{"boot":"gone"}', qos=1, retain=True)
    bed.alarm(79)
    async with publishing(bed, mosquitto.port, tmp_path):
        await ear.until(lambda: f"{PREFIX}/p1/state" in ear.standing, "the connection")
        ours = {f"{PREFIX}/{topic}" for topic in ("status", "p1/about", "p1/link", "p1/state", "p1/alarm/79")}
        await ear.until(lambda: set(ear.standing) == {*ours, other}, "the leftovers gone")


@pytest.mark.requirement("ALM-11")
@pytest.mark.usefixtures("ear_first")
async def test_an_alarm_that_ended_while_the_broker_was_away_is_cleared_afterwards(
    mosquitto: Mosquitto, ear: Ear, bed: ToldBed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By memory alone: the broker may forbid that we read our own topics."""
    monkeypatch.setattr(publisher.Publisher, "_sweep", _never_sweeps)
    bed.alarm(5)
    async with publishing(bed, mosquitto.port, tmp_path) as mouth:
        await ear.until(lambda: f"{PREFIX}/p1/alarm/5" in ear.standing, "the alarm")
        mosquitto.kill()
        await until(lambda: not mouth.connected)
        bed.clear(5)
        mosquitto.start()
        async with aiomqtt.Client("127.0.0.1", mosquitto.port) as past:  # as a broker with a memory would have it
            await past.publish(f"{PREFIX}/p1/alarm/5", b'{"boot":"gone"}', qos=1, retain=True)
        states = len(ear.of(Kind.STATE, live=True))
        await ear.until(lambda: len(ear.of(Kind.STATE, live=True)) > states, "the daemon again")
        await ear.until(lambda: f"{PREFIX}/p1/alarm/5" not in ear.standing, "the alarm's end")


async def _never_sweeps(_self: Publisher, _client: aiomqtt.Client) -> None:
    await asyncio.Event().wait()


@pytest.mark.usefixtures("ear_first")
async def test_after_a_restart_of_the_broker_all_is_announced_and_no_gap_goes_unseen(
    mosquitto: Mosquitto, ear: Ear, bed: ToldBed, tmp_path: Path
) -> None:
    bed.infuse()
    async with publishing(bed, mosquitto.port, tmp_path) as mouth:
        await ear.until(lambda: len(ear.of(Kind.TELEMETRY)) >= 3, "telemetry")
        mosquitto.kill()
        await until(lambda: not mouth.connected)
        bed.play(bed.phase("p1", Phase.STOPPING, Why.STOP_PRESSED))  # an event nobody can hear now
        missed = ear.of(Kind.TELEMETRY)[-1].seq
        await until(lambda: mouth._outbox._numbers["p1", Kind.TELEMETRY] >= missed + 4)
        mosquitto.start()
        before = len(ear.of(Kind.TELEMETRY))
        await ear.until(lambda: f"{PREFIX}/p1/state" in ear.standing, "the state again")
        await ear.until(lambda: len(ear.of(Kind.TELEMETRY)) > before, "telemetry again")
        await ear.until(lambda: any(each.why is Why.STOP_PRESSED for each in ear.of(Kind.EVENT)), "the kept event")
        assert ear.standing[f"{PREFIX}/status"].state == "up"
        assert set(ear.standing) >= {f"{PREFIX}/p1/{each}" for each in ("about", "link", "state")}
        lost = ear.of(Kind.TELEMETRY)[before].seq - ear.of(Kind.TELEMETRY)[before - 1].seq - 1
        assert lost >= 3
        assert ear.checker.gaps >= lost
    assert {each.fault.value for each in ear.checker.findings} == {"gap"}
    assert [each.topic for each in ear.checker.findings if each.topic.endswith("event")] == []


@pytest.mark.usefixtures("ear_first")
async def test_what_was_measured_without_a_broker_follows_behind_as_historical(
    mosquitto: Mosquitto, ear: Ear, bed: ToldBed, tmp_path: Path
) -> None:
    bed.infuse()
    async with publishing(bed, mosquitto.port, tmp_path) as mouth:
        await ear.until(lambda: len(ear.of(Kind.TELEMETRY)) >= 3, "telemetry")
        mosquitto.kill()
        await until(lambda: not mouth.connected)
        away = [sample(bed, number) for number in range(5)]
        for each in away:
            bed.samples.append(each)
        heard_before = len(ear.heard)
        mosquitto.start()
        await ear.until(lambda: len(ear.of(Kind.BACKFILL)) >= 5, "the backfill")
        assert [each.ts_ms for each in ear.of(Kind.BACKFILL)] == [each.wall_ms for each in away]
        assert all(each.historical is True for each in ear.of(Kind.BACKFILL))
        up = next(index for index, each in enumerate(ear.heard) if each.topic.endswith("p1/backfill"))
        live = [each.topic for each in ear.heard[heard_before:up] if not each.retained]
        assert f"{PREFIX}/p1/state" in live, "the present goes before the past"
        await until(lambda: not mouth._missing)
        assert len(ear.of(Kind.BACKFILL)) == 5


def sample(bed: ToldBed, number: int) -> Sample:
    return Sample(
        at_ns=bed.now + number, wall_ms=bed.clock.wall_ms() + number, slot="p1", phase=Phase.INFUSING,
        asked_ul_per_h=RATE_UL_PER_H, granted_ul_per_h=RATE_UL_PER_H, measured_ul_per_h=RATE_UL_PER_H - 100,
        measured_uncertainty_ul_per_h=600, delivered_low_nl=number * 1_000, delivered_high_nl=number * 1_000 + 500,
        age_ms=200,
    )  # fmt: skip


@pytest.mark.requirement("LEASE-12")
@pytest.mark.requirement("F25")
@pytest.mark.requirement("G17")
async def test_a_frozen_broker_costs_the_bed_nothing_and_is_left_by_our_own_timer(
    mosquitto: Mosquitto, ear: Ear, bed: ToldBed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "ACK_LIMIT_S", 0.3)
    attempts = counted_attempts(monkeypatch)
    bed.infuse()
    async with publishing(bed, mosquitto.port, tmp_path, keepalive_s=60) as mouth:
        await ear.until(lambda: len(ear.of(Kind.TELEMETRY)) >= 3, "telemetry")
        mosquitto.freeze()
        await until(lambda: not mouth.connected)
        for number in range(3_000):  # a bed that is busier than any, and turns as it pleases
            bed.see(infused_nl=number * 10, drive=Drive.INFUSING)
            bed.play(bed.phase("p1", Phase.INFUSING, Why.REPORTED_DRIVING))
            if number % 500 == 0:
                await asyncio.sleep(0)
            assert mouth.waiting <= OUTBOX_MAX
        await asyncio.sleep(0)
        assert mouth.dropped > 0
        assert len(mouth._missing.spans) <= SPANS_MAX
        before = len(attempts)
        await until(lambda: len(attempts) >= before + 3)
        alive = [task for task in asyncio.all_tasks() if "_misc_loop" in repr(task.get_coro())]
        assert len(alive) <= 2, "the ear's connection and the present attempt: none that was given up may stay"
        mosquitto.thaw()
        await ear.until(
            lambda: any(each.dropped for each in ear.of(Kind.STATUS, live=True)), "the count of what was lost"
        )
        assert ear.standing[f"{PREFIX}/status"].state == "up"


def counted_attempts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    attempts: list[int] = []
    reach = connection.reach

    async def counted(host: str, port: int, context: None) -> None:
        attempts.append(port)
        await reach(host, port, context)

    monkeypatch.setattr(connection, "reach", counted)
    return attempts


async def test_a_clean_end_says_down_and_no_will_follows(
    mosquitto: Mosquitto, ear: Ear, bed: ToldBed, tmp_path: Path
) -> None:
    async with publishing(bed, mosquitto.port, tmp_path):
        await ear.until(lambda: ear.of(Kind.STATE), "the connection")
    await ear.until(lambda: ear.standing[f"{PREFIX}/status"].state == "down", "the goodbye")
    async with publishing(bed, mosquitto.port, tmp_path):
        await ear.until(lambda: ear.standing[f"{PREFIX}/status"].state == "up", "the next run")
    assert [each.state for each in ear.of(Kind.STATUS)][:3] == ["up", "down", "up"]
    assert "lost" not in [each.state for each in ear.of(Kind.STATUS)]


async def test_a_run_after_a_failed_one_goes_on_counting(
    mosquitto: Mosquitto, ear: Ear, bed: ToldBed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The supervisor starts telemetry again within the same boot: a number must not come to mean two messages."""
    mouth = bed.publisher(config_for(mosquitto.port, tmp_path))
    first = asyncio.create_task(mouth.run())
    await ear.until(lambda: ear.of(Kind.STATE), "the connection")
    with monkeypatch.context() as broken:
        broken.setattr(mouth._telling, "tick", lambda: 1 // 0)
        await asyncio.wait([first])
    assert isinstance(first.exception(), ExceptionGroup)
    count = len(ear.of(Kind.STATE))
    second = asyncio.create_task(mouth.run())
    await ear.until(lambda: len(ear.of(Kind.STATE)) > count + 1, "the second run")
    second.cancel()
    await asyncio.wait([second])
    assert faults(ear) == []
    assert ear.checker.gaps == 0


async def daemon_process(port: int, folder: Path, *more: str) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pumpd.testing.told_bed", str(port), str(folder), *more,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    return process


async def test_a_killed_process_is_lost_by_its_own_boot_and_its_alarm_no_longer_counts(
    mosquitto: Mosquitto, ear: Ear, tmp_path: Path
) -> None:
    process = await daemon_process(mosquitto.port, tmp_path)
    await ear.until(lambda: f"{PREFIX}/p1/alarm/4711" in ear.standing, "the process")
    boot = ear.standing[f"{PREFIX}/status"].boot
    process.kill()
    await process.wait()
    await ear.until(lambda: ear.standing[f"{PREFIX}/status"].state == "lost", "the last will")
    will = ear.standing[f"{PREFIX}/status"]
    assert (will.boot, will.seq) == (boot, None)
    later = SystemClock().wall_ms() + 60_000
    assert [each.topic for each in ear.checker.faults(later)] == [f"{PREFIX}/p1/alarm/4711"]


async def test_sigterm_ends_the_process_within_a_second_even_when_the_broker_is_frozen(
    mosquitto: Mosquitto, ear: Ear, tmp_path: Path
) -> None:
    process = await daemon_process(mosquitto.port, tmp_path)
    await ear.until(lambda: f"{PREFIX}/p1/state" in ear.standing, "the process")
    mosquitto.freeze()
    process.terminate()
    async with asyncio.timeout(5):  # the limit of a second is that of one quiet machine; this one is shared
        assert await process.wait() == 0


async def test_sigterm_ends_the_process_in_the_middle_of_a_handshake_that_never_ends(tmp_path: Path) -> None:
    """The thread that waits for the broker's half is left behind: nobody waits for it."""
    asked = asyncio.Event()

    async def says_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        asked.set()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(says_nothing, "127.0.0.1", 0)
    async with server:
        process = await daemon_process(server.sockets[0].getsockname()[1], tmp_path, "tls")
        await asked.wait()
        process.terminate()
        async with asyncio.timeout(3):  # a thread of the loop's pool would hold it for REACH_LIMIT_S, 4 s
            assert await process.wait() == 0


async def test_without_any_broker_the_bed_is_told_nothing_and_the_log_one_line(
    bed: ToldBed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    monkeypatch.setattr(publisher.log, "warning", lambda event, **_: lines.append(event))
    beats: list[int] = []
    attempts = counted_attempts(monkeypatch)
    bed.infuse()
    mouth = bed.publisher(config_for(free_port(), tmp_path), lambda: beats.append(1))
    task = asyncio.create_task(mouth.run())
    await until(lambda: len(attempts) >= 4 and len(beats) >= 4)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert lines == ["telemetry_down"]


async def test_the_check_finds_the_real_stream_well_and_a_stale_one_not(
    mosquitto: Mosquitto, bed: ToldBed, tmp_path: Path
) -> None:
    bed.infuse()
    async with publishing(bed, mosquitto.port, tmp_path) as mouth:
        await until(lambda: mouth.connected)
        arguments = ["--port", str(mosquitto.port), "--seconds", "1.5", "--prefix", PREFIX]
        code, text = await run_check(arguments)
        assert (code, "well: schema" in text) == (0, True), text
        async with aiomqtt.Client("127.0.0.1", mosquitto.port) as stranger:
            await stranger.publish(f"{PREFIX}/p1/telemetry", b'{"ts_ms":1,"boot":null}', retain=True)
        code, text = await run_check(arguments)
        assert code == 1
        assert "WRONG retain" in text
        assert "boot: null" in text


async def run_check(arguments: list[str]) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pumpd.telemetry.check", *arguments, stdout=subprocess.PIPE
    )
    out, _ = await process.communicate()
    return process.returncode, out.decode()


async def test_the_check_of_a_silent_broker_and_of_none_at_all_do_not_pass(mosquitto: Mosquitto) -> None:
    assert (await run_check(["--port", str(mosquitto.port), "--seconds", "0.5"]))[0] == 1
    assert (await run_check(["--port", str(free_port()), "--seconds", "0.5"]))[0] == 2
    assert not is_well(Checker(), 0)


async def until(condition: Callable[[], object]) -> None:
    """For what only this process knows; what a broker tells is awaited at the ear."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110  # it has no event, and needs none
            await asyncio.sleep(0.01)
