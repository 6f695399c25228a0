"""A library that is altered, on disk, under a real daemon: what runs goes on, what is new is refused by name."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from pumpd import api_client
from pumpd.api_models import Condition, OrderBody, Phase, ReasonCode, ReviewRequest, Standing
from pumpd.core import facts as f
from pumpd.core.standing import RulesFile
from pumpd.testing.processes import until
from pumpd.testing.real_bed import LONG, RealBed

OFTEN = "from pumpd import file_check; file_check.COMPARE_EVERY_S = 0.05"


@pytest.fixture
def bed() -> Iterator[RealBed]:
    with RealBed() as real:
        real.begin_pump()
        yield real


def alter(bed: RealBed) -> str:
    """Somebody's editor slips: a limit of the saline that runs. Returns what the file held."""
    path = bed.folder / "drug-library.toml"
    said = path.read_text(encoding="utf-8")
    assert said.count('hard_high = "400"') == 1
    path.write_text(said.replace('hard_high = "400"', 'hard_high = "4000"'), encoding="utf-8")
    return said


def refusals(bed: RealBed) -> list[ReasonCode]:
    order = OrderBody(regimen=LONG, weight_kg="70", container="syringe-60")
    review = bed.client.send(api_client.review(ReviewRequest(slot="p1", order=order)))
    return [] if review.allowed else [reason.code for reason in review.reasons]


def standing(bed: RealBed) -> Standing | None:
    library = bed.client.bed().library
    assert library is not None
    return library.standing


@pytest.mark.requirement("LIB-02")
def test_a_daemon_that_finds_its_library_altered_takes_the_running_infusion_over_and_starts_none(bed: RealBed) -> None:
    daemon = bed.begin_daemon()
    bed.infuse(LONG)
    daemon.signal(signal.SIGTERM)
    assert daemon.wait() == 0
    alter(bed)
    bed.begin_daemon()
    bed.reaches(Phase.INFUSING)
    assert standing(bed) is Standing.ALTERED
    bed.displaces(bed.pumps["p1"].truth().displaced_nl + 20_000)
    bed.stop()
    bed.resume()
    bed.rest()
    assert refusals(bed) == [ReasonCode.LIBRARY_ALTERED]
    assert "altered" in (bed.pump().buttons.start.why_not or "")
    judged = [entry.fact.judged.standing for entry in bed.entries() if isinstance(entry.fact, f.LibraryJudged)]
    assert judged == [Standing.GOOD, Standing.ALTERED]


@pytest.mark.requirement("SELF-02")
def test_a_library_that_changes_under_a_running_daemon_refuses_new_starts_until_it_is_as_it_was(bed: RealBed) -> None:
    bed.begin_daemon(prelude=OFTEN)
    bed.infuse(LONG)
    said = alter(bed)

    def told() -> bool:
        return any(alarm.condition is Condition.FILES_CHANGED for alarm in bed.client.bed().alarms)

    until(told, "the change is told")
    assert refusals(bed) == [ReasonCode.LIBRARY_FILE_CHANGED]
    assert bed.pump().phase is Phase.INFUSING
    assert standing(bed) is Standing.GOOD, "what was loaded is what it was"
    (bed.folder / "drug-library.toml").write_text(said, encoding="utf-8")
    until(lambda: not told(), "it is as it was")
    bed.rest()
    assert refusals(bed) == []
    differed = [entry.fact.changed for entry in bed.entries() if isinstance(entry.fact, f.FilesDiffered)]
    assert differed == [(RulesFile.LIBRARY,), ()]
