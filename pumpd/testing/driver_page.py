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
from pathlib import Path
from typing import Final, assert_never

from pumpd import registry
from pumpd.core.lease import resumes_by_itself
from pumpd.core.pump import DriverInfo, FixedLease, IdentityKind, Lease, NoLease, SettableLease, VolumeLease

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
    "Driver", "Vectors, by origin", "Program of other people", "Lease", "High-alert drugs", "Identity",
    "Detects by itself", "Hardware",
)  # fmt: skip
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
    return f"| `{name}` | {' | '.join([counted, client, *_facts(info), hardware])} |"


def info_of(root: Path, name: str) -> DriverInfo:
    """With the shipped map, where the driver needs one."""
    mapped = PROTOCOLS[name][2]
    options = {"map": (root / mapped).read_text(encoding="utf-8"), "map_file": mapped} if mapped else {}
    return registry.load(name, options).info


def _facts(info: DriverInfo) -> list[str]:
    leased = not isinstance(info.lease, NoLease) and info.lease != VolumeLease(changeable_while_running=False)
    drugs = leased and not resumes_by_itself(info)
    return [
        lease_text(info.lease),
        "yes" if drugs else "refused",
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
