"""Adults as they are, to count how often a library would ask about one: a soft limit that speaks daily is clicked away.

Weights and heights are those of NHANES 2017-2018 (United States, National Center for Health Statistics: files DEMO_J
and BMX_J), 2,811 women and 2,623 men of 18 years and older, not weighted for the survey's design. Of each sex there are
twenty rows of equal size, by weight: the median weight of the row, and the heights at a sixth, a half and five sixths
of it. So 120 people stand for all, each for as many. The tails are coarse: nobody here weighs less than 46.5 kg.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pumpd.core.order import Sex

SOURCE: Final = "NHANES 2017-2018, 5,434 adults, as 120"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One of the 120."""

    sex: Sex
    weight_g: int
    height_mm: int


_WOMEN: Final = (
    (46_500, 1_480, 1_550, 1_610),
    (51_200, 1_520, 1_570, 1_630),
    (54_400, 1_500, 1_580, 1_640),
    (57_400, 1_500, 1_560, 1_630),
    (59_700, 1_520, 1_580, 1_640),
    (62_400, 1_520, 1_580, 1_650),
    (65_000, 1_510, 1_580, 1_650),
    (67_300, 1_530, 1_580, 1_670),
    (69_600, 1_540, 1_590, 1_660),
    (71_600, 1_540, 1_600, 1_670),
    (74_200, 1_520, 1_580, 1_640),
    (76_500, 1_540, 1_600, 1_680),
    (79_500, 1_540, 1_600, 1_680),
    (82_800, 1_540, 1_600, 1_660),
    (85_400, 1_550, 1_610, 1_660),
    (90_200, 1_550, 1_620, 1_670),
    (95_300, 1_550, 1_620, 1_680),
    (101_300, 1_560, 1_620, 1_690),
    (111_700, 1_580, 1_630, 1_690),
    (131_600, 1_600, 1_650, 1_700),
)
_MEN: Final = (
    (55_700, 1_600, 1_690, 1_750),
    (61_900, 1_600, 1_670, 1_730),
    (65_400, 1_640, 1_700, 1_770),
    (68_900, 1_620, 1_700, 1_760),
    (71_600, 1_630, 1_700, 1_770),
    (74_100, 1_640, 1_720, 1_780),
    (76_500, 1_650, 1_720, 1_780),
    (78_700, 1_670, 1_730, 1_800),
    (80_900, 1_670, 1_720, 1_780),
    (83_400, 1_670, 1_720, 1_780),
    (85_600, 1_680, 1_740, 1_800),
    (88_200, 1_660, 1_740, 1_810),
    (91_100, 1_680, 1_730, 1_820),
    (94_400, 1_690, 1_760, 1_830),
    (97_700, 1_680, 1_760, 1_820),
    (101_500, 1_710, 1_760, 1_830),
    (106_700, 1_710, 1_780, 1_840),
    (113_000, 1_720, 1_780, 1_850),
    (123_000, 1_720, 1_790, 1_860),
    (142_200, 1_720, 1_800, 1_870),
)

ADULTS: Final = tuple(
    Person(sex=sex, weight_g=weight_g, height_mm=height_mm)
    for sex, rows in ((Sex.FEMALE, _WOMEN), (Sex.MALE, _MEN))
    for weight_g, *heights_mm in rows
    for height_mm in heights_mm
)
