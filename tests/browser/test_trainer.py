"""The trainer's panel: what is pressed there happens at the simulated pump, and nowhere else."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it has no py.typed

from pumpd import demo_trainer
from pumpd.api_models import LinkState
from pumpd.config import Config
from pumpd.demo_parts import free_port
from pumpd.demo_trainer import Simulator, must_be_simulated
from pumpd.errors import DemoError
from pumpd.testing.processes import Program, python, until
from pumpd.testing.real_bed import RealBed
from pumpd.testing.screen import PANEL, PHONE, Open

pytestmark = pytest.mark.timeout(180)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  # loopback
            return bool(answer.status == 200)
    except OSError:
        return False


@pytest.fixture(scope="module")
def bed_and_panel() -> Iterator[tuple[RealBed, str]]:
    with RealBed() as bed:
        pump = bed.begin_pump("p1")
        bed.write_config()
        bed.begin_daemon()
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        arguments = ["--config", str(bed.config), "--control", pump.control, "--port", str(port)]
        panel = Program("trainer", python("-m", "pumpd.demo_trainer", *arguments), bed.folder)
        try:
            until(lambda: answers(f"{url}/"), "the panel")
            yield bed, url
        finally:
            panel.end()


@pytest.mark.long
def test_each_mishap_begins_and_ends_at_the_pump(bed_and_panel: tuple[RealBed, str], screen: Open) -> None:
    bed, url = bed_and_panel
    page = screen(PANEL).page
    page.goto(url)
    page.click("#occlusion-begin")
    assert bed.pumps["p1"].truth().occluded
    page.wait_for_selector("#truth:has-text('CLOSED')")
    page.click("#occlusion-end")
    assert not bed.pumps["p1"].truth().occluded
    page.click("#power-begin")
    assert not bed.pumps["p1"].truth().powered
    page.wait_for_selector("#truth:has-text('OFF')")
    page.click("#power-end")
    until(lambda: bed.pumps["p1"].truth().powered, "the power is back")
    page.click("#cable-begin")
    until(lambda: bed.pump().link is not LinkState.UP, "a link that is lost")
    page.click("#cable-end")
    until(lambda: bed.pump().link is LinkState.UP, "a link that is back")


@pytest.mark.long
def test_the_monitor_shows_the_card_that_is_out_and_nothing_of_the_panel(
    bed_and_panel: tuple[RealBed, str], screen: Open
) -> None:
    _, url = bed_and_panel
    nurse, trainer = screen(PHONE).page, screen(PANEL).page
    nurse.goto(f"{url}/patient")
    trainer.goto(url)
    for name, pressure, says in (("surge", "188/112", "pounding"), ("distress", "148/92", "Make it stop")):
        trainer.click(f"#{name}")
        nurse.wait_for_selector(f"text={pressure}")
        assert says in nurse.inner_text("body")
        assert trainer.locator("article.out h3").inner_text().endswith("shown now")
        assert "Expected" not in nurse.inner_text("body")
    trainer.click("#well")
    nurse.wait_for_selector("text=120/75")


@pytest.mark.parametrize("path", ["/", "/patient"])
@pytest.mark.parametrize("size", [PANEL, pytest.param(PHONE, marks=pytest.mark.long)], ids=["panel", "phone"])
def test_both_pages_are_accessible_and_unmistakable(
    bed_and_panel: tuple[RealBed, str], screen: Open, path: str, size: tuple[int, int]
) -> None:
    _, url = bed_and_panel
    page = screen(size).page
    page.goto(url + path)
    assert page.inner_text(".training").startswith("TRAINING")
    found: dict[str, Any] = Axe().run(page, options={"runOnly": RULES}).response
    assert [each["id"] for each in found["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    small = page.evaluate("[...document.querySelectorAll('button')].filter(b => b.offsetHeight < 52).length")
    assert small == 0


@pytest.mark.parametrize("path", ["/mishaps/power/begin", "/patient/surge"])
def test_another_site_can_press_nothing(bed_and_panel: tuple[RealBed, str], path: str) -> None:
    bed, url = bed_and_panel
    foreign = {"Origin": "http://elsewhere.example", "Content-Length": "0"}
    request = urllib.request.Request(url + path, b"", foreign, method="POST")  # noqa: S310  # loopback
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(request, timeout=5)  # noqa: S310  # loopback
    assert bed.pumps["p1"].truth().powered


def test_a_bed_with_another_pump_gets_no_panel(
    bed_and_panel: tuple[RealBed, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever leads elsewhere counts as real: the panel would tell a story about the wrong pump."""
    bed, _ = bed_and_panel
    control = bed.pumps["p1"].control
    real = bed.folder / "real.toml"
    real.write_text(bed.config.read_text().replace(str(bed.pumps["p1"].link), "/dev/ttyUSB7"))
    assert demo_trainer.main(["--config", str(real), "--control", control, "--port", "0"]) == demo_trainer.TO_MEND
    assert "/dev/ttyUSB7, and that is not the simulated pump" in capsys.readouterr().err
    over_tcp = bed.folder / "tcp.toml"
    over_tcp.write_text(bed.config.read_text().replace(str(bed.pumps["p1"].link), "socket://127.0.0.1:9"))
    with pytest.raises(DemoError, match="simulated pumps alone"):
        must_be_simulated(Config.load(over_tcp), Simulator(control))
    elsewhere = ["--config", str(bed.config), "--control", "http://10.0.0.9:4002", "--port", "0"]
    assert demo_trainer.main(elsewhere) == demo_trainer.TO_MEND
