"""Groups of runs: their seeds, their cells, how they are begun, and that journal and database tell of them."""

from __future__ import annotations

import json
from pathlib import Path

import casts
import pytest
from journals import make_run

from studentsim.config import RunConfig, Teaching
from studentsim.errors import ConfigError, UnknownRun
from studentsim.runs import groups, waiting
from studentsim.runs.execute import execute
from studentsim.runs.folder import create_run, delete_run, open_run
from studentsim.runs.manager import Manager
from studentsim.store import ingest, queries
from studentsim.store.database import Database
from studentsim.store.journal import read_events

SHORT = {"turns": 1, "questions": 6, "exam": 12, "validation": 2}


@pytest.fixture
def manager(tmp_path: Path) -> Manager:
    """A manager with no room: what it starts waits."""
    return Manager(tmp_path, limit=0, check=lambda config: config, tick_every=None, spare=False)


def test_seeds_leave_out_those_that_were_taken_and_begin_again_at_zero_after_the_largest():
    assert groups.seeds_of(3, 4, taken={4, 6}) == [3, 5, 7, 8]
    assert groups.seeds_of(2**31 - 2, 4) == [2**31 - 2, 2**31 - 1, 0, 1]


@pytest.mark.parametrize("count", [-1, 0, 1, 21])
def test_too_few_and_too_many_seeds_are_refused_in_words(count: int):
    with pytest.raises(ConfigError, match=r"Choose 2 to 20"):
        groups.seeds_of(0, count)


def test_a_repeated_run_keeps_all_settings_but_its_seed_and_its_name_says_which():
    config = RunConfig(name="Class 7", seed=4, exam_seed=9, student="careless")
    runs = groups.repeated(config, [4, 5])
    assert [(run.seed, run.name) for run in runs] == [(4, "Class 7, seed 4"), (5, "Class 7, seed 5")]
    assert [run.model_copy(update={"seed": 4, "name": "Class 7"}) for run in runs] == [config, config]
    (again,) = groups.repeated(runs[0], [12])
    assert again.name == "Class 7, seed 12"
    (long,) = groups.repeated(RunConfig(name="x" * 80), [7])
    assert long.name.endswith(", seed 7") and RunConfig.make(**long.model_dump()) == long


def test_a_cell_tells_the_settings_in_which_the_runs_differ_and_no_others():
    configs = [
        RunConfig(seed=seed, name=f"n{seed}", teaching=Teaching(error_rate=rate), mix=mix)
        for seed in (1, 2)
        for rate, mix in ((0.0, None), (0.2, {"physics": 100.0}))
    ]
    cells = groups.cells("group-x", groups.RACE, configs)
    assert [cell.coordinates for cell in cells] == [
        {"mix": mix, "seed": seed, "teaching.error_rate": rate}
        for seed in (1, 2)
        for rate, mix in ((0.0, None), (0.2, {"physics": 100.0}))
    ]
    assert {(cell.group, cell.plan, cell.runs) for cell in cells} == {("group-x", "race", 4)}


def test_a_group_waits_in_its_order_and_the_same_token_begins_it_once(manager: Manager):
    configs = groups.repeated(RunConfig(**SHORT), [0, 1, 2])
    first = manager.start_group(configs, groups.REPEAT, "token")
    assert manager.start_group(configs, groups.REPEAT, "token") == first
    assert [folder.run_id for folder in waiting.runs(manager.data)] == list(first.run_ids)
    assert [open_run(manager.data, run_id).config().seed for run_id in first.run_ids] == [0, 1, 2]
    assert {folder.run_id for folder in groups.members(manager.data, first.group)} == set(first.run_ids)
    assert manager.start_group(configs, groups.REPEAT, "other").group != first.group


def test_what_is_settled_when_a_run_is_made_is_settled_once_for_a_group(tmp_path: Path):
    told = iter(range(100))

    def check(config: RunConfig) -> RunConfig:
        date = config.hub.prompt_date or f"2026-01-{next(told) + 1:02}"
        return config.model_copy(update={"hub": config.hub.model_copy(update={"prompt_date": date})})

    manager = Manager(tmp_path, limit=0, check=check, tick_every=None, spare=False)
    racers = [RunConfig(**SHORT, strategy=way, seed=seed) for seed in (0, 1) for way in ("random", "none")]
    run_ids = manager.start_group(racers, groups.RACE).run_ids
    dates = [open_run(tmp_path, run_id).config().hub.prompt_date for run_id in run_ids]
    assert dates == ["2026-01-01", "2026-01-02"] * 2


def test_if_one_of_a_group_cannot_work_none_is_left_waiting(tmp_path: Path):
    def check(config: RunConfig) -> RunConfig:
        if config.strategy == "none":
            raise ConfigError("It cannot.", "Choose another.")
        return config

    manager = Manager(tmp_path, limit=0, check=check, tick_every=None, spare=False)
    racers = [RunConfig(**SHORT, strategy=way) for way in ("random", "none")]
    with pytest.raises(ConfigError):
        manager.start_group(racers, groups.RACE)
    manager.tick()
    assert [state.status for state in manager.states().values()] == ["cancelled"]


def test_a_run_s_first_event_and_the_database_tell_its_group_before_and_after_it_began(tmp_path: Path):
    cells = groups.cells("group-x", groups.REPEAT, [RunConfig(**SHORT, seed=seed) for seed in (3, 4)])
    folder = create_run(tmp_path, RunConfig(**SHORT, seed=4), ticket=waiting.ticket(), cell=cells[1])
    with Database.open(tmp_path) as database:

        def told() -> tuple[object, ...]:
            ingest.sync(database, tmp_path / "runs")
            row = queries.run(database, folder.run_id)
            return row.group_id, row.plan, row.group_runs, row.coordinates

        assert told() == ("group-x", "repeat", 2, {"seed": 4})
        assert execute(folder, load_cast=casts.fake) == "finished"
        event = read_events(folder.journal)[0]
        assert event["group"] == {"group": "group-x", "plan": "repeat", "runs": 2, "coordinates": {"seed": 4}}
        assert told() == ("group-x", "repeat", 2, {"seed": 4})


def test_a_run_of_before_there_were_groups_opens_and_is_in_none(tmp_path: Path):
    path = make_run(tmp_path, "old") / "events.jsonl"
    first, rest = path.read_text().split("\n", 1)
    event = json.loads(first)
    del event["group"]
    path.write_text(json.dumps(event) + "\n" + rest)
    with Database.open(tmp_path) as database:
        ingest.sync(database, tmp_path / "runs")
        row = queries.run(database, "old")
        assert (row.group_id, row.coordinates, row.status) == (None, None, "finished")
    assert open_run(tmp_path, "old").cell is None


@pytest.mark.parametrize(
    "told", ["", "[]", "3", '{"group": 5}', '{"group": "g", "runs": "x", "coordinates": 1}', "\xff"]
)
def test_a_damaged_cell_hinders_nothing(tmp_path: Path, told: str):
    folder = create_run(tmp_path, RunConfig(**SHORT), ticket=waiting.ticket())
    (folder.path / "cell.json").write_bytes(told.encode("latin-1"))
    with Database.open(tmp_path) as database:
        ingest.sync(database, tmp_path / "runs")
        assert queries.run(database, folder.run_id).status == "queued"
        assert not database.notices


def test_a_group_is_what_is_left_of_it(manager: Manager):
    begun = manager.start_group(groups.repeated(RunConfig(**SHORT), [0, 1]), groups.REPEAT)
    delete_run(open_run(manager.data, begun.run_ids[0]))
    assert [folder.run_id for folder in groups.members(manager.data, begun.group)] == [begun.run_ids[1]]
    with pytest.raises(UnknownRun):
        groups.members(manager.data, "group-nobody")
