"""PINs are slow to guess for everybody and slow for nobody else; sessions end by themselves."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpd import account_file, accounts
from pumpd.accounts import (
    LOCKED_KEPT_S,
    PINS_WAITING_MAX,
    SESSIONS_MAX,
    WAIT_FIRST_S,
    WAIT_LONGEST_S,
    WRONG_FREE,
    Accounts,
    AccountsTable,
    NotSignedIn,
    Session,
    Verify,
    WhyNot,
    fits,
    hash_pin,
    keep_taking_up,
)
from pumpd.core.people import Person, Role
from pumpd.errors import ConfigError
from pumpd.toml_file import read_toml

SHIPPED = Path(__file__).parents[2] / "config/accounts.toml"
IDLE_S = 300


class HandClock:
    """Moves when told."""

    def __init__(self) -> None:
        self.seconds = 1_000
        self._ids = itertools.count()

    def now_ns(self) -> int:
        return self.seconds * 10**9

    def monotonic_ns(self) -> int:
        return self.now_ns()

    def wall_ms(self) -> int:
        return self.seconds * 1_000

    def local_day(self) -> int:
        return self.wall_ms() // 86_400_000

    def new_id(self) -> str:
        return f"id{next(self._ids)}"

    def kernel_boot(self) -> str:
        return "boot"


@asynccontextmanager
async def opened(clock: HandClock, verify: Verify | None = None, path: Path = SHIPPED) -> AsyncIterator[Accounts]:
    found = Accounts.load(path, clock, idle_s=IDLE_S, verify=verify)
    try:
        yield found
    finally:
        found.close()


async def plainly(pin_hash: str, pin: str) -> bool:
    """Instead of argon2: every PIN is 2718."""
    return pin == "2718" and pin_hash != accounts._NOBODY


async def test_the_pins_that_the_shipped_file_names_are_those_that_fit() -> None:
    rows = [line[1:].split() for line in SHIPPED.read_text().splitlines() if line.startswith("#     ")]
    documented = {row[0]: row[1] for row in rows if len(row) == 3 and row[1].isdecimal()}
    async with opened(HandClock()) as people:
        assert people.demonstration
        assert sorted(documented) == sorted(person.id for person in people.people)
        for person in people.people:
            assert await people.check_pin(person.id, documented[person.id]) == person
        assert await people.check_pin("anna", documented["ben"]) == NotSignedIn(why=WhyNot.WRONG)


async def test_an_unknown_name_is_answered_like_a_wrong_pin_and_costs_as_much() -> None:
    asked: list[str] = []

    async def verify(pin_hash: str, pin: str) -> bool:
        asked.append(pin_hash)
        return fits(pin_hash, pin)

    async with opened(HandClock(), verify) as people:
        assert await people.check_pin("nobody", "2718") == NotSignedIn(why=WhyNot.WRONG)
    (pin_hash,) = asked
    assert pin_hash.split("$")[1:4] == hash_pin("2718").split("$")[1:4]


async def test_a_page_stays_open_while_it_is_used_and_is_locked_when_left() -> None:
    clock = HandClock()
    async with opened(clock, plainly) as people:
        session = await people.sign_in("anna", "2718")
        assert isinstance(session, Session)
        assert session.person == Person(id="anna", name="Anna Berg", role=Role.NURSE)
        for _ in range(5):
            clock.seconds += IDLE_S - 1
            assert people.session(session.token) is not None
        clock.seconds += IDLE_S - 1
        found = people.session(session.token, used=False)
        assert found is not None
        assert not found.locked
        clock.seconds += 1
        locked = people.session(session.token)
        assert locked is not None
        assert locked.locked
        assert locked.person == session.person
        clock.seconds -= 1
        assert people.session(session.token) == locked, "no use of a locked page opens it"


async def test_a_locked_page_ends_with_the_shift_and_no_use_of_it_puts_that_off() -> None:
    clock = HandClock()
    async with opened(clock, plainly) as people:
        session = await people.sign_in("anna", "2718")
        assert isinstance(session, Session)
        locked = people.lock(session.token)
        assert locked is not None
        assert locked.locked
        clock.seconds += IDLE_S + LOCKED_KEPT_S - 1
        assert people.session(session.token) is not None
        clock.seconds += 1
        assert people.session(session.token) is None
        assert people.lock(session.token) is None


async def test_signing_out_ends_the_session_at_once_and_no_other() -> None:
    async with opened(HandClock(), plainly) as people:
        first, second = await people.sign_in("anna", "2718"), await people.sign_in("anna", "2718")
        assert isinstance(first, Session)
        assert isinstance(second, Session)
        people.sign_out(first.token)
        assert people.session(first.token) is None
        assert people.session(second.token) is not None
        assert people.session("guessed") is None


async def test_more_sessions_than_there_is_room_for_cost_the_longest_idle() -> None:
    clock = HandClock()
    tokens = []
    async with opened(clock, plainly) as people:
        for _ in range(SESSIONS_MAX + 1):
            clock.seconds += 1
            session = await people.sign_in("anna", "2718")
            assert isinstance(session, Session)
            tokens.append(session.token)
        assert [token for token in tokens if people.session(token, used=False) is None] == tokens[:1]


async def test_wrong_pins_make_that_person_wait_longer_each_time_and_nobody_else() -> None:
    clock = HandClock()
    async with opened(clock, plainly) as people:
        for _ in range(WRONG_FREE):
            assert await people.check_pin("anna", "0000") == NotSignedIn(why=WhyNot.WRONG)
        waits = []
        for _ in range(8):
            answer = await people.check_pin("anna", "0000")
            assert isinstance(answer, NotSignedIn)
            assert answer.why is WhyNot.WRONG
            waits.append(answer.wait_s)
            clock.seconds += answer.wait_s - 1
            assert await people.check_pin("anna", "2718") == NotSignedIn(why=WhyNot.WAIT, wait_s=1)
            clock.seconds += 1
        assert waits == [15, 30, 60, 120, 240, WAIT_LONGEST_S, WAIT_LONGEST_S, WAIT_LONGEST_S]
        assert isinstance(await people.check_pin("ben", "2718"), Person)
        assert isinstance(await people.check_pin("anna", "2718"), Person)
        assert await people.check_pin("anna", "0000") == NotSignedIn(why=WhyNot.WRONG)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 400)), max_size=60))
def test_no_sequence_of_tries_is_looked_at_more_often_than_the_waits_allow(steps: list[tuple[bool, int]]) -> None:
    clock = HandClock()
    looked_at: list[int] = []

    async def verify(_: str, pin: str) -> bool:
        looked_at.append(clock.seconds)
        return pin == "right"

    async def story() -> None:
        async with opened(clock, verify) as people:
            wrong = 0
            for good, pause_s in steps:
                before = len(looked_at)
                found = await people.check_pin("anna", "right" if good else "wrong")
                if len(looked_at) > before:
                    wrong = 0 if good else wrong + 1
                    assert isinstance(found, Person) == good
                if wrong > WRONG_FREE:
                    assert isinstance(found, NotSignedIn)
                    assert found.wait_s > 0
                    assert found.wait_s <= WAIT_LONGEST_S
                clock.seconds += pause_s

    asyncio.run(story())
    for first, later in zip(looked_at, looked_at[WRONG_FREE + 1 :], strict=False):
        assert later > first or any(good for good, _ in steps) or later - first >= WAIT_FIRST_S


async def test_pins_are_checked_one_at_a_time_and_a_crowd_is_sent_away() -> None:
    at_once = most = 0
    gate = asyncio.Event()

    async def verify(_: str, __: str) -> bool:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await gate.wait()
        at_once -= 1
        return True

    async with opened(HandClock(), verify) as people:
        tries = [asyncio.create_task(people.check_pin("anna", "2718")) for _ in range(PINS_WAITING_MAX + 3)]
        await asyncio.sleep(0)
        gate.set()
        answers = await asyncio.gather(*tries)
    assert most == 1
    assert answers[PINS_WAITING_MAX:] == [NotSignedIn(why=WhyNot.BUSY, wait_s=1)] * 3
    assert all(isinstance(answer, Person) for answer in answers[:PINS_WAITING_MAX])


async def test_tries_that_stand_in_line_cannot_slip_past_the_wait() -> None:
    looked_at = 0

    async def verify(_: str, __: str) -> bool:
        nonlocal looked_at
        looked_at += 1
        await asyncio.sleep(0)
        return False

    async with opened(HandClock(), verify) as people:
        answers = await asyncio.gather(*(people.check_pin("anna", "0000") for _ in range(PINS_WAITING_MAX)))
    assert looked_at == WRONG_FREE + 1
    assert [one.why for one in answers if isinstance(one, NotSignedIn)] == (
        [WhyNot.WRONG] * (WRONG_FREE + 1) + [WhyNot.WAIT] * (PINS_WAITING_MAX - WRONG_FREE - 1)
    )


async def test_the_event_loop_turns_while_a_pin_is_hashed() -> None:
    turns = 0
    async with opened(HandClock()) as people:
        checking = asyncio.create_task(people.check_pin("anna", "2718"))
        while not checking.done():
            turns += 1
            await asyncio.sleep(0)
        assert isinstance(await checking, Person)
    assert turns > 2


@pytest.mark.parametrize("pin", ["", "123", "1" * 65])
def test_a_pin_too_short_or_too_long_is_never_hashed(pin: str) -> None:
    with pytest.raises(ValueError, match="4 to 64 characters"):
        hash_pin(pin)


def test_a_hash_never_shows_its_pin_and_is_salted() -> None:
    first, second = hash_pin("271828"), hash_pin("271828")
    assert first != second
    assert "271828" not in first
    assert fits(first, "271828")
    assert not fits(first, "271829")
    assert not fits("$argon2id$nonsense", "271828")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id = "ben"', 'id = "anna"', "two people have the id 'anna'"),
        ('role = "nurse"', 'role = "nurs"', "person[0].role"),
        ('pin_hash = "$argon2id$', 'pin_hash = "2718$', "not the argon2id hash of a PIN"),
        ('id = "ben"', 'ident = "ben"', "unknown key 'person[1].ident'"),
    ],
)
async def test_a_wrong_accounts_file_is_told_without_showing_a_hash(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    path = tmp_path / "accounts.toml"
    path.write_text(SHIPPED.read_text().replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        async with opened(HandClock(), path=path):
            pass
    assert said in str(caught.value)
    assert "m=19456" not in str(caught.value)


# --- the file changes -------------------------------------------------------------------------------------------


@asynccontextmanager
async def followed(path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Accounts, asyncio.Event]]:
    """People who follow their file, and an event that is set anew in every round."""
    monkeypatch.setattr(accounts, "TAKEN_UP_EVERY_S", 0.01)
    beaten = asyncio.Event()
    async with opened(HandClock(), plainly, path) as people:
        task = asyncio.create_task(keep_taking_up(people, path, beaten.set))
        try:
            yield people, beaten
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def rounds(beaten: asyncio.Event, count: int = 3) -> None:
    """So many looks at the file, each begun after this call."""
    for _ in range(count):
        beaten.clear()
        await asyncio.wait_for(beaten.wait(), 10)


def written(folder: Path) -> Path:
    path = folder / "accounts.toml"
    path.write_bytes(SHIPPED.read_bytes())
    return path


async def test_a_new_colleague_signs_in_and_one_who_left_is_out_without_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path)
    async with followed(path, monkeypatch) as (people, beaten):
        anna, ben = await people.sign_in("anna", "2718"), await people.sign_in("ben", "2718")
        assert isinstance(anna, Session)
        assert isinstance(ben, Session)
        account_file.add(path, person_id="eva", name="Eva", role=Role.NURSE, pin="2718")
        account_file.disable(path, "anna")
        await rounds(beaten)
        assert isinstance(await people.sign_in("eva", "2718"), Session)
        assert people.session(anna.token) is None
        assert await people.sign_in("anna", "2718") == NotSignedIn(why=WhyNot.WRONG)
        assert people.session(ben.token) is not None
        assert people.names["anna"] == "Anna Berg", "the record names her still"
        account_file.disable(path, "anna", disabled=False)
        await rounds(beaten)
        assert isinstance(await people.sign_in("anna", "2718"), Session)


async def test_a_new_pin_or_role_ends_the_old_sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path)
    async with followed(path, monkeypatch) as (people, beaten):
        anna, ben = await people.sign_in("anna", "2718"), await people.sign_in("ben", "2718")
        assert isinstance(anna, Session)
        assert isinstance(ben, Session)
        account_file.set_pin(path, "anna", "90210")
        await rounds(beaten)
        assert people.session(anna.token) is None
        text = path.read_text().replace('name = "Ben Cole"\nrole = "nurse"', 'name = "Ben Cole"\nrole = "viewer"')
        path.write_text(text)
        await rounds(beaten)
        assert people.session(ben.token) is None


async def test_a_file_that_cannot_be_read_signs_nobody_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path)
    async with followed(path, monkeypatch) as (people, beaten):
        anna = await people.sign_in("anna", "2718")
        assert isinstance(anna, Session)
        for broken in ('person = "none"', "[[person]", ""):
            path.write_text(broken)
            await rounds(beaten)
            assert people.session(anna.token) is not None
        path.unlink()
        await rounds(beaten)
        assert isinstance(await people.sign_in("ben", "2718"), Session)


async def test_the_wait_after_wrong_pins_is_ended_by_another_role_alone() -> None:
    async with opened(HandClock(), plainly) as people:
        by = {person.id: person for person in people.people}
        for _ in range(WRONG_FREE + 1):
            await people.check_pin("anna", "0000")
        assert not people.clear_wait("anna", by["ben"])
        assert not people.clear_wait("nobody", by["paul"])
        waiting = await people.check_pin("anna", "2718")
        assert isinstance(waiting, NotSignedIn)
        assert waiting.why is WhyNot.WAIT
        assert people.clear_wait("anna", by["paul"])
        assert await people.check_pin("anna", "2718") == by["anna"]


async def test_a_pin_that_was_changed_while_it_was_checked_signs_nobody_in(tmp_path: Path) -> None:
    path = written(tmp_path)
    checking, changed = asyncio.Event(), asyncio.Event()

    async def slowly(_pin_hash: str, pin: str) -> bool:
        checking.set()
        await changed.wait()
        return pin == "2718"

    async with opened(HandClock(), slowly, path) as people:
        signing_in = asyncio.create_task(people.sign_in("anna", "2718"))
        await checking.wait()
        account_file.set_pin(path, "anna", "90210")
        people.take_up(read_toml(path, AccountsTable))
        changed.set()
        assert await signing_in == NotSignedIn(why=WhyNot.WRONG)


async def test_a_file_that_stands_as_it_was_loaded_is_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []

    def counted(path: Path, model: type[AccountsTable]) -> AccountsTable:
        read.append(path)
        return read_toml(path, model)

    monkeypatch.setattr(accounts, "read_toml", counted)
    path = written(tmp_path)
    async with followed(path, monkeypatch) as (_, beaten):
        await rounds(beaten)
        assert read == [path]
        account_file.disable(path, "anna")
        await rounds(beaten)
        assert read == [path, path]
