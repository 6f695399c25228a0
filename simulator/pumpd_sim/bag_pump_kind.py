"""The example bag pump as a kind of device: its facts, how one is built, and where each behaviour comes from."""

from __future__ import annotations

from pumpd_sim.bag_plant import BAG, BagPlant, DeliverySet
from pumpd_sim.bag_pump import BagPump
from pumpd_sim.bag_pump_map import NAMES
from pumpd_sim.bag_pump_options import BagPumpOptions
from pumpd_sim.devices import Bench, DeviceKind, Running
from pumpd_sim.modbus_pump import MODBUS
from pumpd_sim.provenance import Behaviour

CALIBRATION_LIMIT_PPM = 50_000
PAGE = "docs/bag-pump.md"

PROVENANCE: tuple[Behaviour, ...] = (
    *MODBUS,
    ("coils, registers, ranges, exceptions, broadcast, timeout", "manual", f"{PAGE}: of a pump that nobody sells"),
    ("rate to the nearest 0.001 mL/h, then cut to a step", "manual", PAGE),
    ("stops at VTBI by the rotor's count", "manual", PAGE),
    ("sensors are looked at ten times a second", "assumption", "no page says how often"),
    ("suction alarm at -300 mmHg, motor blocked at the first lost step", "assumption", "no page gives the figure"),
    ("an empty bag is seen by the drip chamber", "assumption", "option empty_seen_by"),
    ("rotor of 500 steps a turn, pulsation, compliance and free flow of the set", "assumption", "DeliverySet"),
)


def build(bench: Bench) -> BagPump:
    options: BagPumpOptions = bench.options
    if options.calibration_ppm > CALIBRATION_LIMIT_PPM:
        message = f"option calibration_ppm: {CALIBRATION_LIMIT_PPM} at most; the manual grants 5 %"
        raise ValueError(message)
    delivery_set = DeliverySet(calibration_ppm=options.calibration_ppm, clamp=options.clamp)
    pump = BagPump(
        plant=BagPlant(bench.plant, delivery_set, now_ns=bench.now_ns),
        unit=bench.address,
        baud=bench.baud,
        mode="tcp" if bench.mode == "tcp" else "rtu",
        options=options,
        now_ns=bench.now_ns,
    )
    if bench.timeout_s is not None:
        if not 1 <= bench.timeout_s <= 30:
            raise ValueError("--timeout-s: 1 to 30")
        pump.timeout_ms = bench.timeout_s * 1_000
    return pump


def lines_to_run(rate_ul_per_h: int) -> tuple[str, ...]:
    """The volume is more than any bag holds: the bag ends it."""
    return "acknowledge = on", f"rate_ml_per_h = {rate_ul_per_h / 1_000:g}", "vtbi_ml = 9999", "run = on"


DEVICE = DeviceKind(
    name="bag_pump",
    title="Example bag pump, volumetric, Modbus RTU and TCP",
    options=BagPumpOptions,
    build=build,
    addresses=range(1, 248),
    bauds=(19_200, 9_600, 38_400),
    provenance=PROVENANCE,
    modes=("rtu", "tcp"),
    tcp_modes=("tcp",),
    plant=BAG,
    registers=NAMES,
    running=Running(lines=lines_to_run, rate_ul_per_h=25_000),
)
