"""What crosses the socket about containers and the line. As api_models.py, whose rules hold here too."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pumpd.api_models import TEXT_CHARS_MAX, Keep, Pin
from pumpd.api_orders import Body, Name, Typed

LOT_CHARS_MAX = 64  # a lot number on a label is a dozen


class SecondBody(Body):
    """The second person who checks what the first one reads, with their own PIN."""

    second_person: Name
    second_pin: Pin


class ContainerChangeBody(Body):
    """Another container hangs: what stands on its label, as read and typed.

    Whether it was checked in before it came to the bed is for the bed to know, and not for a client to claim.
    """

    container: Name
    concentration_mg_per_ml: Typed
    lot: Annotated[str, Field(max_length=LOT_CHARS_MAX)] = ""
    second: SecondBody | None = None
    keep: Keep = Keep.VOLUME


class PrimeBody(Body):
    """The line is primed out of this container, and was off the patient while it was."""

    regimen: Name
    container: Name


class FlushBody(Body):
    """The line was flushed into the patient after the end, with so much; `all_the_same` once refused with a limit."""

    volume_ml: Typed
    all_the_same: bool = False


class BalanceBody(Body):
    """What was drawn up in all, and what is left over in all; a remark where the two and what was given do not fit."""

    loaded_ml: Typed
    residual_ml: Typed
    remark: Annotated[str, Field(max_length=TEXT_CHARS_MAX)] = ""
