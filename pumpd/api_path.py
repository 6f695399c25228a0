"""All calls of the nurse's path, as api.py takes them in: acts, which come to the bed, and looks, which do not."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from pumpd import (
    api_care,
    api_check_in,
    api_course,
    api_departure,
    api_drafts,
    api_patients,
    api_preparation,
    api_verbal,
    api_visits,
)
from pumpd.api_calls import NOBODY, somebody

acts = APIRouter()
for each in (api_visits, api_check_in, api_preparation, api_care, api_verbal, api_departure, api_course):
    acts.include_router(each.acts)

looks = APIRouter()
for each in (api_visits, api_check_in, api_preparation, api_care, api_departure, api_course):
    looks.include_router(each.looks, dependencies=[Depends(somebody)], responses=NOBODY)  # type: ignore[arg-type]  # as OUTCOMES
looks.include_router(api_patients.calls)
looks.include_router(api_drafts.calls)
