"""Faults inside a pump, in its line, and by people at it: what each does to one device, at one moment.

A pump has a fault when it, or its plant, has the method that `fault_table` names under `needs`; nothing else has to be
declared, so a look-alike from another package has every fault of a plant at once. A fault that a pump cannot have is
refused with a sentence that names the pumps that can. What a fault leads to later (an occlusion that is released, the
next alarm of a storm) is returned as faults of its own, for the bus to bring on in time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from pumpd_sim import devices
from pumpd_sim.device import Device
from pumpd_sim.fault_table import FAULTS
from pumpd_sim.faults import NS_PER_MS, CannotHaveError, Fault, FaultKind

REBOOT_MS = 2_000
FOR_GOOD_MS = 10**12
STORM_GAP_MS = 500
CLOSING_MS = 600_000
AIR_NL = 200_000
FREE_FLOW_NL_PER_H = 60_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a device said when it happened, and what happens later."""

    said: bytes = b""
    detail: str = ""
    after_ms: int = 0
    then: Fault | None = None


def can_have(device: Device, kind: FaultKind) -> bool:
    needs = FAULTS[kind].needs
    plant = getattr(device, "plant", None)
    of_the_plant = hasattr(plant, needs) and needs not in getattr(plant, "cannot", ())
    return not needs or hasattr(device, needs) or of_the_plant


def who_can(kind: FaultKind) -> tuple[str, ...]:
    """The installed devices that can have this fault."""
    if FAULTS[kind].place in ("host", "broker"):
        return ()
    able: list[str] = []
    for name in devices.names():
        try:
            device = _built(devices.load(name))
        except (devices.DeviceError, ValueError):
            continue  # somebody's broken package is no reason to name nobody
        if can_have(device, kind):
            able.append(name)
    return tuple(able)


def _built(kind: devices.DeviceKind) -> Device:
    bench = devices.Bench(
        address=kind.addresses[0], baud=kind.bauds[0], plant=kind.plant, options=kind.options(), mode=kind.modes[0]
    )  # fmt: skip
    return kind.build(bench)


def must_have(device: Device, kind: FaultKind) -> None:
    """Raises CannotHaveError, with who can."""
    facts = FAULTS[kind]
    if facts.place in ("host", "broker"):
        raise CannotHaveError(f"{kind.value} is a fault of the {facts.place}: {facts.how}")
    if can_have(device, kind):
        return
    able = ", ".join(who_can(kind)) or "none that is installed"
    raise CannotHaveError(f"{type(device).__name__} cannot have {kind.value} (no {facts.needs}); these can: {able}")


def bring_on(device: Device, now_ns: int, fault: Fault) -> Done:
    """Let it happen; `now_ns` is the device's own time. Raises CannotHaveError, ValueError for a senseless figure."""
    must_have(device, fault.kind)
    match fault.kind:
        case FaultKind.REBOOT:
            outage_ms = REBOOT_MS if fault.for_ms is None else fault.for_ms
            return Done(said=device.reboot(now_ns, outage_ms * NS_PER_MS))
        case FaultKind.BATTERY_CUT:
            outage_ms = FOR_GOOD_MS if fault.for_ms is None else fault.for_ms
            return Done(said=device.reboot(now_ns, outage_ms * NS_PER_MS))
        case FaultKind.BATTERY_SAG:
            return Done(said=_do(device, now_ns, "sag_battery", fault.permille))
        case FaultKind.COUNTER_RESET:
            return Done(said=_do(device, now_ns, "reset_counters"))
        case FaultKind.REFUSE:
            return Done(said=_do(device, now_ns, "refuse_next", fault.count))
        case FaultKind.ALARM_STORM:
            return _storm(device, now_ns, fault)
        case FaultKind.CALIBRATION:
            return Done(said=_do(device, now_ns, "miscalibrate", fault.permille))
        case FaultKind.STALL:
            said = _do(device, now_ns, "jam", jammed=True)
            return _until(fault, device, said, FaultKind.FREE_MOTOR)
        case FaultKind.FREE_MOTOR:
            return Done(said=_do(device, now_ns, "jam", jammed=False))
        case FaultKind.OTHER_USER_AT_KEYPAD:
            said = device.press(now_ns, fault.key, rate_nl_per_h=fault.rate_nl_per_h)
            return Done(said=said, detail=f" {fault.key}")
    return _in_the_line(device, now_ns, fault)


def _in_the_line(device: Device, now_ns: int, fault: Fault) -> Done:
    match fault.kind:
        case FaultKind.OCCLUSION:
            said = _do(device, now_ns, "occlude")
            return _until(fault, device, said, FaultKind.RELEASE_OCCLUSION)
        case FaultKind.SLOW_OCCLUSION:
            over_ms = CLOSING_MS if fault.for_ms is None else fault.for_ms
            return Done(said=_do(device, now_ns, "narrow", over_ms * NS_PER_MS))
        case FaultKind.RELEASE_OCCLUSION:
            return Done(said=_do(device, now_ns, "release"))
        case FaultKind.AIR:
            volume_nl = AIR_NL if fault.volume_nl is None else fault.volume_nl
            return Done(said=_do(device, now_ns, "admit_air", volume_nl))
        case FaultKind.LEAK:
            return Done(said=_do(device, now_ns, "leak", min(fault.permille, 1_000)))
        case FaultKind.FREE_FLOW:
            rate_nl_per_h = FREE_FLOW_NL_PER_H if fault.rate_nl_per_h is None else fault.rate_nl_per_h
            said = _do(device, now_ns, "flow_freely", rate_nl_per_h)
            ends = replace(_plain(fault, device), rate_nl_per_h=0, for_ms=None)
            return Done(said=said, after_ms=fault.for_ms or 0, then=ends if fault.for_ms else None)
        case FaultKind.REVERSE:
            said = _do(device, now_ns, "reverse", against=fault.for_ms != 0)
            ends = replace(_plain(fault, device), for_ms=0)
            return Done(said=said, after_ms=fault.for_ms or 0, then=ends if fault.for_ms else None)
        case FaultKind.EMPTY_EARLY:
            return Done(said=_do(device, now_ns, "load", fault.volume_nl or 0))
        case FaultKind.NEW_SYRINGE:
            return Done(said=_do(device, now_ns, "load", fault.volume_nl))
        case FaultKind.WRONG_SYRINGE:
            return Done(said=_do(device, now_ns, "fit", fault.diameter_um))
    message = f"{fault.kind.value} is no fault of a pump"
    raise AssertionError(message)


def _do(device: Device, now_ns: int, name: str, *values: Any, **named: Any) -> bytes:  # noqa: ANN401  # figures of any kind
    """Call the device's own method, or its plant's after the device has caught up with the time."""
    act = getattr(device, name, None)
    if act is not None:
        said: bytes = act(now_ns, *values, **named)
        return said
    said = device.on_wake(now_ns)
    plant = device.plant  # type: ignore[attr-defined]  # must_have has found the method there
    getattr(plant, name)(now_ns, *values, **named)
    return said


def _storm(device: Device, now_ns: int, fault: Fault) -> Done:
    """One alarm now, the rest of the storm later; without a name, each the pump knows in its turn."""
    known: tuple[str, ...] = device.alarms_known  # type: ignore[attr-defined]  # who can raise alarms knows them
    alarm = fault.alarm or known[-fault.count % len(known)]
    if alarm not in known:
        raise ValueError(f"alarm {alarm!r} is none of this pump's: {', '.join(known)}")
    said = _do(device, now_ns, "raise_alarm", alarm)
    gap_ms = STORM_GAP_MS if fault.by_ms is None else fault.by_ms
    rest = replace(_plain(fault, device), count=fault.count - 1) if fault.count > 1 else None
    return Done(said=said, detail=f" {alarm}", after_ms=gap_ms, then=rest)


def _plain(fault: Fault, device: Device) -> Fault:
    """The same fault without its trigger, at this pump."""
    return replace(fault, after_ms=0, after_frames=0, after_bytes=0, address=device.address)


def _until(fault: Fault, device: Device, said: bytes, ended_by: FaultKind) -> Done:
    if fault.for_ms is None:
        return Done(said=said)
    return Done(said=said, after_ms=fault.for_ms, then=Fault(kind=ended_by, address=device.address))
