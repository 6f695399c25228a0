"""What holds for every test.

A test that leaves an asyncio task running fails: a leaked task is a timer or a retry that outlives its
reason, and in the daemon it would act on a pump that somebody else now holds. In CI a skipped test fails the
run, since a skip is how a missing broker or browser turns a proof into nothing without anybody noticing.
Hypothesis has no deadline (the machine is shared, and time there proves nothing); in CI its examples are the
same for one commit. What it tries is not traced: a way through the core that only lot has taken may not be taken
tomorrow, and tracing makes a search twice as slow.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from hypothesis import is_hypothesis_test, settings
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]  # it has no py.typed

from pumpd.testing.broker import mosquitto_path

# They take turns at one bed of real programs, which costs more to begin than most of their tests.
AT_ONE_BED = frozenset(
    f"tests/browser/test_{name}.py" for name in ("bedside_story", "every_page", "forms_and_doors", "start_button")
)
IN_CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}

settings.register_profile("desk", deadline=None, max_examples=50)
settings.register_profile("ci", deadline=None, max_examples=100, derandomize=True, print_blob=True)
settings.load_profile("ci" if IN_CI else "desk")


@pytest_asyncio.fixture
async def no_task_left_running(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Set up first and torn down last, so that what a test's own fixtures stop is stopped by then."""
    before = asyncio.all_tasks()
    yield
    await asyncio.sleep(0)  # a task cancelled in the test's last line ends in the loop's next turn
    left = [task for task in asyncio.all_tasks() - before if task is not asyncio.current_task()]
    if left:
        names = "\n".join(f"  {task.get_name()}: {task.get_coro()}" for task in left)
        pytest.fail(f"{request.node.nodeid} left running:\n{names}", pytrace=False)


@pytest.fixture(scope="session")
def mosquitto_installed() -> None:
    """For a desk without the broker: whoever calls pytest by itself gets all other tests. `./run test` installs it."""
    if mosquitto_path() is None:
        pytest.skip("mosquitto is not installed: apt-get install mosquitto")


class ByFileAndBed(LoadFileScheduling):  # type: ignore[misc]  # as above
    """A worker plays a file at a time, and one of them all files of the shared bed: it begins once."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return "the shared bed" if file in AT_ONE_BED else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFileAndBed | None:
    return ByFileAndBed(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="play the tests marked long too: minutes more")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long tests are played when asked for: `./run test --long`.

    Only tests that run on a loop get the fixture: autouse would start a loop for each of the others.
    """
    if not config.getoption("--long"):
        long = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if not item.get_closest_marker("long")]
    for item in items:
        if isinstance(item, pytest.Function) and item.get_closest_marker("asyncio"):
            item.fixturenames.insert(0, no_task_left_running.__name__)
        if is_hypothesis_test(getattr(item, "obj", None)):
            item.add_marker("no_cover")


def skipped(session: pytest.Session) -> int:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    return len(reporter.stats.get("skipped", ())) if reporter else 0


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if IN_CI and exitstatus == pytest.ExitCode.OK and skipped(session):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    count = len(terminalreporter.stats.get("skipped", ()))
    if IN_CI and count:
        terminalreporter.write_line(f"{count} skipped: in CI a skipped test is a failure", red=True, bold=True)
