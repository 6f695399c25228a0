"""Who is at the page: people, PINs and sessions. STOP and pause never come here.

A PIN is hashed with argon2id, which takes tens of milliseconds by design. It runs in a thread, one at a time, with a
short queue, so that somebody who tries PINs as fast as a network allows costs one core at most
and no infusion a report. After a few wrong ones a person has to wait, twice as long each time; the wait is for
that person alone and ends by itself, since a ward at night has nobody to unlock an account; somebody of another role
may end it sooner.

The file is taken up again whenever it changes (`keep_taking_up`), so that a new colleague needs no restart and one who
left is out within seconds. A changed file that cannot be read changes nothing: who could sign in still can.

A page that is left alone is locked, not forgotten: its session stays, so that whoever comes running may pause, lower
or write down what they see before anybody types a PIN (docs/decisions/0025). A PIN opens it again; what a locked page
may do is the core's to say (core/people.py). It ends with the shift, by signing out, or with its owner's account.

A wrong PIN is an answer (`NotSignedIn`) and no exception. Sessions live in memory only: after a restart everybody
signs in again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final, Self

import structlog
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type
from pydantic import AfterValidator, Field, model_validator

from pumpd.clock import Clock, secret_token
from pumpd.config import Table, read_toml
from pumpd.core.people import Person, Role, may_clear_wait
from pumpd.core.units import NS_PER_S
from pumpd.errors import ConfigError

log = structlog.get_logger(__name__)

_Stamp = tuple[int, int, int]  # inode, size, date
Verify = Callable[[str, str], Awaitable[bool]]
"""(hash, PIN) -> does it fit?"""

PIN_CHARS_MIN: Final = 4
PIN_CHARS_MAX: Final = 64
PINS_WAITING_MAX: Final = 8  # more people than that do not sign in at one bed in one second
SESSIONS_MAX: Final = 64  # a page left open on every machine of a ward; the longest idle goes first
LOCKED_KEPT_S: Final = 43_200  # 12 h, a long shift: whoever left the page then comes back to it no more
WRONG_FREE: Final = 4  # tries before the first wait: a slip of the finger, twice, with gloves on
WAIT_FIRST_S: Final = 15
TAKEN_UP_EVERY_S: Final = 2.0  # a look at the file's date: nobody waits longer for a new colleague
WAIT_LONGEST_S: Final = 300  # at 5 min a try, a four-digit PIN takes 17 days on average

# The least memory that OWASP's cheat sheet on password storage recommends for argon2id: on a small computer the
# 64 MiB of RFC 9106 would be as much as the rest of the daemon.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, type=Type.ID)
# Of no PIN at all: an unknown name takes as long as a wrong PIN.
_NOBODY: Final = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


class WhyNot(Enum):
    WRONG = "wrong"  # this name and this PIN do not belong together
    WAIT = "wait"  # too many wrong ones: not even looked at before `wait_s` have passed
    BUSY = "busy"  # too many people at once


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSignedIn:
    why: WhyNot
    wait_s: int = 0  # how long until the next try is looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    token: str
    person: Person
    open_until_ns: int  # boot time; moves on with every use, until the page locks
    ends_ns: int  # boot time
    locked: bool = False


def hash_pin(pin: str) -> str:
    """What goes into the accounts file. Raises ValueError for a PIN that is too short or too long."""
    if not PIN_CHARS_MIN <= len(pin) <= PIN_CHARS_MAX:
        raise ValueError(f"a PIN has {PIN_CHARS_MIN} to {PIN_CHARS_MAX} characters")
    return _HASHER.hash(pin)


def fits(pin_hash: str, pin: str) -> bool:
    """Takes tens of milliseconds of one core: never on the event loop."""
    try:
        return _HASHER.verify(pin_hash, pin)
    except (VerificationError, InvalidHashError):
        return False


def _argon2id(text: str) -> str:
    if not text.startswith("$argon2id$"):
        raise ValueError("this is not the argon2id hash of a PIN; `pumpd account pin` makes one")
    return text


ID_PATTERN: Final = r"^[a-z0-9][a-z0-9._-]{0,31}$"
ID_TOLD: Final = "1 to 32 of a-z, 0-9, dot, - and _"


class PersonTable(Table):
    id: str = Field(pattern=ID_PATTERN, description=ID_TOLD)
    name: str = Field(min_length=1, max_length=64)
    role: Role
    pin_hash: Annotated[str, AfterValidator(_argon2id)]
    disabled: bool = False


class AccountsTable(Table):
    demonstration: bool = False
    person: tuple[PersonTable, ...] = Field(min_length=1, max_length=1_000)

    @model_validator(mode="after")
    def _everybody_once(self) -> Self:
        ids = [one.id for one in self.person]
        for twice in sorted({one for one in ids if ids.count(one) > 1}):
            raise ValueError(f"two people have the id {twice!r}")
        return self


@dataclass(slots=True)
class _Tries:
    wrong: int = 0
    not_before_ns: int = 0


class Accounts:
    """People of the file, and who of them is signed in. Belongs to one event loop."""

    def __init__(
        self,
        table: AccountsTable,
        clock: Clock,
        *,
        idle_s: int,
        verify: Verify | None = None,
        new_token: Callable[[], str] = secret_token,
        stamp: _Stamp | None = None,
    ) -> None:
        """`stamp`: of the file, from before the table was read out of it."""
        self.demonstration = table.demonstration
        self.stamp = stamp
        self._people: dict[str, Person] = {}
        self._hashes: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._tries: dict[str, _Tries] = {}
        self._sessions: dict[str, Session] = {}
        self._clock = clock
        self._idle_ns = idle_s * NS_PER_S
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pin") if verify is None else None
        self._verify = verify or self._in_thread
        self._new_token = new_token
        self._turn = asyncio.Lock()
        self._waiting = 0
        self.take_up(table)

    @classmethod
    def load(
        cls,
        path: Path,
        clock: Clock,
        *,
        idle_s: int,
        verify: Verify | None = None,
        new_token: Callable[[], str] = secret_token,
    ) -> Self:
        """Raises ConfigError. `verify` and `new_token` are for virtual time, where a thread takes none."""
        stamp = _stamp(path)
        table = read_toml(path, AccountsTable)
        return cls(table, clock, idle_s=idle_s, verify=verify, new_token=new_token, stamp=stamp)

    def take_up(self, table: AccountsTable) -> None:
        """The file as it is now. Who is disabled or has another role or PIN is signed out; nobody else notices."""
        before = {one: (person, self._hashes[one]) for one, person in self._people.items()}
        now = [one for one in table.person if not one.disabled]
        self._people = {one.id: Person(id=one.id, name=one.name, role=one.role) for one in now}
        self._hashes = {one.id: one.pin_hash for one in now}
        self._tries = {one: self._tries.get(one, _Tries()) for one in self._people}
        self._names.update({one.id: one.name for one in table.person})
        same = {
            one for one, was in before.items() if one in self._people and was == (self._people[one], self._hashes[one])
        }
        self._sessions = {token: one for token, one in self._sessions.items() if one.person.id in same}

    @property
    def people(self) -> tuple[Person, ...]:
        """Who may sign in, in the order of the file, for the page's list of names."""
        return tuple(self._people.values())

    @property
    def names(self) -> Mapping[str, str]:
        """By id; also of those who may no longer sign in, since the record names them. Follows the file."""
        return MappingProxyType(self._names)

    def clear_wait(self, person_id: str, by: Person) -> bool:
        """Ends the wait after wrong PINs. False when `by` may not, or nobody is called so."""
        locked = self._people.get(person_id)
        if locked is None or not may_clear_wait(by, locked):
            return False
        self._tries[person_id] = _Tries()
        return True

    async def check_pin(self, person_id: str, pin: str) -> Person | NotSignedIn:
        """Does this PIN belong to this person? For a sign-in, and for the second person of an override."""
        if (waiting := self._must_wait(person_id)) is not None:
            return waiting
        if self._waiting >= PINS_WAITING_MAX:
            return NotSignedIn(why=WhyNot.BUSY, wait_s=1)
        self._waiting += 1
        try:
            async with self._turn:
                if (waiting := self._must_wait(person_id)) is not None:
                    return waiting  # others were wrong for the same person while this one stood in line
                asked = self._hashes.get(person_id)
                good = await self._verify(asked or _NOBODY, pin)
                # the file may have changed while the PIN was being hashed: then it was the PIN of before
                good = good and self._hashes.get(person_id) == asked
                return self._people[person_id] if self._judge(person_id, good=good) else self._wrong(person_id)
        finally:
            self._waiting -= 1

    async def sign_in(self, person_id: str, pin: str) -> Session | NotSignedIn:
        found = await self.check_pin(person_id, pin)
        if isinstance(found, NotSignedIn):
            return found
        self._forget_expired()
        if len(self._sessions) >= SESSIONS_MAX:
            del self._sessions[min(self._sessions.values(), key=lambda one: one.open_until_ns).token]
        session = Session(token=self._new_token(), person=found, open_until_ns=0, ends_ns=0)
        return self._opened(session)

    def session(self, token: str, *, used: bool = True) -> Session | None:
        """Whose session this token is, open or locked. `used` is false for what a page asks by itself."""
        found = self._sessions.get(token)
        now_ns = self._clock.now_ns()
        if found is None or found.ends_ns <= now_ns:
            self._sessions.pop(token, None)
            return None
        if found.locked:
            return found
        if found.open_until_ns <= now_ns:
            found = self._sessions[token] = replace(found, locked=True)
            return found
        return self._opened(found) if used else found

    async def unlock(self, token: str, pin: str) -> Session | NotSignedIn | None:
        """Opens a page that was left alone, with the PIN of whose session it is. None when there is no session."""
        found = self.session(token, used=False)
        if found is None:
            return None
        person = await self.check_pin(found.person.id, pin)
        if isinstance(person, NotSignedIn):
            return person
        found = self.session(token, used=False)  # it may have ended while the PIN was looked at
        return None if found is None else self._opened(found)

    def lock(self, token: str) -> Session | None:
        """By whoever walks away and does not want to wait for it."""
        found = self.session(token, used=False)
        if found is not None:
            found = self._sessions[token] = replace(found, locked=True, open_until_ns=self._clock.now_ns())
        return found

    def person(self, person_id: str) -> Person | None:
        """Somebody who may sign in."""
        return self._people.get(person_id)

    def _opened(self, session: Session) -> Session:
        open_until_ns = self._clock.now_ns() + self._idle_ns
        ends_ns = open_until_ns + LOCKED_KEPT_S * NS_PER_S
        opened = replace(session, locked=False, open_until_ns=open_until_ns, ends_ns=ends_ns)
        self._sessions[session.token] = opened
        return opened

    def sign_out(self, token: str) -> None:
        self._sessions.pop(token, None)

    def close(self) -> None:
        self._sessions.clear()
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)

    async def _in_thread(self, pin_hash: str, pin: str) -> bool:
        return await asyncio.get_running_loop().run_in_executor(self._thread, fits, pin_hash, pin)

    def _must_wait(self, person_id: str) -> NotSignedIn | None:
        tries = self._tries.get(person_id)
        left_ns = 0 if tries is None else tries.not_before_ns - self._clock.now_ns()
        return NotSignedIn(why=WhyNot.WAIT, wait_s=-(-left_ns // NS_PER_S)) if left_ns > 0 else None

    def _judge(self, person_id: str, *, good: bool) -> bool:
        tries = self._tries.get(person_id)
        if tries is None:
            return False
        if good:
            self._tries[person_id] = _Tries()
            return True
        tries.wrong += 1
        if tries.wrong > WRONG_FREE:
            wait_s = min(WAIT_FIRST_S * 2 ** min(tries.wrong - WRONG_FREE - 1, 10), WAIT_LONGEST_S)
            tries.not_before_ns = self._clock.now_ns() + wait_s * NS_PER_S
        return False

    def _wrong(self, person_id: str) -> NotSignedIn:
        waiting = self._must_wait(person_id)
        return NotSignedIn(why=WhyNot.WRONG, wait_s=waiting.wait_s if waiting else 0)

    def _forget_expired(self) -> None:
        now_ns = self._clock.now_ns()
        self._sessions = {token: one for token, one in self._sessions.items() if one.ends_ns > now_ns}


def _stamp(path: Path) -> _Stamp | None:
    """Changes with the file; None when it cannot be had just now."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


async def keep_taking_up(accounts: Accounts, path: Path, beat: Callable[[], None]) -> None:
    """For as long as the daemon lives. `beat` once a round."""
    while True:
        beat()
        stamp = await asyncio.to_thread(_stamp, path)
        if stamp is not None and stamp != accounts.stamp:
            accounts.stamp = stamp
            try:
                table = await asyncio.to_thread(read_toml, path, AccountsTable)
            except ConfigError as error:
                log.error(  # noqa: TRY400  # a mistake in a file, with its line: no stack would tell more
                    "accounts_not_taken_up", trouble=str(error), consequence="those who could sign in still can"
                )
            else:
                accounts.take_up(table)
                log.info("accounts_taken_up", people=len(accounts.people))
        await asyncio.sleep(TAKEN_UP_EVERY_S)
