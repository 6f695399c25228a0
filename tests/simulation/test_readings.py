"""Each serial driver meets its look-alike under every plausible reading of the manual: it tells the truth, or refuses.

The two were written by different hands from the same facts. A reading may keep a rate from being changed, and such
readings stand here by name; none may let a driver take a pump for still that drives, or count what was not given.
"""

from __future__ import annotations

from typing import Any

import pytest
from pumpd_sim import devices
from pumpd_sim.bus import SimBus
from pumpd_sim.devices import Bench
from pumpd_sim.readings import Reading, read

from pumpd.core.pump import Remaining, Report
from pumpd.driver_api import Drive, NoReply, Procedure, PumpAlarmed, Reply, WireError
from pumpd.registry import load

MS, SECOND = 10**6, 10**9
RATE_UL_PER_H, LOWER_UL_PER_H, DIAMETER_UM = 24_500, 12_000, 26_590
STAYS_AT_ITS_RATE = {"rate_while_infusing=false", "rate_while_running=refused"}


class Pair:
    """A driver and a look-alike on one wire, in virtual time."""

    def __init__(self, name: str, reading: Reading) -> None:
        kind, driver = devices.load(name), load(name)
        bench = Bench(
            address=kind.addresses[0],
            baud=kind.bauds[0],
            plant=kind.plant,
            options=read(kind.options, dict(reading.settings)),
            mode=kind.modes[0],
        )
        self.bus = SimBus([kind.build(bench)], baud=bench.baud)
        self.framing = driver.framing()
        self.pump = driver.pump(address=bench.address, options={})
        self.lease_s = 15 if name == "alaris" else None
        self.now_ns = SECOND

    def do(self, procedure: Procedure[Any]) -> object:
        """The result, or the error that a bus knows."""
        try:
            request = next(procedure)
            while True:
                self.bus.write(self.now_ns, request.data)
                answer = self._listen(request)
                self.now_ns += 5 * MS
                request = procedure.send(answer) if answer else procedure.throw(NoReply("silence"))
        except StopIteration as end:
            return end.value
        except (WireError, NoReply, PumpAlarmed) as error:
            return error

    def _listen(self, request: Any) -> Reply | None:  # noqa: ANN401  # a WireRequest
        asked_at_ns, end_ns = self.now_ns, self.now_ns + request.reply_limit_ms * MS
        while (wake_ns := self.bus.next_wake_ns()) is not None and wake_ns <= end_ns:
            self.now_ns = max(self.now_ns, wake_ns)
            for frame in self.framing.receive(self.bus.poll(self.now_ns), request):
                if isinstance(frame, Reply) and self.framing.answers(request, frame):
                    return Reply(address=frame.address, body=frame.body, asked_at_ns=asked_at_ns, at_ns=self.now_ns)
        self.now_ns = max(self.now_ns, end_ns) + 100 * MS
        self.bus.poll(self.now_ns)
        self.framing.quiet()
        return None

    def watch(self, seconds: int) -> Report:
        """One look a second; whoever is told that the pump is still finds it still. The last report."""
        last: object = None
        for _ in range(seconds):
            self.now_ns += SECOND
            last = self.do(self.pump.observe())
            if isinstance(last, Report) and last.drive is Drive.STILL:
                assert not self.turns
        assert isinstance(last, Report), last
        return last

    @property
    def turns(self) -> bool:
        return self.bus.truth(self.now_ns).motor_turning

    @property
    def rate_nl_per_h(self) -> int:
        return self.bus.truth(self.now_ns).rate_nl_per_h


@pytest.mark.parametrize(
    ("name", "reading"),
    [(name, reading) for name in ("alaris", "harvard") for reading in devices.load(name).readings],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_under_every_reading_a_driver_tells_the_truth_or_refuses(name: str, reading: Reading) -> None:
    pair = Pair(name, reading)
    pair.do(pair.pump.identify())
    assert pair.watch(40).drive is Drive.STILL
    pair.do(
        pair.pump.prepare(
            Remaining(
                rate_ul_per_h=RATE_UL_PER_H,
                volume_nl=2_000_000,
                lease_s=pair.lease_s,
                syringe_diameter_um=DIAMETER_UM,
            )
        )
    )
    pair.do(pair.pump.start())
    assert pair.turns
    assert pair.watch(20).drive is Drive.INFUSING
    assert pair.rate_nl_per_h == pytest.approx(RATE_UL_PER_H * 1_000, abs=2)
    pair.do(pair.pump.change_rate(LOWER_UL_PER_H))
    told = pair.watch(30)
    assert told.rate_ul_per_h is not None
    assert pair.rate_nl_per_h == pytest.approx(told.rate_ul_per_h * 1_000, abs=2)
    stays = reading.name in STAYS_AT_ITS_RATE
    assert told.rate_ul_per_h <= (RATE_UL_PER_H if stays else LOWER_UL_PER_H)
    pair.do(pair.pump.stop())
    told = pair.watch(40)
    truth = pair.bus.truth(pair.now_ns)
    assert (told.drive, truth.motor_turning) == (Drive.STILL, False)
    assert told.infused_nl is not None
    assert abs(told.infused_nl - truth.displaced_nl) <= told.step_nl + truth.step_nl
