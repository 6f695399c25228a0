"""A number against the marks of the library: inside, or a reason that says which mark it crossed.

Everything is compared as integer products (`scale`), so nothing is rounded before it is judged; only the `asked` of a
reason is, away from the limit. A value on a mark is inside it.
"""

from __future__ import annotations

from pumpd.core.codes import Reason, ReasonCode, Severity
from pumpd.core.library import Cap, Span
from pumpd.core.units import Towards, divide


def within(code: ReasonCode, value: int, span: Span, *, scale: int = 1) -> list[Reason]:
    """Judge against five marks; `value` is in the code's unit times `scale`."""
    if value < span.hard_low * scale:
        severity, limit, towards = Severity.HARD, span.hard_low, Towards.DOWN
    elif value > span.hard_high * scale:
        severity, limit, towards = Severity.HARD, span.hard_high, Towards.UP
    elif value < span.soft_low * scale:
        severity, limit, towards = Severity.SOFT, span.soft_low, Towards.DOWN
    elif value > span.soft_high * scale:
        severity, limit, towards = Severity.SOFT, span.soft_high, Towards.UP
    else:
        return []
    return [Reason(code=code, severity=severity, asked=divide(max(value, 0), scale, towards), limit=limit)]


def under(code: ReasonCode, value: int, cap: Cap | None, *, scale: int) -> list[Reason]:
    """Judge against an upper limit; `value` is in the code's unit times `scale`."""
    if cap is None:
        return []
    asked = divide(value, scale, Towards.UP)
    if value > cap.hard * scale:
        return [Reason(code=code, severity=Severity.HARD, asked=asked, limit=cap.hard)]
    if cap.soft is not None and value > cap.soft * scale:
        return [Reason(code=code, severity=Severity.SOFT, asked=asked, limit=cap.soft)]
    return []


def hard_cap(limit: int | None) -> Cap | None:
    """A limit that only refuses."""
    return None if limit is None else Cap(soft=None, hard=limit)
