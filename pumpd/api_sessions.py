"""Who is behind a call: sessions, PINs, and on a locked page whoever was chosen there as the author.

An open page acts for the person whose PIN opened it. A locked one acts for whom it names (Pumpd-Author), without it
for its own person, and what it does waits for that person to confirm it (core/authorship.py). What a locked page may
do is not decided here: the bed is told who asks and how sure that is.

A wrong or worn-out token is told here (401), except for a STOP: with an expired session it is a STOP.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pumpd import words, words_bed, words_reasons
from pumpd.accounts import Accounts, NotSignedIn, Session, WhyNot
from pumpd.api_models import OverrideBody, PersonView, SessionView, UnconfirmedView
from pumpd.bedside import Bedside
from pumpd.core.actor import Actor
from pumpd.core.codes import Reason, ReasonCode, Severity
from pumpd.core.people import WITHOUT_PIN, Act, Person, may
from pumpd.core.requests import Override
from pumpd.core.units import NS_PER_MS
from pumpd.errors import ApiError


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What a call says about its caller."""

    token: str = ""
    author: str = ""
    key: str = ""
    sent_at_ns: int | None = None
    fingerprint: str = ""  # method and path: what a key was used for
    hung_up: Callable[[], Awaitable[bool]]


class Sessions:
    def __init__(self, bedside: Bedside, accounts: Accounts) -> None:
        self._bedside = bedside
        self._accounts = accounts

    def people(self) -> tuple[PersonView, ...]:
        return tuple(PersonView(id=p.id, name=p.name, role=p.role) for p in self._accounts.people)

    async def sign_in(self, by: Signed, person: str, pin: str) -> SessionView:
        """A page that had a session has the new one instead."""
        found = await self._accounts.sign_in(person, pin)
        if isinstance(found, NotSignedIn):
            raise _not_signed_in(found)
        self._accounts.sign_out(by.token)
        return self._view(found)

    def session(self, by: Signed) -> SessionView:
        """Who this is; asking does not keep the page open."""
        return self._view(self._known(by, used=False))

    def lock(self, by: Signed) -> SessionView:
        """As if nobody had used the page for a while."""
        found = self._accounts.lock(by.token)
        if found is None:
            raise _refused(ReasonCode.NOT_SIGNED_IN)
        return self._view(found)

    def sign_out(self, by: Signed) -> SessionView:
        found = self._known(by, used=False)
        self._accounts.sign_out(found.token)
        return self._view(found)

    def clear_wait(self, by: Signed, person: str) -> None:
        """Raises ApiError when this caller may not."""
        session = self._known(by, used=True)
        if session.locked:
            raise _refused(ReasonCode.PIN_NEEDED)
        if not self._accounts.clear_wait(person, session.person):
            raise ApiError("Only somebody of another role, who can sign in here, may end this wait.", status=403)

    async def override(self, body: OverrideBody) -> Override:
        """Raises ApiError when the second person's PIN is not theirs."""
        return Override(reason=body.reason, second=await self.second(body.second_person, body.second_pin))

    async def second(self, person: str, pin: str) -> Actor:
        """Raises ApiError when the PIN is not theirs."""
        found = await self._accounts.check_pin(person, pin)
        if isinstance(found, NotSignedIn):
            raise _not_signed_in(found, field="second_pin")
        return Actor(person=found.id, role=found.role)

    def named(self, person: str) -> Actor:
        """Who is said to have said something; no PIN stands behind it. Raises ApiError for a name that nobody has."""
        known = self._accounts.person(person)
        if known is None:
            raise ApiError("Nobody of this name can sign in here. Choose one of the list.", status=422, field="person")
        return Actor(person=known.id, role=known.role, confirmed=False)

    def actor(self, by: Signed) -> Actor | None:
        """None for a caller without a session. Raises ApiError for a session that has ended, or an unknown author."""
        if not by.token:
            return None
        session = self._known(by, used=True)
        author = self._author(by, session)
        return Actor(person=author.id, role=author.role, confirmed=not session.locked)

    def require(self, by: Signed, act: Act) -> Actor:
        """For what is asked of the daemon and never comes to the bed. Raises ApiError."""
        actor = self.actor(by)
        if actor is None:
            raise _refused(ReasonCode.NOT_SIGNED_IN)
        if not actor.confirmed and act not in WITHOUT_PIN:
            raise _refused(ReasonCode.PIN_NEEDED)
        if not may(actor.role, act):
            raise _refused(ReasonCode.ROLE_MAY_NOT, status=403)
        return actor

    def require_somebody(self, by: Signed) -> None:
        """A session that has not ended, locked or not; looking does not count as using the page. Raises ApiError."""
        self._known(by, used=False)

    def actor_or_nobody(self, by: Signed) -> Actor | None:
        """For a STOP, which nothing may keep from being carried out."""
        try:
            return self.actor(by)
        except ApiError:
            return None

    def _author(self, by: Signed, session: Session) -> Person:
        if by.author in ("", session.person.id):
            return session.person
        if not session.locked:
            told = f"This page is open for {session.person.name}. Sign in yourself, or lock it first."
            raise ApiError(told, status=409, field="author")
        author = self._accounts.person(by.author)
        if author is None:
            raise ApiError("Nobody of this name can sign in here. Choose one of the list.", status=422, field="author")
        return author

    def _known(self, by: Signed, *, used: bool) -> Session:
        found = self._accounts.session(by.token, used=used) if by.token else None
        if found is None:
            raise _refused(ReasonCode.NOT_SIGNED_IN)
        return found

    def _view(self, session: Session) -> SessionView:
        clock, names = self._bedside.clock, self._accounts.names
        now_ns, wall_ms = clock.now_ns(), clock.wall_ms()

        def ts_ms(at_ns: int) -> int:
            return wall_ms + (at_ns - now_ns) // NS_PER_MS

        return SessionView(
            token=session.token,
            person=session.person.id,
            name=names[session.person.id],
            role=session.person.role,
            locked=session.locked,
            expires_ts_ms=ts_ms(session.open_until_ns),
            ends_ts_ms=ts_ms(session.ends_ns),
            unconfirmed=tuple(
                UnconfirmedView(
                    id=each.request_id, ts_ms=ts_ms(each.at_ns), slot=each.slot, text=words_bed.ACTIONS[each.action]
                )
                for each in self._bedside.state.unconfirmed
                if each.person == session.person.id
            ),
        )


def _refused(code: ReasonCode, *, status: int = 401) -> ApiError:
    return ApiError(words_reasons.reason_text(Reason(code=code, severity=Severity.HARD)), status=status)


def _not_signed_in(found: NotSignedIn, field: str = "pin") -> ApiError:
    match found.why:
        case WhyNot.WRONG:
            text, status = "This name and this PIN do not belong together.", 401
        case WhyNot.WAIT:
            text, status = "Too many wrong PINs for this name.", 429
        case WhyNot.BUSY:
            text, status = "Too many people sign in at once.", 503
    if found.wait_s:
        text = f"{text} Try again in {words.duration(found.wait_s)}."
    return ApiError(text, status=status, field=field)
