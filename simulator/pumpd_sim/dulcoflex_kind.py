"""The DULCO flex Control as a kind of device: its facts, how one is built, and where each behaviour comes from."""

from __future__ import annotations

from pumpd_sim.bag_plant import BagPlant, DeliverySet
from pumpd_sim.devices import Bench, DeviceKind, Running
from pumpd_sim.dulcoflex import DulcoFlex
from pumpd_sim.dulcoflex_map import NAMES
from pumpd_sim.dulcoflex_options import DulcoFlexOptions
from pumpd_sim.modbus_pump import MODBUS
from pumpd_sim.plant import PlantSpec
from pumpd_sim.provenance import Behaviour

HOSE = DeliverySet(turn_nl=5_000_000, upstream_give_nl=20_000_000)
MAKER = "ProMinent, DULCO flex Control operating instructions, Modbus RTU"

PROVENANCE: tuple[Behaviour, ...] = (
    *MODBUS,
    ("19,200 baud, even parity, unit 20; functions 3, 6, 16, 23", "manual", MAKER),
    ("register numbers and types; litres and litres per hour as f32", "manual", MAKER),
    ("printed numbers are the addresses in the frame", "assumption", "option numbers"),
    (
        "register 63 tells the byte order; high word first",
        "assumption",
        "the register is the manual's; option word_order",
    ),
    ("the eight bits of 1200 stand in the low byte", "assumption", "option run_byte"),
    ("time-out: stops with an error, starts again with the next query", "manual", MAKER),
    ("a first query that takes run back does not start it", "assumption", "the manual names no order"),
    (
        "broadcasts and damaged frames do not hold the time-out back",
        "assumption",
        "the manual says: the master must ask",
    ),
    ("time-out 5,000 ms from the factory", "assumption", "the range 0 to 10,000 is the manual's"),
    ("bit 1 of 1200 stays until acknowledged", "assumption", "option timeout_bit_clears"),
    (
        "a batch starts with 0x5555 in 1235 while run is 1, and ends with run 0",
        "assumption",
        "option batch_starts_with",
    ),
    ("mode bits in 1000 are those of the target mode", "assumption", ""),
    ("an error holds the pump, and run stays", "assumption", "option run_survives_error"),
    ("a refilled container takes the level error back", "assumption", "option level_clears_itself"),
    ("settings are kept without power, run is not", "assumption", "option kept_without_power"),
    ("motor blocked 1 s after the first lost step", "assumption", "option blocked_after_ms"),
    ("a target rate above the maximum is refused with exception 3", "assumption", ""),
    ("registers 9, 1217 and the other warnings", "assumption", "not modelled"),
    ("hose, pulsation and pressure that stalls the motor", "assumption", "DeliverySet, PlantSpec"),
)


def build(bench: Bench) -> DulcoFlex:
    pump = DulcoFlex(
        plant=BagPlant(bench.plant, HOSE, now_ns=bench.now_ns),
        unit=bench.address,
        baud=bench.baud,
        options=bench.options,
        now_ns=bench.now_ns,
    )
    if bench.timeout_s is not None:
        if not 0 <= bench.timeout_s <= 10:
            raise ValueError("--timeout-s: 0 to 10")
        pump.timeout_ms = bench.timeout_s * 1_000
    return pump


def lines_to_run(rate_ul_per_h: int) -> tuple[str, ...]:
    return "timeout_ms = 0", f"rate_l_per_h = {rate_ul_per_h / 1_000_000:g}", "run = run"


DEVICE = DeviceKind(
    name="dulcoflex",
    title="ProMinent DULCO flex Control, peristaltic, Modbus RTU",
    options=DulcoFlexOptions,
    build=build,
    addresses=(20, *range(1, 20), *range(21, 248)),
    bauds=(19_200, 9_600, 38_400),
    provenance=PROVENANCE,
    plant=PlantSpec(
        volume_nl=10 * 10**9, capacity_nl=10 * 10**9, compliance_nl_per_mmhg=10_000, drain_time_constant_ms=200
    ),
    registers=NAMES,
    running=Running(lines=lines_to_run, rate_ul_per_h=1_000_000),
)
