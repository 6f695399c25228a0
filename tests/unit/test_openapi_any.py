"""Whatever the API's own document allows is sent to every call of it, and the answer is one that the document names.

schemathesis makes the calls out of the document (docs/decisions/0028) and judges the answers by it: no failure of the
server, a status that is written down, a body of the form that stands there. Half of the calls name the pump, visit and
person that the bed really has, so that they get past the door. What a person types is text to the document, and
refused in words: that is no fault here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from requests import Request
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from pumpd.testing.called_bed import BASE_URL, PATH, STREAMS, Called

CHECKS: Final = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
]  # fmt: skip
EXAMPLES: Final = 12  # of every call: 7 s in all
CALLERS: Final = st.sampled_from([(None, False), ("nurse", False), ("nurse", True), ("prescriber", False)])


@pytest.fixture(scope="module")
def called(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Called]:
    with asyncio.Runner() as runner:
        yield Called(runner, tmp_path_factory.mktemp("bed"))


@pytest.mark.no_cover  # examples by lot (tests/conftest.py)
def test_every_call_answers_everything_that_its_document_allows_as_the_document_says(called: Called) -> None:
    document = schemathesis.openapi.from_dict(called.document)
    labels = set()
    for found in document.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        if operation.label in STREAMS:
            continue
        labels.add(operation.label)
        meets_the_document(called, operation)
    assert len(labels) > 30


def meets_the_document(called: Called, operation: APIOperation[Any, Any, Any, Any]) -> None:
    @settings(max_examples=EXAMPLES, database=None, suppress_health_check=list(HealthCheck), deadline=None)
    @given(case=operation.as_strategy(), caller=CALLERS, known=st.booleans())
    def every_case(case: schemathesis.Case[Any], caller: tuple[str | None, bool], *, known: bool) -> None:
        if known:
            case.path_parameters.update({name: PATH[name] for name in case.path_parameters if name in PATH})
        person, locked = caller
        body = case.as_transport_kwargs(base_url=BASE_URL).get("json")
        answer = called.send(
            case.method, case.formatted_path, person, locked=locked, query=dict(case.query or {}), body=body
        )
        case.validate_response(
            schemathesis.Response(
                status_code=answer.status_code,
                headers={name: [value] for name, value in answer.headers.items()},
                content=answer.content,
                request=Request(case.method, BASE_URL + case.formatted_path).prepare(),
                elapsed=0,
                verify=False,
            ),
            checks=CHECKS,
        )

    every_case()
