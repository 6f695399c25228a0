"""The command line away from any daemon: what it loads, what it says, how it exits."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from pumpd import api_socket, cli
from pumpd.api_models import BedView
from pumpd.bed_drivers import drivers_of
from pumpd.cli_status import COLUMNS, lines
from pumpd.clock import SystemClock
from pumpd.config import Config
from pumpd.core.facts import LibraryJudged
from pumpd.core.standing import RulesFile, judge
from pumpd.file_check import FileCheck
from pumpd.journal import Journal
from pumpd.library_file import LibraryFile
from pumpd.rules_files import content_sha256, load_rules
from pumpd.testing.clinical import CONFIG
from pumpd.toml_file import read_toml

HEAVY = {"pydantic", "httpx2", "fastapi", "uvicorn", "asyncio", "argon2", "structlog", "sqlite3"}
STOPPING = """
import sys
from pumpd import api_socket, cli
status = cli.main(["stop", "--socket", "/nowhere/s"])
print(status, sorted(set(sys.modules) & set(sys.argv[1:])))
"""


def test_stop_loads_nothing_heavy_and_says_how_to_stop_by_hand() -> None:
    ran = subprocess.run([sys.executable, "-c", STOPPING, *sorted(HEAVY)], capture_output=True, text=True, check=True)
    assert ran.stdout == "1 []\n"
    assert "STOP DID NOT GET THROUGH: there is no daemon at /nowhere/s" in ran.stderr
    assert ran.stderr.endswith("Press STOP on the pump itself, or clamp the line.\n")


def seen(phase: str, *, pending: bool, drive: str | None = "still") -> dict[str, object]:
    return {
        "slot": "p1", "phase": phase, "drive": drive, "command_pending": pending, "link_text": "connected",
        "delivered": None, "infusion": None,
    }  # fmt: skip


class Looks:
    """Answers of a daemon, one a look; the last one stays."""

    def __init__(self, *pumps: dict[str, object]) -> None:
        self.left = list(pumps)
        self.targets: list[str] = []

    def __call__(self, _path: Path, _method: str, target: str) -> dict[str, object]:
        self.targets.append(target)
        if target != "/v1/bed":
            return {"accepted": True}
        return {"pumps": [self.left.pop(0) if len(self.left) > 1 else self.left[0]]}


def test_stop_is_done_only_when_the_pump_reports_that_it_stands_still(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    looks = Looks(
        seen("infusing", pending=True, drive="infusing"),
        seen("stopping", pending=True),
        seen("stopped", pending=True),
        seen("stopped", pending=False),
    )
    monkeypatch.setattr(api_socket, "call", looks)
    monkeypatch.setattr(cli, "LOOK_EVERY_S", 0)
    assert cli.main(["stop", "p1"]) == cli.DONE
    assert looks.targets == ["/v1/pumps/p1/stop", *["/v1/bed"] * 4]
    assert "p1: stands still." in capsys.readouterr().out


def test_a_stop_that_no_report_confirms_exits_1_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(api_socket, "call", Looks(seen("stopping", pending=True, drive=None)))
    monkeypatch.setattr(cli, "LOOK_EVERY_S", 0)
    assert cli.main(["stop"]) == cli.REFUSED
    printed = capsys.readouterr()
    assert "stands still" not in printed.out
    assert "p1: NOT CONFIRMED (connected). Press STOP on the pump itself" in printed.err


@pytest.mark.parametrize(
    "argv", [["status"], ["pause", "p1"], ["resume", "p1", "--person", "anna"], ["status", "--watch"]]
)
def test_without_a_daemon_it_exits_2_with_one_sentence(
    argv: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "_pin", lambda: "0000")
    assert cli.main([*argv, "--socket", "/nowhere/s"]) == cli.TO_MEND
    assert "there is no daemon at /nowhere/s" in capsys.readouterr().err


def test_check_config_judges_the_file_and_every_file_it_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check-config", str(CONFIG / "demo.toml")]) == cli.DONE
    printed = capsys.readouterr().out
    assert "regimens: " in printed
    assert "note: the accounts are for demonstration" in printed
    assert "note: p1: the driver new_era has not been verified on hardware" in printed


def with_pumps(folder: Path, *pumps: str) -> Path:
    """The demo's bed with other pumps on its bus."""
    for name in ("accounts.toml", "regimens.toml", "drug-library.toml"):
        shutil.copy(CONFIG / name, folder / name)
    shutil.copytree(CONFIG / "pumps", folder / "pumps")
    text = (CONFIG / "demo.toml").read_text()
    start, end = text.index("[[bus.pump]]"), text.index("[mqtt]")
    path = folder / "demo.toml"
    path.write_text(text[:start] + "\n".join(f"[[bus.pump]]\n{pump}\n" for pump in pumps) + text[end:])
    return path


BAG = 'slot = "p1"\ndriver = "generic_modbus"\naddress = 1\nmap = "pumps/bedside-bag-pump.toml"\n'
ISCO = 'slot = "p2"\ndriver = "isco"\naddress = 2\nasset = "No. 2"\n'


def test_check_config_reads_the_map_beside_the_file_and_takes_two_modbus_pumps_on_a_bus(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["check-config", str(with_pumps(tmp_path, BAG, ISCO))]) == cli.DONE
    printed = capsys.readouterr().out
    assert "p1: generic_modbus, address 1" in printed
    assert f"map: {tmp_path / 'pumps' / 'bedside-bag-pump.toml'}" in printed
    assert "every start will be refused" not in printed


def test_check_config_notes_a_bus_whose_rounds_no_lease_outlives(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two bag pumps that take two seconds of silence at most: alone each can be guarded, together neither."""
    other = BAG.replace("p1", "p2").replace("address = 1", "address = 2")
    for pumps, refused in (((BAG,), 0), ((BAG, other), 2)):
        folder = tmp_path / f"of-{len(pumps)}"
        folder.mkdir()
        file = with_pumps(folder, *pumps)
        found = folder / "pumps" / "bedside-bag-pump.toml"
        found.write_text(found.read_text().replace("timeout_s = [1, 30]", "timeout_s = [1, 2]"))
        assert cli.main(["check-config", str(file)]) == cli.DONE
        printed = capsys.readouterr().out
        assert printed.count("every start will be refused. A round of bus cart may take 0.7 s") == refused
        assert printed.count("do not fit into its lease of 2 s at most: put fewer pumps on this bus") == refused


@pytest.mark.parametrize(
    ("pumps", "said"),
    [
        ((BAG, ISCO + 'options = { framing = "tcp" }'), "generic_modbus and isco frame their bytes differently"),
        ((BAG.replace("map =", "# map ="),), "generic_modbus needs the pump's register map"),
        ((BAG.replace("bedside", "other"),), "map of p1: there is no file "),
        ((BAG.replace("address = 1", "address = 0"),), "a Modbus unit has a number from 1 to 247"),
        ((ISCO + 'options = { pump = "E" }',), "write 'A', 'B', 'C' or 'D'"),
        ((ISCO.replace("asset", "# asset"),), "pump p2: asset is missing"),
    ],
)
def test_check_config_tells_what_would_keep_a_modbus_pump_from_starting(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], pumps: tuple[str, ...], said: str
) -> None:
    assert cli.main(["check-config", str(with_pumps(tmp_path, *pumps))]) != cli.DONE
    assert said in capsys.readouterr().err


def test_check_config_tells_a_wrong_map_by_its_own_file_and_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = with_pumps(tmp_path, BAG)
    found = tmp_path / "pumps" / "bedside-bag-pump.toml"
    found.write_text(found.read_text().replace('"high_first"', '"high"'))
    assert cli.main(["check-config", str(file)]) != cli.DONE
    assert "pumps/bedside-bag-pump.toml:7: word_order = 'high'" in capsys.readouterr().err


def test_a_register_map_that_changes_behind_the_daemon_is_told(tmp_path: Path) -> None:
    files = FileCheck()
    read = Config.load(with_pumps(tmp_path, BAG))
    assert drivers_of(read, files)["p1"].info.title == "Bedside bag pump"
    assert files.changed() == ()
    with (tmp_path / "pumps" / "bedside-bag-pump.toml").open("a") as file:
        file.write("# somebody was here\n")
    assert files.changed() == (RulesFile.REGISTER_MAP,)


def checked_folder(folder: Path, *, expires: str) -> Path:
    """The demo's files, with a library for patient care that was approved on the first day of 2026."""
    for name in ("demo.toml", "accounts.toml", "regimens.toml"):
        shutil.copy(CONFIG / name, folder / name)
    text = (CONFIG / "drug-library.toml").read_text()
    path = folder / "drug-library.toml"
    path.write_text(
        text.replace("training = true", f'training = false\napproved_on = "2026-01-01"\nexpires = "{expires}"', 1)
    )
    file = read_toml(path, LibraryFile)
    path.write_text(path.read_text().replace(file.sha256, content_sha256(file)))
    return folder / "demo.toml"


@pytest.mark.requirement("LIB-02")
@pytest.mark.parametrize(
    ("today", "judged"),
    [
        ("2026-11-01", (cli.DONE, "approved by nobody: demonstration only until 2026-12-31")),
        ("2026-12-20", (cli.DONE, "note: this approval is nearly over")),
        ("2027-01-01", (cli.TO_MEND, "has expired. Nothing new can be started.")),
        ("2025-12-31", (cli.TO_MEND, "was approved on a later day than today")),
    ],
)
def test_check_config_judges_how_the_library_stands_today(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    today: str,
    judged: tuple[int, str],
) -> None:
    file = checked_folder(tmp_path, expires="2026-12-31")
    monkeypatch.setattr(SystemClock, "local_day", lambda _: (date.fromisoformat(today) - date(1970, 1, 1)).days)
    assert cli.main(["check-config", str(file)]) == judged[0]
    assert judged[1] in capsys.readouterr().out


@pytest.mark.requirement("LIB-02")
def test_check_config_knows_from_the_journal_which_library_was_used_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = checked_folder(tmp_path, expires="2026-12-31")
    monkeypatch.setattr(SystemClock, "local_day", lambda _: 20_600)
    rules = load_rules(tmp_path / "drug-library.toml", tmp_path / "regimens.toml")
    newer = replace(rules, library=replace(rules.library, version="2026.10"))

    async def use_the_newer() -> None:
        journal = Journal.open(Config.load(file).journal_path, "boot")
        journal.append([LibraryJudged(at_ns=0, today_day=20_600, judged=judge(newer, (), 20_600))], at_ns=0, wall_ms=0)
        assert await journal.close() == 0

    asyncio.run(use_the_newer())
    assert cli.main(["check-config", str(file)]) == cli.TO_MEND
    assert "is older than one that was used at this bed" in capsys.readouterr().out


def test_check_config_names_file_key_and_the_nearest_valid_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (CONFIG / "demo.toml").read_text().replace("resume_limit_s", "resume_limt_s")
    file = tmp_path / "pumpd.toml"
    file.write_text(text)
    assert cli.main(["check-config", str(file)]) == cli.TO_MEND
    told = capsys.readouterr().err
    assert f"{file}:" in told
    assert "resume_limt_s" in told
    assert "resume_limit_s" in told


def test_verify_refuses_a_journal_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["journal", "verify", str(tmp_path / "none")]) == cli.REFUSED
    printed = capsys.readouterr()
    assert "THE CHAIN IS BROKEN" in printed.out
    assert "there is no file" in printed.err


@pytest.mark.parametrize("argv", [[], ["sotp"], ["pause"], ["resume", "p1"], ["status", "--jsn"]])
def test_a_wrong_line_exits_2_and_shows_the_right_one(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(argv)
    assert left.value.code == cli.TO_MEND
    assert "usage: pumpd" in capsys.readouterr().err


def test_mqtt_alone_says_what_follows_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["mqtt"]) == cli.TO_MEND
    assert "pumpd mqtt check" in capsys.readouterr().err


def test_status_fits_80_columns_however_long_the_texts_are() -> None:
    long = "word " * 60
    button = {"allowed": True}
    rate = {"ul_per_h": 1, "text": long, "dose_text": long}
    volume = {"nl": 1, "text": long}
    view = BedView.model_validate(
        {
            "site": "s", "ward": "w", "bed": "b", "boot": "x", "number": 1, "training": True, "ts_ms": 0,
            "journal_ok": False, "journal_text": long,
            "alarms": [
                {
                    "alarm_id": 1, "slot": "p1", "condition": "stalled", "priority": "high", "text": long,
                    "todo": long, "detail": long, "since_ts_ms": 0, "acknowledged": True,
                    "acknowledged_by": None, "over": False,
                }
            ],
            "pumps": [
                {
                    "slot": "p1", "title": long, "asset": long, "verified_on_hardware": False,
                    "identity_text": long, "cannot_detect": [long], "link": "up", "link_text": long,
                    "link_detail": long, "drive": None, "phase": "infusing", "why": "ordered",
                    "phase_text": long, "why_text": long, "phase_since_ts_ms": 0,
                    "infusion": {
                        "infusion_id": 1, "regimen": "R", "regimen_title": long, "day": 1,
                        "container_title": long, "started_by": long, "drug": long, "high_alert": True,
                        "concentration_ug_per_ml": 1, "concentration_text": long, "weight_text": long,
                        "mode": "ask", "step": 1, "steps": 2, "step_due": True, "next_rate": rate,
                        "rate_max": rate, "total": volume, "container_ordered": long,
                        "container": 1, "containers": 1, "planned_end_ts_ms": 0, "started_ts_ms": 0,
                    },
                    "asked": rate, "granted": rate, "measured": None,
                    "delivered": {"low_nl": 0, "high_nl": 1, "text": long}, "remaining": volume,
                    "left_ms": 1, "left_text": long, "planned_end_text": long,
                    "container_left_ms": 1, "container_left_text": long, "container_end_text": long,
                    "in_line": None, "question": long,
                    "asset_in_doubt": True,
                    "command_pending": False, "age_ms": 9_000,
                    "buttons": dict.fromkeys(
                        ("start", "stop", "pause", "resume", "rate", "step", "end", "answer", "rearm",
                         "change_container", "label"), button
                    ),
                }
            ],
        }
    )  # fmt: skip
    shown = lines(view)
    assert max(map(len, shown)) <= COLUMNS
    assert "    measured   -" in shown
    assert "    reported   9 s ago" in shown
