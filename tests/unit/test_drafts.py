"""What somebody has typed and not yet sent outlives everything but its visit."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pumpd import drafts as module
from pumpd.drafts import Draft, Drafts, Form
from pumpd.errors import ApiError
from pumpd.testing.called_bed import Called

CHECK_IN = Form(form="items", visit="v1")


@pytest.fixture
def drafts(tmp_path: Path) -> Drafts:
    return Drafts(tmp_path / "drafts.sqlite3")


@pytest.fixture(scope="module")
def called(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Called]:
    with asyncio.Runner() as runner:
        yield Called(runner, tmp_path_factory.mktemp("bed"))


def typed(text: str, *, person: str = "anna", wall_ms: int = 1) -> Draft:
    return Draft(person=person, wall_ms=wall_ms, fields={"remark": text})


def test_a_draft_is_there_for_whoever_goes_on_and_says_who_typed_it(drafts: Drafts, tmp_path: Path) -> None:
    assert drafts.kept(CHECK_IN) is None
    drafts.keep(CHECK_IN, typed("none known"))
    drafts.keep(CHECK_IN, typed("none known but", person="ben", wall_ms=2))
    assert Drafts(tmp_path / "drafts.sqlite3").kept(CHECK_IN) == typed("none known but", person="ben", wall_ms=2)
    drafts.drop(CHECK_IN)
    assert drafts.kept(CHECK_IN) is None


def test_a_form_without_a_visit_is_its_authors_alone(drafts: Drafts) -> None:
    drafts.keep(Form(form="series", author="dora"), typed("82", person="dora"))
    assert drafts.kept(Form(form="series", author="paul")) is None
    assert drafts.kept(Form(form="series", author="dora")) is not None


def test_nothing_typed_about_a_patient_outlives_the_visit_and_no_byte_of_it_stays(
    drafts: Drafts, tmp_path: Path
) -> None:
    drafts.keep(CHECK_IN, typed("Mrs Unforgettable"))
    drafts.keep(Form(form="items", visit="v2"), typed("other"))
    drafts.keep(Form(form="series", author="dora"), typed("own"))
    drafts.end_of_others(["v2"])
    assert drafts.kept(CHECK_IN) is None
    assert drafts.kept(Form(form="items", visit="v2")) == typed("other")
    assert drafts.kept(Form(form="series", author="dora")) == typed("own")
    path = tmp_path / "drafts.sqlite3"
    assert b"Unforgettable" not in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@settings(max_examples=15)  # each opens the file many times
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9)), max_size=20))
def test_there_is_room_for_so_many_and_the_oldest_goes(
    tmp_path_factory: pytest.TempPathFactory, kept: list[tuple[int, int]]
) -> None:
    drafts = Drafts(tmp_path_factory.mktemp("drafts") / "drafts.sqlite3")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "DRAFTS_MAX", 3)
        order: list[str] = []
        for wall_ms, (number, text) in enumerate(kept):
            form = f"f{number}"
            drafts.keep(Form(form=form, visit="v1"), typed(str(text), wall_ms=wall_ms))
            order = [each for each in order if each != form] + [form]
            there = {each for each in order if drafts.kept(Form(form=each, visit="v1")) is not None}
            assert there == set(order[-3:])


def test_a_file_that_cannot_be_used_is_told_and_costs_a_draft_alone(tmp_path: Path) -> None:
    path = tmp_path / "drafts.sqlite3"
    path.write_text("this is no database, and longer than the sixteen bytes of its mark")
    with pytest.raises(ApiError, match="Drafts cannot be kept") as refused:
        Drafts(path).keep(CHECK_IN, typed("x"))
    assert refused.value.status == 503


def test_over_the_api_a_locked_page_keeps_a_draft_and_reads_none(called: Called) -> None:
    path, query, body = "/v1/drafts/items", {"visit": "v1"}, {"fields": {"remark": "none known"}}
    assert called.send("PUT", path, "nurse", locked=True, query=query, body=body).status_code == 200
    assert called.send("GET", path, "nurse", locked=True, query=query).status_code == 401
    found = called.send("GET", path, "nurse-2", query=query)
    assert (found.json()["person"], found.json()["fields"]) == ("nurse", {"remark": "none known"})
    assert called.send("DELETE", path, "nurse-2", query=query).status_code == 200
    assert called.send("GET", path, "nurse", query=query).status_code == 404


def test_over_the_api_a_draft_of_ones_own_is_read_by_nobody_else_and_one_of_no_visit_is_refused(
    called: Called,
) -> None:
    assert (
        called.send("PUT", "/v1/drafts/series", "prescriber", body={"fields": {"weight_kg": "82"}}).status_code == 200
    )
    assert called.send("GET", "/v1/drafts/series", "nurse").status_code == 404
    assert called.send("GET", "/v1/drafts/series", "prescriber").json()["fields"] == {"weight_kg": "82"}
    assert (
        called.send("PUT", "/v1/drafts/items", "nurse", query={"visit": "v9"}, body={"fields": {}}).status_code == 404
    )
    too_many = {"fields": {f"f{number}": "" for number in range(65)}}
    assert called.send("PUT", "/v1/drafts/items", "nurse", body=too_many).status_code == 422
