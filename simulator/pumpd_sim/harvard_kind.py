"""The Harvard Apparatus and KD Scientific pumps of the "Ultra" set as a kind of device."""

from __future__ import annotations

from pumpd_sim.devices import Bench, DeviceKind, Running
from pumpd_sim.harvard import Harvard
from pumpd_sim.harvard_options import HarvardOptions
from pumpd_sim.provenance import Behaviour

_GUIDE = "PHD ULTRA user's guide 5419-002, p. 83"

PROVENANCE: tuple[Behaviour, ...] = (
    ("command: address, name, arguments, CR; LF is tolerated", "manual", _GUIDE),
    ("names shortened to four letters; case does not matter", "manual", _GUIDE),
    ("@ in front of a command is taken", "client", "public clients of the Pump 11 Elite"),
    ("reply: LF, lines in CR LF, prompt", "manual", _GUIDE),
    ("prompts : > < * T* >* <*", "manual", _GUIDE),
    ("poll on: XON behind the prompt", "manual", _GUIDE),
    (
        "poll and echo outlive the power with the other settings",
        "assumption",
        "options poll_from_start, echo_from_start",
    ),
    ("address digits before prompt and lines unless it is 0", "manual", "form before lines: options address_*"),
    ("a command without an address is for pump 0", "assumption", "by the factory's address"),
    ("status: rate in fL/s, time, volume in fL, flags", "manual", "PHD ULTRA user's guide 5419-002, p. 88"),
    ("status: seconds and five flags, or milliseconds and six", "client", "option status_form; newer firmware"),
    ("errors: Command error, Unknown command, Argument error", "manual", _GUIDE),
    ("the explanation behind Argument error", "assumption", "only that there is one stands in the manual"),
    ("diameter 1 to 33 mm, four decimals, not while running", "manual", "Pump 11 Elite; refusal while running assumed"),
    ("rate limits: piston area times a top and a least speed", "client", "from one quoted answer to irate lim"),
    ("six digits of a rate are kept, no zero before the point", "assumption", "options digits, leading_zero"),
    ("a rate acts at once while running", "assumption", "option rate_while_running"),
    ("the target is compared with the infused volume", "assumption", "option target_counts"),
    ("svolume is kept and told, and bounds nothing", "assumption", "the manual names it among the settings"),
    ("Target volume not set", "manual", _GUIDE),
    ("a target may be set while running", "assumption", "option target_while_running"),
    ("no watch over a silent host: the pump runs on", "manual", "no such function is described"),
    ("stall: prompt * after 0.5 s of lost steps", "assumption", "the prompt is the manual's; option for the time"),
    ("limit switch at the end of travel", "manual", "flags of status; option end_of_travel for pumps without"),
    ("nvram none and off: nothing outlives the power", "manual", _GUIDE),
    ("volumes counted are lost with the power", "assumption", "option counters_survive_power"),
    ("after a power failure: idle, and no sign of it", "assumption", "the manual names none"),
    ("bauds 9600 to 115200", "manual", _GUIDE),
    ("target time, ramps, force and gang are unknown commands", "assumption", "not modelled"),
)


def build(bench: Bench) -> Harvard:
    if bench.timeout_s is not None:
        raise ValueError("--timeout-s: a Harvard pump has no watch over silence; it runs on")
    return Harvard(
        address=bench.address, baud=bench.baud, options=bench.options, plant=bench.plant, now_ns=bench.now_ns
    )


def lines_to_run(rate_ul_per_h: int) -> tuple[str, ...]:
    return "diameter 26.59", f"irate {rate_ul_per_h / 1_000:g} ml/hr", "irun"


DEVICE = DeviceKind(
    name="harvard",
    title="Harvard Apparatus and KD Scientific syringe pumps (Ultra command set)",
    options=HarvardOptions,
    build=build,
    addresses=range(100),
    bauds=(9_600, 19_200, 38_400, 57_600, 115_200),
    provenance=PROVENANCE,
    running=Running(lines=lines_to_run, rate_ul_per_h=5_000),
)
