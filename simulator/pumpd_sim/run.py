"""`pumpd-sim run`: plays scenarios in virtual time, says which hold, and leaves what a CI job wants to keep.

    pumpd-sim run --all                              all that come with the package
    pumpd-sim run occlusion my/own.toml folder/      by name, file or folder
    pumpd-sim run --all --junit junit.xml --html timeline.html

Exit status: 0 when all hold, 1 when one does not, 2 when a file is no scenario or asks for what does not exist here.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from pumpd_sim.scenario import Scenario, ScenarioError, read
from pumpd_sim.scenario_play import CannotPlayError, Played, play

SHIPPED = Path(__file__).parent / "scenarios"
NS_PER_S = 10**9


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what", nargs="*", metavar="NAME|FILE|FOLDER", help="which; `--list` names those that come along"
    )
    parser.add_argument("--all", action="store_true", help="all scenarios that come with the package")
    parser.add_argument("--list", action="store_true", help="name them and what they prove")
    parser.add_argument("--seed", type=int, help="instead of each scenario's own")
    parser.add_argument("--junit", type=Path, metavar="PATH", help="write the verdicts as JUnit XML")
    parser.add_argument("--html", type=Path, metavar="PATH", help="write time lines, one self-contained page")


def shipped() -> list[Path]:
    return sorted(SHIPPED.glob("*.toml"))


def found(asked: Sequence[str]) -> list[Path]:
    """Raises ScenarioError for what is neither a file, nor a folder of scenarios, nor the name of one."""
    paths: list[Path] = []
    for word in asked:
        path = Path(word)
        named = SHIPPED / f"{word}.toml"
        if path.is_dir():
            inside = sorted(path.glob("*.toml"))
            if not inside:
                raise ScenarioError(f"{word}: no *.toml in this folder")
            paths += inside
        elif path.is_file():
            paths.append(path)
        elif named.is_file():
            paths.append(named)
        else:
            raise ScenarioError(f"{word}: no such file, folder or scenario; `pumpd-sim run --list` names them")
    return paths


def run(arguments: argparse.Namespace) -> int:
    try:
        paths = [*(shipped() if arguments.all or arguments.list else []), *found(arguments.what)]
        if not paths:
            raise ScenarioError("name a scenario, a file or a folder, or say --all")
        scenarios = [read(path) for path in paths]
        if arguments.list:
            _list(scenarios)
            return 0
        played = [_told(play(scenario, seed=arguments.seed)) for scenario in scenarios]
        if arguments.junit is not None:
            arguments.junit.write_bytes(junit(played))
        if arguments.html is not None:
            from pumpd_sim.timeline import page

            arguments.html.write_text(page(played), encoding="utf-8")
    except (ScenarioError, CannotPlayError, OSError) as error:
        sys.stderr.write(f"pumpd-sim: {error}\n")
        return 2
    failed = sum(not one.held for one in played)
    sys.stdout.write(f"{len(played) - failed} of {len(played)} scenarios hold\n")
    return 1 if failed else 0


def _list(scenarios: Sequence[Scenario]) -> None:
    for scenario in scenarios:
        sys.stdout.write(f"{scenario.name:28}{scenario.title}\n{'':28}proves: {', '.join(scenario.proves)}\n")


def _told(played: Played) -> Played:
    scenario = played.scenario
    what = f"{len(played.checks)} checks, {played.ended_ns / NS_PER_S:.0f} s of virtual time"
    sys.stdout.write(f"{'ok' if played.held else 'FAILED':8}{scenario.name:28}{what}\n")
    for check in played.failed:
        sys.stdout.write(f"        {scenario.path}:{check.line}: at {check.at_ns / NS_PER_S:.1f} s: {check.what}\n")
        sys.stdout.write(f"            but {check.instead}\n")
    return played


def junit(played: Sequence[Played]) -> bytes:
    """One case a scenario, with its seed and device as properties."""
    failures = sum(not one.held for one in played)
    suite = ET.Element("testsuite", name="pumpd-sim", tests=str(len(played)), failures=str(failures), errors="0")
    for one in played:
        scenario = one.scenario
        seconds = f"{one.ended_ns / NS_PER_S:.3f}"
        case = ET.SubElement(suite, "testcase", classname="pumpd_sim.scenarios", name=scenario.name, time=seconds)
        properties = ET.SubElement(case, "properties")
        for name, value in (("seed", str(scenario.seed)), ("device", scenario.pump.device), ("file", scenario.path)):
            ET.SubElement(properties, "property", name=name, value=value)
        if one.failed:
            first = one.failed[0]
            failure = ET.SubElement(case, "failure", message=f"line {first.line}: {first.what}, but {first.instead}")
            failure.text = "\n".join(
                f"{scenario.path}:{check.line}: at {check.at_ns / NS_PER_S:.1f} s: {check.what}, but {check.instead}"
                for check in one.failed
            )
    written: bytes = ET.tostring(suite, encoding="utf-8", xml_declaration=True)
    return written
