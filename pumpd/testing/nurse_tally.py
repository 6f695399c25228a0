"""What a visit asks of a nurse, counted and told: a path that nurses work around is unsafe, so tests hold its length.

The counting is a page's, though no page takes part: a tap is a choice, a confirmation or the sending of a form; a typed
field is a number or a word that has to be entered; a sign-in is a name, a PIN and a tap. What somebody else does (the
prescriber's order, the second person's check) is not the nurse's and stands apart.

Prompts, sounds and alerts are read off the bed as a page shows it: each alarm once, however long it lasts. The diary
holds all of it in the order of the day, for people to read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from pumpd import api_client
from pumpd.api_alarms import AlarmView
from pumpd.api_exchange import Call
from pumpd.api_models import AnswerView, AuthorBody, BedView, SessionView
from pumpd.core.units import NS_PER_S
from pumpd.errors import ApiError
from pumpd.testing.steered_bed import SteeredBed

ACT_S: Final = 5
ALERTS: Final = ("medium", "high")
SAYS_CHARS: Final = 84


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something that somebody did, or that the bed said."""

    at_ns: int
    says: str
    taps: int = 0
    fields: int = 0

    def line(self, begins_ns: int) -> str:
        """Such as "  1:07  observes ....... 3 taps, 5 typed"; hours and minutes since the visit began."""
        minutes = (self.at_ns - begins_ns) // NS_PER_S // 60
        when = f"{minutes // 60:4}:{minutes % 60:02}  "
        if not self.taps and not self.fields:
            return when + self.says
        counts = f"{self.taps} tap{'s' if self.taps != 1 else ''}" + (f", {self.fields} typed" if self.fields else "")
        return f"{when}{self.says} {'.' * max(2, SAYS_CHARS - len(self.says))} {counts}"


@dataclass(slots=True)
class Tally:
    """Counts of one visit, and its diary."""

    gates: set[str] = field(default_factory=set)
    taps: int = 0
    fields: int = 0
    sign_ins: int = 0
    taps_to_start: int = 0
    fields_to_start: int = 0
    taps_of_sets: list[int] = field(default_factory=list)  # of each routine set of observations
    changes: int = 0  # of the container, when one was used up
    others: int = 0  # taps and fields of the second person
    prompts: dict[int, str] = field(default_factory=dict)
    signals: dict[int, str] = field(default_factory=dict)
    alerts: dict[int, str] = field(default_factory=dict)
    diary: list[Entry] = field(default_factory=list)

    def see(self, alarms: tuple[AlarmView, ...], at_ns: int) -> None:
        """What the page shows now."""
        for alarm in alarms:
            name, about = alarm.condition.value, alarm.alarm_id
            if about not in self.prompts and about not in self.alerts:
                heard = "sounds" if alarm.sounding else "shows"
                self.diary.append(Entry(at_ns=at_ns, says=f"the bed {heard}: {alarm.text}"))
            if alarm.priority in ALERTS:
                self.alerts[about] = name
            else:
                self.prompts[about] = name
            if alarm.sounding:
                self.signals[about] = name

    def started(self) -> None:
        """From here on it is not on the way to the start any more."""
        self.taps_to_start, self.fields_to_start = self.taps, self.fields

    def day(self) -> list[str]:
        """Everything in its order, a line each."""
        return [each.line(self.diary[0].at_ns) for each in self.diary]

    def lines(self) -> list[str]:
        """The counts, for people."""

        def named(found: dict[int, str]) -> str:
            names = sorted({each.replace("_", " ") for each in found.values()})
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

    def row(self) -> list[str]:
        """The counts as cells of a table (docs/path.md), in the order of COLUMNS."""
        most = max(self.taps_of_sets, default=0)
        counts = (
            f"{self.taps_to_start} + {self.fields_to_start}", f"{self.taps} + {self.fields}",
            f"{len(self.taps_of_sets)}, {most}", self.sign_ins, len(self.prompts), len(self.signals),
            len(self.alerts),
        )  # fmt: skip
        return [str(each) for each in counts]


COLUMNS: Final = (
    "Taps + typed fields to the start", "... of the whole visit", "Routine sets, taps at most", "Sign-ins", "Prompts",
    "Audible signals", "Alerts",
)  # fmt: skip


class Hands:
    """One person at a page of one bed: every act is answered, and counted as it is. `called` is for the diary."""

    def __init__(self, bed: SteeredBed, person: str, pin: str, tally: Tally | None = None, *, called: str = "") -> None:
        self.bed = bed
        self.client = bed.new_client()
        self.tally = Tally() if tally is None else tally
        self.diary = self.tally.diary
        self._who = (person, pin)
        self._called = called

    def at_a_page(self) -> None:
        """That is still theirs, locked or not: a locked one takes observations, until its session ends."""
        if self._session() is None:
            self.at_an_open_page()

    def at_an_open_page(self) -> None:
        """Signed in, if nobody is or the page has locked itself; what was done on it meanwhile is owned to."""
        found = self._session()
        if found is not None and not found.locked:
            return
        again = " again: the page had locked itself" if self.client.token is not None else ""
        self.client.sign_in(*self._who)
        self.tally.sign_ins += 1
        self.counts(f"signs in{again}", taps=2, fields=1)
        mine = self.client.send(api_client.session()).unconfirmed
        if mine:
            settles = api_client.settle_author(AuthorBody(acts=tuple(each.id for each in mine), mine=True))
            self.does(settles, f"says of {len(mine)} acts on the locked page: mine", taps=1)

    def _session(self) -> SessionView | None:
        if self.client.token is None:
            return None
        try:
            return self.client.send(api_client.session())
        except ApiError as error:
            if error.status != HTTPStatus.UNAUTHORIZED:
                raise
            return None

    def does(self, call: Call[AnswerView], says: str, *, taps: int, fields: int = 0) -> AnswerView:
        """One act, which has to be accepted; nobody does one in no time."""
        self.bed.advance(seconds=ACT_S)
        answer = self.client.send(call)
        assert answer.accepted, f"{call.path}: {answer.text}"
        self.counts(says, taps=taps, fields=fields)
        return answer

    def counts(self, says: str, *, taps: int, fields: int = 0) -> None:
        self.tally.taps += taps
        self.tally.fields += fields
        who = f"{self._called} {says}" if self._called else says
        self.diary.append(Entry(at_ns=self.bed.clock.now_ns(), says=who, taps=taps, fields=fields))

    @contextmanager
    def counting_a_set(self, *, routine: bool) -> Iterator[None]:
        """The taps of one set of observations, typed ones with them; only routine sets have a budget."""
        before = self.tally.taps + self.tally.fields
        yield
        if routine:
            self.tally.taps_of_sets.append(self.tally.taps + self.tally.fields - before)

    def looks(self) -> BedView:
        """At the page: what it says is counted."""
        try:
            bed = self.client.bed()
        except ApiError as error:
            if error.status is not None:
                raise
            bed = self.client.bed()  # a machine that is busy with others answers late: whoever looks, looks again
        self.tally.see(bed.alarms, self.bed.clock.now_ns())
        return bed
