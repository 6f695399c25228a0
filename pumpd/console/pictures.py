"""The pictures of a pump: rate and volume for everybody, and for a prescriber who asks, an estimate of the plasma.

The estimate is worked out here, in the console's own process, from what the pump has given so far; it is off until a
prescriber opens it, and nobody else is shown it.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from pumpd import pharmacokinetics, words
from pumpd.api_models import InfusionView, Role, SampleView
from pumpd.console.charts import Since, Size, rate_plot
from pumpd.console.plasma_chart import plasma_plot
from pumpd.console.room import Look, Room, room_of
from pumpd.errors import ApiError

WIDE: Final = Size(width=600, height=250)
NARROW: Final = Size(width=360, height=330)
POINTS_MAX: Final = 240  # of the estimate's curve: more than a picture has columns for
MS_PER_S: Final = 1_000
TIME_DIGITS: Final = 16  # of milliseconds: longer is no time
DRUG: Final = "ketamine"  # the racemate; another drug has other models


async def plot(request: Request) -> Response:
    room = room_of(request)
    look = Look(view=await room.client.bed(), person=None)
    asked = look.pump(request.path_params["slot"])
    infusion = _infusion(look, asked.slot)
    samples = await room.traces.of(asked.slot, infusion.started_ts_ms)
    over = asked.phase.value == "ended"
    last_ms = samples[-1].ts_ms if samples and over else look.view.ts_ms
    drawn = rate_plot(
        samples,
        from_ms=infusion.started_ts_ms,
        now_ms=min(last_ms, asked.phase_since_ts_ms) if over else look.view.ts_ms,
        planned_end_ms=0 if over else infusion.planned_end_ts_ms,
        size=NARROW if request.query_params.get("size") == "narrow" else WIDE,
        plan=infusion.plan,
        concentration_ug_per_ml=infusion.concentration_ug_per_ml,
        since=_since(request),
    )
    if drawn is None:
        return Response(status_code=HTTPStatus.NO_CONTENT)
    return Response(drawn, media_type="image/svg+xml")


def _since(request: Request) -> Since | None:
    """What the page has drawn already; None for the whole."""
    until, frame = request.query_params.get("until", ""), request.query_params.get("frame", "")
    return Since(ts_ms=int(until), frame=frame) if until.isdecimal() and len(until) < TIME_DIGITS else None


async def estimate(request: Request) -> Response:
    """The page round the picture: what it is, and what it is not."""
    room = room_of(request)
    look = await room.look(request)
    slot = request.path_params["slot"]
    _require_prescriber(look)
    return room.show(
        "estimate",
        look,
        pump=look.pump(slot),
        shown=await _curve(room, look, slot) is not None,
        models=pharmacokinetics.MODELS,
        ranges=[(each.told, _told(each), each.source) for each in pharmacokinetics.RANGES],
        refresh=f"/pumps/{slot}/estimate",
    )


async def estimate_plot(request: Request) -> Response:
    room = room_of(request)
    look = await room.look(request)
    _require_prescriber(look)
    curve = await _curve(room, look, request.path_params["slot"])
    if curve is None:
        raise ApiError("There is nothing to estimate on this pump.", status=HTTPStatus.NOT_FOUND)
    return Response(plasma_plot(curve), media_type="image/svg+xml")


def _told(found: pharmacokinetics.Range) -> str:
    high = words.plasma(found.high_ng_per_ml)
    return f"about {high}" if found.low_ng_per_ml == found.high_ng_per_ml else f"{found.low_ng_per_ml:,} to {high}"


def _require_prescriber(look: Look) -> None:
    if look.person is None or look.person.role is not Role.PRESCRIBER:
        raise ApiError(
            "This estimate is for prescribers. Sign in as one to see it.",
            status=HTTPStatus.UNAUTHORIZED if look.person is None else HTTPStatus.FORBIDDEN,
        )


def _infusion(look: Look, slot: str) -> InfusionView:
    found = look.pump(slot).infusion
    if found is None:
        raise ApiError("There is no infusion on this pump to draw.", status=HTTPStatus.NOT_FOUND)
    return found


async def _curve(room: Room, look: Look, slot: str) -> list[pharmacokinetics.Estimate] | None:
    """From the start to now; None where there is no ketamine, no weight, or nothing measured yet."""
    infusion = look.pump(slot).infusion
    if infusion is None or infusion.drug != DRUG or not infusion.patient_weight_g:
        return None
    samples = await room.traces.of(slot, infusion.started_ts_ms)
    return curve_of(samples, infusion.concentration_ug_per_ml, infusion.patient_weight_g, look.view.ts_ms)


def curve_of(
    samples: list[SampleView], concentration_ug_per_ml: int, weight_g: int, now_ms: int
) -> list[pharmacokinetics.Estimate] | None:
    """By the middle of what is in at least and at most: the models differ by far more."""
    if not samples or samples[0].ts_ms >= now_ms:
        return None
    delivered = [(row.ts_ms, (row.delivered_low_nl + row.delivered_high_nl) // 2) for row in samples]
    given = list(pharmacokinetics.rates_of(delivered, concentration_ug_per_ml))
    from_ms = samples[0].ts_ms
    times = [(from_ms + (now_ms - from_ms) * point // POINTS_MAX) / MS_PER_S for point in range(POINTS_MAX + 1)]
    return pharmacokinetics.band(given, times, weight_g / 1_000)
