"""What crosses the socket about orders by word. As api_models.py, whose rules hold here too."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pumpd.api_care_models import BandName, Measure, Remark, Scale, Whole
from pumpd.api_orders import FOR_EVER, Body, Name, Typed
from pumpd.api_path_models import RescueOrderBody


class LowerRateBody(Body):
    """Not above what is set on this pump."""

    slot: Name
    rate_ml_per_h: Typed


class HoldBoundBody(Body):
    """This item speaks in this band beyond these bounds; null: as the order has it. `scale` with a sedation."""

    item: Measure
    band: BandName
    above: Whole | None = None
    below: Whole | None = None
    scale: Scale | None = None


class VerbalOrderBody(Body):
    """`prescriber` said it, and `read_back` is what was read to them. Exactly one of the three, or `other`: refused."""

    prescriber: Name
    read_back: Annotated[str, Field(min_length=1, max_length=400, description=FOR_EVER)]
    lower: LowerRateBody | None = None
    rescue: RescueOrderBody | None = None
    hold: HoldBoundBody | None = None
    other: Remark = ""


class VerbalSignBody(Body):
    """It was so, or it was not; a remark where it was not, and where another prescriber signs."""

    agrees: bool = True
    remark: Remark = ""
