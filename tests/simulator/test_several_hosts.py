"""Several Modbus TCP hosts at one simulated device, as at a real one: pymodbus's client beside our driver and bus."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from pumpd_sim.chain import Chain
from pumpd_sim.serving import ServedBus
from pumpd_sim.serving_hosts import HOSTS_LIMIT
from pymodbus.client import AsyncModbusTcpClient

from pumpd.bus import Bus, Station
from pumpd.clock import SystemClock
from pumpd.core.effects import Identify, Observe
from pumpd.core.events import BusEvent, LinkReported, LinkWhy, PumpIdentified, PumpReported, PumpSilent
from pumpd.link import open_link
from pumpd.registry import load
from pumpd.testing.pairs import BAG_PUMP
from pumpd.testing.simulate import quiet

LOOKS = 30


def asked(number: int, register: int, count: int = 1) -> bytes:
    """Read registers of unit 1."""
    return b"".join(value.to_bytes(2, "big") for value in (number, 0, 6)) + bytes([1, 3, 0, register, 0, count])


Story = Callable[[tuple[str, int], ServedBus], Coroutine[Any, Any, None]]


def at_a_bag_pump(story: Story) -> None:
    """Run a story with the pump's address, on the loop that serves it."""

    async def main() -> None:
        served = ServedBus(Chain(device="bag_pump", mode="tcp").build())
        try:
            await story(await served.open_tcp("127.0.0.1", 0), served)
        finally:
            await served.close()

    quiet()
    asyncio.run(main())


async def reads(reader: asyncio.StreamReader) -> bytes:
    head = await asyncio.wait_for(reader.readexactly(6), 5)
    return head + await reader.readexactly(int.from_bytes(head[4:], "big"))


def test_two_hosts_with_the_same_number_each_get_their_own_answer() -> None:
    async def story(address: tuple[str, int], _served: ServedBus) -> None:
        (one, to_one), (two, to_two) = [await asyncio.open_connection(*address) for _ in range(2)]
        for turn in range(20):
            to_one.write(asked(7, 0))
            to_two.write(asked(7, 1))
            assert await reads(one) == bytes([0, 7, 0, 0, 0, 5, 1, 3, 2, 0x42, 0x50]), turn
            assert await reads(two) == bytes([0, 7, 0, 0, 0, 5, 1, 3, 2, 0x01, 0x00]), turn
        to_one.close()
        to_two.close()

    at_a_bag_pump(story)


def test_a_request_in_pieces_waits_while_another_host_is_answered() -> None:
    async def story(address: tuple[str, int], served: ServedBus) -> None:
        (one, to_one), (two, to_two) = [await asyncio.open_connection(*address) for _ in range(2)]
        to_one.write(asked(1, 0)[:5])
        await to_one.drain()
        to_two.write(asked(1, 1))
        assert (await reads(two))[-2:] == b"\x01\x00"
        to_one.write(asked(1, 0)[5:])
        assert (await reads(one))[-2:] == b"\x42\x50"
        to_one.write(b"noise that is no request")
        to_two.write(asked(2, 1))
        assert (await reads(two))[:2] == b"\x00\x02"
        assert any(b"noise" in seen.data for seen in served.bus.journal), "the pump hears noise too"
        to_one.close()
        to_two.close()

    at_a_bag_pump(story)


def test_a_host_beyond_the_limit_is_let_in_for_the_one_that_was_silent_longest() -> None:
    async def story(address: tuple[str, int], _served: ServedBus) -> None:
        hosts = [await asyncio.open_connection(*address) for _ in range(HOSTS_LIMIT)]
        for reader, writer in [*hosts[1:], hosts[0]]:
            writer.write(asked(1, 0))
            await reads(reader)
        late, to_late = await asyncio.open_connection(*address)
        to_late.write(asked(1, 0))
        await reads(late)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reads(hosts[1][0])
        hosts[0][1].write(asked(2, 0))
        assert (await reads(hosts[0][0]))[:2] == b"\x00\x02"
        for writer in [to_late, *(each for _, each in hosts)]:
            writer.close()

    at_a_bag_pump(story)


@pytest.mark.timeout(120)
def test_pymodbus_reads_beside_our_driver_and_neither_disturbs_the_other() -> None:
    async def story(address: tuple[str, int], _served: ServedBus) -> None:
        driver = load("generic_modbus", {"map": BAG_PUMP.read_text(), "map_file": BAG_PUMP.name, "framing": "tcp"})
        events: list[BusEvent] = []
        enough = asyncio.Event()

        def deliver(event: BusEvent) -> None:
            events.append(event)
            match event:
                case LinkReported(slot=slot, why=LinkWhy.OPENED):
                    bus.submit(Identify(slot=slot))
                case PumpIdentified(slot=slot) | PumpReported(slot=slot) | PumpSilent(slot=slot):
                    bus.submit(Observe(slot=slot))
                case _:
                    pass
            if sum(isinstance(each, PumpReported) for each in events) >= LOOKS:
                enough.set()

        station = Station(address=1, procedures=driver.pump(address=1, options={}), info=driver.info)
        bus = Bus(
            name="beside", open_link=lambda: open_link("socket://{}:{}".format(*address), 19_200),
            framing=driver.framing(), pumps={"p1": station}, deliver=deliver, now_ns=SystemClock().now_ns,
            beat=lambda: None,
        )  # fmt: skip
        ours = asyncio.create_task(bus.run())
        theirs = AsyncModbusTcpClient(address[0], port=address[1], retries=0)
        assert await theirs.connect()
        read = 0
        async with asyncio.timeout(60):
            while not enough.is_set() or read < LOOKS:
                answer = await theirs.read_holding_registers(4, count=2, device_id=1)
                assert not answer.isError(), answer
                assert theirs.convert_from_registers(answer.registers, theirs.DATATYPE.UINT32) == 20_417
                read += 1
        assert [type(each).__name__ for each in events if isinstance(each, PumpSilent)] == []
        (who,) = [each.identified for each in events if isinstance(each, PumpIdentified)]
        assert who.serial == "20417"
        theirs.close()
        ours.cancel()
        await asyncio.gather(ours, return_exceptions=True)

    at_a_bag_pump(story)
