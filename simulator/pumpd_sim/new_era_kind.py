"""The New Era NE-1000 as a kind of device: its facts, how one is built, and where each behaviour comes from."""

from __future__ import annotations

from pumpd_sim import new_era_state
from pumpd_sim.devices import Bench, DeviceKind, Lasting, Running
from pumpd_sim.new_era import NewEra
from pumpd_sim.new_era_commands import BAUDS
from pumpd_sim.new_era_options import NewEraOptions
from pumpd_sim.provenance import Behaviour

TIMEOUT_S = 5  # in Safe mode, unless told otherwise

PROVENANCE: tuple[Behaviour, ...] = (
    ("Safe packet: STX, length, payload, CRC-16 0x1021 from 0, ETX", "manual", "NE-1000 10.2.2-3, p. 33-34"),
    ("Basic: text and CR; reply between STX and ETX, no checksum", "manual", "NE-1000 10.2.2, p. 33"),
    ("bytes of a packet 0.5 s apart: packet thrown away", "manual", "NE-1000 10.2.3, p. 34"),
    (
        "the 0.5 s rule does not bind hand-typed Basic lines",
        "assumption",
        "stated in the Safe-mode section only",
    ),
    ("timer restarts on every valid packet; A?T stops pump and program", "manual", "NE-1000 10.2.3, p. 34"),
    ("timer off after power-up and after A?T until a valid packet", "manual", "NE-1000 10.2.3, p. 34"),
    ("A?T also while nothing is pumping", "assumption", "no sentence limits it to pumping"),
    (
        "alarm acknowledged by being the reply to a valid command, or at the keypad",
        "manual",
        "NE-1600, p. 35",
    ),
    ("the command that drew the alarm reply is not carried out", "manual", "NE-1600, p. 35"),
    ("unrequested alarm packet in Safe mode does not acknowledge", "manual", "NE-1000 10.2.3, p. 34"),
    ("several alarms are reported one after the other", "assumption", ""),
    ("SAF n > 0 in safe framing is answered in safe framing", "manual", "Next Advance SP1070-M, p. 42"),
    ("an alarm reply to SAF has the framing that SAF asked for", "client", "nesp-lib; option"),
    ("SAF 1-255 s", "client", "nesp-lib; option saf_limit"),
    ("a Safe-mode pump does not obey Basic commands", "assumption", "option safe_rejects_basic"),
    ("numbers: four digits, at most three decimals, always a point", "manual", "NE-1000 10.2.1, p. 33"),
    ("totals are cut, not rounded; roll over past 9999", "assumption", "options"),
    ("diameter up to 14.00 mm sets uL, above mL", "manual", "NE-500 quick start"),
    ("digits of VOL stay when the unit changes", "assumption", ""),
    ("rate limits: piston area x 5.1005 cm/min and x 0.004205 cm/h", "manual", "NE-1000, specifications"),
    ("a rate changed while pumping is not stored; no unit then", "manual", "NE-500 5.4.1, p. 7"),
    ("direction may change while pumping only with VOL 0", "manual", "NE-500 5.4.1, p. 7"),
    ("VOL while pumping refused", "assumption", "option vol_while_pumping"),
    ("STP pauses, second STP resets to phase 1", "manual", "NE-1000, command set"),
    ("RUN from a stop starts at the phase that PHN selected", "assumption", "option run_starts_at"),
    ("trigger modes and their edges", "manual", "NE-500, p. 38"),
    ("a volume is reached at the first step at or past it", "assumption", ""),
    ("stall stops the pump after 0.5 s of lost steps and resets the program", "assumption", "options"),
    ("PF 1: after power failure the program starts at phase 1", "assumption", "the manual names the setting"),
    ("LOC 1 disables every key", "assumption", "option stop_key_when_locked"),
    ("dispensed totals are lost with the power", "assumption", "option dis_survives_reset"),
    ("step length 212.6 nm; compliance, stall pressure and drainage of the line", "assumption", "PlantSpec"),
    ("phase functions FIL, LIN, PRI, PRL, IF and events end in A?E", "assumption", "not modelled"),
)


def build(bench: Bench) -> NewEra:
    options: NewEraOptions = bench.options
    timeout_s = TIMEOUT_S if bench.timeout_s is None else bench.timeout_s
    if not 1 <= timeout_s <= options.saf_limit:
        message = f"--timeout-s: 1 to {options.saf_limit}"
        raise ValueError(message)
    return NewEra(
        address=bench.address,
        timeout_s=timeout_s if bench.mode == "safe" else 0,
        baud=bench.baud,
        options=options,
        plant=bench.plant,
        now_ns=bench.now_ns,
    )


def lines_to_run(rate_ul_per_h: int) -> tuple[str, ...]:
    """The first draws the power-up alarm. Five characters, the point among them; volume 0 has no end."""
    return "", f"RAT{f'{rate_ul_per_h / 1_000:.3f}'[:5]}MH", "VOL0.000", "RUN"


DEVICE = DeviceKind(
    name="new_era",
    title="New Era NE-1000 syringe pump",
    options=NewEraOptions,
    build=build,
    addresses=range(100),
    bauds=(19_200, *(baud for baud in BAUDS if baud != 19_200)),
    provenance=PROVENANCE,
    modes=("basic", "safe"),
    running=Running(lines=lines_to_run, rate_ul_per_h=5_000),
    lasting=Lasting(state=new_era_state.NewEraState, save=new_era_state.saved, restore=new_era_state.restored),
)
