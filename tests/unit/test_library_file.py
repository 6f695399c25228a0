"""A file that is wrong, altered or imprecise is refused with the line and what to write."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pumpd.core.library import Integrity, Watch
from pumpd.errors import ConfigError, LibraryAltered, LibraryError
from pumpd.rules_files import load_library, load_regimens, load_rules, read_rules
from pumpd.testing.clinical import CONFIG

APPROVED = 'training = false\napproved_on = "{}"\nexpires = "{}"'
LIBRARY = (CONFIG / "drug-library.toml").read_text()
REGIMENS = (CONFIG / "regimens.toml").read_text()


def written(folder: Path, text: str, *, approve: bool = True, catalogue: bool = False) -> Path:
    """The file with its hash put right, as somebody would who follows the error's advice."""
    path = folder / ("regimens.toml" if catalogue else "library.toml")
    path.write_text(text)
    if approve:
        load = load_regimens if catalogue else load_library
        try:
            load(path)
        except LibraryError as error:
            if found := re.search(r'write sha256 = "([0-9a-f]{64})"', str(error)):
                path.write_text(re.sub(r'(?m)^sha256 = ".*"$', f'sha256 = "{found[1]}"', text))
    return path


def changed(text: str, old: str, new: str) -> str:
    assert old in text, old
    return text.replace(old, new, 1)


def test_shipped_files_carry_their_own_hash_and_fit_each_other() -> None:
    rules = load_rules(CONFIG / "drug-library.toml", CONFIG / "regimens.toml")
    assert [e.id for e in rules.library.entries] == [
        "KET-MOOD",
        "KET-PAIN-SHORT",
        "KET-PAIN-OP",
        "KET-CRPS-OP",
        "KET-PAIN-IP",
        "SALINE-TRAIN",
    ]
    assert rules.library.training


def test_an_entry_says_how_sharply_its_drug_is_watched(tmp_path: Path) -> None:
    asks = changed(LIBRARY, 'id = "KET-MOOD"', 'id = "KET-MOOD"\ndeviation = "tight"')
    watched = {entry.id: entry.deviation for entry in load_library(written(tmp_path, asks)).entries}
    assert watched.pop("KET-MOOD") is Watch.TIGHT
    assert set(watched.values()) == {Watch.STANDARD}


def test_numbers_arrive_in_the_integers_of_the_core() -> None:
    entry = load_library(CONFIG / "drug-library.toml").entry("KET-MOOD")
    assert entry is not None
    assert (entry.dose.hard_low, entry.dose.hard_high) == (50, 1_000)
    assert (entry.duration_s.hard_low, entry.near_end_s) == (1_800, 300)
    assert entry.cap_total_ug is not None
    assert entry.cap_total_ug.hard == 100_000
    box = entry.containers[0]
    assert (box.usable_nl, box.inner_diameter_um, box.concentration_ug_per_ml) == (56_000_000, 26_590, 1_000)


def test_changed_limit_is_refused_until_its_hash_is_written(tmp_path: Path) -> None:
    text = changed(LIBRARY, 'hard_high = "0.5"', 'hard_high = "0.6"')
    with pytest.raises(LibraryError, match="not the one that was approved"):
        load_library(written(tmp_path, text, approve=False))
    assert load_library(written(tmp_path, text)).entry("KET-CRPS-OP") is not None


def test_comments_and_order_of_keys_do_not_change_the_hash(tmp_path: Path) -> None:
    text = "# another comment\n" + changed(LIBRARY, 'near_end_min = "5"\n', "")
    text = changed(text, 'id = "KET-MOOD"\n', 'near_end_min = "5"\nid = "KET-MOOD"\n')
    assert load_library(written(tmp_path, text, approve=False)).version == "2026.3"


@pytest.mark.requirement("LIB-02")
def test_an_approval_is_no_content_and_a_version_is(tmp_path: Path) -> None:
    """Who approves the same content again changes neither version nor hash; who changes the content changes both."""
    text = changed(LIBRARY, "training = true", APPROVED.format("2026-06-30", "2027-06-29"))
    first = load_library(written(tmp_path, text))
    text = written(tmp_path, text).read_text()
    text = changed(text, 'approved_on = "2026-06-30"', 'approved_on = "2027-06-01"')
    text = changed(text, 'expires = "2027-06-29"', 'expires = "2028-06-30"')
    text = changed(text, "nobody: demonstration only", "pharmacist-2")
    again = load_library(written(tmp_path, text, approve=False))
    assert again.sha256 == first.sha256
    assert (again.approved_by, again.approved_day, again.expires_day) == ("pharmacist-2", 20_970, 21_365)
    with pytest.raises(LibraryAltered):
        load_library(written(tmp_path, changed(text, 'version = "2026.3"', 'version = "2026.4"'), approve=False))


@pytest.mark.requirement("LIB-02")
@pytest.mark.parametrize(
    ("old", "new", "integrity"),
    [
        ('hard_high = "0.5"', 'hard_high = "0.6"', Integrity.ALTERED),
        ('hard_high = "0.5"', 'hard_high = "0.6', Integrity.UNREADABLE),
        ('hard_high = "0.5"', 'hard_high = "0.01"', Integrity.ALTERED),
    ],
)
def test_what_cannot_be_used_is_withheld_from_the_daemon_and_said(
    tmp_path: Path, old: str, new: str, integrity: Integrity
) -> None:
    path = written(tmp_path, changed(LIBRARY, old, new), approve=False)
    rules, faults = read_rules(path, CONFIG / "regimens.toml")
    assert rules.library.integrity is integrity
    assert rules.library.entries == ()
    assert rules.catalogue.integrity is Integrity.INTACT, "the list of regimens is another file"
    assert len(faults) == 1
    assert str(path) in str(faults[0])


@pytest.mark.requirement("LIB-02")
def test_an_approved_library_that_says_what_cannot_be_used_is_withheld_too(tmp_path: Path) -> None:
    text = changed(LIBRARY, 'soft_high = "1", hard_high = "2"', 'soft_high = "1", hard_high = "3"')
    rules, faults = read_rules(written(tmp_path, text), CONFIG / "regimens.toml")
    assert rules.library.integrity is Integrity.UNREADABLE
    assert "ceiling" in str(faults[0])


@pytest.mark.parametrize(
    ("old", "new", "integrity"),
    [
        ('dose = "0.5", minutes = "40"', 'dose = "5", minutes = "40"', Integrity.ALTERED),
        ('entry = "KET-MOOD"', 'entry = "KET-MOON"', Integrity.UNREADABLE),
    ],
)
def test_a_list_of_regimens_that_cannot_be_used_is_withheld(
    tmp_path: Path, old: str, new: str, integrity: Integrity
) -> None:
    approve = integrity is Integrity.UNREADABLE
    path = written(tmp_path, changed(REGIMENS, old, new), approve=approve, catalogue=True)
    rules, faults = read_rules(CONFIG / "drug-library.toml", path)
    assert rules.catalogue.integrity is integrity
    assert rules.catalogue.regimens == ()
    assert rules.library.integrity is Integrity.INTACT
    assert len(faults) == 1


def test_missing_files_are_both_said(tmp_path: Path) -> None:
    rules, faults = read_rules(tmp_path / "library.toml", tmp_path / "regimens.toml")
    assert (rules.library.integrity, rules.catalogue.integrity) == (Integrity.UNREADABLE, Integrity.UNREADABLE)
    assert [type(fault) for fault in faults] == [ConfigError, ConfigError]


def test_changed_dose_of_a_regimen_is_refused_too(tmp_path: Path) -> None:
    text = changed(REGIMENS, 'dose = "0.5", minutes = "40"', 'dose = "5", minutes = "40"')
    with pytest.raises(LibraryError, match="not the one that was approved"):
        load_regimens(written(tmp_path, text, approve=False, catalogue=True))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('typical = "0.5"', "typical = 1", "write it as text"),
        ('typical = "0.5"', 'typical = ".5"', "plain decimal number"),
        ('typical = "0.5"', 'typical = "0.50"', "write 0.5"),
        ('typical = "0.5"', 'typical = "0.0005"', "more decimals"),
        ('unit = "mg/kg"', 'unit = "mg/kg/min"', "unit"),
        ("near_end_min", "near_end_mins", "near_end_min"),
        ('kind = "syringe"', 'kind = "bottle"', "kind"),
        ("training = true", "training = false", "needs approved_on and expires"),
        ("training = true", 'training = true\nexpires = "2027-06-30"', "never expires"),
        ("training = true", APPROVED.format("2026-06-30", "2026-06-30"), "1 to 1096 days behind"),
        ("training = true", APPROVED.format("2026-06-30", "2036-06-30"), "look at the years"),
        ("training = true", APPROVED.format("2026-06-31", "2027-06-30"), "no such day"),
        ("training = true", 'training = true\napproved_on = "20260630"', "write a day as text"),
        ('version = "2026.3"', 'version = "2026.1-b"', "whole numbers with dots"),
        ('version = "2026.3"', 'version = "2026.01"', "whole numbers with dots"),
        ('version = "2026.3"', 'version = "1.2.3.4.5"', "whole numbers with dots"),
        ('approved_by = "nobody: demonstration only"', "", "approved_by"),
    ],
)
def test_mistake_is_told_with_its_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(told)) as refused:
        load_library(written(tmp_path, changed(LIBRARY, old, new), approve=False))
    assert re.search(r"library\.toml:\d+:", str(refused.value))


def test_step_lasts_minutes_or_seconds_and_not_both(tmp_path: Path) -> None:
    text = changed(REGIMENS, 'minutes = "40"', 'minutes = "40", seconds = "5"')
    with pytest.raises(ConfigError, match="either minutes or seconds"):
        load_regimens(written(tmp_path, text, approve=False, catalogue=True))


@pytest.mark.requirement("LIB-05")
def test_limit_above_the_ceiling_is_refused_however_it_was_approved(tmp_path: Path) -> None:
    text = changed(LIBRARY, 'soft_high = "1", hard_high = "2"', 'soft_high = "1", hard_high = "3"')
    with pytest.raises(LibraryError, match="ceiling"):
        load_library(written(tmp_path, text))


def test_regimen_that_names_no_entry_is_refused(tmp_path: Path) -> None:
    text = changed(REGIMENS, 'entry = "KET-MOOD"', 'entry = "KET-MOON"')
    path = written(tmp_path, text, catalogue=True)
    with pytest.raises(LibraryError, match="no entry 'KET-MOON'"):
        load_rules(CONFIG / "drug-library.toml", path)
