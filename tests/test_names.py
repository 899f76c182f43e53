"""Names that people give to simulations: any printable one, shown as it is, part of no file's name."""

from __future__ import annotations

import re
import unicodedata
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from journals import make_group, make_run
from visits import HOME, NEW, WATCH, link_labels, text_of, visit

from studentsim.config import RunConfig
from studentsim.errors import ConfigError
from studentsim.labels import formatting
from studentsim.reporting import archive, html
from studentsim.runs import notes
from studentsim.runs.run_dir import open_run
from studentsim.store import export
from studentsim.store.notes import RunNotes
from studentsim.ui.home import groups

ANSWERS, WEAKNESSES, COMPARE = "pages/4_Answers.py", "pages/5_Weaknesses.py", "pages/3_Compare.py"
QUICK = {"turns": 1, "exam_size": 6, "questions_per_turn": 4}
NAMES = (
    "Class 7b <b>pilot</b> über", "Year 7: pilot", "What if?", "..", "../../etc/passwd", "a/b\\c", ".hidden", "CON", "nul.txt",
    "=cmd()", "@x", "\N{ROCKET} \N{WOMAN}\N{ZERO WIDTH JOINER}\N{SCHOOL}", '"quoted" | *starred*', ":red[x] :100: $a$ `b`", "[c](d)",
    "# 1", "Klasse 7ß Ω'); DROP TABLE runs --", "שלום 7",
)  # fmt: skip
TURNS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""They turn the direction of the text that follows."""
SAFE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._/-]*")
"""What a file may be called wherever it is taken to."""


@pytest.mark.parametrize("name", NAMES)
def test_any_printable_name_is_kept_by_settings_and_notes_alike(name: str):
    config = RunConfig.make(name=f"  {name} ")
    assert config.name == RunNotes.make(name=name).name == name
    assert RunConfig.from_json(config.model_dump_json()) == config


@given(st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters=TURNS), max_size=80))
def test_a_name_is_told_in_one_line_of_markdown_that_shows_it(name: str):
    kept = RunConfig.make(name=name).name
    assert kept == name.strip()
    shown = formatting.escape_markdown(kept)
    assert "\n" not in shown and not re.search(r"(?<!\\)[<`$*_\[\]]", shown.replace(r"\\", ""))


@pytest.mark.parametrize(
    "name", ["a\0b", "a\nb", "a\tb", "a\x1bb", "a\x7fb", "a\x85b", "a\u2028b", "a\u202eb", "a\ud800b", "x" * 81]
)
def test_what_no_page_can_show_is_refused_by_both(name: str):
    for make in (RunConfig.make, RunNotes.make):
        with pytest.raises(ConfigError) as refused:
            make(name=name)
        assert refused.value.field == "name" and refused.value.remedy


def test_an_old_run_opens_whatever_its_version_let_into_its_name(tmp_path: Path):
    run = make_run(tmp_path, "it", name="old", **QUICK)
    file = run / "config.json"
    file.write_text(file.read_text().replace('"old"', '"o\\u202el\\u007fd"'))
    assert open_run(tmp_path, "it").read_config().name == "old"
    (run / "notes.json").write_text('{"name": "n\\u202eew"}')
    assert notes.read_notes(open_run(tmp_path, "it")).name == "new"


@pytest.mark.parametrize("name", NAMES)
def test_no_file_is_named_by_it(tmp_path: Path, name: str):
    folder = make_run(tmp_path, "it", name=name, **QUICK)
    notes.write_notes(open_run(tmp_path, "it"), RunNotes.make(name=name, tags=["t"]))
    made = archive.write_archive([open_run(tmp_path, "it")], tmp_path / "all.zip")
    with zipfile.ZipFile(made) as packed:
        assert all(SAFE.fullmatch(file) and ".." not in file for file in packed.namelist())
        assert b"\n=" not in packed.read("runs.csv") and b",=" not in packed.read("runs.csv")
        report = packed.read("it/report.html").decode()
        assert "<b>pilot" not in report and html.escape_html(name) in report
    assert all(SAFE.fullmatch(file.name) for file in export.export_run(folder, "it", tmp_path / "out"))


@pytest.mark.parametrize("name", [*NAMES[:4], *NAMES[6:7], *NAMES[9:10], *NAMES[11:14]])
def test_pages_show_it_as_it_is_and_name_no_download_by_it(folder: Path, name: str):
    for seed in range(2):
        make_run(folder, f"r{seed}", seed=seed, name=name, **QUICK)
    make_run(folder, "other", strategy="random", name=name, **QUICK)
    for page, query in (
        (HOME, {}), (WATCH, {"run": "r0"}), (ANSWERS, {"run": "r0"}), (WEAKNESSES, {"run": "r0"}), (COMPARE, {"runs": "r0,r1,other"}),
        (NEW, {"like": "r0"}),
    ):  # fmt: skip
        app = visit(page, **query)
        assert not app.exception and not app.error
        assert formatting.escape_markdown(name) in text_of(app) + "".join(link_labels(app)), page
        downloads = [button.proto.url for button in app.get("download_button")]
        assert not any(part in url for url in downloads for part in ("pilot", "passwd", "cmd"))


@pytest.mark.parametrize("page", [WATCH, ANSWERS, WEAKNESSES])
def test_under_a_name_of_one_s_own_stands_which_student_and_which_way(folder: Path, page: str):
    make_run(folder, "it", name="What if?", seed=7, **QUICK)
    make_run(folder, "plain", **QUICK)
    said = "Balanced beginner: follow the mistakes · seed 7"
    captions = [caption.value for caption in visit(page, run="it").caption]
    assert said in captions
    assert not any("follow the mistakes · seed" in c.value for c in visit(page, run="plain").caption)


def test_a_group_gets_a_name_and_a_note_and_keeps_its_tags(folder: Path):
    ids = make_group(folder, seeds=3, **QUICK)
    notes.write_notes(open_run(folder, ids[0]), RunNotes.make(tags=["old"]))
    app = visit(HOME)
    app.menu_button(key="home.more.group-1").click(groups.EDIT_OPTION).run()
    app.text_input(key="home.say.group-1.name").set_value("Year 7: pilot?")
    app.text_area(key="home.say.group-1.note").set_value("All three.")
    app.button(key="home.say.group-1.save").click().run()
    assert not app.exception and not app.error
    said = [notes.read_notes(open_run(folder, run_id)) for run_id in ids]
    assert [n.name for n in said] == [f"Year 7: pilot?, seed {seed}" for seed in range(3)]
    assert {n.note for n in said} == {"All three."} and [n.tags for n in said] == [("old",), (), ()]
    assert "Year 7: pilot?" in link_labels(visit(HOME))
    app = visit(HOME)
    app.menu_button(key="home.more.group-1").click(groups.EDIT_OPTION).run()
    assert app.text_input(key="home.say.group-1.name").value == "Year 7: pilot?"
    assert app.text_area(key="home.say.group-1.note").value == "All three."
    app.text_input(key="home.say.group-1.name").set_value("")
    app.text_area(key="home.say.group-1.note").set_value("")
    app.button(key="home.say.group-1.save").click().run()
    assert [notes.read_notes(open_run(folder, run_id)) for run_id in ids] == [
        RunNotes(tags=("old",)),
        RunNotes(),
        RunNotes(),
    ]


def test_what_a_group_cannot_be_called_is_said_and_no_run_of_it_changes(folder: Path):
    ids = make_group(folder, seeds=2, **QUICK)
    app = visit(HOME)
    app.menu_button(key="home.more.group-1").click(groups.EDIT_OPTION).run()
    app.text_input(key="home.say.group-1.name").set_value("a\u202eb")
    app.button(key="home.say.group-1.save").click().run()
    assert "a name cannot" in app.error[0].value
    assert all(notes.read_notes(open_run(folder, run_id)) == RunNotes() for run_id in ids)


def test_a_long_name_of_a_group_leaves_room_for_the_seeds(folder: Path):
    ids = make_group(folder, seeds=2, **QUICK)
    app = visit(HOME)
    app.menu_button(key="home.more.group-1").click(groups.EDIT_OPTION).run()
    field = app.text_input(key="home.say.group-1.name")
    longest = field.proto.max_chars
    field.set_value("x" * longest)
    app.button(key="home.say.group-1.save").click().run()
    assert [notes.read_notes(open_run(folder, i)).name for i in ids] == [f"{'x' * longest}, seed {s}" for s in range(2)]


def test_every_name_tried_is_printable():
    assert not [c for name in NAMES for c in name if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]
