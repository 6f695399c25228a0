"""The table of drivers/README.md says what the files say: vectors by origin, lease, identity, what a driver detects."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path

import pytest

from pumpd.core.pump import FixedLease, Lease, NoLease, SettableLease, VolumeLease
from pumpd.testing import driver_page

ROOT = Path(__file__).parents[2]


def test_the_table_is_the_one_that_is_generated() -> None:
    assert driver_page.table(ROOT) in (ROOT / "drivers" / "README.md").read_text(encoding="utf-8")


def test_every_driver_of_the_table_is_shipped_and_has_a_paragraph() -> None:
    page = (ROOT / "drivers" / "README.md").read_text(encoding="utf-8")
    shipped = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
    names = shipped["pumpd.drivers"]
    assert set(driver_page.PROTOCOLS) <= set(names)
    assert [name for name in driver_page.PROTOCOLS if f"- **{name}**" not in page] == []


def test_vectors_are_counted_from_the_files_and_have_no_other_origin() -> None:
    for protocol, _, _ in driver_page.PROTOCOLS.values():
        rows = tomllib.loads((ROOT / "tests" / "vectors" / f"{protocol}.toml").read_text(encoding="utf-8"))["frame"]
        assert Counter(row["origin"] for row in rows) == driver_page.origins(ROOT, protocol)


@pytest.mark.parametrize(
    "lease",
    [
        SettableLease(shortest_s=1, longest_s=9),
        FixedLease(length_s=15),
        VolumeLease(changeable_while_running=True),
        NoLease(),
    ],
)
def test_every_kind_of_lease_has_its_words(lease: Lease) -> None:
    assert driver_page.lease_text(lease) != ""


def test_no_driver_is_called_verified_on_hardware() -> None:
    assert [name for name in driver_page.PROTOCOLS if driver_page.info_of(ROOT, name).verified_on_hardware] == []
