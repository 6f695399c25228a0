"""Virtual time: what it must keep (order, exactness) and what it must say at once (a deadlock)."""

from __future__ import annotations

import asyncio

import pytest
from pumpd_sim.bus import SimBus
from pumpd_sim.new_era import NewEra

from pumpd.errors import LinkError
from pumpd.testing.virtual import VirtualClock, WireToSim, run_virtual


def test_eight_hours_pass_to_the_nanosecond_without_waiting() -> None:
    async def main(clock: VirtualClock) -> int:
        began_ns = clock.now_ns()
        for _ in range(8 * 3600):
            await asyncio.sleep(1)
        return clock.now_ns() - began_ns

    assert abs(run_virtual(main) - 8 * 3600 * 10**9) <= 10


def test_timers_fire_in_order_and_ready_work_goes_before_any_jump() -> None:
    async def main(clock: VirtualClock) -> list[tuple[str, float]]:
        loop = asyncio.get_running_loop()
        order: list[tuple[str, float]] = []

        async def note(name: str, after_s: float) -> None:
            await asyncio.sleep(after_s)
            order.append((name, round(loop.time(), 6)))
            await asyncio.sleep(0)
            order.append((name + " again", round(loop.time(), 6)))

        async with asyncio.TaskGroup() as group:
            group.create_task(note("late", 2))
            group.create_task(note("early", 1))
        return order

    assert run_virtual(main) == [("early", 1), ("early again", 1), ("late", 2), ("late again", 2)]


def test_what_can_never_happen_is_said_at_once_with_who_waits() -> None:
    async def wait_for_ever() -> None:
        await asyncio.Event().wait()

    async def main(clock: VirtualClock) -> None:
        await asyncio.sleep(5)
        await asyncio.create_task(wait_for_ever(), name="the one that waits")

    with pytest.raises(AssertionError, match=r"after 5\.000 s(?s:.*)the one that waits"):
        run_virtual(main)


def test_suspend_moves_boot_and_wall_time_but_no_timer() -> None:
    async def main(clock: VirtualClock) -> tuple[int, int, int, float]:
        boot_ns, awake_ns, wall_ms = clock.now_ns(), clock.monotonic_ns(), clock.wall_ms()
        clock.suspend(by_ns=60 * 10**9)
        clock.step_wall(by_ms=-5)
        return (
            clock.now_ns() - boot_ns,
            clock.monotonic_ns() - awake_ns,
            clock.wall_ms() - wall_ms,
            asyncio.get_running_loop().time(),
        )

    assert run_virtual(main) == (60 * 10**9, 0, 59_995, 0.0)


def test_same_seed_gives_same_ids_and_another_gives_others() -> None:
    async def main(clock: VirtualClock) -> list[str]:
        return [clock.kernel_boot(), *(clock.new_id() for _ in range(20))]

    assert run_virtual(main, seed=3) == run_virtual(main, seed=3)
    assert not set(run_virtual(main, seed=3)) & set(run_virtual(main, seed=4))


def test_simulated_pump_answers_on_the_wire_after_the_time_that_the_bytes_take() -> None:
    async def main(clock: VirtualClock) -> tuple[bytes, float, float]:
        loop = asyncio.get_running_loop()
        link = WireToSim(SimBus([NewEra()], baud=19_200), clock)
        rung = asyncio.Event()
        link.listen(rung.set)
        for _ in range(2):  # the first command after power-up draws the alarm
            answer, asked_s, first_s = b"", loop.time(), 0.0
            link.write(b"0VER\r")
            async with asyncio.timeout(1):
                while not answer.endswith(b"\x03"):
                    rung.clear()
                    await rung.wait()
                    first_s = first_s or loop.time()
                    answer += link.take()
        return answer, first_s - asked_s, link.byte_s

    answer, first_s, byte_s = run_virtual(main)
    assert answer.startswith(b"\x0200")
    assert b"NE1000" in answer
    assert byte_s == pytest.approx(10 / 19_200)
    assert first_s >= 5 * byte_s


def test_link_to_the_simulator_that_hung_up_fails_and_the_pump_goes_on() -> None:
    async def main(clock: VirtualClock) -> None:
        sim = SimBus([NewEra()])
        link = WireToSim(sim, clock)
        link.write(b"0VER\r")
        rung: list[str] = []
        link.listen(lambda: rung.append("rung"))
        link.hang_up()
        assert rung == ["rung"]
        with pytest.raises(LinkError, match="hung up"):
            link.take()
        with pytest.raises(LinkError, match="hung up"):
            link.write(b"0\r")
        await asyncio.sleep(1)
        again = WireToSim(sim, clock)
        await asyncio.sleep(1)
        assert again.take() == b""  # the old answer is nobody's
        again.close()

    run_virtual(main)
