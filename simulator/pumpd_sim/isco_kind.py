"""The ISCO controller as a kind of device: its facts, how one is built, and where each behaviour comes from."""

from __future__ import annotations

from pumpd_sim.devices import Bench, DeviceKind, Running
from pumpd_sim.isco import Isco
from pumpd_sim.isco_map import NAMES
from pumpd_sim.isco_options import IscoOptions
from pumpd_sim.modbus_pump import MODBUS
from pumpd_sim.plant import Plant, PlantSpec
from pumpd_sim.provenance import Behaviour

RECORD = "recorded traffic of a D-series pump, 2021-02-28"
EPICS = "epics-modules/SyringePump 94b2851"

PROVENANCE: tuple[Behaviour, ...] = (
    *MODBUS,
    ("unit 1; functions 1, 3, 5, 15, 16; addresses in the frame from 0", "client", EPICS),
    ("coils and registers; f32 with the high word first", "client", EPICS),
    ("coils 0 to 108 and registers 0 to 99 are read in one request", "capture", RECORD),
    ("after a misreading: foreign units and exceptions that fit no request", "capture", RECORD),
    ("about two minutes of silence before", "capture", f"{RECORD}; options disturbed_after_requests, disturbed_for_s"),
    ("requests in one TCP piece are what is misread", "assumption", "the cause is inferred; option run_together"),
    ("a reply in two pieces of 96 and 113 bytes", "capture", f"{RECORD}; option split_after_bytes"),
    (
        "switching one coil of a group of units off changes nothing",
        "assumption",
        "the echo is recorded, its effect is not",
    ),
    ("no watch over silence", "assumption", "no statement found"),
    ("a start that cannot be is refused with exception 4", "assumption", "option run_refused_with"),
    ("remote need not be chosen to run", "assumption", "option control_needs_remote"),
    ("another flow unit converts the set point", "assumption", "option unit_change"),
    ("a flow above the highest is refused with exception 3", "assumption", "option flow_beyond_limit"),
    ("volumes in mL; coil 82 resets pump A's", "assumption", "no unit is printed"),
    ("coil 82 reads 0", "assumption", "option reset_volume_coil_reads"),
    ("what stands for the pump type and the version", "assumption", "options pump_type, software_version"),
    ("over-pressure stops where coil 94 is on; empty and motor always stop", "assumption", "the coils' names say so"),
    ("the power gone: stopped, local, dispensed volume zero", "assumption", ""),
    ("pumps B to D are not fitted: zeros, exception 4", "assumption", ""),
    ("constant pressure, refill, gradients, linked pumps", "assumption", "not modelled; a start is refused"),
    ("cylinder, steps, highest pressure as of a bedside line", "assumption", "PlantSpec"),
)


def build(bench: Bench) -> Isco:
    if bench.timeout_s:
        raise ValueError("--timeout-s: an ISCO has no watch over silence")
    return Isco(
        plant=Plant(bench.plant, now_ns=bench.now_ns),
        unit=bench.address,
        baud=bench.baud,
        mode="rtu" if bench.mode == "rtu" else "tcp",
        options=bench.options,
        now_ns=bench.now_ns,
    )


def lines_to_run(rate_ul_per_h: int) -> tuple[str, ...]:
    return "in_ml_per_h = on", f"flow_set = {rate_ul_per_h / 1_000:g}", "run = on"


DEVICE = DeviceKind(
    name="isco",
    title="Teledyne ISCO D-series and SyriXus syringe pump, Modbus TCP and RTU",
    options=IscoOptions,
    build=build,
    addresses=range(1, 248),
    bauds=(19_200, 9_600, 38_400),
    provenance=PROVENANCE,
    modes=("tcp", "rtu"),
    tcp_modes=("tcp",),
    plant=PlantSpec(syringe_diameter_um=60_000, step_length_pm=11_200, volume_nl=100_000_000, capacity_nl=507_000_000),
    registers=NAMES,
    running=Running(lines=lines_to_run, rate_ul_per_h=5_000),
)
