"""Decides what people ask on the nurse's path, each kind of request by a module of its own.

None of it sets a pump going: the path says what may be started (visit_gates.py); a start is asked for as everywhere.
"""

from __future__ import annotations

from pumpd.core.arrival_requests import ArrivalRequest
from pumpd.core.arriving import arrive
from pumpd.core.care_requests import CareRequest
from pumpd.core.caring import care
from pumpd.core.checking_in import check_in
from pumpd.core.course_requests import CourseRequest
from pumpd.core.coursing import course
from pumpd.core.departing import depart
from pumpd.core.departure_requests import DepartureRequest
from pumpd.core.preparation_requests import PreparationRequest
from pumpd.core.preparing import make_ready
from pumpd.core.requests import PathRequest
from pumpd.core.turn import Turn
from pumpd.core.writer_facts import WriterTaken
from pumpd.core.writing import is_anothers, take_over


def walk(turn: Turn, request: PathRequest) -> None:
    if is_anothers(turn, request):
        return
    if isinstance(request, WriterTaken):
        take_over(turn, request)
    elif isinstance(request, ArrivalRequest):
        arrive(turn, request)
    elif isinstance(request, DepartureRequest):
        depart(turn, request)
    elif isinstance(request, CourseRequest):
        course(turn, request)
    elif isinstance(request, CareRequest):
        care(turn, request)
    elif isinstance(request, PreparationRequest):
        make_ready(turn, request)
    else:
        check_in(turn, request)
