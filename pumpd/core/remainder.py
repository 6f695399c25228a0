"""What is left of a visit's dose when part of it was given already: a vein that failed, a pump that was exchanged.

A visit has one dose, on however many pumps it takes. Whoever starts its order a second time gets the rest: the
programme is compiled whole, judged whole, and then its beginning is taken away, by the upper end of what may be in, so
that both infusions together never make more than the one that was ordered. Rates stay as they were confirmed; where the
first step that is left is a higher one, the start is a start at that rate, as the review shows.
"""

from __future__ import annotations

from dataclasses import replace

from pumpd.core.programme import Programme, cut_to_grid
from pumpd.core.pump import DriverInfo
from pumpd.core.units import NS_PER_S, Towards, duration_for_ns, volume_for_nl


def remainder(programme: Programme, had_ng: int, info: DriverInfo) -> Programme | None:
    """The programme without what the patient has had; None where nothing that a pump could give is left.

    Of saline nobody has had a dose: there is something to take away, and a drug.
    """
    assert had_ng > 0, had_ng
    assert programme.concentration_ug_per_ml > 0, programme.drug
    had_nl = volume_for_nl(had_ng, programme.concentration_ug_per_ml, Towards.UP)
    rest = []
    for step in programme.steps:
        gone_nl = min(had_nl, step.volume_nl)
        had_nl -= gone_nl
        if step.volume_nl > gone_nl:
            rest.append(replace(step, volume_nl=step.volume_nl - gone_nl))
    steps, _ = cut_to_grid(rest, info)
    if not steps:
        return None
    titrated = programme.titrated
    if titrated is not None:  # a rise keeps the end: of what is left
        left_s = sum(duration_for_ns(each.volume_nl, each.rate_ul_per_h, Towards.DOWN) for each in steps) // NS_PER_S
        titrated = replace(titrated, lasts_s=min(titrated.lasts_s, left_s))
    return replace(programme, steps=tuple(steps), titrated=titrated)
