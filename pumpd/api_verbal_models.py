"""What crosses the socket about orders by word. As api_models.py, whose rules hold here too."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from pumpd.api_care_models import Remark
from pumpd.api_orders import FOR_EVER, Body, HoldBoundBody, Name, Typed
from pumpd.api_path_models import RescueOrderBody


class LowerRateBody(Body):
    """Not above what is set on this pump."""

    slot: Name
    rate_ml_per_h: Typed


class VerbalOrderBody(Body):
    """`prescriber` said it. Exactly one of the three, with `read_back`, as it was read to them, or `other`: refused.

    What else was said is written down once: `confirmed` says that it was read aloud and that the prescriber said yes.
    """

    prescriber: Name
    lower: LowerRateBody | None = None
    rescue: RescueOrderBody | None = None
    hold: HoldBoundBody | None = None
    other: Remark = ""
    read_back: Annotated[str, Field(max_length=400, description=FOR_EVER, validate_default=True)] = ""
    confirmed: Annotated[bool, Field(validate_default=True)] = False

    @field_validator("read_back")
    @classmethod
    def _is_read_back(cls, value: str, info: ValidationInfo) -> str:
        """Told beside its own field, on the page."""
        if not value and not info.data.get("other"):
            raise PydanticCustomError("missing", "what was read back")
        return value

    @field_validator("confirmed")
    @classmethod
    def _is_confirmed(cls, value: bool, info: ValidationInfo) -> bool:  # noqa: FBT001  # as pydantic calls it
        if not value and info.data.get("other"):
            raise PydanticCustomError("missing", "that the prescriber said yes to it")
        return value


class VerbalSignBody(Body):
    """It was so, or it was not; a remark where it was not, and where another prescriber signs."""

    agrees: bool = True
    remark: Remark = ""
