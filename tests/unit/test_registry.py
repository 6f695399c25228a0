"""Exactly one package may claim a driver's name. The packages here are real ones on sys.path, not patched."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pumpd import registry
from pumpd.errors import RegistryError

Install = Callable[[str, str, str], None]

GOOD = """
class Info:
    name = "slow_drip"

class Driver:
    info = Info()
    def framing(self): ...
    def pump(self, *, address, options): ...

DRIVER = Driver()
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Leave a package as pip does: its name, its entry point, the source of its module."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def installed(package: str, entry: str, source: str) -> None:
        (tmp_path / f"{package}.py").write_text(source, encoding="utf-8")
        metadata = tmp_path / f"{package}-1.2.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.2\n")
        (metadata / "entry_points.txt").write_text(f"[pumpd.drivers]\n{entry} = {package}:DRIVER\n")
        monkeypatch.delitem(sys.modules, package, raising=False)

    return installed


def test_an_installed_driver_is_loaded(install: Install) -> None:
    install("drip_package", "slow_drip", GOOD)
    assert registry.load("slow_drip").info.name == "slow_drip"
    assert "slow_drip" in registry.names()


def test_two_packages_that_claim_one_name_are_both_named(install: Install) -> None:
    install("drip_one", "slow_drip", GOOD)
    install("drip_two", "slow_drip", GOOD)
    with pytest.raises(RegistryError, match=r"drip_one 1\.2 \(drip_one:DRIVER\) and drip_two 1\.2"):
        registry.load("slow_drip")


def test_a_misspelt_driver_is_told_the_nearest_name(install: Install) -> None:
    install("drip_package", "slow_drip", GOOD)
    with pytest.raises(RegistryError, match=r"no driver 'slow_dripp' is installed; did you mean 'slow_drip'\?"):
        registry.load("slow_dripp")


def test_a_name_like_no_other_lists_what_is_installed(install: Install) -> None:
    install("drip_package", "slow_drip", GOOD)
    with pytest.raises(RegistryError, match=r"installed: .*slow_drip"):
        registry.load("zzzzzzzz")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import no_such_module_here", "cannot be imported: No module named 'no_such_module_here'"),
        ("", "cannot be imported: .*DRIVER"),
        ("DRIVER = object()", "is not a driver: it has no info, no framing, no pump"),
        (GOOD.replace("slow_drip", "fast_drip"), "calls itself 'fast_drip'"),
    ],
)
def test_a_package_that_is_no_driver_is_refused_with_its_name(install: Install, source: str, said: str) -> None:
    install("drip_package", "slow_drip", source)
    with pytest.raises(RegistryError, match=rf"drip_package 1\.2.*{said}"):
        registry.load("slow_drip")


def test_a_broken_driver_that_nobody_names_harms_nobody(install: Install) -> None:
    install("drip_package", "slow_drip", GOOD)
    install("broken_package", "broken", "raise RuntimeError")
    assert registry.load("slow_drip").info.name == "slow_drip"


def test_a_driver_that_depends_on_its_options_is_configured_by_them_before_it_is_used(install: Install) -> None:
    more = """
    def configured(self, options):
        made = Driver()
        made.info = Info()
        made.info.title = options["title"]
        return made
"""
    install("drip_package", "slow_drip", GOOD.replace("\nDRIVER", more + "\nDRIVER"))
    assert registry.load("slow_drip", {"title": "Slow Drip 2"}).info.title == "Slow Drip 2"
