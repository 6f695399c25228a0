"""The Alaris Asena GH as a kind of device: its facts, how one is built, and where each behaviour comes from.

`OpenICE` is the project of other people that speaks with such pumps (mdpnp/mdpnp, classes Asena and SingleSimAlaris, as
of 2025-10); lines that its simulator quotes from a real pump count as captures.
"""

from __future__ import annotations

from pumpd_sim.alaris import Alaris
from pumpd_sim.alaris_options import AlarisOptions
from pumpd_sim.devices import Bench, DeviceKind, Running
from pumpd_sim.plant import PlantSpec
from pumpd_sim.provenance import Behaviour

PROVENANCE: tuple[Behaviour, ...] = (
    ("38400 baud, eight bits, no parity, one stop bit", "client", "OpenICE Asena"),
    ("frame: ! body | four hexadecimal digits CR; fields between ^", "capture", "OpenICE; also EBME forum topic 64957"),
    ("CRC-16 0x1021 from 0xFFFF over the body alone", "capture", "recomputed from 14 quoted frames"),
    ("ESC throws away what was begun", "client", "OpenICE Asena"),
    ("permission code is the CRC of the serial number; echoed as ****", "capture", "8002-51740 gives 3CC1"),
    ("REMOTE_CTRL is answered PERMIT^0^ms", "capture", "OpenICE SingleSimAlaris"),
    ("nothing that changes is obeyed without REMOTE_CTRL", "client", "two clients give it before each write"),
    ("permission lasts until taken back", "assumption", "option permission_lapses_after_s"),
    ("REMOTE_CFG is understood and needed for nothing", "assumption", "option config_permission_needed"),
    ("INF_STOP needs permission too", "assumption", "option stop_needs_permission"),
    ("INF answers 13 fields in this order", "capture", "OpenICE SingleSimAlaris"),
    ("mode word SET while stopped", "capture", "OpenICE SingleSimAlaris"),
    ("mode word and rate while infusing", "assumption", "options infusing_shows_in, mode_word"),
    ("alarm field of INF: - without, the code with an alarm", "assumption", "option alarm_marker"),
    ("a rate of 0.1 is answered with two decimals", "capture", "OpenICE SingleSimAlaris: 0.1 and 0.10"),
    ("rate 0.1 to 1200 ml/h", "client", "OpenICE; INF_RATE_MAX_SYRINGE"),
    ("more decimals than two, three are refused", "assumption", "option more_decimals"),
    ("INF_VTBI^ACTIV with three decimals and STOP", "client", "OpenICE Asena"),
    ("end actions KVO and CONT: that they exist", "capture", "alarm codes AL_VTBIK, AL_VTBIC"),
    ("end actions KVO and CONT: their spelling, the KVO rate", "assumption", "options kvo_word, continue_word"),
    ("INF_VTBI answers what is left", "assumption", "option vtbi_query"),
    ("no VTBI is answered INF_VTBI^DEACT", "assumption", "option vtbi_off_reply; OpenICE wants empty fields"),
    ("refusal is silence", "assumption", "option refusal; nobody has published one"),
    ("a wrong CRC is answered with silence", "assumption", "option bad_crc"),
    ("started over the line: silence of 15 s alarms and stops", "manual", "CareFusion Alaris CC 1000DF00329, p. 32"),
    ("started at the keypad: silence stops nothing", "manual", "the same page names only the start over the line"),
    ("a frame with a good CRC is what counts as traffic", "assumption", "option traffic_is"),
    ("alarm codes", "client", "OpenICE's list"),
    ("INF_STOP ends an alarm, and takes its code away", "assumption", "option alarm_ended_by"),
    ("an alarm refuses INF_START", "assumption", "follows from the alarm's priority at the pump"),
    ("occlusion by pressure, at 500 mmHg; near end at 5 minutes", "assumption", "options; a site sets both"),
    ("a jammed drive is AL_DRDIS, an empty syringe AL_EOIST", "assumption", "by the codes' names"),
    ("mains gone, battery low below 20 %, empty below 2 %", "assumption", "by the codes AL_ACDIS, AL_LWBAT, AL_EMBAT"),
    ("answers may take 4000 ms", "capture", "COMMS_RESPONSE_MAX^4000^ms; options reply_ms, slow_every"),
    ("after a power failure: stopped, no permission, no alarm", "assumption", "options *_survive*_power"),
    ("INF_BOLUS, INF_PURGE_RATE, INF_CAP_RATE are refused", "assumption", "not modelled"),
    (
        "remote control only up to pump software 2.3.6",
        "client",
        "a user's report, EBME forum topic 64957; not modelled",
    ),
)


def build(bench: Bench) -> Alaris:
    if bench.timeout_s not in (None, 15):
        raise ValueError("--timeout-s: an Alaris waits 15 s, and nobody can change that")
    return Alaris(baud=bench.baud, options=bench.options, plant=bench.plant, now_ns=bench.now_ns)


def lines_to_run(rate_ul_per_h: int) -> tuple[str, ...]:
    """With the permission for the serial number of the default options."""
    return "REMOTE_CTRL^ENABLED^3CC1", f"INF_RATE^{rate_ul_per_h / 1_000:.2f}^ml/h", "INF_START"


DEVICE = DeviceKind(
    name="alaris",
    title="Alaris Asena GH syringe pump",
    options=AlarisOptions,
    build=build,
    addresses=range(1),
    bauds=(38_400,),
    provenance=PROVENANCE,
    plant=PlantSpec(volume_nl=50_000_000, capacity_nl=50_000_000),
    running=Running(lines=lines_to_run, rate_ul_per_h=5_000, poll="INF"),
)
