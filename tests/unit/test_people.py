"""Who may start and who may not, and that two people are two."""

from __future__ import annotations

import pytest

from pumpd.core.people import Act, Person, Role, may, may_be_second, may_clear_wait


@pytest.mark.parametrize("act", list(Act))
@pytest.mark.parametrize("role", [Role.TECHNICIAN, Role.VIEWER])
def test_who_keeps_or_looks_gives_no_drugs(role: Role, act: Act) -> None:
    assert not may(role, act)


@pytest.mark.parametrize("act", [Act.START, Act.RESUME, Act.RAISE, Act.REARM])
def test_pharmacist_checks_and_does_not_start(act: Act) -> None:
    assert not may(Role.PHARMACIST, act)
    assert may(Role.PHARMACIST, Act.OVERRIDE_SECOND)
    assert may(Role.NURSE, act)
    assert may(Role.PRESCRIBER, act)


def test_nobody_is_their_own_second_person() -> None:
    assert not may_be_second("anna", "anna", Role.PRESCRIBER)
    assert may_be_second("anna", "ben", Role.PHARMACIST)
    assert not may_be_second("anna", "ben", Role.TECHNICIAN)


@pytest.mark.parametrize(
    ("who", "may_clear"),
    [
        (Role.NURSE, False),
        (Role.PRESCRIBER, True),
        (Role.PHARMACIST, True),
        (Role.TECHNICIAN, True),
        (Role.VIEWER, False),
    ],
)
def test_a_wait_is_cleared_by_another_role_and_never_by_its_owner(who: Role, may_clear: bool) -> None:  # noqa: FBT001  # a table
    anna = Person(id="anna", name="Anna", role=Role.NURSE)
    assert may_clear_wait(Person(id="ben", name="Ben", role=who), anna) is may_clear
    assert not may_clear_wait(Person(id="anna", name="Anna", role=who), anna)
