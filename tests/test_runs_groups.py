"""Groups of runs: their seeds, their cells, how they are begun, and that journal and database tell of them."""

from __future__ import annotations

import json
from pathlib import Path

import fakes
import pytest
from journals import make_run

from studentsim.config import RunConfig
from studentsim.errors import ConfigError, UnknownRun
from studentsim.runs import groups, queue
from studentsim.runs.executor import execute
from studentsim.runs.manager import RunManager
from studentsim.runs.run_dir import create_run, delete_run, open_run
from studentsim.settings import TeacherSettings
from studentsim.store import ingest, queries
from studentsim.store.database import Database
from studentsim.store.journal import read_events

SHORT = {"turns": 1, "questions_per_turn": 6, "exam_size": 12, "validation": 2}


@pytest.fixture
def manager(tmp_path: Path) -> RunManager:
    """A manager with no room: what it starts waits."""
    return RunManager(
        tmp_path,
        max_concurrent_runs=0,
        preflight_check=lambda config: config,
        tick_interval_seconds=None,
        keep_warm_worker=False,
    )


def test_seeds_leave_out_those_that_were_taken_and_begin_again_at_zero_after_the_largest():
    assert groups.choose_seeds(3, 4, taken={4, 6}) == [3, 5, 7, 8]
    assert groups.choose_seeds(2**31 - 2, 4) == [2**31 - 2, 2**31 - 1, 0, 1]


@pytest.mark.parametrize("count", [-1, 0, 1, 21])
def test_too_few_and_too_many_seeds_are_refused_in_words(count: int):
    with pytest.raises(ConfigError, match=r"Choose 2 to 20"):
        groups.choose_seeds(0, count)


def test_a_repeated_run_keeps_all_settings_but_its_seed_and_its_name_says_which():
    config = RunConfig(name="Class 7", seed=4, exam_seed=9, student="careless")
    runs = groups.repeat_with_seeds(config, [4, 5])
    assert [(run.seed, run.name) for run in runs] == [(4, "Class 7, seed 4"), (5, "Class 7, seed 5")]
    assert [run.model_copy(update={"seed": 4, "name": "Class 7"}) for run in runs] == [config, config]
    (again,) = groups.repeat_with_seeds(runs[0], [12])
    assert again.name == "Class 7, seed 12"
    (long,) = groups.repeat_with_seeds(RunConfig(name="x" * 80), [7])
    assert long.name.endswith(", seed 7") and RunConfig.make(**long.model_dump()) == long


def test_a_cell_tells_the_settings_in_which_the_runs_differ_and_no_others():
    configs = [
        RunConfig(seed=seed, name=f"n{seed}", teacher=TeacherSettings(error_rate=rate), mix=mix)
        for seed in (1, 2)
        for rate, mix in ((0.0, None), (0.2, {"physics": 100.0}))
    ]
    cells = groups.build_cells("group-x", groups.RACE_PLAN, configs)
    assert [cell.coordinates for cell in cells] == [
        {"mix": mix, "seed": seed, "teacher.error_rate": rate}
        for seed in (1, 2)
        for rate, mix in ((0.0, None), (0.2, {"physics": 100.0}))
    ]
    assert {(cell.group, cell.plan, cell.runs) for cell in cells} == {("group-x", "race", 4)}


def test_a_group_waits_in_its_order_and_the_same_token_begins_it_once(manager: RunManager):
    configs = groups.repeat_with_seeds(RunConfig(**SHORT), [0, 1, 2])
    first = manager.start_group(configs, groups.REPEAT_PLAN, "token")
    assert manager.start_group(configs, groups.REPEAT_PLAN, "token") == first
    assert [folder.run_id for folder in queue.list_queued_runs(manager.data)] == list(first.run_ids)
    assert [open_run(manager.data, run_id).read_config().seed for run_id in first.run_ids] == [0, 1, 2]
    assert {folder.run_id for folder in groups.find_group_runs(manager.data, first.group_id)} == set(first.run_ids)
    assert manager.start_group(configs, groups.REPEAT_PLAN, "other").group_id != first.group_id


def test_what_is_settled_when_a_run_is_made_is_settled_once_for_a_group(tmp_path: Path):
    told = iter(range(100))

    def check(config: RunConfig) -> RunConfig:
        date = config.model_loading.prompt_date or f"2026-01-{next(told) + 1:02}"
        return config.model_copy(
            update={"model_loading": config.model_loading.model_copy(update={"prompt_date": date})}
        )

    manager = RunManager(
        tmp_path, max_concurrent_runs=0, preflight_check=check, tick_interval_seconds=None, keep_warm_worker=False
    )
    racers = [RunConfig(**SHORT, strategy=way, seed=seed) for seed in (0, 1) for way in ("random", "none")]
    run_ids = manager.start_group(racers, groups.RACE_PLAN).run_ids
    dates = [open_run(tmp_path, run_id).read_config().model_loading.prompt_date for run_id in run_ids]
    assert dates == ["2026-01-01", "2026-01-02"] * 2


def test_if_one_of_a_group_cannot_work_none_is_left_waiting(tmp_path: Path):
    def check(config: RunConfig) -> RunConfig:
        if config.strategy == "none":
            raise ConfigError("It cannot.", "Choose another.")
        return config

    manager = RunManager(
        tmp_path, max_concurrent_runs=0, preflight_check=check, tick_interval_seconds=None, keep_warm_worker=False
    )
    racers = [RunConfig(**SHORT, strategy=way) for way in ("random", "none")]
    with pytest.raises(ConfigError):
        manager.start_group(racers, groups.RACE_PLAN)
    manager.tick()
    assert [state.status for state in manager.get_states().values()] == ["cancelled"]


def test_a_run_s_first_event_and_the_database_tell_its_group_before_and_after_it_began(tmp_path: Path):
    cells = groups.build_cells("group-x", groups.REPEAT_PLAN, [RunConfig(**SHORT, seed=seed) for seed in (3, 4)])
    folder = create_run(tmp_path, RunConfig(**SHORT, seed=4), queue_entry=queue.new_queue_entry(), cell=cells[1])
    with Database.open(tmp_path) as database:

        def stored_group() -> tuple[object, ...]:
            ingest.sync_journals(database, tmp_path / "runs")
            row = queries.fetch_run(database, folder.run_id)
            return row.group_id, row.plan, row.group_runs, row.coordinates

        assert stored_group() == ("group-x", "repeat", 2, {"seed": 4})
        assert execute(folder, build_components=fakes.fake) == "finished"
        event = read_events(folder.journal_path)[0]
        assert event["group"] == {"group": "group-x", "plan": "repeat", "runs": 2, "coordinates": {"seed": 4}}
        assert stored_group() == ("group-x", "repeat", 2, {"seed": 4})


def test_a_run_of_before_there_were_groups_opens_and_is_in_none(tmp_path: Path):
    path = make_run(tmp_path, "old") / "events.jsonl"
    first, rest = path.read_text().split("\n", 1)
    event = json.loads(first)
    for name in ("group", "lease", "crc"):
        del event[name]
    path.write_text(json.dumps(event) + "\n" + rest)
    with Database.open(tmp_path) as database:
        ingest.sync_journals(database, tmp_path / "runs")
        row = queries.fetch_run(database, "old")
        assert (row.group_id, row.coordinates, row.status) == (None, None, "finished")
    assert open_run(tmp_path, "old").cell is None


@pytest.mark.parametrize(
    "told", ["", "[]", "3", '{"group": 5}', '{"group": "g", "runs": "x", "coordinates": 1}', "\xff"]
)
def test_a_damaged_cell_hinders_nothing(tmp_path: Path, told: str):
    folder = create_run(tmp_path, RunConfig(**SHORT), queue_entry=queue.new_queue_entry())
    (folder.path / "cell.json").write_bytes(told.encode("latin-1"))
    with Database.open(tmp_path) as database:
        ingest.sync_journals(database, tmp_path / "runs")
        assert queries.fetch_run(database, folder.run_id).status == "queued"
        assert not database.notices


def test_a_group_is_what_is_left_of_it(manager: RunManager):
    begun = manager.start_group(groups.repeat_with_seeds(RunConfig(**SHORT), [0, 1]), groups.REPEAT_PLAN)
    delete_run(open_run(manager.data, begun.run_ids[0]))
    assert [folder.run_id for folder in groups.find_group_runs(manager.data, begun.group_id)] == [begun.run_ids[1]]
    with pytest.raises(UnknownRun):
        groups.find_group_runs(manager.data, "group-nobody")
