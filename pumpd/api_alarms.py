"""What crosses the socket about alarms. As api_models.py, from where clients take it, and whose rules hold here too."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pumpd.api_orders import Body, Name
from pumpd.api_quantities import View
from pumpd.core.codes import Condition
from pumpd.core.signals import Colour, Flash

PriorityName = Literal["prompt", "low", "medium", "high"]


class AlarmView(View):
    """An active alarm; `over` means that its condition is gone and it only waits to be seen."""

    alarm_id: int
    slot: str | None
    condition: Condition
    priority: PriorityName
    text: str
    todo: str
    detail: str
    since_ts_ms: int
    acknowledged: bool
    acknowledged_by: str | None
    over: bool
    sounding: bool = False  # it is to be heard now
    colour: Colour = Colour.PLAIN  # an earlier daemon tells neither
    flash: Flash = Flash.STEADY


class ListenersBody(Body):
    """How many pages with their sound on whoever asks serves at this moment; said again every few seconds."""

    pages: Annotated[int, Field(ge=0, le=1_000, strict=True)]


class ListenersView(View):
    """For how long that word lasts, and whether this bed asks for it before a drug is started."""

    lasts_ms: int
    needed: bool


class AudioPauseBody(Body):
    """`watcher` names the stream of views of whoever asks: when it ends, the sound is back."""

    watcher: Name | None = None
