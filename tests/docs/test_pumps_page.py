"""Every example of docs/pumps.md is a bus that the daemon would start with, and its table is that of the drivers."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from pumpd import cli
from pumpd.errors import PumpdError
from pumpd.registry import load
from pumpd.testing.clinical import CONFIG

PAGE = (Path(__file__).resolve().parents[2] / "docs/pumps.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
ROWS = re.findall(r"^\| `(\w+)` \|.*\| (.*) \|$", PAGE, re.MULTILINE)
MAP = CONFIG / "pumps" / "bedside-bag-pump.toml"


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_a_bus_that_the_daemon_starts_with(
    example: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("accounts.toml", "regimens.toml", "drug-library.toml"):
        shutil.copy(CONFIG / name, tmp_path / name)
    shutil.copytree(CONFIG / "pumps", tmp_path / "pumps")
    text = (CONFIG / "demo.toml").read_text()
    start, end = text.index("[[bus]]"), text.index("[mqtt]")
    (tmp_path / "bed.toml").write_text(text[:start] + example + "\n" + text[end:])
    assert cli.main(["check-config", str(tmp_path / "bed.toml")]) == cli.DONE
    assert "every start will be refused" not in capsys.readouterr().out


def test_the_table_names_every_driver_and_every_option_that_it_takes() -> None:
    """An option that is not told is one that the driver does not take, as its own refusal says."""
    assert [name for name, _ in ROWS] == ["new_era", "alaris", "harvard", "isco", "dulcoflex", "generic_modbus"]
    for name, cell in ROWS:
        told = set(re.findall(r"`(\w+)`", cell)) - {"map", "driver"}
        given: dict[str, str | int | bool] = {"map": MAP.read_text()} if name == "generic_modbus" else {}
        good: dict[str, str | int | bool] = {
            "baud": 9_600, "framing": "rtu", "pump": "B", "register_offset": -1, "run_in_high_byte": True,
        }  # fmt: skip
        for option, value in good.items():
            options = given | {option: value}
            if option in told:
                load(name, options).pump(address=0 if name == "alaris" else 1, options=options)
                continue
            with pytest.raises(PumpdError, match=f"no option '{option}'"):
                load(name, options).pump(address=0 if name == "alaris" else 1, options=options)
