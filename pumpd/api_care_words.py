"""What a page of a visit's care lets somebody choose from: items, steps of scales, signs, reasons, moments.

It is the same for every visit, and comes with each look at one, so that a page has no list of its own to fall behind.
"""

from __future__ import annotations

from typing import Final

from pumpd import words_care as w
from pumpd.api_care_models import CareWordsView, ChoiceView, ItemToTakeView, ScaleStepView, ScaleView
from pumpd.core.holds import Band
from pumpd.core.observing import Measure, possible
from pumpd.words_scales import STEPS


def _item(item: Measure) -> ItemToTakeView:
    name, unit = w.ITEMS[item]
    least, most = possible(item, None) or (None, None)
    return ItemToTakeView(item=item, text=name, unit=unit.strip(), least=least, most=most)


CARE_WORDS: Final = CareWordsView(
    items=tuple(_item(each) for each in Measure),
    scales=tuple(
        ScaleView(
            scale=scale,
            text=w.SCALES[scale],
            steps=tuple(ScaleStepView(value=value, text=text) for value, text in steps),
        )
        for scale, steps in STEPS.items()
    ),
    signs=tuple(ChoiceView(code=each.value, text=text) for each, text in w.SIGNS.items()),
    why_not=tuple(ChoiceView(code=each.value, text=text) for each, text in w.WHY_NOTS.items()),
    remedies=tuple(ChoiceView(code=each.value, text=text) for each, text in w.REMEDIES.items()),
    routes=tuple(ChoiceView(code=each.value, text=text) for each, text in w.ROUTES.items()),
    moments=tuple(ChoiceView(code=each.value, text=text) for each, text in w.MOMENTS.items()),
    bands=tuple(
        ChoiceView(code=each.name.lower(), text=text) for each, text in w.BAND_NAMES.items() if each is not Band.STOP
    ),
)
