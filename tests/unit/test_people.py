"""Who may start and who may not, and that two people are two."""

from __future__ import annotations

import pytest

from pumpd.core.people import Act, Role, may, may_be_second


@pytest.mark.parametrize("act", list(Act))
def test_administrator_gives_no_drugs(act: Act) -> None:
    assert not may(Role.ADMINISTRATOR, act)


@pytest.mark.parametrize("act", [Act.START, Act.RESUME, Act.RAISE, Act.REARM])
def test_pharmacist_checks_and_does_not_start(act: Act) -> None:
    assert not may(Role.PHARMACIST, act)
    assert may(Role.PHARMACIST, Act.OVERRIDE_SECOND)
    assert may(Role.NURSE, act)
    assert may(Role.PRESCRIBER, act)


def test_nobody_is_their_own_second_person() -> None:
    assert not may_be_second("anna", "anna", Role.PRESCRIBER)
    assert may_be_second("anna", "ben", Role.PHARMACIST)
    assert not may_be_second("anna", "ben", Role.ADMINISTRATOR)
