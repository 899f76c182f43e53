"""A share of the drills (``make drills``): two writers, kills, a loss of power, damaged journals, writes that fail."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "bench"))

from drills import injected, journal_damage, kills, surroundings, takeover
from drills.results import DrillResult


def check(*results: DrillResult) -> None:
    for result in results:
        assert result.outcomes.total() and result.is_good, result.details


def test_a_stopped_worker_that_wakes_after_a_takeover_changes_nothing():
    check(takeover.stop_at_boundaries(16, seed=3))


@pytest.mark.parametrize("power_loss", [False, True])
def test_a_killed_run_ends_as_an_uninterrupted_one(power_loss: bool):
    check(kills.kill_at_random(10, seed=3, power_loss=power_loss))


def test_damage_to_a_journal_is_noticed_and_repaired():
    check(*journal_damage.damage_journals(6, seed=3))


def test_a_clock_that_jumps_changes_nothing():
    check(surroundings.clock_jumps(2, seed=3))


@pytest.mark.parametrize("name", injected.OPERATIONS)
def test_a_write_that_fails_is_said_and_leaves_nothing_half_done(name: str):
    check(injected.fail_manager_operation(name, errors=injected.ERRORS[:1]))


def test_a_write_that_fails_in_a_run(tmp_path: Path):
    check(injected.fail_work(10, seed=3))


@pytest.mark.parametrize("words", injected.COMMANDS, ids=lambda words: words[0])
def test_a_write_that_fails_in_a_command(words: tuple[str, ...]):
    check(injected.fail_command(words, seed=3, most=4))
