"""What a visit asks of a nurse, counted: a path that nurses work around is unsafe, so its length is held by tests.

The counting is a page's, though no page takes part: a tap is a choice, a confirmation or the sending of a form; a typed
field is a number or a word that has to be entered; a sign-in is a name, a PIN and a tap. What somebody else does (the
prescriber's order, the second person's check) is not the nurse's and stands apart.

Prompts, sounds and alerts are read off the bed as a page shows it: each alarm once, however long it lasts.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from pumpd import api_client
from pumpd.api_client import Client
from pumpd.api_exchange import Call
from pumpd.api_models import AlarmView, AnswerView, AuthorBody, Phase
from pumpd.testing.steered_bed import SteeredBed

ACT_S: Final = 5
ALERTS: Final = ("medium", "high")


@dataclass(slots=True)
class Tally:
    """Counts of one visit."""

    gates: set[str] = field(default_factory=set)
    taps: int = 0
    fields: int = 0
    sign_ins: int = 0
    taps_to_start: int = 0
    fields_to_start: int = 0
    taps_of_sets: list[int] = field(default_factory=list)  # of each routine set of observations
    others: int = 0  # taps and fields of the second person
    prompts: dict[int, str] = field(default_factory=dict)
    signals: dict[int, str] = field(default_factory=dict)
    alerts: dict[int, str] = field(default_factory=dict)

    def see(self, alarms: tuple[AlarmView, ...]) -> None:
        """What the page shows now."""
        for alarm in alarms:
            name = alarm.condition.value
            if alarm.priority in ALERTS:
                self.alerts[alarm.alarm_id] = name
            else:
                self.prompts[alarm.alarm_id] = name
            if alarm.sounding:
                self.signals[alarm.alarm_id] = name

    def started(self) -> None:
        """From here on it is not on the way to the start any more."""
        self.taps_to_start, self.fields_to_start = self.taps, self.fields

    def lines(self) -> list[str]:
        """The day, for people."""

        def named(found: dict[int, str]) -> str:
            names = sorted(set(found.values()))
            return f"{len(found)}" + (f" ({', '.join(names)})" if names else "")

        return [
            f"gates passed        {len(self.gates)}",
            f"to the start        {self.taps_to_start} taps, {self.fields_to_start} typed fields",
            f"whole visit         {self.taps} taps, {self.fields} typed fields",
            f"observation sets    {len(self.taps_of_sets)}, at most {max(self.taps_of_sets, default=0)} taps each",
            f"sign-ins            {self.sign_ins}",
            f"second person       {self.others} taps and typed fields",
            f"prompts             {named(self.prompts)}",
            f"audible signals     {named(self.signals)}",
            f"alerts              {named(self.alerts)}",
        ]


class Hands:
    """One person at a page of one bed: every act is answered, and counted as it is."""

    def __init__(self, bed: SteeredBed, person: str, pin: str, tally: Tally | None = None) -> None:
        self.bed = bed
        self.client = Client(bed.socket, sent_at_ns=bed.clock.now_ns)
        self.tally = Tally() if tally is None else tally
        self._who = (person, pin)

    def at_an_open_page(self) -> None:
        """Signed in, if nobody is or the page has locked itself; what was done on it meanwhile is owned to."""
        if self.client.token is not None and not self.client.send(api_client.session()).locked:
            return
        self.client.sign_in(*self._who)
        self.tally.sign_ins += 1
        self.counts(taps=2, fields=1)
        mine = self.client.send(api_client.session()).unconfirmed
        if mine:
            self.does(api_client.settle_author(AuthorBody(acts=tuple(each.id for each in mine), mine=True)), taps=1)

    def does(self, call: Call[AnswerView], *, taps: int, fields: int = 0) -> AnswerView:
        """One act, which has to be accepted; nobody does one in no time."""
        self.bed.advance(seconds=ACT_S)
        answer = self.client.send(call)
        assert answer.accepted, f"{call.path}: {answer.text}"
        self.counts(taps=taps, fields=fields)
        return answer

    def counts(self, *, taps: int, fields: int = 0) -> None:
        self.tally.taps += taps
        self.tally.fields += fields

    @contextmanager
    def counting_a_set(self, *, routine: bool) -> Iterator[None]:
        """The taps of one set of observations, typed ones with them; only routine sets have a budget."""
        before = self.tally.taps + self.tally.fields
        yield
        if routine:
            self.tally.taps_of_sets.append(self.tally.taps + self.tally.fields - before)

    def looks(self) -> Phase:
        """At the page: what it says is counted."""
        bed = self.client.bed()
        self.tally.see(bed.alarms)
        return bed.pumps[0].phase
