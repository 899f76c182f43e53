"""The list of runs on Home: tick and compare, name, tag, note, filter, groups as one row, and a whole run as one download."""

from __future__ import annotations

import errno
import io
import os
import zipfile
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from journals import edit_journal, make_group, make_run
from streamlit.testing.v1 import AppTest
from visits import HOME, WATCH, link_labels, text_of, visit

from studentsim.errors import StudentsimError
from studentsim.reporting import archive
from studentsim.runs import notes
from studentsim.runs.run_dir import RunFolder, open_run
from studentsim.store.notes import RunNotes
from studentsim.ui import data, download
from studentsim.ui.cards import RunCard
from studentsim.ui.home import filters, groups, rows
from studentsim.ui.watch import live_run

COMPARE, ANSWERS, WEAKNESSES = "pages/3_Compare.py", "pages/4_Answers.py", "pages/5_Weaknesses.py"
QUICK = {"turns": 1, "exam_size": 12, "questions_per_turn": 6}


def link(app: AppTest, label: str) -> dict[str, str]:
    (found,) = [link.proto for link in app.get("page_link") if link.proto.label == label]
    return {name: values[0] for name, values in parse_qs(found.query_string).items()}


def say(app: AppTest, run_id: str, **words: str) -> AppTest:
    """Fill and save the dialog of a run's words."""
    app.menu_button(key=f"home.more.{run_id}").click(rows.EDIT_OPTION).run()
    for field, text in words.items():
        kind = app.text_area if field == "note" else app.text_input
        kind(key=f"home.say.{run_id}.{field}").set_value(text)
    app.button(key=f"home.say.{run_id}.save").click().run()
    assert not app.exception
    return app


# ------------------------------------------------------------------ seeds, ticks


@pytest.mark.parametrize("page", [HOME, WATCH, ANSWERS, WEAKNESSES])
def test_the_seed_is_shown_wherever_runs_are_listed(folder: Path, page: str):
    make_run(folder, "it", seed=17, **QUICK)
    assert "seed 17" in text_of(visit(page))


def test_the_seed_is_shown_where_compare_leads_on(folder: Path):
    make_run(folder, "it", seed=17, **QUICK)
    assert "seed 17" in text_of(visit(COMPARE, runs="it"))


def test_ticked_runs_and_groups_are_compared_by_a_link(folder: Path):
    make_run(folder, "a", **QUICK)
    make_run(folder, "b", strategy="random", **QUICK)
    make_group(folder, seeds=2, strategy="none", **QUICK)
    app = visit(HOME)
    assert "Tick simulations to compare them" in text_of(app)
    for name in ("a", "group-1"):
        app.checkbox(key=f"home.tick.{name}").check().run()
    assert not app.exception
    assert set(link(app, "Compare the 2 ticked")["runs"].split(",")) == {"a", "group-1"}
    app.button(key="home.ticked.none").click().run()
    assert "Tick simulations to compare them" in text_of(app) and not app.checkbox(key="home.tick.a").value


def test_a_tick_stays_where_its_run_is_folded_away_and_goes_with_a_run_that_is_deleted(folder: Path):
    for i in range(7):
        make_run(folder, f"r{i}", name=f"Run {i}", **QUICK)
    app = visit(HOME)
    app.session_state["home.older"] = True
    app.run()
    app.checkbox(key="home.tick.r5").check().run()
    app.checkbox(key="home.tick.r0").check().run()
    app.session_state["home.older"] = False
    app.run()
    assert set(link(app, "Compare the 2 ticked")["runs"].split(",")) == {"r0", "r5"}
    data.get_engine().manager.delete("r5")
    app.run()
    assert link(app, "Compare what is ticked")["runs"] == "r0"


# ------------------------------------------------------------------ name, tags, note


def test_a_run_gets_a_name_tags_and_a_note_and_its_links_stay(folder: Path):
    make_run(folder, "it", **QUICK)
    app = say(visit(HOME), "it", name="Class 7", tags=" pilot, Year 7,pilot ", note="Look at\nphysics.")
    assert notes.read_notes(open_run(folder, "it")) == RunNotes("Class 7", ("pilot", "Year 7"), "Look at\nphysics.")
    app = visit(HOME)
    assert link(app, "Class 7") == {"run": "it"}
    text = text_of(app)
    assert "Look at physics." in text and "Balanced beginner: follow the mistakes" in text
    assert "pilot" in text and "Year 7" in text


@pytest.mark.parametrize("page", [WATCH, ANSWERS, WEAKNESSES])
def test_a_new_name_is_shown_on_every_page_at_once(folder: Path, page: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(live_run, "SNAPSHOT_TTL_SECONDS", 0.0)
    make_run(folder, "it", name="Old", **QUICK)
    old = visit(page, run="it")
    assert "Old" in text_of(old)
    notes.write_notes(open_run(folder, "it"), RunNotes.make(name="New"))
    new = visit(page, run="it")
    assert not new.exception and "New" in text_of(new) and "Old" not in text_of(new)
    assert "New" in text_of(visit(page)) + "".join(link_labels(visit(page)))


def test_a_new_name_is_shown_in_a_comparison_that_is_kept(folder: Path):
    make_run(folder, "it", name="Old", **QUICK)
    assert "**Old**" in text_of(visit(COMPARE, runs="it"))
    notes.write_notes(open_run(folder, "it"), RunNotes.make(name="New"))
    assert "**New**" in text_of(visit(COMPARE, runs="it"))


def test_a_blank_name_brings_the_first_one_back(folder: Path):
    make_run(folder, "it", name="First", **QUICK)
    app = say(visit(HOME), "it", name="Second")
    app = say(visit(HOME), "it", name="")
    assert "First" in link_labels(visit(HOME)) and not (folder / "runs" / "it" / "notes.json").exists()
    say(app, "it", name="First", tags="x")
    assert notes.read_notes(open_run(folder, "it")) == RunNotes(tags=("x",))


def test_words_are_shown_literally(folder: Path):
    make_run(folder, "it", **QUICK)
    notes.write_notes(
        open_run(folder, "it"),
        RunNotes.make(name="$a$ `b` [c](d)", tags=[":red[x]", "<b>"], note="# $1 and $2 <script>"),
    )
    app = visit(HOME)
    assert not app.exception and r"\$a\$ \`b\` \[c\](d)" in link_labels(app)
    text = text_of(app)
    assert r"\# \$1 and \$2 \<script\>" in text.replace("sticky_note_2: #", r"sticky_note_2: \#")
    assert ":red[x]" not in text.replace("\\", "")


def test_what_cannot_be_kept_is_said_in_the_dialog_and_nothing_changes(folder: Path):
    make_run(folder, "it", **QUICK)
    app = say(visit(HOME), "it", name="a\u202eb", tags="ok")
    assert "a name cannot" in app.error[0].value and notes.read_notes(open_run(folder, "it")) == RunNotes()
    app = say(visit(HOME), "it", tags="x" * 40)
    assert "cannot be a tag" in app.error[0].value


def test_a_folder_that_may_not_be_written_is_said_before_anything_is_typed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    make_run(folder, "it", **QUICK)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    app = visit(HOME)
    app.menu_button(key="home.more.it").click(rows.EDIT_OPTION).run()
    assert not app.exception and "read-only" in app.warning[0].value
    assert app.button(key="home.say.it.save").disabled and app.text_input(key="home.say.it.name").disabled


def test_a_disk_that_is_full_when_words_are_saved_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch):
    make_run(folder, "it", **QUICK)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(notes, "write_atomically", full)
    app = say(visit(HOME), "it", name="New")
    assert "is full" in app.error[0].value


def test_a_recorded_run_can_be_named_too(folder: Path):
    path = (
        make_run(folder, "recorded-random-seed-1", strategy="random", name="Recorded study, mixed bag, seed 1", **QUICK)
        / "events.jsonl"
    )
    edit_journal(path, lambda line: line.replace('"recorded":false', '"recorded":true'))
    app = visit(HOME)
    app.session_state["home.recorded"] = True
    app.run()
    say(app, "recorded-random-seed-1", name="The demo")
    again = visit(HOME)
    again.session_state["home.recorded"] = True
    again.run()
    assert "The demo" in link_labels(again)


# ------------------------------------------------------------------ filter


def card(run_id: str, **known: object) -> RunCard:
    return RunCard(run_id, f"Title {run_id}", "finished", 1, 1, "", 0.0, **known)  # type: ignore[arg-type]


def test_words_are_found_wherever_they_stand_and_all_must_be_there():
    runs = [
        card("a", student_label="Careless", strategy_label="mixed bag", seed=3),
        card("b", student_label="Careless", note="Look at Physics"),
        card("c", tags=("Year 7",), group_id="group-9"),
    ]

    def found(text: str) -> list[str]:
        return [run.run_id for run in filters.filter_runs(runs, {filters.FIND_KEY: text})]

    assert found("careless") == ["a", "b"] and found("careless PHYSICS") == ["b"] and found("seed 3 mixed") == ["a"]
    assert (
        found("year 7") == ["c"]
        and found("group-9") == ["c"]
        and found("title") == ["a", "b", "c"]
        and found("[(*") == []
    )


def test_the_list_is_narrowed_by_a_link(folder: Path):
    for i, way in enumerate(("random", "category", "none")):
        make_run(folder, f"r{i}", strategy=way, name=f"Run {i}", **QUICK)
    make_run(folder, "stopped", name="Stopped", status="failed", turn=0, until="training", **{**QUICK, "turns": 2})
    notes.write_notes(open_run(folder, "r1"), RunNotes.make(tags=["pilot"]))

    def listed(**query: str) -> set[str]:
        app = visit(HOME, **query)
        assert not app.exception and not app.error
        return {label for label in link_labels(app) if label.startswith(("Run", "Stopped"))}

    assert listed() == {"Run 0", "Run 1", "Run 2", "Stopped"}
    assert listed(find="mixed bag") == {"Run 0"} and listed(tag="pilot") == {"Run 1"}
    assert listed(state="stopped by a problem") == {"Stopped"}
    nothing = visit(HOME, find="nobody")
    assert "No simulation is so. Remove the words *nobody*, or look at all." in text_of(nothing)
    nothing.button(key="home.all").click().run()
    assert "Run 0" in link_labels(nothing)


def test_typing_narrows_the_list_and_writes_the_link(folder: Path):
    for i in range(rows.INITIAL_ROWS + 2):
        make_run(folder, f"r{i}", name=f"Run {i}", **QUICK)
    app = visit(HOME)
    app.text_input(key="find").set_value("run 3").run()
    assert [label for label in link_labels(app) if label.startswith("Run")] == ["Run 3"]
    assert not [e for e in app.expander if "earlier" in e.label]


def test_a_filter_that_is_in_the_address_by_itself_is_no_error(folder: Path):
    for number in range(6):
        make_run(folder, f"run-{number}", name=f"Run {number}")
    app = visit(HOME)
    app.text_input(key="find").set_value("run 3")
    app.query_params["find"] = "run 3"  # as the browser does: the field is bound to the parameter
    app.run()
    assert not app.exception and app.query_params["find"] in ("run 3", ["run 3"])


@pytest.mark.parametrize(
    "query", [{"find": "x" * 500}, {"tag": "nobody"}, {"state": "<b>"}, {"find": "\0"}, {"find": "%' OR 1=1 --"}]
)
def test_any_filter_in_a_link_is_read_without_trouble(folder: Path, query: dict[str, str]):
    make_run(folder, "it", **QUICK)
    app = visit(HOME, **query)
    assert not app.exception and not app.error


# ------------------------------------------------------------------ groups


def test_a_group_is_one_row_with_its_state_its_mean_and_its_runs_in_a_fold(folder: Path):
    make_group(folder, seeds=3, strategy="random")
    app = visit(HOME)
    assert not app.exception and not app.error
    assert link(app, "Mixed bag") == {"runs": "group-1"}
    text = text_of(app)
    assert (
        "all 3 finished" in text and "Balanced beginner · 3 seeds (0 to 2) · on average" in text and "in 3 runs" in text
    )
    assert "The 3 runs" in [e.label for e in app.expander] and not app.get("bidi_component")
    app.session_state["home.group.group-1"] = True
    app.run()
    assert not app.exception and {f"seed {i}" for i in range(3)} <= {
        part for line in text_of(app).split("\n") for part in line.split(" · ")
    }


def test_a_race_with_one_seed_leads_to_the_race_and_one_with_several_to_compare(folder: Path):
    make_group(folder, "group-1", racers=({"strategy": "random"}, {"strategy": "none"}), seeds=1, **QUICK)
    make_group(folder, "group-2", racers=({"student": "careless"}, {"student": "balanced"}), seeds=2, **QUICK)
    app = visit(HOME)
    assert link(app, "Race: mixed bag; no teaching") == {"race": "1-run-0,1-run-1"}
    (other,) = [label for label in link_labels(app) if label.startswith("Race: ") and "bag" not in label]
    assert link(app, other) == {"runs": "group-2"}


def test_groups_count_as_one_among_the_rows_and_older_ones_open_in_the_fold(folder: Path):
    for g in range(6):
        make_group(folder, f"group-{g}", seeds=2, **QUICK)
    app = visit(HOME)
    assert "2 earlier simulations" in [e.label for e in app.expander]
    app.session_state["home.older"] = True
    app.session_state["home.group.group-0"] = True
    app.run()
    assert not app.exception and not app.error


def test_a_race_of_three_is_named_whole(folder: Path):
    make_group(folder, racers=[{"strategy": way} for way in ("random", "category", "none")], seeds=1, **QUICK)
    assert "Race: mixed bag; follow the mistakes; no teaching" in link_labels(visit(HOME))


def test_the_state_of_several_runs_is_said_of_several():
    waits = [replace(card(run_id), status="queued") for run_id in "abc"]
    assert groups.describe_statuses(waits) == "all 3 waiting for their turn"
    assert groups.describe_statuses([card("d"), waits[0]]) == "1 finished, 1 waiting for its turn"


def test_a_group_s_mean_rests_on_those_that_sat_the_same_last_exam_and_says_how_many():
    def sat(correct: int, turn: int) -> RunCard:
        return card(f"r{correct}", last_exam=(correct, 100, turn))

    told = groups.describe_mean_score([sat(50, 20), sat(60, 20), sat(99, 10), card("none")])
    assert told.startswith("on average 55 of 100 (") and told.endswith("right after 20 lessons, in 2 runs")
    low, high = (int(x) for x in told.split("(")[1].split(")")[0].split(" to "))
    assert low < 45 and high > 65  # two runs tell little
    assert (
        groups.describe_mean_score([sat(50, 20), sat(60, 10)]) == ""
        and groups.describe_mean_score([sat(30, 0), sat(31, 0)]) == ""
    )


def test_a_group_is_tagged_stopped_and_deleted_as_one(folder: Path):
    ids = make_group(folder, seeds=3, status="paused", turn=1)
    notes.write_notes(open_run(folder, ids[0]), RunNotes.make(name="Mine", tags=["old"]))
    app = visit(HOME)
    app.menu_button(key="home.more.group-1").click(groups.TAG_OPTION).run()
    app.text_input(key="home.say.group-1.tags").set_value("trial, old")
    app.button(key="home.say.group-1.save").click().run()
    assert [notes.read_notes(open_run(folder, i)).tags for i in ids] == [
        ("old", "trial"),
        ("trial", "old"),
        ("trial", "old"),
    ]
    assert notes.read_notes(open_run(folder, ids[0])).name == "Mine"
    app.menu_button(key="home.more.group-1").click(groups.STOP_OPTION).run()
    assert "3 simulations of 3 are cancelled" in text_of(app)
    app.button(key="home.stop").click().run()
    assert all(RunFolder(folder / "runs" / i).read_request()[0] == "cancel" for i in ids)
    app = visit(HOME)
    app.menu_button(key="home.more.group-1").click(groups.DELETE_OPTION).run()
    app.button(key="home.delete").click().run()
    assert not app.exception and not (folder / "runs" / ids[0]).exists()
    assert "You have not run a simulation yet" in text_of(visit(HOME))


def test_a_group_of_which_one_is_at_work_is_not_deleted(folder: Path):
    make_group(folder, seeds=2, status="", turn=1, until="study", alive=True)
    app = visit(HOME)
    app.menu_button(key="home.more.group-1").click(groups.DELETE_OPTION).run()
    assert "2 of them are at work" in text_of(app) and "home.delete" not in [b.key for b in app.button]


# ------------------------------------------------------------------ download


def test_a_whole_run_is_offered_but_made_only_on_a_click(folder: Path, monkeypatch: pytest.MonkeyPatch):
    make_run(folder, "it", **QUICK)
    monkeypatch.setattr(download.subprocess, "run", lambda *_, **__: pytest.fail("made while the page is drawn"))
    app = visit(HOME)
    app.menu_button(key="home.more.it").click(rows.DOWNLOAD_OPTION).run()
    assert not app.exception and "at most 400 MB" in text_of(app)
    (button,) = app.get("download_button")
    assert button.proto.label == "Download everything" and not button.proto.disabled


def test_the_file_is_made_by_a_child_process(folder: Path):
    make_run(folder, "it", **QUICK)
    with zipfile.ZipFile(io.BytesIO(download.build_archive(folder, ["it"]))) as packed:
        assert {"README.txt", "runs.csv", "it/report.html", "it/tables/answers.csv"} <= set(packed.namelist())
    with pytest.raises(StudentsimError, match="could not be made: .*no run"):
        download.build_archive(folder, ["nobody"])


def test_how_the_file_stands_is_said_until_it_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    stands: list[str] = []

    def said() -> list[str]:
        def script(stands: list[str]) -> None:
            from studentsim.ui import download

            download._render_archive_stage(stands)

        app = AppTest.from_function(script, kwargs={"stands": stands}).run()
        return [e.value for kind in ("info", "success", "error") for e in app.get(kind)]

    assert said() == []
    monkeypatch.setattr(download, "build_archive", lambda *_: said()[0].encode())
    assert b"is being made" in download._build_archive_with_stages(tmp_path, ["it"], stands)
    assert "Done" in said()[0]

    def refused(*_: object) -> bytes:
        raise StudentsimError("no", "no")

    monkeypatch.setattr(download, "build_archive", refused)
    with pytest.raises(StudentsimError):
        download._build_archive_with_stages(tmp_path, ["it"], stands)
    assert "could not be made" in said()[0]


def test_runs_too_large_for_one_file_are_not_offered_and_the_command_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    make_run(folder, "it", **QUICK)
    monkeypatch.setattr(download, "MAX_JOURNAL_BYTES", 10)
    app = visit(COMPARE, runs="it")
    (button,) = [b for b in app.get("download_button") if b.proto.label == "Download everything"]
    assert button.proto.disabled and "studentsim export RUN" in text_of(app)


def test_all_that_is_compared_can_be_taken_away_together(folder: Path):
    make_group(folder, seeds=2, **QUICK)
    app = visit(COMPARE, runs="group-1")
    assert "Download everything of 2 runs" in [b.proto.label for b in app.get("download_button")]


def test_the_page_and_the_command_know_one_limit():
    assert download.MAX_JOURNAL_BYTES == archive.MAX_JOURNAL_BYTES
