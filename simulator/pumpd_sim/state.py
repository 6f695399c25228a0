"""A wire with its pumps at one moment, as a JSON document: written by `saved`, served by `pumpd-sim serve --state`.

So that a demonstration or somebody's test can begin in the middle: a pump that has infused for three hours, one whose
line is closed, one whose power is gone. The pumps go on exactly from there; between the moment at which they were saved
and the one at which they are served no time has passed for them. `faults` are brought on as soon as they are served,
and stand as they would in `POST /faults`.

A kind of pump can be saved when its `DeviceKind` says how (`lasting`). The document's form has a version of its own,
under semantic versioning: a reader refuses another major one, and docs/pump-state.schema.json is generated from here.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pumpd_sim import devices, state_fields
from pumpd_sim.bus import SimBus
from pumpd_sim.device import Device
from pumpd_sim.fault_text import fault_of
from pumpd_sim.state_fields import Schema, StateError

FORM = "1.0.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class WireState:
    """`pumps` are of the type that the device's kind keeps its state in; `day_ns` is how far their day has come."""

    device: str
    day_ns: int
    pumps: tuple[Any, ...]
    faults: Sequence[Mapping[str, object]] = field(default_factory=tuple)

    def text(self) -> str:
        """The document."""
        told = {
            "pumpd_sim_state": FORM,
            "device": self.device,
            "day_ns": self.day_ns,
            "faults": [dict(each) for each in self.faults],
            "pumps": [state_fields.plain(pump) for pump in self.pumps],
        }
        return json.dumps(told, indent=1) + "\n"

    def built(self) -> list[Device]:
        """The pumps, put together again. Raises StateError."""
        lasting = lasting_of(devices.load(self.device))
        return [lasting.restore(copy.deepcopy(pump)) for pump in self.pumps]

    def bring_on_faults(self, bus: SimBus, now_ns: int = 0) -> None:
        """Raises StateError for one that there is not."""
        for place, told in enumerate(self.faults):
            try:
                bus.inject(now_ns, fault_of(dict(told)))
            except (ValueError, LookupError) as error:
                raise StateError(f"faults[{place}]: {error}") from error


def lasting_of(kind: devices.DeviceKind) -> devices.Lasting:
    """Raises StateError."""
    if kind.lasting is None:
        able = [name for name in devices.names() if devices.load(name).lasting is not None]
        raise StateError(f"a {kind.name} cannot be saved yet; these can: {', '.join(able) or 'none'}")
    return kind.lasting


def saved(bus: SimBus, kind: devices.DeviceKind, now_ns: int, faults: Sequence[Mapping[str, object]] = ()) -> WireState:
    """All that the pumps of this wire are now; they themselves go on. Raises StateError."""
    lasting = lasting_of(kind)
    bus.truth(now_ns)  # everything up to now has happened
    pumps = tuple(copy.deepcopy(lasting.save(device)) for device in bus.devices)
    return WireState(device=kind.name, day_ns=bus.day.now_ns, pumps=pumps, faults=faults)


def read(path: Path) -> WireState:
    """Raises StateError with the file and the place in it."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise StateError(f"{path}: {error}") from error
    try:
        return read_document(said)
    except ValueError as error:
        raise StateError(f"{path}: {error}") from error


def read_document(said: object) -> WireState:
    """Raises StateError, or DeviceError for a device that is not installed."""
    names = ("pumpd_sim_state", "device", "day_ns", "faults", "pumps")
    if not isinstance(said, dict) or set(said) != set(names):
        raise StateError(f"a state is an object with {', '.join(names)}, and nothing else")
    form = str(said["pumpd_sim_state"])
    if form.partition(".")[0] != FORM.partition(".")[0]:
        raise StateError(f"pumpd_sim_state {form!r}: this pumpd-sim reads {FORM}; save the state anew")
    if not isinstance(said["device"], str) or type(said["day_ns"]) is not int:
        raise StateError("device is a name, and day_ns a whole number")
    if not isinstance(said["pumps"], list) or not said["pumps"]:
        raise StateError("pumps: a list with one at least")
    if not isinstance(said["faults"], list) or not all(isinstance(each, dict) for each in said["faults"]):
        raise StateError('faults: a list of objects such as {"fault": "mute", "for_s": 5}')
    lasting = lasting_of(devices.load(said["device"]))
    pumps = tuple(state_fields.read(lasting.state, pump, f"pumps[{place}]") for place, pump in enumerate(said["pumps"]))
    return WireState(device=said["device"], day_ns=said["day_ns"], pumps=pumps, faults=said["faults"])


def schema() -> Schema:
    """The document as JSON Schema, for every device that is installed and can be saved."""
    kinds = [devices.load(name) for name in devices.names()]
    either = [
        {
            "properties": {
                "device": {"const": kind.name},
                "pumps": {"type": "array", "minItems": 1, "items": state_fields.schema(kind.lasting.state)},
            }
        }
        for kind in kinds
        if kind.lasting is not None
    ]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A simulated wire with its pumps at one moment",
        "type": "object",
        "required": ["pumpd_sim_state", "device", "day_ns", "faults", "pumps"],
        "properties": {
            "pumpd_sim_state": {"type": "string", "pattern": f"^{FORM.partition('.')[0]}\\."},
            "device": {"type": "string"},
            "day_ns": {"type": "integer"},
            "faults": {"type": "array", "items": {"type": "object", "required": ["fault"]}},
            "pumps": {"type": "array"},
        },
        "additionalProperties": False,
        "anyOf": either,
    }
