"""What stands against a new start: how the library stands, by day and by what was used; what runs never minds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpd.core import facts as f
from pumpd.core.bed import preview
from pumpd.core.codes import Condition, Phase, Priority, ReasonCode
from pumpd.core.events import FilesCompared
from pumpd.core.evolve import fold
from pumpd.core.facts import Fact
from pumpd.core.library import Integrity, Library, withheld
from pumpd.core.pump import Drive
from pumpd.core.regimen import Rules
from pumpd.core.requests import Keep, StartRequested
from pumpd.core.standing import USED_MAX, RulesFile, Standing, Used, judge, parts, with_used
from pumpd.core.state import durable
from pumpd.journal_rows import decode, row_of
from pumpd.testing.bed_story import NURSE, BedStory, order_for
from pumpd.testing.clinical import shipped_rules

TODAY = 20_000
versions = st.lists(st.integers(0, 12), min_size=1, max_size=4).map(lambda found: ".".join(map(str, found)))


def site(
    *,
    version: str = "2026.1",
    sha256: str = "a" * 64,
    name: str = "North hospital",
    approved_day: int = TODAY - 10,
    expires_day: int = TODAY + 100,
) -> Rules:
    """A library for patient care, with the shipped content."""
    library = replace(
        shipped_rules().library,
        name=name, version=version, sha256=sha256, training=False, approved_by="pharmacist-1",
        approved_day=approved_day, expires_day=expires_day,
    )  # fmt: skip
    return with_library(library)


def with_library(library: Library) -> Rules:
    return replace(shipped_rules(), library=library)


def bed_with(rules: Rules) -> BedStory:
    bed = BedStory(rules=rules)
    bed.connect()
    bed.report()
    return bed


def rebooted(bed: BedStory, rules: Rules) -> None:
    """The daemon begins anew by other files."""
    bed.setup = replace(bed.setup, rules=rules)
    bed.boot(away_s=1)
    bed.connect()
    bed.report()


def standing(bed: BedStory) -> Standing:
    assert bed.state.judged is not None
    return bed.state.judged.standing


def refused(bed: BedStory) -> set[ReasonCode]:
    """Why a start is refused now."""
    bed.start("FM-3H")
    return bed.refusals


# --- the order of versions ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("older", "newer"),
    [("2026.1", "2026.2"), ("2026.9", "2026.10"), ("2025.12", "2026"), ("2026.1", "2026.1.1"), ("9", "10")],
)
def test_versions_are_compared_as_numbers_from_the_left(older: str, newer: str) -> None:
    assert parts(older) < parts(newer)


def test_a_missing_part_is_nought() -> None:
    assert parts("2026.1") == parts("2026.1.0")


@pytest.mark.requirement("LIB-02")
@pytest.mark.requirement("F42")
@given(st.lists(versions, min_size=1, max_size=8))
def test_no_version_below_the_highest_that_stood_good_ever_stands_good(said: list[str]) -> None:
    """F42: whatever order files are put in place in, what is used never falls."""
    used: tuple[Used, ...] = ()
    highest: tuple[int, ...] = ()
    for version in said:
        judged = judge(site(version=version, sha256=version), used, TODAY)
        assert (judged.standing is Standing.OLDER) == (parts(version) < highest)
        if judged.standing is Standing.GOOD:
            used, highest = with_used(used, judged), parts(version)
    assert len(used) == 1
    assert parts(used[0].version) == highest


# --- each standing, by name -----------------------------------------------------------------------------------------


def _withheld(integrity: Integrity) -> Rules:
    return with_library(withheld(integrity, name="North hospital", version="2026.1", sha256="b" * 64))


def _without_regimens(integrity: Integrity) -> Rules:
    rules = site()
    return replace(rules, catalogue=replace(rules.catalogue, regimens=(), integrity=integrity))


BAD = {
    ReasonCode.LIBRARY_UNREADABLE: _withheld(Integrity.UNREADABLE),
    ReasonCode.LIBRARY_ALTERED: _withheld(Integrity.ALTERED),
    ReasonCode.LIBRARY_EXPIRED: site(expires_day=TODAY - 1),
    ReasonCode.LIBRARY_NOT_YET_APPROVED: site(approved_day=TODAY + 1),
    ReasonCode.LIBRARY_OLDER: site(version="2025.12"),
    ReasonCode.LIBRARY_VERSION_REUSED: site(sha256="c" * 64),
    ReasonCode.REGIMENS_UNREADABLE: _without_regimens(Integrity.UNREADABLE),
    ReasonCode.REGIMENS_ALTERED: _without_regimens(Integrity.ALTERED),
}


@pytest.mark.requirement("LIB-02")
@pytest.mark.requirement("F42")
@pytest.mark.parametrize("code", list(BAD))
def test_a_new_start_is_refused_by_the_name_of_what_is_wrong_and_what_runs_goes_on(code: ReasonCode) -> None:
    bed = bed_with(site())
    bed.runs("FM-3H")
    bed.wait(1_800)
    bed.drives(2_110)
    bed.setup = replace(bed.setup, rules=BAD[code])
    bed.boot(away_s=1)
    bed.connect()
    bed.drives(2_112)
    assert bed.phase() is Phase.INFUSING
    alarm = bed.alarm(Condition.LIBRARY_NOT_IN_FORCE, None)
    assert alarm is not None
    assert (alarm.priority, alarm.detail) == (Priority.PROMPT, code.value)
    bed.tap()
    bed.done(Drive.INFUSING, rate=5_600, infused_ul=2_121)
    bed.paused(2_130)
    bed.resumes(keep=Keep.VOLUME)
    bed.paused(100)
    bed.end()
    assert refused(bed) == {code}


@pytest.mark.requirement("LIB-02")
def test_without_a_judged_library_nothing_new_is_started() -> None:
    bed = bed_with(site())
    bed.state = bed.kept = replace(bed.state, judged=None)
    assert refused(bed) == {ReasonCode.LIBRARY_UNREADABLE}


@pytest.mark.requirement("LIB-02")
def test_a_library_expires_at_midnight_without_a_restart_and_touches_nothing_that_runs() -> None:
    bed = bed_with(site(expires_day=TODAY))
    bed.runs("FM-3H")
    bed.days(1)
    assert standing(bed) is Standing.EXPIRED
    assert bed.last.effects == ()
    bed.drives(10)
    assert bed.phase() is Phase.INFUSING
    bed.paused(10)
    bed.end()
    assert refused(bed) == {ReasonCode.LIBRARY_EXPIRED}


@pytest.mark.requirement("LIB-02")
def test_a_pharmacist_approves_the_same_content_again_without_a_new_version() -> None:
    bed = bed_with(site(expires_day=TODAY - 1))
    assert refused(bed) == {ReasonCode.LIBRARY_EXPIRED}
    rebooted(bed, site(approved_day=TODAY, expires_day=TODAY + 365))
    bed.runs("FM-3H")
    assert bed.alarm(Condition.LIBRARY_NOT_IN_FORCE, None) is None


@pytest.mark.requirement("LIB-02")
def test_a_bad_release_is_undone_by_the_good_content_under_a_higher_version() -> None:
    bed = bed_with(site(version="2026.1", sha256="1" * 64))
    rebooted(bed, site(version="2026.2", sha256="2" * 64))  # the bad one
    rebooted(bed, site(version="2026.1", sha256="1" * 64))
    assert refused(bed) == {ReasonCode.LIBRARY_OLDER}
    rebooted(bed, site(version="2026.3", sha256="3" * 64))
    bed.runs("FM-3H")


def test_a_broken_file_bars_nothing_however_high_its_version() -> None:
    bed = bed_with(site())
    rebooted(bed, with_library(withheld(Integrity.ALTERED, name="North hospital", version="9999", sha256="d" * 64)))
    assert standing(bed) is Standing.ALTERED
    rebooted(bed, site())
    assert standing(bed) is Standing.GOOD


def test_another_library_begins_its_own_series() -> None:
    bed = bed_with(site(version="2026.5"))
    rebooted(bed, site(name="South hospital", version="1"))
    assert standing(bed) is Standing.GOOD
    rebooted(bed, site(version="2026.4"))
    assert standing(bed) is Standing.OLDER


def test_a_bed_remembers_as_many_names_as_it_has_room_for() -> None:
    used: tuple[Used, ...] = ()
    for number in range(USED_MAX + 3):
        used = with_used(used, judge(site(name=f"library {number}"), used, TODAY))
    assert [each.name for each in used] == [f"library {number}" for number in range(3, USED_MAX + 3)]


def test_a_library_for_training_never_expires() -> None:
    bed = bed_with(shipped_rules())
    bed.days(100_000)
    bed.runs("TRAIN-5MIN")


# --- before it expires ----------------------------------------------------------------------------------------------


@pytest.mark.requirement("LIB-02")
def test_the_end_of_the_approval_is_told_at_30_14_7_and_1_days_and_never_sounds() -> None:
    bed = bed_with(site(expires_day=TODAY + 40))
    told = []
    for _ in range(41):
        alarm = bed.alarm(Condition.LIBRARY_EXPIRES, None)
        if alarm is not None and not alarm.acknowledged:
            assert alarm.priority is Priority.PROMPT
            assert bed.state.judged is not None
            told.append((TODAY + 40 - bed.today, alarm.value))
            bed.acknowledge(Condition.LIBRARY_EXPIRES, None)
        bed.days(1)
    assert told == [(30, 30), (14, 14), (7, 7), (1, 1)], "once a mark, and not again while it was seen"
    assert bed.alarm(Condition.LIBRARY_EXPIRES, None) is None, "it is over now, which is another alarm"
    assert bed.alarm(Condition.LIBRARY_NOT_IN_FORCE, None) is not None


def test_a_warning_that_was_seen_is_not_told_again_by_a_restart_and_ends_with_a_new_approval() -> None:
    bed = bed_with(site(expires_day=TODAY + 20))
    bed.acknowledge(Condition.LIBRARY_EXPIRES, None)
    rebooted(bed, site(expires_day=TODAY + 20))
    alarm = bed.alarm(Condition.LIBRARY_EXPIRES, None)
    assert alarm is not None
    assert alarm.acknowledged
    rebooted(bed, site(expires_day=TODAY + 200))
    assert bed.alarm(Condition.LIBRARY_EXPIRES, None) is None


def test_a_day_that_changes_nothing_is_not_journalled() -> None:
    bed = bed_with(site())
    bed.days(1)
    assert bed.last.facts == ()


# --- files under a running daemon -----------------------------------------------------------------------------------

CHANGED = {
    RulesFile.LIBRARY: ReasonCode.LIBRARY_FILE_CHANGED,
    RulesFile.REGIMENS: ReasonCode.REGIMENS_FILE_CHANGED,
    RulesFile.CONFIGURATION: ReasonCode.CONFIGURATION_FILE_CHANGED,
    RulesFile.REGISTER_MAP: ReasonCode.REGISTER_MAP_FILE_CHANGED,
}


def compared(bed: BedStory, *changed: RulesFile) -> None:
    bed.take(FilesCompared(at_ns=bed.now_ns, changed=changed))


@pytest.mark.requirement("SELF-02")
@pytest.mark.parametrize("which", list(RulesFile))
def test_a_file_that_changes_behind_the_daemon_refuses_new_starts_by_name_and_disturbs_nothing(
    which: RulesFile,
) -> None:
    bed = bed_with(site())
    bed.runs("FM-3H")
    bed.drives(10)
    compared(bed, which)
    assert bed.last.effects == ()
    alarm = bed.alarm(Condition.FILES_CHANGED, None)
    assert alarm is not None
    assert (alarm.priority, alarm.detail) == (Priority.LOW, which.value)
    bed.drives(12)
    bed.paused(12)
    bed.resumes(keep=Keep.VOLUME)
    bed.paused(2)
    bed.end()
    assert refused(bed) == {CHANGED[which]}
    compared(bed)
    assert bed.alarm(Condition.FILES_CHANGED, None) is None
    bed.runs("FM-3H")


@pytest.mark.requirement("SELF-02")
def test_two_changed_files_are_both_named_and_a_restart_reads_them_anew() -> None:
    bed = bed_with(site())
    compared(bed, RulesFile.LIBRARY)
    compared(bed, RulesFile.LIBRARY, RulesFile.CONFIGURATION)
    alarm = bed.alarm(Condition.FILES_CHANGED, None)
    assert alarm is not None
    assert alarm.detail == "library, configuration"
    assert refused(bed) == {ReasonCode.LIBRARY_FILE_CHANGED, ReasonCode.CONFIGURATION_FILE_CHANGED}
    rebooted(bed, site())
    assert bed.alarm(Condition.FILES_CHANGED, None) is None
    bed.runs("FM-3H")


def test_files_that_are_still_the_same_are_not_journalled() -> None:
    bed = bed_with(site())
    compared(bed)
    assert bed.last.facts == ()


# --- what was reviewed is what is started -----------------------------------------------------------------------------


@pytest.mark.requirement("SEC-03")
def test_a_review_under_another_library_is_not_the_start_that_was_confirmed() -> None:
    """The digest covers the hash of the library: the same words under another content are another review."""
    bed = bed_with(site())
    order = order_for("FM-3H")
    digest = preview(bed.state, "p1", order, bed.setup, bed.now_ns).digest

    def confirm() -> None:
        bed.take(
            StartRequested(
                at_ns=bed.now_ns, request_id=bed.request_id(), actor=NURSE, slot="p1", order=order, digest=digest
            )
        )

    bed.setup = replace(bed.setup, rules=site(sha256="e" * 64))
    confirm()
    assert bed.refusals == {ReasonCode.REVIEW_CHANGED}
    bed.setup = replace(bed.setup, rules=site())
    confirm()
    assert bed.reply is not None
    assert bed.reply.accepted
    (ordered,) = [fact for fact in bed.facts if isinstance(fact, f.InfusionOrdered)]
    assert ordered.library_sha256 == "a" * 64


# --- the record -------------------------------------------------------------------------------------------------------


def test_what_was_judged_and_used_comes_back_from_the_journal_through_json() -> None:
    bed = bed_with(site(expires_day=TODAY + 3))
    rebooted(bed, site(version="2026.2", sha256="2" * 64))
    compared(bed, RulesFile.REGIMENS)
    bed.days(200)
    rows = [row_of(fact, seq=1, boot="b", at_ns=0, wall_ms=0) for fact in bed.facts if getattr(fact, "DURABLE", True)]
    back = tuple(decode(row.kind, row.version, row.body) for row in rows)
    folded = fold(tuple(fact for fact in back if isinstance(fact, Fact)))
    assert durable(folded) == durable(bed.state)
    assert folded.used == (Used(name="North hospital", version="2026.2", sha256="2" * 64),)
    assert folded.judged is not None
    assert folded.judged.standing is Standing.EXPIRED
    assert folded.files_changed == (RulesFile.REGIMENS,)
