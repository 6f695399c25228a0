"""Every procedure of the serial drivers, interrupted at every yield; and hostile bytes into their framings."""

from __future__ import annotations

from binascii import crc_hqx
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any, Final

import pytest
from pumpd_drivers import alaris, harvard

from pumpd.driver_api import Driver, Procedure, PumpProcedures, Remaining, Reply, WireRequest
from pumpd.testing.driver_trials import Trial, stand

HELD: Final = "_held"  # what a framing keeps has to be bounded
REMAINING: Final = Remaining(rate_ul_per_h=24_500, volume_nl=48_000_000, lease_s=None, syringe_diameter_um=26_590)
PROCEDURES: Final[dict[str, Callable[[PumpProcedures], Procedure[Any]]]] = {
    "identify": lambda pump: pump.identify(),
    "observe": lambda pump: pump.observe(),
    "prepare": lambda pump: pump.prepare(REMAINING),
    "start": lambda pump: pump.start(),
    "change_rate": lambda pump: pump.change_rate(20_000),
    "stop": lambda pump: pump.stop(),
    "acknowledge": lambda pump: pump.acknowledge(),
}


class PlayedHarvard:
    """Stores what it is told; moves between two looks while it runs."""

    def __init__(self, *, runs: bool) -> None:
        self.runs = runs
        self.said = {"irate": "24.5 ml/hr", "tvolume": "48 ml", "diameter": "26.5900 mm"}
        self.volume_fl = 1_000_000_000_000 if runs else 0

    def __call__(self, request: WireRequest) -> bytes:
        name, _, value = request.text.partition(" ")
        lines: list[str] = []
        if name == "status":
            self.volume_fl += 1_000_000_000 if self.runs else 0
            rate = round(float(self.said["irate"].split()[0]) * 1e12 / 3600)
            lines = [f"{rate} 12 {self.volume_fl} {'I' if self.runs else 'i'}...I."]
        elif name in self.said and value:
            self.said[name] = value + (" mm" if name == "diameter" else "")
        elif name in self.said:
            lines = [self.said[name]]
        elif name == "version":
            lines = ["Firmware:      v3.0.4", "Pump address:  0", "Serial number: D401234"]
        elif name == "ver":
            lines = ["11 ELITE I/W Single 3.0.4"]
        elif name == "civolume":
            self.volume_fl = 0
        elif name in ("irun", "stop"):
            self.runs = name == "irun"
        text = "".join(f"\n{line}\r" for line in lines)
        return f"{text}\n{'>' if self.runs else ':'}\x11".encode()


class PlayedAlaris:
    """Acknowledges by sending back; its counter moves with each look while it runs."""

    def __init__(self, *, runs: bool) -> None:
        self.runs = runs
        self.rate, self.vtbi, self.micro_ml = "24.50", "48.000", 5_000 if runs else 0

    def body(self, asked: str) -> str:
        name, *values = asked.split("^")
        if name == "INF":
            self.micro_ml += 1 if self.runs else 0
            infused = f"{self.micro_ml // 1_000}.{self.micro_ml % 1_000:03d}"
            return f"INF^8002-51740^-^SET^{self.rate}^ml/h^^{infused}^ml^17.91^mmHg^24+^EVENT^1"
        if name == "INF_VTBI" and values:
            self.vtbi = values[1]
        elif name == "INF_RATE":
            self.rate = values[0] if values else self.rate
        elif name == "INF_VI_CLEAR":
            self.micro_ml = 0
        elif name in ("INF_START", "INF_STOP"):
            self.runs = name == "INF_START"
        return {
            "INST_SERIALNO": "INST_SERIALNO^8002-51740",
            "COMMS_PROTOCOL": "COMMS_PROTOCOL^Asena Rev 2.1.5",
            "REMOTE_CTRL": "REMOTE_CTRL^ENABLED^****^PERMIT^0^ms",
            "SYRINGE_STATUS": "SYRINGE_STATUS^BD PLASTIPAK^ 50^CONF",
            "INF_RATE_MAX_SYRINGE": "INF_RATE_MAX_SYRINGE^1200.00^ml/h",
            "INF_RATE": f"INF_RATE^{self.rate}^ml/h",
            "INF_VTBI": f"INF_VTBI^ACTIV^{self.vtbi}^ml^STOP",
        }.get(name, asked)

    def __call__(self, request: WireRequest) -> bytes:
        body = self.body(request.text)
        return f"!{body}|{crc_hqx(body.encode(), 0xFFFF):04X}\r".encode()


class OneLine:
    """A driver whose framing lives on, as on a bus: it has seen by now that the line does not echo."""

    def __init__(self, driver: Driver) -> None:
        self.info = driver.info
        self._framing = driver.framing()

    def framing(self) -> Any:  # noqa: ANN401 (of either driver)
        return self._framing


def trial(driver: Driver, played: Callable[..., Any], procedure: str) -> Trial:
    """A pump that was identified and looked at, in the state in which this procedure makes sense."""
    runs = procedure in ("observe", "change_rate", "stop")
    line: Any = OneLine(driver)
    procedures = driver.pump(address=0, options={})
    pump = played(runs=runs)
    first = Trial(driver=line, procedure=procedures.identify(), pump=pump)
    first.result(first.advance(0))
    for _ in range(60):
        look = Trial(driver=line, procedure=procedures.observe(), pump=pump, now_ns=first.now_ns)
        look.end(look.advance(0))
        first.now_ns = look.now_ns + 50_000_000
    return Trial(driver=line, procedure=PROCEDURES[procedure](procedures), pump=pump, now_ns=first.now_ns)


@pytest.mark.requirement("LINK-03")
@pytest.mark.parametrize("procedure", sorted(PROCEDURES))
@pytest.mark.parametrize(
    ("driver", "played"), [(alaris.DRIVER, PlayedAlaris), (harvard.DRIVER, PlayedHarvard)], ids=["alaris", "harvard"]
)
def test_a_procedure_stands_being_closed_silenced_and_alarmed_at_every_yield(
    driver: Driver, played: Callable[..., Any], procedure: str
) -> None:
    again = procedure in ("prepare", "stop")
    assert stand(partial(trial, driver, played, procedure), absolute=again) >= 1


FRAMES: Final = {
    "alaris": (
        alaris.DRIVER,
        b"!INF^8002-51740^-^SET^24.50^ml/h^^5.000^ml^17.91^mmHg^24+^EVENT^1|0000\r!INF_STOP|CD57\r",
    ),
    "harvard": (harvard.DRIVER, b"\n6805555555 1200 8166666666666 i...I\r\n>\x11\n24.5 ml/hr\r\n:\x11"),
}


@pytest.mark.parametrize("name", sorted(FRAMES))
def test_ten_thousand_mutated_frames_neither_break_nor_fill_a_framing(name: str) -> None:
    driver, good = FRAMES[name]
    chance, framing = Random(7), driver.framing()
    awaiting = next(driver.pump(address=0, options={}).observe())
    for _ in range(10_000):
        noise = bytearray(good)
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(len(noise))
            match chance.randrange(4):
                case 0:
                    noise[at] ^= 1 << chance.randrange(8)
                case 1:
                    del noise[at:]
                    noise += b"\r"
                case 2:
                    noise[at:at] = chance.randbytes(chance.randrange(40))
                case _:
                    noise[at : at + 3] = b""
            if not noise:
                noise += b"!"
        for frame in framing.receive(bytes(noise), awaiting if chance.random() < 0.5 else None):
            assert len(getattr(frame, "body", b"")) <= 512
        assert len(getattr(framing, HELD)) <= 512


@pytest.mark.parametrize("name", sorted(FRAMES))
def test_a_good_frame_behind_noise_and_a_quiet_wire_is_heard(name: str) -> None:
    driver, _ = FRAMES[name]
    framing = driver.framing()
    framing.receive(b"\x00\xffINF^!|" * 30, None)
    framing.quiet()
    pump: Any = {"alaris": PlayedAlaris, "harvard": PlayedHarvard}[name](runs=True)
    request = next(driver.pump(address=0, options={}).observe())
    (frame,) = framing.receive(pump(request), request)
    assert isinstance(frame, Reply)
    assert framing.answers(request, frame)
