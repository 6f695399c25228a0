"""The quality table of drivers/README.md, from the vectors and from what each driver says of itself.

A table kept by hand goes on praising a driver after its vectors were lost. So figures are counted from the files, and
only what no file can tell stands here: whose program, written by somebody else, has spoken to driver or look-alike.
`python -m pumpd.testing.driver_page` writes the table anew into the page; tests/docs/test_drivers_page.py compares
both.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Final, assert_never

from pumpd import registry
from pumpd.core.library import Entry
from pumpd.core.limits import review
from pumpd.core.order import Order
from pumpd.core.pump import DriverInfo, FixedLease, IdentityKind, Lease, NoLease, SettableLease, VolumeLease
from pumpd.core.regimen import Rules
from pumpd.testing.clinical import shipped_rules
from pumpd.testing.fault_story import observable, possible
from pumpd.testing.pairs import PAIRS, Pair

# vectors, the program of other people, and the shipped map of a driver whose facts come from one
PROTOCOLS: Final[dict[str, tuple[str, str, str]]] = {
    "alaris": ("alaris", "none; frames of OpenICE's client are vectors", ""),
    "dulcoflex": ("dulcoflex", "pymodbus and mbpoll, with the look-alike", ""),
    "generic_modbus": ("bag_pump", "pymodbus and mbpoll, with the look-alike", "config/pumps/bedside-bag-pump.toml"),
    "harvard": ("harvard", "none", ""),
    "isco": ("isco", "pymodbus and mbpoll, with the look-alike; a recorded pump", ""),
    "new_era": ("new_era", "nesp-lib, with the look-alike", ""),
}
_TABLE: Final = re.compile(r"<!-- quality -->\n.*?<!-- end of quality -->", re.DOTALL)
_COLUMNS: Final = (
    "Driver", "Vectors, by origin", "Program of other people", "Faults survived", "Lease", "Entries it may run",
    "Identity", "Detects by itself", "Hardware",
)  # fmt: skip
_WEIGHTS_G: Final = (50_000, 70_000, 90_000)
_HEIGHT_MM: Final = 1_750
_HEAD: Final = (f"| {' | '.join(_COLUMNS)} |", "|" + "---|" * len(_COLUMNS))


def origins(root: Path, protocol: str) -> Counter[str]:
    """How many frames of each origin the protocol's vectors have."""
    rows = tomllib.loads((root / "tests" / "vectors" / f"{protocol}.toml").read_text(encoding="utf-8"))["frame"]
    return Counter(row["origin"] for row in rows)


def lease_text(lease: Lease) -> str:
    match lease:
        case SettableLease(shortest_s=shortest_s, longest_s=longest_s, resumes_by_itself=resumes):
            return f"settable, {shortest_s} to {longest_s} s" + (", goes on by itself" if resumes else "")
        case FixedLease(length_s=length_s):
            return f"fixed, {length_s} s"
        case VolumeLease(changeable_while_running=changeable):
            return "volume target, movable" if changeable else "volume target, not movable"
        case NoLease():
            return "none"
        case _:
            assert_never(lease)


def table(root: Path) -> str:
    """Every shipped driver, in the order of names."""
    return "\n".join(["<!-- quality -->", *_HEAD, *(_row(root, name) for name in PROTOCOLS), "<!-- end of quality -->"])


def _row(root: Path, name: str) -> str:
    protocol, client, _ = PROTOCOLS[name]
    counted = ", ".join(f"{number} {origin}" for origin, number in sorted(origins(root, protocol).items()))
    info = info_of(root, name)
    hardware = "yes" if info.verified_on_hardware else "none yet"
    lease, *rest = _facts(info)
    columns = [counted, client, faults_text(PAIRS[name]), lease, entries_text(info), *rest, hardware]
    return f"| `{name}` | {' | '.join(columns)} |"


def faults_text(pair: Pair) -> str:
    """How many of the faults that its look-alike can have `tests/simulation/test_every_fault.py` brings on."""
    seen, every = len(observable(pair)), len(possible(pair))
    return f"{every}: {seen} it can notice, {every - seen} nobody can"


def entries_text(info: DriverInfo) -> str:
    """Which entries of the shipped library this pump gets past every limit, with any regimen, container and weight."""
    rules = shipped_rules()
    found = [entry.id for entry in rules.library.entries if any(_runs(order, info) for order in _orders(rules, entry))]
    if len(found) == len(rules.library.entries):
        return f"all {len(found)} of the library"
    return ", ".join(found)


def _orders(rules: Rules, entry: Entry) -> Iterator[Order]:
    regimens = (regimen for regimen in rules.catalogue.regimens if regimen.entry == entry.id)
    for regimen, container, weight_g in product(regimens, entry.containers, _WEIGHTS_G):
        yield Order(regimen=regimen.id, day=1, weight_g=weight_g, height_mm=_HEIGHT_MM, container=container.id)


def _runs(order: Order, info: DriverInfo) -> bool:
    return review(order, shipped_rules(), info, (), 0).programme is not None


def info_of(root: Path, name: str) -> DriverInfo:
    """With the shipped map, where the driver needs one."""
    mapped = PROTOCOLS[name][2]
    options = {"map": (root / mapped).read_text(encoding="utf-8"), "map_file": mapped} if mapped else {}
    return registry.load(name, options).info


def _facts(info: DriverInfo) -> list[str]:
    return [
        lease_text(info.lease),
        "serial number" if info.identity is IdentityKind.SERIAL else "model alone",
        ", ".join(each.value.replace("_", " ") for each in info.detects) or "nothing",
    ]


def main() -> None:
    root = Path(__file__).resolve().parents[2]
    page = root / "drivers" / "README.md"
    text = page.read_text(encoding="utf-8")
    page.write_text(_TABLE.sub(lambda _: table(root), text), encoding="utf-8")


if __name__ == "__main__":
    main()
