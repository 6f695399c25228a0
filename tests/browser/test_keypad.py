"""Numbers on the keypad: every sequence of keys against the rule, that against the daemon, and what a nurse sees."""

from __future__ import annotations

from itertools import product
from typing import Final

import pytest
from playwright.sync_api import expect

from pumpd.core.units import parse_scaled
from pumpd.errors import BadNumber
from pumpd.testing.real_bed import RealBed
from pumpd.testing.screen import PANEL, PHONE, Open, Screen

pytestmark = [pytest.mark.timeout(120), pytest.mark.long]
LONGEST: Final = 6
KEYS: Final = 12  # ten digits, the point, delete
WHOLE_DIGITS_MAX: Final = 5
BESIDE_MS: Final = 70  # between two touches of a finger; sooner is a bounce
ALPHABET: Final = "017."  # to the daemon all digits but 0 are alike

# every sequence of keys, walked as a tree; what the rule says of each step is held against a rule written another way
EVERY_SEQUENCE: Final = """
async ([places, longest]) => {
    const {press, finish, DELETE} = await import("/static/number.js");
    const keys = [..."0123456789.", DELETE];
    const behind = places === 0 ? "" : `(\\\\.(?:[0-9]{0,${places - 1}}|[0-9]{${places - 1}}[1-9]))?`;
    const writable = new RegExp(`^(?:|(?:0|[1-9][0-9]{0,4})${behind})$`);
    const [wrong, finished] = [[], new Set()];
    let sequences = 0;
    const walk = (text, depth) => {
        for (const key of keys) {
            sequences += 1;
            const answer = press(text, key, places);
            const wanted = key === DELETE ? text.slice(0, -1) : text + key;
            const fits = key === DELETE ? text !== "" : writable.test(wanted);
            const right = fits ? answer.why === null && answer.text === wanted
                               : typeof answer.why === "string" && answer.why !== "" && answer.text === text;
            if (!right) wrong.push([text, key, answer]);
            if (finish(answer.text) === null) finished.add(answer.text);
            if (depth < longest) walk(answer.text, depth + 1);
        }
    };
    walk("", 1);
    return {sequences, wrong: wrong.slice(0, 5), finished: [...finished]};
}
"""


@pytest.mark.requirement("F01")
@pytest.mark.requirement("F03")
@pytest.mark.requirement("F04")
@pytest.mark.parametrize("places", [1, 3])
def test_every_sequence_of_six_keys_obeys_the_rule_and_ends_in_what_the_daemon_reads(
    bed: RealBed, screen: Open, places: int
) -> None:
    page = screen().page
    page.goto(f"{bed.url}/sign-in")
    found = page.evaluate(EVERY_SEQUENCE, [places, LONGEST])
    assert found["sequences"] == sum(KEYS**length for length in range(1, LONGEST + 1))
    assert found["wrong"] == []
    assert {typed for typed in found["finished"] if set(typed) <= set(ALPHABET)} == read_by_the_daemon(places)


def read_by_the_daemon(places: int) -> set[str]:
    """Every text of up to six of these characters that the daemon's own parser takes and a keypad lets anybody type."""
    texts = ("".join(keys) for length in range(1, LONGEST + 1) for keys in product(ALPHABET, repeat=length))
    return {typed for typed in texts if reads(typed, places)}


def reads(typed: str, places: int) -> bool:
    if len(typed.partition(".")[0]) > WHOLE_DIGITS_MAX:
        return False
    try:
        parse_scaled(typed, 10**places)
    except BadNumber:
        return False
    return True


def at_the_keypad(bed: RealBed, screen: Open, size: tuple[int, int] = PANEL, field: str = "weight_kg") -> Screen:
    anna = screen(size)
    anna.sign_in(bed.url, "/pumps/p1/new")
    anna.page.wait_for_load_state()
    anna.page.click(f"#{field}")
    expect(anna.page.locator(".keypad")).to_be_visible()
    return anna


def tap(screen: Screen, *keys: str) -> None:
    for key in keys:
        screen.page.click(f".key-{key}", delay=70)


@pytest.mark.requirement("F04")
def test_refused_key_says_why_and_changes_nothing(bed: RealBed, screen: Open) -> None:
    anna = at_the_keypad(bed, screen)
    told, typed = anna.page.locator(".keypad .told"), anna.page.locator(".keypad .typed")
    tap(anna, "point")
    expect(told).to_contain_text("Begin with 0")
    tap(anna, "ok")
    expect(told).to_contain_text("Blank is not zero")
    tap(anna, "8", "2", "point", "point")
    expect(told).to_contain_text("There is a point already")
    expect(typed).to_have_text("82.")
    tap(anna, "ok")
    expect(told).to_contain_text("Digits are missing")
    tap(anna, "0", "ok")
    expect(told).to_contain_text("type 82.")
    tap(anna, "delete", "4", "ok")
    expect(anna.page.locator(".keypad")).to_have_count(0)
    expect(anna.page.locator("#weight_kg")).to_have_value("82.4")
    assert anna.complaints == []


@pytest.mark.requirement("F01")
@pytest.mark.requirement("F05")
def test_key_that_bounces_is_taken_once_and_told(bed: RealBed, screen: Open) -> None:
    anna = at_the_keypad(bed, screen)
    anna.page.evaluate("() => { const key = document.querySelector('.key-4'); key.click(); key.click(); }")
    expect(anna.page.locator(".keypad .typed")).to_have_text("4")
    expect(anna.page.locator(".keypad .told")).to_contain_text("came twice at once")


@pytest.mark.requirement("F47")
def test_real_key_that_is_held_is_taken_once_and_told_on_the_pad_and_in_the_field(bed: RealBed, screen: Open) -> None:
    anna = at_the_keypad(bed, screen)
    keys = anna.page.keyboard
    for _ in range(4):
        keys.down("8")
    expect(anna.page.locator(".keypad .typed")).to_have_text("8")
    expect(anna.page.locator(".keypad .told")).to_contain_text("held down, or stuck")
    keys.up("8")
    keys.press("Enter")
    anna.page.focus("#height_cm")
    for _ in range(4):
        keys.down("1")
    expect(anna.page.locator("#height_cm")).to_have_value("1")
    expect(anna.page.locator("#told-height_cm")).to_contain_text("held down, or stuck")


@pytest.mark.requirement("F05")
def test_each_key_is_taken_as_itself_wherever_it_is_touched_and_a_finger_that_slides_takes_none(
    bed: RealBed, screen: Open
) -> None:
    anna = at_the_keypad(bed, screen)
    page, typed = anna.page, anna.page.locator(".keypad .typed")
    for digit in "123456789":
        box = page.locator(f".key-{digit}").bounding_box()
        assert box is not None
        middle, half = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        right, below = box["x"] + box["width"] - 2, box["y"] + box["height"] - 2
        for x, y in ((box["x"] + 2, half), (right, half), (middle, box["y"] + 2), (middle, below)):
            page.mouse.click(x, y, delay=BESIDE_MS)
            expect(typed).to_have_text(digit)
            tap(anna, "delete")
    one, two = (page.locator(f".key-{digit}").bounding_box() for digit in "12")
    assert one is not None
    assert two is not None
    page.mouse.move(one["x"] + one["width"] / 2, one["y"] + one["height"] / 2)
    page.mouse.down()
    page.mouse.move(two["x"] + two["width"] / 2, two["y"] + two["height"] / 2)
    page.mouse.up()
    expect(typed).to_have_text("")


@pytest.mark.parametrize("size", [PANEL, PHONE], ids=["panel", "phone"])
def test_stop_stays_within_reach_and_the_page_behind_does_not(
    bed: RealBed, screen: Open, size: tuple[int, int]
) -> None:
    anna = at_the_keypad(bed, screen, size)
    assert anna.page.locator("main").evaluate("e => e.inert")
    for key in ("ok", "0", "point"):
        box = anna.page.locator(f".key-{key}").bounding_box()
        bar = anna.page.locator(".stopbar").bounding_box()
        assert box is not None
        assert bar is not None
        assert box["y"] + box["height"] <= bar["y"], key
    anna.page.click("#stop-p1")
    anna.page.wait_for_selector(".outcome")


def test_scanner_types_into_the_field_and_its_enter_does_not_send_the_form(bed: RealBed, screen: Open) -> None:
    anna = screen()
    anna.sign_in(bed.url, "/pumps/p1/new")
    anna.page.wait_for_load_state()
    anna.page.focus("#weight_kg")
    anna.page.keyboard.type("82.4\n", delay=1)
    expect(anna.page.locator("#height_cm")).to_be_focused()
    anna.page.keyboard.type("17,")
    expect(anna.page.locator("#told-height_cm")).to_contain_text("Not a comma")
    anna.page.keyboard.type("x")
    expect(anna.page.locator("#told-height_cm")).to_contain_text("Only digits")
    anna.page.keyboard.type("8")
    expect(anna.page.locator("#told-height_cm")).to_have_count(0)
    expect(anna.page.locator("#height_cm")).to_have_value("178")
    expect(anna.page.locator("#weight_kg")).to_have_value("82.4")


@pytest.mark.requirement("F02")
def test_ordered_rate_stands_first_and_a_fifth_is_typed_twice(bed: RealBed, screen: Open) -> None:
    anna = screen()
    anna.start(bed.url)
    anna.page.click("#to-rate")
    anna.page.wait_for_load_state()
    anna.page.click("#rate_ml_per_h")
    expect(anna.page.locator(".keypad .ordered button")).to_have_text(["36"])
    tap(anna, "3", "point", "6", "ok")
    expect(anna.page.locator(".keypad .told")).to_contain_text("From 36 mL/h to 3.6 is five times or more")
    tap(anna, "3", "6", "ok")
    expect(anna.page.locator(".keypad .told")).to_contain_text("Nothing was taken")
    tap(anna, "3", "point", "6", "ok", "3", "point", "6", "ok")
    expect(anna.page.locator("#rate_ml_per_h")).to_have_value("3.6")
    anna.page.click("#rate_ml_per_h")
    anna.page.click(".keypad .ordered button")
    tap(anna, "ok")
    expect(anna.page.locator("#rate_ml_per_h")).to_have_value("36")


def test_alarm_that_comes_while_somebody_types_stands_above_the_keypad(own_bed: RealBed, screen: Open) -> None:
    anna = screen()
    anna.start(own_bed.url)
    anna.page.goto(f"{own_bed.url}/pumps/p1/rate")
    anna.page.wait_for_load_state()
    anna.page.click("#rate_ml_per_h")
    own_bed.pumps["p1"].fault("mute", for_s=120)
    anna.page.wait_for_selector(".alarm .what")
    seen = anna.page.evaluate(
        """() => {
            const box = document.querySelector(".alarm .what").getBoundingClientRect();
            const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
            const pad = document.querySelector(".keypad").getBoundingClientRect();
            return [top.closest(".alarm") !== null, pad.top >= document.querySelector(".alarms").offsetHeight];
        }"""
    )
    assert seen == [True, True]
    anna.page.locator(".alarm button").first.click()  # within reach too
    expect(anna.page.locator(".alarm.seen").first).to_be_visible()
