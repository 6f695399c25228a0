"""The plant must obey physics, whoever asks it how often."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pumpd_sim.plant import TICK_NS, ZL_PER_NL, Blocked, Plant, PlantSpec, Speed, step_volume_zl

SECOND = 10**9
HOUR = 3_600 * SECOND
SPEC = PlantSpec(volume_nl=5_000_000, stall_pressure_mmhg=300)

times = st.integers(0, 200 * SECOND)
acts = st.one_of(
    st.tuples(st.just("drive"), st.integers(30_000, 900_000_000)),
    st.tuples(st.just("pull"), st.integers(30_000, 90_000_000)),
    st.tuples(st.just("halt"), st.just(0)),
    st.tuples(st.just("occlude"), st.just(0)),
    st.tuples(st.just("release"), st.just(0)),
    st.tuples(st.just("leak"), st.integers(0, 1_000)),
)
stories = st.lists(st.tuples(times, acts), max_size=12).map(lambda story: sorted(story, key=lambda at: at[0]))
Story = list[tuple[int, tuple[str, int]]]


def speed(plant: Plant, rate_nl_per_h: int, direction: int = 1) -> Speed:
    return Speed.of_rate(rate_nl_per_h=rate_nl_per_h, believed_step_zl=plant.step_zl, direction=direction)


def play(story: Story, *, looks: list[int], end_ns: int = 250 * SECOND) -> Plant:
    """The story, with looks at the plant in between."""
    plant = Plant(SPEC)
    moments = sorted(
        [(at_ns, 0, act) for at_ns, act in story] + [(at_ns, 1, ("look", 0)) for at_ns in looks],
        key=lambda moment: moment[:2],
    )
    for at_ns, _, (act, value) in moments:
        match act:
            case "drive":
                plant.drive(at_ns, speed(plant, value))
            case "pull":
                plant.drive(at_ns, speed(plant, value, -1))
            case "halt":
                plant.halt(at_ns)
            case "occlude":
                plant.occlude(at_ns)
            case "release":
                plant.release(at_ns)
            case "leak":
                plant.leak(at_ns, value)
            case _:
                plant.advance(at_ns)
    plant.advance(end_ns)
    return plant


def state(plant: Plant) -> tuple[object, ...]:
    return (
        plant.position_steps,
        plant._at_patient_zl,
        plant._leaked_zl,
        plant.blocked,
        plant.blocked_at_ns,
    )


@given(stories, st.lists(times, max_size=40))
def test_looking_more_often_changes_nothing(story: Story, looks: list[int]) -> None:
    assert state(play(story, looks=looks)) == state(play(story, looks=[]))


@given(stories)
def test_nothing_appears_and_nothing_is_lost(story: Story) -> None:
    plant = play(story, looks=[])
    parts = plant._at_patient_zl + plant._leaked_zl + plant._stored_zl()
    assert parts == plant.position_steps * plant.step_zl
    assert plant.displaced_nl <= SPEC.volume_nl


@given(st.lists(times, min_size=2, max_size=30), st.integers(30_000, 900_000_000))
def test_while_infusing_both_truths_only_rise_and_the_patient_never_gets_more_than_was_displaced(
    looks: list[int], rate_nl_per_h: int
) -> None:
    plant = Plant(SPEC)
    plant.drive(0, speed(plant, rate_nl_per_h))
    before = (0, 0)
    for at_ns in sorted(looks):
        plant.advance(at_ns)
        now = (plant.displaced_nl, plant.at_patient_nl)
        assert now[0] >= before[0]
        assert now[1] >= before[1]
        assert now[1] <= now[0]
        before = now


def test_twelve_hours_of_looks_lose_not_one_step() -> None:
    plant = Plant(PlantSpec(volume_nl=60_000_000))
    plant.drive(0, speed(plant, 4_321_987))
    for at_ns in range(0, 12 * HOUR, 37 * SECOND):
        plant.advance(at_ns)
    plant.advance(12 * HOUR)
    assert plant.position_steps == 4_321_987 * 12 * ZL_PER_NL // plant.step_zl


@given(st.lists(st.tuples(st.integers(1, 60 * SECOND), st.integers(50_000, 90_000_000)), max_size=30))
def test_changing_the_rate_while_turning_loses_no_part_of_a_step(changes: list[tuple[int, int]]) -> None:
    plant = Plant(PlantSpec(volume_nl=60_000_000))
    now_ns, turned = 0, 0
    for for_ns, rate_nl_per_h in changes:
        plant.drive(now_ns, speed(plant, rate_nl_per_h))
        now_ns += for_ns
        turned += for_ns * rate_nl_per_h * ZL_PER_NL
    plant.advance(now_ns)
    assert plant.position_steps == turned // (HOUR * plant.step_zl)


def test_a_closed_line_stores_until_the_motor_stalls_and_gives_it_all_back_when_opened() -> None:
    plant = Plant(SPEC)
    plant.occlude(0)
    plant.drive(0, speed(plant, 100_000_000))
    due_ns = plant.stall_due_ns()
    assert due_ns is not None
    plant.advance(due_ns - 1)
    assert plant.turning
    plant.advance(due_ns)
    assert plant.blocked is Blocked.OCCLUDED
    assert plant.blocked_at_ns == due_ns
    assert 299 <= plant.pressure_mmhg <= 300
    assert plant.at_patient_nl == 0
    stored_nl = plant.stored_nl
    plant.halt(due_ns + SECOND)
    plant.release(due_ns + SECOND)
    plant.advance(due_ns + 60 * SECOND)
    assert abs(plant.at_patient_nl - stored_nl) <= 1
    assert plant.pressure_mmhg == 0


def test_the_moment_of_the_stall_is_known_however_late_somebody_looks() -> None:
    plant = Plant(SPEC)
    plant.drive(0, speed(plant, 500_000_000))
    due_ns = plant.stall_due_ns()
    plant.advance(HOUR)
    assert plant.blocked_at_ns == due_ns


def test_an_empty_syringe_blocks_the_motor_and_never_gives_more_than_it_held() -> None:
    plant = Plant(SPEC)
    plant.drive(0, speed(plant, 500_000_000))
    plant.advance(HOUR)
    assert plant.blocked is Blocked.EMPTY
    assert 0 <= SPEC.volume_nl - plant.displaced_nl <= plant.step_nl
    assert plant.rate_nl_per_h == 0


def test_a_wrong_diameter_shows_only_in_the_truth() -> None:
    plant = Plant(PlantSpec(syringe_diameter_um=26_590))
    believed = step_volume_zl(13_295, plant.spec.step_length_pm)
    plant.drive(0, Speed.of_rate(rate_nl_per_h=1_000_000, believed_step_zl=believed, direction=1))
    plant.advance(HOUR)
    assert plant.displaced_nl == pytest.approx(4_000_000, abs=plant.step_nl)


def test_a_leak_takes_its_share_from_the_patient() -> None:
    plant = Plant(SPEC)
    plant.leak(0, 250)
    plant.drive(0, speed(plant, 60_000_000))
    plant.advance(120 * SECOND)
    plant.halt(120 * SECOND)
    plant.advance(240 * SECOND)
    assert plant.leaked_nl == pytest.approx(500_000, abs=2_000)
    assert plant.at_patient_nl == pytest.approx(1_500_000, abs=2_000)


def test_time_never_runs_backwards() -> None:
    plant = Plant(SPEC)
    plant.advance(10 * TICK_NS)
    with pytest.raises(ValueError, match="backwards"):
        plant.advance(9 * TICK_NS)


def test_another_syringe_gives_what_it_holds_and_nothing_that_was_displaced_is_forgotten() -> None:
    plant = Plant(SPEC)
    plant.drive(0, speed(plant, 900_000_000))
    plant.advance(HOUR)
    assert plant.blocked is Blocked.EMPTY
    first_nl = plant.displaced_nl
    plant.halt(HOUR)
    plant.load(HOUR, 2_000_000)
    plant.drive(HOUR, speed(plant, 900_000_000))
    plant.advance(2 * HOUR)
    assert plant.blocked is Blocked.EMPTY
    assert first_nl + 2_000_000 - plant.step_nl <= plant.displaced_nl <= first_nl + 2_000_000
    with pytest.raises(ValueError, match="do not fit"):
        plant.load(2 * HOUR, 60_000_001)
