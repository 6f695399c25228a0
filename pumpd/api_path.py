"""The routers of the nurse's path, as api.py takes them in: acts, which come to the bed, and looks, which do not."""

from __future__ import annotations

from typing import Final

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

ROUTERS: Final = (
    *(each.looks for each in (api_visits, api_check_in, api_preparation, api_care, api_departure, api_course)),
    api_patients.calls,
    api_drafts.calls,
    *(
        each.acts
        for each in (api_visits, api_check_in, api_preparation, api_care, api_verbal, api_departure, api_course)
    ),
)
