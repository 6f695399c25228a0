"""Forms keep what was typed, pages keep to themselves, and nobody else's page can press a button here."""

from __future__ import annotations

import http.client
from typing import Final
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from pumpd.testing.nursed_bed import AT_REST
from pumpd.testing.real_bed import RealBed
from pumpd.testing.screen import PANEL, PHONE, Open, Screen

pytestmark = pytest.mark.timeout(120)
PAGES: Final = (
    "/",
    "/far",
    "/pumps/p1",
    "/pumps/p1/new",
    "/sign-in",
    "/record",
    "/stopping",
    "/stopping/p2",
    "/no-such",
)
PANEL_PX_PER_MM: Final = 88 / 15  # 10.1 inches across, 1,280 x 800 points
TARGET_PX: Final = {PANEL: 15 * PANEL_PX_PER_MM, PHONE: 48}
STOP_PX: Final = {PANEL: 20 * PANEL_PX_PER_MM, PHONE: 64}


def post(
    bed: RealBed, path: str, fields: dict[str, str] | None = None, /, **headers: str
) -> tuple[int, http.client.HTTPMessage]:
    host = bed.url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=10)
    sent = {"Content-Type": "application/x-www-form-urlencoded"} | headers
    connection.request("POST", path, urlencode(fields or {}), sent)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.headers


def test_typed_comma_is_refused_beside_its_field_and_everything_else_is_kept(bed: RealBed, screen: Open) -> None:
    anna = screen()
    anna.sign_in(bed.url, "/pumps/p1/new")
    anna.choose("TRAIN-2MIN", "82,4", "178")
    fault = anna.page.locator("#fault-weight_kg")
    expect(fault).to_contain_text("82,4")
    assert anna.page.input_value("#weight_kg") == "82,4"
    assert anna.page.input_value("#height_cm") == "178"
    assert anna.page.is_checked("input[value='TRAIN-2MIN']")
    anna.page.fill("#weight_kg", "82.4")
    anna.page.click("#to-review")
    expect(anna.page.locator(".lines")).to_contain_text("82.4 kg")
    anna.page.click("#change")
    assert anna.page.input_value("#weight_kg") == "82.4"


@pytest.mark.long
def test_hard_limit_shows_why_and_offers_no_start(bed: RealBed, screen: Open) -> None:
    anna = screen()
    anna.sign_in(bed.url, "/pumps/p1/new")
    anna.choose("TRAIN-2MIN", "20", "150")
    expect(anna.page.locator(".reasons.hard")).to_contain_text("hard limit")
    assert anna.page.locator("#start").count() == 0


@pytest.mark.long
def test_wrong_pin_is_said_and_lets_nobody_in(bed: RealBed, screen: Open) -> None:
    somebody = screen()
    somebody.page.goto(f"{bed.url}/sign-in")
    somebody.page.check("input[value=dora]")
    somebody.page.fill("#pin", "9999")
    somebody.page.click("#sign-in")
    expect(somebody.page.locator(".fault")).to_be_visible()
    assert somebody.page.context.cookies() == []


def test_session_cookie_is_out_of_reach_of_scripts_and_of_other_sites(bed: RealBed, screen: Open) -> None:
    anna = screen()
    anna.sign_in(bed.url)
    (cookie,) = anna.page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert anna.page.evaluate("document.cookie") == ""
    anna.page.click("text=Sign out")
    expect(anna.page.locator("text=Sign out")).to_have_count(0)
    assert anna.page.context.cookies() == []


@pytest.mark.requirement("LIB-02")
def test_every_page_stays_on_its_host_and_keeps_its_own_policy(bed: RealBed, screen: Open) -> None:
    anna = screen()
    anna.sign_in(bed.url)
    for path in PAGES:
        anna.page.goto(bed.url + path)
        expect(anna.page.locator("footer")).to_contain_text("Not a medical device")
        expect(anna.page.locator("footer")).to_contain_text("Drug library: Demonstration library")
    assert anna.hosts == {bed.url.removeprefix("http://")}
    assert [told for told in anna.complaints if "404" not in told] == []
    answer = anna.page.request.get(bed.url)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("size", [PANEL, pytest.param(PHONE, marks=pytest.mark.long)], ids=["panel", "phone"])
def test_every_screen_fits_and_every_target_suits_a_gloved_finger(
    bed: RealBed, screen: Open, size: tuple[int, int]
) -> None:
    anna = screen(size)
    anna.sign_in(bed.url)
    for path in PAGES:
        anna.page.goto(bed.url + path)
        wide = anna.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= size[0], path
        small = anna.page.evaluate(
            """least => [...document.querySelectorAll("button, .button, .choice, input, select, nav a")]
                .filter(e => e.checkVisibility() && e.type !== "hidden" && e.type !== "radio")
                .filter(e => e.getBoundingClientRect().height < least)
                .map(e => e.outerHTML.slice(0, 80))""",
            TARGET_PX[size],
        )
        assert small == [], path
        stops = anna.page.locator("button.stop")
        assert stops.count() >= (0 if path == "/no-such" else 1), path
        lowest = anna.page.evaluate(
            "Math.min(...[...document.querySelectorAll('button.stop')].map(e => e.getBoundingClientRect().height))"
        )
        assert lowest >= STOP_PX[size], path
        if stops.count():
            assert below_the_bar(anna) == [], path


def below_the_bar(anna: Screen) -> list[str]:
    """What the bar of STOP hides from a keyboard, or from whoever scrolls to the end, while it says SOUND OFF."""
    hidden: list[str] = anna.page.evaluate(
        """() => {
            document.querySelector("#sound-off").hidden = false;
            const bar = document.querySelector(".stopbar").getBoundingClientRect().top;
            const isHidden = e => e.getBoundingClientRect().bottom > bar + 1;
            scrollTo(0, 0);
            const found = [...document.querySelectorAll("main :is(a, button, input, select), footer a")]
                .filter(e => e.checkVisibility() && e.type !== "hidden")
                .filter(e => (e.focus(), document.activeElement === e && isHidden(e)));
            scrollTo(0, document.body.scrollHeight);
            found.push(...[document.querySelector("footer")].filter(isHidden));
            return found.map(e => e.outerHTML.slice(0, 80));
        }"""
    )
    return hidden


def test_dose_figures_have_seven_to_one_contrast(bed: RealBed, screen: Open) -> None:
    """By WCAG 2.2's formula, over the colours that the browser really uses."""
    page = screen().page
    page.goto(f"{bed.url}/pumps/p1")
    contrast = page.evaluate(
        """() => {
            const probe = document.createElement("section");
            probe.className = "card";
            const big = probe.appendChild(document.createElement("p"));
            big.className = "big";
            document.querySelector("main").append(probe);
            const light = colour => {
                const part = colour.match(/\\d+/g).slice(0, 3).map(n => n / 255)
                    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
                return 0.2126 * part[0] + 0.7152 * part[1] + 0.0722 * part[2];
            };
            const [ink, paper] = [light(getComputedStyle(big).color), light(getComputedStyle(probe).backgroundColor)];
            return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
        }"""
    )
    assert contrast >= 7


def test_form_of_another_site_does_nothing_not_even_stop(bed: RealBed) -> None:
    for path in ("/stop", "/pumps/p1/stop", "/pumps/p1/pause", "/sign-in"):
        assert post(bed, path, Origin="http://elsewhere.example")[0] == 403, path
        assert post(bed, path, Origin="null", **{"Sec-Fetch-Site": "cross-site"})[0] == 403, path


def test_foreign_name_for_this_machine_is_turned_away(bed: RealBed) -> None:
    status, _ = post(bed, "/stop", Host="rebound.example", Origin="http://rebound.example")
    assert status == 421


def test_stop_needs_neither_session_nor_token_nor_origin(bed: RealBed) -> None:
    status, headers = post(bed, "/pumps/p1/stop", Origin=bed.url)
    assert (status, headers["Location"]) == (303, "/stopping/p1")
    assert post(bed, "/stop")[0] == 303


def test_session_without_the_pages_token_starts_nothing(bed: RealBed, screen: Open) -> None:
    anna = screen()
    anna.sign_in(bed.url)
    (cookie,) = anna.page.context.cookies()
    order = {
        "regimen": "TRAIN-30S", "day:TRAIN-30S": "1", "container:TRAIN-30S": "syringe-60", "weight_kg": "70",
        "digest": "x", "token": "guessed",
    }  # fmt: skip
    session = {"Cookie": f"{cookie['name']}={cookie['value']}", "Origin": bed.url}
    for path in ("start", "resume", "step", "end", "answer", "rearm"):
        assert post(bed, f"/pumps/p1/{path}", order, **session)[0] == 401, path
    assert bed.pump().phase in AT_REST


def test_sign_in_leads_nowhere_else(bed: RealBed) -> None:
    for onward in ("//elsewhere.example", "https://elsewhere.example", "/\\elsewhere.example"):
        fields = {"person": "anna", "pin": "2718", "next": onward}
        status, headers = post(bed, "/sign-in", fields, Origin=bed.url)
        assert (status, headers["Location"]) == (303, "/"), onward


def test_sign_in_leads_back_to_the_very_screen_that_was_asked_for(bed: RealBed, screen: Open) -> None:
    page, asked = screen().page, f"{bed.url}/visits/of-nobody/side-effects?effect=headache"
    page.goto(asked)
    page.click(".person a.button")  # what stands above the form asks for the same
    page.check("input[value=anna]")
    page.fill("#pin", "2718")
    page.click("#sign-in")
    expect(page).to_have_url(asked)


def test_overlong_form_is_refused_unread(bed: RealBed) -> None:
    assert post(bed, "/sign-in", {"pin": "9" * 20_000}, Origin=bed.url)[0] == 413
