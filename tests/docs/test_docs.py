"""What the pages say exists, exists: links, paths, modules, functions, commands and their options, the drawn phases.

A page is held to the code, so that renaming a function breaks a test and not a newcomer's afternoon. Names are looked
up in the source and not imported, commands are asked for their own --help.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import io
import re
import shlex
import tomllib
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import pytest
from pumpd_sim.cli import main as pumpd_sim

from pumpd.cli import main as pumpd
from pumpd.core.phases import TRANSITIONS
from pumpd.testing import alarm_page, path_diagram, phase_diagram
from pumpd.testing.explore import main as explore
from pumpd.testing.mutate import main as mutate
from pumpd.testing.simulate import main as simulate

ROOT: Final = Path(__file__).resolve().parents[2]
PAGES: Final = tuple(sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]))
FOLDERS: Final = (
    "pumpd", "drivers", "simulator", "config", "systemd", "tests", "docs", ".ci",
)  # fmt: skip
PROGRAMS: Final[dict[str, Callable[[Sequence[str]], int]]] = {
    "pumpd": pumpd,
    "pumpd-sim": lambda words: pumpd_sim(list(words)),
}
DOOR: Final[dict[str, Callable[[Sequence[str]], int]]] = {
    "simulate": simulate, "explore": explore, "mutate": mutate,
}  # behind ./run  # fmt: skip
FIRST_SCREEN_LINES: Final = 60
DOOR_COMMANDS: Final = 3
MACHINE: Final = re.compile(r"/home/|/root/|/tmp/|/Users/|C:\\")

LINK: Final = re.compile(r"\[(?P<text>[^\]]*)\]\((?P<target>[^)\s]+)\)|(?:src|href)=\"(?P<html>[^\"]+)\"")
FENCE: Final = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SPAN: Final = re.compile(r"`([^`\n]+)`")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


every_page = pytest.mark.parametrize("page", PAGES, ids=name_of)


def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text())


def spans(page: Path) -> list[str]:
    return SPAN.findall(prose(page))


def fenced(page: Path, language: str) -> list[str]:
    return [body for kind, body in FENCE.findall(page.read_text()) if kind == language]


# --- links and names ----------------------------------------------------------------------------------------


def anchor(heading: str) -> str:
    """As GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def local_links(page: Path) -> Iterator[tuple[str, Path, str]]:
    """Text, file and anchor of every link that stays in this checkout."""
    for match in LINK.finditer(prose(page)):
        target = match["target"] or match["html"]
        if "://" in target or target.startswith("mailto:"):
            continue
        path, _, place = target.partition("#")
        yield match["text"] or "", (page.parent / path) if path else page, place


@every_page
def test_links_resolve(page: Path) -> None:
    broken = []
    for text, path, place in local_links(page):
        if not path.exists():
            broken.append(f"[{text}] -> {path.relative_to(page.parent)} does not exist")
        elif place and place not in map(anchor, re.findall(r"^#+ +(.+)$", path.read_text(), re.MULTILINE)):
            broken.append(f"[{text}] -> {path.name} has no heading for #{place}")
    assert broken == []


@cache
def names_in(path: Path) -> frozenset[str]:
    """Functions, classes, their members and constants, as `name` and `Class.name`."""
    if path.suffix == ".js":
        return frozenset(re.findall(r"^(?:async )?function (\w+)", path.read_text(), re.MULTILINE))
    found: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        found |= {name for name, _ in defined(node)}
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{name}" for inner in node.body for name, _ in defined(inner)}
    return frozenset(found)


def defined(node: ast.stmt) -> Iterator[tuple[str, ast.stmt]]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name, node
        case ast.Assign(targets=targets):
            yield from ((target.id, node) for target in targets if isinstance(target, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name)):
            yield name, node


@every_page
def test_names_linked_to_a_source_file_stand_in_it(page: Path) -> None:
    strays = []
    for text, path, _ in local_links(page):
        name = re.fullmatch(r"`([\w.]+)`", text)
        if name and path.suffix in {".py", ".js"} and path.exists() and name[1] not in names_in(path):
            strays.append(f"{name[1]} is not in {path.relative_to(page.parent)}")
    assert strays == []


def test_the_walk_of_a_start_names_the_whole_way() -> None:
    """Each room between a tap and the wire is entered, or the page has lost its thread."""
    entered = {
        path.resolve().relative_to(ROOT).as_posix() for _, path, _ in local_links(ROOT / "docs/start-command.md")
    }
    rooms = {
        "pumpd/console/ordering.py", "pumpd/api.py", "pumpd/api_desk.py", "pumpd/bedside.py", "pumpd/core/bed.py",
        "pumpd/core/gates.py", "pumpd/core/reports.py", "pumpd/journal.py", "pumpd/bus.py", "pumpd/bus_procedure.py",
        "pumpd/bus_wire.py", "pumpd/link.py", "drivers/pumpd_drivers/new_era.py", "pumpd/samples.py",
        "pumpd/telemetry/publisher.py", "pumpd/console/static/live.js",
    }  # fmt: skip
    assert rooms - entered == set()


@cache
def sources() -> tuple[Path, ...]:
    folders = ("pumpd", "drivers/pumpd_drivers", "simulator/pumpd_sim")
    return tuple(sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py")))


@cache
def members() -> frozenset[str]:
    return frozenset(name for path in sources() for name in names_in(path) if "." in name)


@cache
def classes() -> frozenset[str]:
    return frozenset(name.partition(".")[0] for name in members())


def entry_point_groups() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return set(project["entry-points"])


def resolves(dotted: str) -> bool:
    """`pumpd.core.reports.by_report`: a module, or a module and names in it."""
    parts = dotted.split(".")
    for count in range(len(parts), 0, -1):
        base = ROOT / {"pumpd_drivers": "drivers", "pumpd_sim": "simulator"}.get(parts[0], "") / "/".join(parts[:count])
        rest = ".".join(parts[count:])
        if base.with_suffix(".py").exists():
            return not rest or rest in names_in(base.with_suffix(".py"))
        if base.is_dir():
            return not rest
    return False


def wrong_name(span: str) -> str | None:
    """Why a code span names something that is not there; None where it names nothing of ours."""
    first = span.partition("/")[0]
    if "/" in span and first in FOLDERS and not span.startswith("pumpd/1") and " " not in span:
        return None if (ROOT / span).exists() else f"{span}: no such path"
    if re.fullmatch(r"\w+\.py", span):
        return None if any(path.name == span for path in sources()) else f"{span}: no such module"
    if re.fullmatch(r"pumpd(_sim|_drivers)?(\.\w+)+", span) and not span.endswith((".toml", ".sock", ".service")):
        return None if span in entry_point_groups() or resolves(span) else f"{span}: no such name"
    if re.fullmatch(r"[A-Z]\w*\.\w+", span) and span.partition(".")[0] in classes():
        return None if span in members() else f"{span}: no such member"
    return None


@every_page
def test_paths_and_names_in_code_spans_exist(page: Path) -> None:
    assert [wrong for span in spans(page) if (wrong := wrong_name(span))] == []


# --- commands -----------------------------------------------------------------------------------------------


def commands(page: Path) -> Iterator[list[str]]:
    """Every command of ours on a page, in words, without the environment's folder."""
    lines = [line for body in fenced(page, "sh") for line in body.splitlines()]
    lines += [span for span in spans(page) if re.match(r"(\.?venv/bin/)?(\./run|pumpd|pumpd-sim|python) ", span)]
    for line in lines:
        words = shlex.split(line, comments=True)
        if words:
            yield [words[0].removeprefix(".venv/bin/").removeprefix("venv/bin/"), *words[1:]]


@cache
def help_of(program: str, words: tuple[str, ...]) -> str | None:
    """What the program says to --help behind these words; None when it does not take them."""
    said = io.StringIO()
    run = DOOR.get(program) or PROGRAMS[program]
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()):
        try:
            status: object = run([*words, "--help"])
        except SystemExit as end:
            status = end.code
    return said.getvalue() if status in (0, None) else None


def run_commands() -> set[str]:
    labels = re.findall(r"^([a-z][a-z |-]*)\)$", (ROOT / "run").read_text(), re.MULTILINE)
    return {word.strip() for label in labels for word in label.split("|")}


def faults_of_command(words: list[str]) -> list[str]:
    program, *rest = words
    if program == "python" and rest[:1] == ["-m"]:
        return [] if importlib.util.find_spec(rest[1]) else [f"no module {rest[1]}"]
    if program == "./run":
        if not rest or rest[0] not in run_commands():
            return [f"./run has no {rest[:1]}"]
        if rest[0] not in {"demo", *DOOR}:
            return []
        program, rest = ("pumpd", rest) if rest[0] == "demo" else (rest[0], rest[1:])
    if program not in {*PROGRAMS, *DOOR}:
        return []
    first = next((number for number, word in enumerate(rest) if word.startswith("-")), len(rest))
    told = help_of(program, tuple(rest[:first]))
    if told is None:
        return [f"{program} does not take {' '.join(rest[:first])!r}"]
    options = [word.partition("=")[0] for word in rest if re.match(r"--?[a-z]", word)]
    return [f"{' '.join(words)}: no option {each}" for each in options if not has_option(told, each)]


def has_option(told: str, option: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", told) is not None


@every_page
def test_commands_and_their_options_are_accepted(page: Path) -> None:
    assert [fault for words in commands(page) for fault in faults_of_command(words)] == []


def test_the_check_of_commands_would_notice() -> None:
    """A check that accepts everything accepts every page."""
    assert faults_of_command(["pumpd", "stopp"])
    assert faults_of_command(["pumpd", "mqtt", "check", "--sekonds", "3"])
    assert faults_of_command(["pumpd-sim", "serve", "--devise", "new_era"])
    assert faults_of_command(["./run", "demo", "--skripted"])
    assert faults_of_command(["./run", "simulat"])
    assert faults_of_command(["./run", "explore", "--kwick"])
    assert faults_of_command(["python", "-m", "pumpd.testing.nothing"])
    assert faults_of_command(["pumpd", "resume", "p1", "--person", "anna"]) == []


def test_options_in_the_page_of_the_simulator_are_its_own() -> None:
    told = help_of("pumpd-sim", ("serve",))
    assert told is not None
    named = [span for span in spans(ROOT / "docs/simulator.md") if re.fullmatch(r"--[a-z-]+", span)]
    own = [option for option in named if not option.startswith("--pumpd-")]  # pytest's: judged in tests/outside
    assert len(own) > DOOR_COMMANDS
    assert [option for option in own if not has_option(told, option)] == []


@pytest.mark.parametrize("page", [page for page in PAGES if fenced(page, "python")], ids=name_of)
def test_python_on_a_page_runs(page: Path) -> None:
    for body in fenced(page, "python"):
        exec(compile(body, name_of(page), "exec"), {})  # noqa: S102  # our own page is what is tested


# --- the pages themselves -----------------------------------------------------------------------------------


def test_the_drawn_phases_are_those_of_the_table() -> None:
    page = (ROOT / "docs/phases.md").read_text()
    assert phase_diagram.PAGE == ROOT / "docs/phases.md"
    assert phase_diagram.redrawn(page) == page, "run: .venv/bin/python -m pumpd.testing.phase_diagram"


def test_the_drawn_path_has_the_gates_that_decide() -> None:
    page = (ROOT / "docs/path.md").read_text()
    assert path_diagram.PAGE == ROOT / "docs/path.md"
    assert path_diagram.redrawn(page) == page, "run: .venv/bin/python -m pumpd.testing.path_diagram"


def test_the_table_of_alarms_is_the_one_that_decides() -> None:
    page = (ROOT / "docs/alarms.md").read_text()
    assert alarm_page.PAGE == ROOT / "docs/alarms.md"
    assert alarm_page.redrawn(page) == page, "run: .venv/bin/python -m pumpd.testing.alarm_page"


def test_the_table_of_phases_tells_each_once() -> None:
    by_hand = (ROOT / "docs/phases.md").read_text().partition("<!-- generated: reasons -->")[0]
    told = re.findall(r"^\| ([A-Z][a-z]+) \| ", by_hand, re.MULTILINE)[1:]
    assert told == [phase.value.capitalize() for phase in TRANSITIONS]


def test_the_first_screen_has_three_doors_with_three_commands_and_a_picture() -> None:
    screen = (ROOT / "README.md").read_text().partition("\n## ")[0]
    assert len(screen.splitlines()) <= FIRST_SCREEN_LINES
    title, *doors = screen.split("\n### ")
    assert "Not a medical device" in title
    assert [door.splitlines()[0] for door in doors] == [
        "I am a nurse", "I build dashboards", "I test my product against pumps",
    ]  # fmt: skip
    for door in doors:
        (block,) = [body for kind, body in FENCE.findall(door) if kind == "sh"]
        assert 1 <= len(block.splitlines()) <= DOOR_COMMANDS, door
        assert len(re.findall(r"<img [^>]*alt=\"[^\"]+\"[^>]*src=\"docs/images/", door)) == 1, door


def test_the_architecture_names_every_module_and_no_other() -> None:
    page = (ROOT / "docs/architecture.md").read_text()
    tables = page.partition("## Modules")[2].partition("## Walls")[0]
    core, _, rest = tables.partition("### The daemon")
    daemon, _, rest = rest.partition("### Drivers")
    drivers, _, simulator = rest.partition("### The simulator")
    for text, folder in (
        (core, ROOT / "pumpd/core"),
        (daemon, ROOT / "pumpd"),
        (drivers, ROOT / "drivers/pumpd_drivers"),
        (simulator, ROOT / "simulator/pumpd_sim"),
    ):
        first_cells = re.findall(r"^\| (`.*?) \| ", text, re.MULTILINE)
        told = {name for cell in first_cells for name in SPAN.findall(cell)}
        modules = {path.stem for path in folder.glob("*.py")} - {"__init__", "__main__"}
        modules |= {path.parent.name for path in folder.glob("*/__init__.py")} - {"core"}
        assert (modules - told, told - modules) == (set(), set()), "not told, and told but not there"


def test_decisions_are_numbered_listed_and_whole() -> None:
    folder = ROOT / "docs/decisions"
    pages = sorted(folder.glob("0*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    listed = re.findall(r"^- \[(\d{4}: .+)\]\((.+)\)$", (folder / "README.md").read_text(), re.MULTILINE)
    assert [name for _, name in listed] == [page.name for page in pages]
    for page, (title, _) in zip(pages, listed, strict=True):
        lines = page.read_text().splitlines()
        assert lines[0] == f"# {title}"
        assert [line for line in lines if line.startswith("## ")] == ["## Context", "## Decision", "## Consequences"]


@every_page
def test_no_page_names_a_place_on_somebodys_machine(page: Path) -> None:
    text = page.read_text()
    assert MACHINE.findall(text) == []
    assert str(ROOT) not in text
