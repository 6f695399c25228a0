"""The scripted nurse: signs in, reads the review, starts, pauses, resumes, titrates, taps the step, waits for the end.

It knows what a nurse knows: the page's own views (the socket's event stream) and its buttons. It presses nothing that
is not offered, waits for what the pump reports and not for a time, and notes asked, granted and measured as they
stood at each rate. What it notes is only what pumpd says; whether that is true is for others to find out.

The story takes about 40 s on the quickest pump and a minute and a half on a rotor that counts millilitres: a first rate
with a pause in it, a titration down within the second step, after which the third waits for a tap. On a pump that must
not run a drug she first reads why (demo_pumps.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final, Self

from pumpd import words
from pumpd.api_client import AsyncClient
from pumpd.api_models import (
    AnswerView,
    BedView,
    DeliveredView,
    Keep,
    MeasuredView,
    OrderBody,
    PauseReason,
    Phase,
    PumpView,
    RateView,
    ReasonCode,
    ReviewRequest,
    ReviewView,
    StartBody,
    VolumeView,
)
from pumpd.demo_pumps import PUMPS, Lesson
from pumpd.errors import DemoError

WEIGHT_KG: Final = "70"
SOON_S: Final = 8.0  # for what follows an act at once: a command, its read-back and a report on a busy machine
PAUSE_MS: Final = 2_000  # long enough to see that nothing moves
STEP_S: Final = 40.0  # the longest step takes 25 s


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """One rate for a while: what the nurse (or the order) asked, and what pumpd said of it last."""

    label: str
    wanted_ul_per_h: int
    asked: RateView | None = None
    granted: RateView | None = None
    measured: MeasuredView | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What was done, and what pumpd said about it."""

    slot: str
    stretches: tuple[Stretch, ...]
    delivered: DeliveredView
    total: VolumeView
    acts: tuple[str, ...]  # as they are called in telemetry: what was accepted, in order
    lesson: Lesson = PUMPS["new_era"].lesson


class Nurse:
    def __init__(self, client: AsyncClient, token: str, bed: BedView, say: Callable[[str], None]) -> None:
        self._client = client
        self._token = token
        self._bed = bed
        self._say = say
        self._slot = bed.pumps[0].slot
        self._views: AsyncIterator[BedView] = client.events()
        self._stretches: list[Stretch] = []
        self._acts: list[str] = []

    @classmethod
    async def signed_in(cls, client: AsyncClient, person: str, pin: str, say: Callable[[str], None]) -> Self:
        session = await client.sign_in(person, pin)
        say(f"{session.name} signs in, {session.role.value}")
        return cls(client, session.token, await client.bed(), say)

    async def play(self, lesson: Lesson) -> Story:
        if lesson.refused_regimen is not None:
            await self._reads_refusal(lesson.refused_regimen, lesson.refused_container)
        review = await self._start(lesson)
        first, second, third = (step.rate.ul_per_h for step in review.steps)
        await self._at("step 1", first)
        await self._pause_and_resume()
        await self._at("step 1, resumed", first)
        await self._at("step 2", second)
        await self._act("change_rate", self._client.rate(self._slot, lesson.titrated_ml_per_h, self._token))
        self._say(f"titrates down to {words.rate_ml_per_h(lesson.titrated_ul_per_h)}")
        await self._at("step 2, titrated", lesson.titrated_ul_per_h)
        await self._until("step 3 is due", lambda pump: pump.buttons.step.allowed, STEP_S)
        await self._act("step", self._client.step(self._slot, self._token))
        self._say("step 3 waits for a tap, and gets it")
        await self._at("step 3", third)
        ended = await self._until("the planned end", lambda pump: pump.phase is Phase.ENDED, STEP_S)
        assert ended.delivered is not None, "an infusion that ended has delivered"
        assert review.total is not None, "a review that is allowed has a total"
        self._say(f"ended: {ended.delivered.text} of {review.total.text}")
        await self._see_alarms()
        return Story(
            slot=self._slot,
            stretches=tuple(self._stretches),
            delivered=ended.delivered,
            total=review.total,
            acts=tuple(self._acts),
            lesson=lesson,
        )

    # --- acts -------------------------------------------------------------------------------------------

    async def _reads_refusal(self, regimen: str, container: str) -> None:
        """A pump that runs on when the computer falls silent gets no drug: the review has to say so."""
        order = OrderBody(regimen=regimen, weight_kg=WEIGHT_KG, container=container)
        review = await self._client.review(ReviewRequest(slot=self._slot, order=order), self._token)
        why = next((each.text for each in review.reasons if each.code is ReasonCode.NO_LEASE_FOR_HIGH_ALERT), None)
        if review.allowed or why is None:
            raise DemoError(f"{regimen} was expected to be refused on this pump for want of a lease, and was not")
        self._say(f"reads that {regimen} is refused: {why}")

    async def _start(self, lesson: Lesson) -> ReviewView:
        order = OrderBody(regimen=lesson.regimen, weight_kg=WEIGHT_KG, container=lesson.container)
        review = await self._client.review(ReviewRequest(slot=self._slot, order=order), self._token)
        if not review.allowed or review.needs_override or len(review.steps) != 3 or review.total is None:
            raise DemoError(
                f"{lesson.regimen} is not offered as expected: {' '.join(each.text for each in review.reasons)}"
            )
        self._say(f"reads the review: {review.total.text} in {len(review.steps)} steps, {review.duration_text}")
        await self._until("a pump that can be started", lambda pump: pump.buttons.start.allowed, SOON_S)
        body = StartBody(order=order, digest=review.digest)
        await self._act("start", self._client.start(self._slot, body, self._token))
        self._say("starts")
        return review

    async def _pause_and_resume(self) -> None:
        await self._act("pause", self._client.pause(self._slot, PauseReason.TOILET, self._token))
        paused = await self._until("the pump stands still", lambda pump: pump.buttons.resume.allowed, SOON_S)
        self._say(f"pauses: {'nothing' if paused.delivered is None else paused.delivered.text} is in")
        await self._until("a pause", lambda pump: self._bed.ts_ms - pump.phase_since_ts_ms >= PAUSE_MS, SOON_S)
        await self._act("resume", self._client.resume(self._slot, self._token, Keep.VOLUME))
        self._say("resumes, the volume kept")

    async def _see_alarms(self) -> None:
        """The end was announced: somebody has seen it."""
        for alarm in self._bed.alarms:
            await self._act("acknowledge", self._client.acknowledge(alarm.alarm_id, self._token))
            self._say(f"has seen: {alarm.text}")
        await self._until("no alarm is left", lambda _: not self._bed.alarms, SOON_S)

    async def _act(self, name: str, answering: Awaitable[AnswerView]) -> None:
        answer = await answering
        if not answer.accepted:
            raise DemoError(f"{name} was expected to be accepted, but was refused: {answer.text}")
        self._acts.append(name)
        self._bed = await self._client.bed()  # a view that was on its way before is out of date

    # --- looking ----------------------------------------------------------------------------------------

    async def _at(self, label: str, wanted_ul_per_h: int) -> None:
        """Until the pump infuses at this rate by its own read-back, and its counter has told one."""
        self._stretches.append(Stretch(label=label, wanted_ul_per_h=wanted_ul_per_h))

        def runs(pump: PumpView) -> bool:
            settled = pump.phase is Phase.INFUSING and not pump.command_pending
            return settled and pump.asked is not None and pump.asked.ul_per_h == wanted_ul_per_h

        await self._until(f"{label} runs", runs, STEP_S)
        await self._until(f"{label} is measured", lambda pump: runs(pump) and pump.measured is not None, SOON_S)
        noted = self._stretches[-1]
        if noted.granted is not None and noted.measured is not None:
            self._say(f"{label}: granted {noted.granted.text}, measured {noted.measured.text}")

    async def _until(self, told: str, holds: Callable[[PumpView], bool], within_s: float) -> PumpView:
        """The pump's view once it holds. Raises DemoError with what is the case instead."""
        try:
            async with asyncio.timeout(within_s):
                while not holds(self._pump()):
                    view = await anext(self._views)
                    if view.number > self._bed.number:
                        self._bed = view
                        self._note()
        except (TimeoutError, StopAsyncIteration) as error:
            pump = self._pump()
            alarms = "; ".join(alarm.text for alarm in self._bed.alarms) or "none"
            raise DemoError(
                f"expected within {within_s:g} s: {told}. Found: {pump.phase_text} ({pump.why_text}); alarms: {alarms}"
            ) from error
        return self._pump()

    def _pump(self) -> PumpView:
        return next(pump for pump in self._bed.pumps if pump.slot == self._slot)

    def _note(self) -> None:
        """The last that was said of the present stretch, once its command is through."""
        pump = self._pump()
        if not self._stretches or pump.phase is not Phase.INFUSING or pump.command_pending or pump.asked is None:
            return
        noted = self._stretches[-1]
        if pump.asked.ul_per_h == noted.wanted_ul_per_h:
            self._stretches[-1] = replace(
                noted, asked=pump.asked, granted=pump.granted, measured=pump.measured or noted.measured
            )
