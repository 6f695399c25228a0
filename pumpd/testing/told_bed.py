"""A bed that does what it is told: facts go in, state and watchers follow. For tests of what looks at a bed.

The state is the real fold of real facts, so a publisher or a page cannot tell it from the bedside loop; only the
decisions are missing, since here a test makes them. What a person at a bed might type or be is put in on purpose
(`SECRETS`): none of it may ever leave the bed.

Run as a program it publishes to a broker until it is killed: `python -m pumpd.testing.told_bed PORT FOLDER [tls]`.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from pumpd.clock import Clock, SystemClock
from pumpd.config import Config
from pumpd.core import facts as f
from pumpd.core import glimpses as g
from pumpd.core.codes import CommandKind, Condition, Grant, Phase, Priority, Why
from pumpd.core.delivered import NOTHING, Interval
from pumpd.core.evolve import fold
from pumpd.core.facts import Fact
from pumpd.core.order import Order
from pumpd.core.programme import Programme
from pumpd.core.pump import Drive, Granted, Identified, Report
from pumpd.core.state import BedState
from pumpd.core.steps import Step, StepMode
from pumpd.core.turn import Setup
from pumpd.journal_rows import is_durable
from pumpd.samples import RecentSamples
from pumpd.telemetry.publisher import Publisher
from pumpd.testing.clinical import NE_1000, shipped_rules

SECRETS: Final = (
    "secret-regimen", "secret-container", "secret-nurse", "secret-second", "secret-words", "secret-wire", "secret-drug",
    "secret-entry", "73219", "1791",
)  # fmt: skip
WEIGHT_G: Final = 73_219
HEIGHT_MM: Final = 1_791
RATE_UL_PER_H: Final = 24_500


def config_for(port: int, folder: Path, *, slots: tuple[str, ...] = ("p1",), **mqtt: Any) -> Config:  # noqa: ANN401
    """As a file would say; nothing in the folder has to exist."""
    pumps = tuple({"slot": slot, "driver": "new_era", "address": index} for index, slot in enumerate(slots))
    return Config.model_validate(
        {
            "site": "north",
            "ward": "pain",
            "bed": "bed-1",
            "state_dir": folder,
            "socket": folder / "pumpd.sock",
            "library": folder / "library.toml",
            "regimens": folder / "regimens.toml",
            "accounts": folder / "accounts.toml",
            "bus": ({"name": "cart", "port": "/dev/null", "pump": pumps},),
            "mqtt": {"host": "127.0.0.1", "port": port, "keepalive_s": 5, **mqtt},
        },
        strict=False,
    )


class ToldBed:
    def __init__(self, clock: Clock, *, slots: tuple[str, ...] = ("p1",)) -> None:
        self.clock = clock
        self.setup = Setup(
            rules=shipped_rules(),
            pumps=tuple((slot, NE_1000) for slot in slots),
            worst_cycle_ms=tuple((slot, 1_000) for slot in slots),
            resume_limit_s=900,
            training=False,
        )
        self.samples = RecentSamples()
        self.last_seq = 0
        self.state = BedState()
        self._watchers: list[Callable[[BedState, tuple[Fact, ...]], None]] = []

    @property
    def now(self) -> int:
        return self.clock.now_ns()

    def watch(self, watcher: Callable[[BedState, tuple[Fact, ...]], None], /) -> Callable[[], None]:
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def play(self, *facts: Fact) -> None:
        """One turn of the bed."""
        self.state = fold(facts, self.state)
        self.last_seq += sum(is_durable(fact) for fact in facts)
        for watcher in tuple(self._watchers):
            watcher(self.state, facts)

    def boot(self) -> None:
        slots = tuple(slot for slot, _ in self.setup.pumps)
        self.play(
            f.BootStarted(at_ns=self.now, boot=self.clock.new_id(), kernel_boot="kernel", shift_ns=0, slots=slots)
        )

    def connect(self, slot: str = "p1") -> None:
        who = Identified(model="NE-1000", firmware="3.93", serial=None)
        self.play(
            f.LinkWent(at_ns=self.now, slot=slot, link="up", detail="secret-wire"),
            f.PumpRecognised(at_ns=self.now, slot=slot, identified=who),
        )
        self.see(slot)

    def see(self, slot: str = "p1", *, infused_nl: int | None = None, drive: Drive = Drive.STILL) -> None:
        """One look at the pump."""
        rate = RATE_UL_PER_H if drive is Drive.INFUSING else None
        report = Report(drive=drive, rate_ul_per_h=rate, infused_nl=infused_nl, step_nl=1_000, alarm=None)
        self.play(
            g.Asked(at_ns=self.now, slot=slot),
            g.Seen(at_ns=self.now, slot=slot, asked_at_ns=self.now, report=report),
        )

    def infuse(self, slot: str = "p1", *, infusion_id: int = 17) -> None:
        """From an order to a running pump."""
        order = Order(
            regimen="secret-regimen", day=1, weight_g=WEIGHT_G, height_mm=HEIGHT_MM, container="secret-container"
        )
        programme = Programme(
            drug="secret-drug", entry="secret-entry", high_alert=True, concentration_ug_per_ml=5_000,
            steps=(Step(rate_ul_per_h=RATE_UL_PER_H, volume_nl=20_000_000),), mode=StepMode.ASK,
            syringe_diameter_um=26_720, weight_g=WEIGHT_G, clamps=(), lease_s=14, near_end_s=300,
        )  # fmt: skip
        granted = Granted(rate_ul_per_h=RATE_UL_PER_H, volume_nl=20_000_000, lease_s=14, infused_nl=0, step_nl=1_000)
        at_ns = self.now
        self.play(
            f.InfusionOrdered(
                at_ns=at_ns, slot=slot, infusion_id=infusion_id, person="secret-nurse", order=order,
                programme=programme, grant=Grant(allowed=True, reasons=()), library_sha256="0" * 64,
                override_reason="secret-words", override_person="secret-second",
            ),
            self.phase(slot, Phase.CHECKING, Why.ORDERED),
            f.LegPrepared(at_ns=at_ns, slot=slot, granted=granted),
            self.phase(slot, Phase.STARTING, Why.PREPARED),
            f.CommandIssued(at_ns=at_ns, slot=slot, command_id=1, command=CommandKind.START),
            self.phase(slot, Phase.INFUSING, Why.REPORTED_DRIVING),
        )  # fmt: skip
        self.see(slot, infused_nl=0, drive=Drive.INFUSING)

    def phase(self, slot: str, phase: Phase, why: Why, delivered: Interval = NOTHING) -> f.PhaseChanged:
        return f.PhaseChanged(at_ns=self.now, slot=slot, phase=phase, why=why, delivered=delivered)

    def alarm(self, alarm_id: int, slot: str | None = "p1", condition: Condition = Condition.STALLED) -> None:
        self.play(
            f.AlarmRaised(
                at_ns=self.now, alarm_id=alarm_id, slot=slot, condition=condition, priority=Priority.HIGH,
                detail="secret-wire",
            )
        )  # fmt: skip

    def clear(self, alarm_id: int) -> None:
        self.play(f.AlarmCleared(at_ns=self.now, alarm_id=alarm_id))

    def publisher(self, config: Config, beat: Callable[[], None] = lambda: None) -> Publisher:
        return Publisher(config=config, bedside=self, samples=self.samples, clock=self.clock, beat=beat)


async def _main(port: int, folder: Path, *, tls: bool) -> None:
    bed = ToldBed(SystemClock())
    bed.boot()
    bed.connect()
    bed.infuse()
    bed.alarm(4711)
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    print("ready", flush=True)
    await bed.publisher(config_for(port, folder, tls=tls)).run()


if __name__ == "__main__":
    try:
        asyncio.run(_main(int(sys.argv[1]), Path(sys.argv[2]), tls="tls" in sys.argv[3:]))
    except asyncio.CancelledError:
        sys.exit(0)
