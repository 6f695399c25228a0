"""Two people at two browsers of one bed, and a browser that loses its network: the same truth, or none."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import pytest
from playwright.sync_api import expect

from pumpd.api_client import history
from pumpd.api_models import Phase
from pumpd.testing.real_bed import RealBed
from pumpd.testing.screen import PHONE, Open

pytestmark = [pytest.mark.timeout(180), pytest.mark.long]
A_NUMBER: Final = re.compile(r"\d.*mL")


def test_what_one_person_does_the_other_sees_and_what_no_longer_fits_is_refused(bed: RealBed, screen: Open) -> None:
    anna, ben = screen(), screen(PHONE)
    anna.start(bed.url)
    ben.sign_in(bed.url, "/pumps/p1", person="ben")
    expect(ben.page.locator("[data-field='p1.granted']")).to_have_text("36 mL/h")

    anna.page.click("#to-rate")
    anna.page.fill("#rate_ml_per_h", "30")
    anna.page.click("#to-confirm")
    anna.page.wait_for_selector("#confirm-rate")
    ben.page.click("#to-pause")
    ben.page.click("#do-pause-toilet")
    ben.page.wait_for_selector(".phase-stopped")
    anna.page.click("#confirm-rate")  # what she read is no longer so
    expect(anna.page.locator(".notice, .reasons.hard, .fault").first).to_be_visible()
    bed.reaches(Phase.STOPPED)

    anna.page.goto(f"{bed.url}/pumps/p1")
    anna.page.click("#do-resume-volume")
    expect(ben.page.locator(".phase-infusing")).to_be_visible()  # without his doing anything
    expect(ben.page.locator("[data-field='p1.granted']")).to_have_text("36 mL/h")  # hers was not taken
    anna.page.click("#stop-p1")
    ben.page.click("#stop-p1")
    for each in (anna, ben):
        expect(each.page.locator(".outcome.still")).to_be_visible()
    bed.reaches(Phase.STOPPED)
    bed.sign_in()
    told = [row.person for row in bed.client.send(history(60)) if row.person]
    assert {"anna", "ben"} <= set(told), "the record says who"
    assert ben.complaints == []
    assert [each for each in anna.complaints if "409" not in each] == []  # the browser's own word for her refusal


class Cable:
    """Between a browser and the console: pulled out, bytes wait on both sides, and nobody is told."""

    def __init__(self, port: int) -> None:
        self._whole = threading.Event()
        self._whole.set()
        self._port = port
        self._ends = [socket.create_server(("127.0.0.1", 0))]
        self.url = "http://{}:{}".format(*self._ends[0].getsockname()[:2])
        threading.Thread(target=self._accept, daemon=True).start()

    def pull(self) -> None:
        self._whole.clear()

    def plug(self) -> None:
        self._whole.set()

    def close(self) -> None:
        self._whole.set()
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                browser, _ = self._ends[0].accept()
                console = socket.create_connection(("127.0.0.1", self._port))
                self._ends += [browser, console]
                for one, other in ((browser, console), (console, browser)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65_536):
                self._whole.wait()
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)


@pytest.fixture
def cable(bed: RealBed) -> Iterator[Cable]:
    laid = Cable(int(bed.url.rsplit(":", 1)[1]))
    yield laid
    laid.close()


def test_browser_off_its_network_says_so_shows_nothing_old_and_finds_the_bed_again(
    bed: RealBed, cable: Cable, screen: Open
) -> None:
    anna = screen()
    anna.start(cable.url)
    expect(anna.page.locator("[data-field='p1.measured']")).to_contain_text("±")
    cable.pull()
    expect(anna.page.locator("#lost")).to_contain_text("this page does not reach the bed")
    expect(anna.page.locator("#lost")).to_contain_text("its own STOP key works at once")
    anna.page.wait_for_selector("[data-slot][data-freshness=gone]")
    expect(anna.page.locator(".state .phase")).to_have_text(re.compile("not known here"))
    left = [text for text in anna.page.locator(".pumppage .figure").all_inner_texts() if A_NUMBER.search(text)]
    assert left == []
    assert bed.pump().phase is Phase.INFUSING, "what happens to a browser is no matter of the pump's"
    cable.plug()
    expect(anna.page.locator("#lost")).to_be_hidden()
    expect(anna.page.locator("[data-field='p1.granted']")).to_have_text("36 mL/h")
