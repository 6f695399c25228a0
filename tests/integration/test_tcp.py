"""A pump behind a serial server: the same daemon and driver, over a TCP socket."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pumpd.api_models import Phase
from pumpd.testing.real_bed import SHORT, RealBed


@pytest.fixture
def bed() -> Iterator[RealBed]:
    with RealBed() as found:
        yield found


@pytest.mark.timeout(120)
@pytest.mark.long
def test_an_infusion_runs_to_its_end_over_tcp(bed: RealBed) -> None:
    pump = bed.begin_pump("p1", "--tcp", "127.0.0.1:0")
    config = bed.write_config()
    said = config.read_text(encoding="utf-8")
    config.write_text(said.replace(str(pump.link), f"socket://127.0.0.1:{pump.tcp_port}"), encoding="utf-8")
    assert "socket://" in config.read_text(encoding="utf-8")

    bed.begin_daemon()
    bed.infuse(SHORT)
    bed.reaches(Phase.ENDED)

    assert len(pump.heard("RUN")) == 1
    assert bed.holds_the_truth()
    assert pump.truth().displaced_nl > 0
