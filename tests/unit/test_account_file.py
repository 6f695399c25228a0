"""`pumpd account`: what a person at a terminal does to the file of people, and that nothing of it can get lost."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import pytest

from pumpd import account_file, cli
from pumpd.accounts import PersonTable, fits
from pumpd.core.people import Role
from pumpd.errors import ConfigError
from pumpd.testing.clinical import CONFIG


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "accounts.toml"
    path.write_bytes((CONFIG / "accounts.toml").read_bytes())
    return path


def typed(monkeypatch: pytest.MonkeyPatch, *arguments: str, pin: str = "") -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{pin}\n"))
    return cli.main(["account", *arguments])


def person(path: Path, person_id: str) -> PersonTable:
    return next(each for each in account_file.people(path) if each.id == person_id)


def test_a_new_file_is_begun_with_its_first_person_and_belongs_to_few(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "accounts.toml"
    adds = ["add", "eva", "--name", 'Eva "Eve" Öst', "--role", "prescriber", "--file", str(path)]
    assert typed(monkeypatch, *adds, pin="27181828") == 0
    assert path.stat().st_mode & 0o777 == account_file.MODE
    found = person(path, "eva")
    assert (found.name, found.role) == ('Eva "Eve" Öst', Role.PRESCRIBER)
    assert fits(found.pin_hash, "27181828")
    assert "27181828" not in path.read_text() + capsys.readouterr().out


def test_comments_order_mode_and_everybody_else_stay_as_they_were(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, mode = file.read_text(), 0o604
    file.chmod(mode)
    assert typed(monkeypatch, "disable", "ben", "--file", str(file)) == 0
    assert person(file, "ben").disabled
    assert [each.id for each in account_file.people(file) if each.disabled] == ["ben"]
    assert file.stat().st_mode & 0o777 == mode
    assert typed(monkeypatch, "enable", "ben", "--file", str(file)) == 0
    assert file.read_text() == before
    assert typed(monkeypatch, "pin", "dora", "--file", str(file), pin="1729") == 0
    changed = {a for a, b in zip(before.splitlines(), file.read_text().splitlines(), strict=True) if a != b}
    assert len(changed) <= 3, "the PIN's own table"
    assert fits(person(file, "dora").pin_hash, "1729")
    assert fits(person(file, "anna").pin_hash, "2718")


def test_the_list_says_who_may_and_below_who_no_longer(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed(monkeypatch, "list", "--file", str(file)) == 0
    assert "Disabled" not in capsys.readouterr().out
    account_file.disable(file, "anna")
    assert typed(monkeypatch, "list", "--file", str(file)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["May sign in:", "  ben   Ben Cole    nurse"]
    assert lines[-2:] == ["Disabled:", "  anna  Anna Berg   nurse"]
    for each in account_file.people(file):
        account_file.disable(file, each.id)
    assert typed(monkeypatch, "list", "--file", str(file)) == 0
    assert capsys.readouterr().out.startswith("May sign in:\n  nobody\nDisabled:\n")


def test_whoever_takes_the_last_of_a_role_away_or_gives_a_disabled_one_a_pin_is_told(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed(monkeypatch, "disable", "ben", "--file", str(file)) == 0
    assert "last" not in capsys.readouterr().out
    assert typed(monkeypatch, "disable", "anna", "--file", str(file)) == 0
    assert "That was the last nurse of this file who may sign in." in capsys.readouterr().out
    assert typed(monkeypatch, "pin", "anna", "--file", str(file), pin="1729") == 0
    assert capsys.readouterr().out == "anna has a new PIN, and still may not sign in: pumpd account enable anna\n"
    assert typed(monkeypatch, "pin", "dora", "--file", str(file), pin="1729") == 0
    assert capsys.readouterr().out == "dora has a new PIN.\n"


@pytest.mark.parametrize(
    "asked",
    [
        (
            ["add", "anna", "--name", "Another", "--role", "nurse"],
            "2718",
            "anna is Anna Berg already: an id is never given twice",
        ),
        (["add", "Eva Öst", "--name", "Eva", "--role", "nurse"], "2718", "'Eva Öst' is no ID: it has 1 to 32 of a-z"),
        (["add", "eva", "--name", "", "--role", "nurse"], "2718", "name"),
        (["add", "eva", "--name", "Eva", "--role", "nurse"], "271", "a PIN has 4 to 64 characters"),
        (["pin", "nobody"], "2718", "there are: anna, ben, dora, paul, ada"),
        (["disable", "an.a"], "", "there is nobody called an.a"),
    ],
)
def test_what_makes_no_sense_changes_nothing_and_says_why(
    file: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], asked: tuple[list[str], str, str]
) -> None:
    arguments, pin, told = asked
    before = file.read_bytes()
    assert typed(monkeypatch, *arguments, "--file", str(file), pin=pin) == cli.TO_MEND
    assert told in capfd.readouterr().err
    assert file.read_bytes() == before
    assert [each.name for each in file.parent.iterdir() if each.name.startswith(f".{file.name}.")] in (
        [],
        [f".{file.name}.lock"],
    )


def test_a_file_that_is_broken_already_is_not_made_worse(file: Path) -> None:
    file.write_text(file.read_text() + "\nrole = 5\n")
    before = file.read_bytes()
    with pytest.raises(ConfigError, match="line 47"):
        account_file.disable(file, "anna")
    assert file.read_bytes() == before


def test_two_who_add_at_once_both_are_in(file: Path) -> None:
    names = [f"p{number}" for number in range(6)]

    def add(name: str) -> None:
        account_file.add(file, person_id=name, name=name, role=Role.VIEWER, pin="2718")

    threads = [threading.Thread(target=add, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {each.id for each in account_file.people(file)} >= set(names)


def test_a_list_of_a_file_that_is_not_there_says_how_to_name_or_begin_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--file FILE, or begin it: pumpd account add"):
        account_file.people(tmp_path / "none.toml")
