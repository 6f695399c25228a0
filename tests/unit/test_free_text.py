"""Free text stands in the journal for ever, where no erasure reaches it: every field for it says so."""

from __future__ import annotations

import re

import pytest

from pumpd.api_care_models import HandOverBody, SideEffectBody
from pumpd.api_check_in_models import FindingBody
from pumpd.api_orders import FOR_EVER
from pumpd.api_verbal_models import VerbalOrderBody
from pumpd.console.room import HERE

TEMPLATES = sorted(HERE.glob("templates/*.j2"))


def test_every_field_for_free_text_on_the_page_says_that_no_name_belongs_there() -> None:
    found = 0
    for path in TEMPLATES:
        text = path.read_text(encoding="utf-8")
        for area in re.finditer("<textarea", text):
            found += 1
            assert "no names" in text[area.end() :].split("</p>")[0], path.name
    assert found >= 2  # who agrees says why in one place, and every other form has the macro


@pytest.mark.parametrize(
    ("body", "name"),
    [(SideEffectBody, "remark"), (HandOverBody, "said"), (FindingBody, "why"), (VerbalOrderBody, "read_back")],
)
def test_the_document_of_the_api_says_it_of_its_fields(
    body: type[SideEffectBody | HandOverBody | FindingBody | VerbalOrderBody], name: str
) -> None:
    assert body.model_fields[name].description == FOR_EVER
