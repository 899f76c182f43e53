"""Questions that are not built in: chosen and judged in New simulation, and gone through row by row on Check questions."""

from __future__ import annotations

import csv
import io
import json
import os
import time
from pathlib import Path
from typing import Any

import journals
import pytest
from journals import make_run
from streamlit.testing.v1 import AppTest
from visits import HOME, NEW, PAUSE, WATCH, text_of, visit

from studentsim.config import RunConfig
from studentsim.datasets.registry import build_bank_report
from studentsim.datasets.splits import assign_split
from studentsim.errors import BankError
from studentsim.runs import dataset_job
from studentsim.store import ingest, queries
from studentsim.ui import background, dataset_picker
from studentsim.ui.data import get_engine
from studentsim.ui.dataset_check import choose, listing, sentences
from studentsim.ui.new import bank
from studentsim.ui.watch import live_run

CHECK = "pages/8_Check_questions.py"
NASTY = '=HYPERLINK("http://x","$1") <script>alert(1)</script> what is {n} plus $5 ?'


def mathqa(n: int, **fields: str) -> dict[str, str]:
    """A sound row whose formula leads to its key."""
    options = f"a ) {n} , b ) {n + 5} , c ) {n + 6} , d ) {n + 7} , e ) {n + 8}"
    return {
        "Problem": f"what is {n} plus 5 ?", "Rationale": "answer : b", "options": options, "correct": "b",
        "annotated_formula": f"add({n}, 5)", "linear_formula": "", "category": ("gain", "other")[n % 2], **fields,
    }  # fmt: skip


@pytest.fixture
def few_doubts(tmp_path: Path) -> Path:
    """60 rows of MathQA of which five are doubtful: a key that is no option, doubled options, a formula that leads elsewhere, a
    question that comes again, and a row that cannot be read.
    """
    rows = [mathqa(n, Problem=NASTY.format(n=n) if n == 14 else f"what is {n} plus 5 ?") for n in range(55)]
    rows += [
        mathqa(60, correct="f"),
        mathqa(61, options="a ) 1 , b ) 66 , c ) 1 , d ) 2 , e ) 3"),
        mathqa(62, correct="c"),
        mathqa(7),
    ]
    rows.append(mathqa(64, options="none"))
    path = tmp_path / "bank" / "train.json"
    path.parent.mkdir()
    path.write_text(json.dumps(rows))
    return path


def mmlu(path: Path, subjects: int = 18, each: int = 8) -> Path:
    rows = [
        {"question": f"Which of these is {s}-{i}?", "choices": ["w", "x", "y", f"{s}-{i}"], "answer": 3, "subject": f"subject_{s}"}
        for s in range(subjects) for i in range(each)
    ]  # fmt: skip
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def pointed_at(path: object, **query: str) -> AppTest:
    app = visit(NEW, **query)
    app.segmented_control(key="new.bank").set_value("file").run()
    return app.text_input(key="new.bank.path").set_value(str(path)).run()


def looked(app: AppTest, button: str = "check.start") -> AppTest:
    """After the job has ended: the fragment that looks after it is drawn by hand here."""
    app.button(key=button).click().run()
    for _ in range(200):
        if not app.get("progress"):
            return app
        time.sleep(PAUSE)
        app.run()
    raise AssertionError("the job did not end")


# ------------------------------------------------------------------ New simulation: what is set up is what is started


def test_a_file_is_read_and_told_of_and_its_guessing_line_is_its_own(started: list, tmp_path: Path):
    app = pointed_at(mmlu(tmp_path / "mmlu.jsonl"))
    assert not app.exception and "Ask for" in app.error[0].value, "an exam of 240 is too long for it"
    app.button(key="new.bank.fit").click().run()
    assert not app.exception and not app.error
    assert "in 18 categories. Guessing would give 25 of 100." in text_of(app)
    assert "knows the built-in curriculum alone" in app.warning[0].value and "guess" in app.warning[0].value
    assert len(app.pills(key="new.categories").options) == 18
    app.segmented_control(key="new.mix").set_value("even").run()
    assert not app.exception and len(app.slider) == 18 and sum(s.value for s in app.slider) == 100
    app.number_input(key="new.questions_per_turn").set_value(18).run()
    app.button(key="new.start").click().run()
    config = started[0][0]
    assert config.bank == str(tmp_path / "mmlu.jsonl") and len(config.mix) == 18


def test_a_file_that_takes_long_can_be_left_and_stopped_and_read_again(
    started: list, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(background, "SHORT_WAIT_SECONDS", 0.0)
    os.mkfifo(tmp_path / "waits")
    monkeypatch.setattr(bank, "JOB_MODULE", "fake_dataset_job")
    monkeypatch.setenv("FAKE_JOB_WAITS_FOR", str(tmp_path / "waits"))
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    app = pointed_at(mmlu(tmp_path / "mmlu.jsonl"))
    assert not app.exception and "Reading the questions: " in text_of(app)
    assert app.button(key="new.start").disabled and "The questions must be read first" in text_of(app)
    app.button(key="new.bank.stop").click().run()
    assert not app.exception and "That was stopped." in text_of(app) and app.button(key="new.start").disabled
    monkeypatch.setattr(background, "SHORT_WAIT_SECONDS", 120.0)
    monkeypatch.setattr(bank, "JOB_MODULE", dataset_job.__name__)
    app.button(key="new.bank.read").click().run()
    assert not app.exception and "in 18 categories" in text_of(app)


def test_one_category_for_all_and_no_mix_where_there_is_nothing_to_mix(started: list, tmp_path: Path):
    app = pointed_at(mmlu(tmp_path / "mmlu.jsonl"))
    app.text_input(key="new.bank_category").set_value("Science").run()
    assert not app.exception and "in 1 category." in text_of(app)
    assert "new.categories" not in [p.key for p in app.pills]
    for field, value in (("questions_per_turn", 18), ("exam_size", 10)):
        app.number_input(key=f"new.{field}").set_value(value)
    app.run()
    app.button(key="new.start").click().run()
    assert started[0][0].bank_category == "Science"


def test_doubtful_rows_stop_a_bank_or_are_left_out_and_that_is_counted(started: list, few_doubts: Path):
    app = pointed_at(few_doubts)
    assert (
        not app.exception and "Row 56" in app.error[0].value and "leave out all that is doubtful" in app.error[0].value
    )
    assert "a third of the questions" in text_of(app), "what the switch costs is said before it is turned"
    app.toggle(key="new.drop_invalid").set_value(True).run()
    assert not app.exception and "It has" in text_of(app)
    for field, value in (("questions_per_turn", 4), ("exam_size", 4)):
        app.number_input(key=f"new.{field}").set_value(value)
    app.run()
    assert not app.error
    app.button(key="new.start").click().run()
    assert started[0][0].drop_invalid


def test_where_all_rows_can_be_read_the_switch_says_what_it_left_out(folder: Path, tmp_path: Path):
    path = tmp_path / "rows.json"
    path.write_text(json.dumps([mathqa(n, **({"correct": "c"} if n < 10 else {})) for n in range(60)]))
    app = pointed_at(path)
    app.toggle(key="new.drop_invalid").set_value(True).run()
    assert "Left out as doubtful: " in text_of(app)
    told = next(line for line in text_of(app).split("\n") if "Left out" in line)
    assert int(told.split("Left out as doubtful: ")[1].split()[0]) in range(1, 11)


def test_a_path_that_climbs_is_refused_with_the_path_that_may_be_used(folder: Path, tmp_path: Path):
    app = pointed_at("../somewhere/rows.json")
    assert not app.exception and len(app.error) == 1
    assert "Write it whole: /" in app.error[0].value and ".." not in app.error[0].value.split("Write it whole: ")[1]


def test_a_set_of_the_hub_is_chosen_with_its_subjects(started: list):
    app = visit(NEW)
    app.segmented_control(key="new.bank").set_value("set").run()
    app.selectbox(key="new.bank.set").set_value("mmlu").run()
    app.multiselect(key="new.bank.subjects").set_value(["astronomy", "college_physics"]).run()
    assert not app.exception and not app.error and "new.bank.look" in [b.key for b in app.button]
    assert app.pills(key="new.categories").options == ["astronomy", "college physics"]
    app.button(key="new.start").click().run()
    assert started[0][0].bank == "mmlu:astronomy,college_physics"


def test_a_look_at_the_hub_without_a_network_is_a_message_and_a_run_again_finds_its_bank(
    folder: Path, monkeypatch: Any
):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    make_run(folder, "before", bank="mmlu:stem", bank_category="science", drop_invalid=True)
    app = visit(NEW, like="before")
    assert app.segmented_control(key="new.bank").value == "set" and app.selectbox(key="new.bank.set").value == "mmlu"
    assert app.text_input(key="new.bank_category").value == "science" and app.toggle(key="new.drop_invalid").value
    app.button(key="new.bank.look").click().run()
    for _ in range(400):
        if app.error:
            break
        time.sleep(PAUSE)
        app.run()
    assert not app.exception and "cannot be had from the hub" in app.error[0].value


# ------------------------------------------------------------------ Check questions


def test_without_a_choice_the_page_says_what_to_do(folder: Path):
    app = visit(CHECK)
    assert not app.exception and not app.error
    assert "Choose questions above, then press" in app.info[0].value


def test_a_file_is_checked_row_by_row_and_the_list_taken_away_without_formulas(folder: Path, few_doubts: Path):
    app = visit(CHECK, source=str(few_doubts))
    assert not app.header, "a link alone has nothing read"
    looked(app)
    assert not app.exception and not app.error
    assert "5 of 60 rows are doubtful" in app.header[0].value
    assert "2 rows can't be asked at all" in app.warning[0].value
    assert "lead to the right option" in text_of(app)
    kinds, doubts = app.table[0].value, app.dataframe[0].value
    assert kinds.rows.astype(int).sum() == len(doubts) and set(doubts.row) == {56, 57, 58, 59, 60}
    app.selectbox(key="check.kind").set_value("doubled options").run()
    assert list(app.dataframe[0].value.row) == [57]
    assert "options a and c are both '1'" in app.dataframe[0].value.why.iloc[0]


def test_the_list_as_csv_starts_no_cell_like_a_formula(few_doubts: Path):
    rows = json.loads(few_doubts.read_text())
    rows += [{**rows[14], "Problem": "=1+1 what is it ?", "correct": "c"}]
    few_doubts.write_text(json.dumps(rows))
    from studentsim.datasets.registry import build_bank_report
    from studentsim.store.export import escape_formula_cells

    frame = listing.issue_frame(build_bank_report(str(few_doubts)).to_json())
    assert frame.question.str.startswith("=").any()
    cells = [cell for line in csv.reader(io.StringIO(escape_formula_cells(frame).to_csv(index=False))) for cell in line]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


def test_an_upload_is_checked_under_its_own_name_and_not_kept(folder: Path, few_doubts: Path):
    app = visit(CHECK)
    app.segmented_control(key="check.bank").set_value("upload").run()
    assert "Choose questions above" in app.info[0].value
    app.file_uploader(key="check.upload").set_value(
        ("mine <b>.json", few_doubts.read_bytes(), "application/json")
    ).run()
    looked(app)
    assert not app.exception and not app.error and "5 of 60 rows are doubtful" in app.header[0].value
    assert "keep the file on this computer" in text_of(app)
    assert "check.use" not in [b.key for b in app.button]


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "is empty"),
        (b"\x00\x01\xff", "UTF-8"),
        (b'[{"x": 1}]', "of no known set"),
        (b'{"a":', "no JSON"),
        (b"a;b\n1;2", "semicolons"),
    ],
)
def test_a_bad_upload_is_a_message_that_names_it_as_its_owner_does(content: bytes, message: str):
    with pytest.raises(BankError) as error:
        name = "my questions.json" if b";" not in content else "my.csv"
        dataset_job._check_uploaded_files([(name, content)], {"category": ""}, lambda message: None)
    assert message in str(error.value) and "/tmp" not in str(error.value) and "my" in str(error.value)


def test_a_bad_file_is_a_message_on_the_page(folder: Path, tmp_path: Path):
    (tmp_path / "bad.json").write_bytes(b"\xff\xfe\x00")
    app = looked(visit(CHECK, source=str(tmp_path / "bad.json")))
    assert not app.exception and "UTF-8" in app.error[0].value and not app.header
    app.text_input(key="check.bank.path").set_value("../x.json").run()
    assert "Write it whole" in app.error[0].value


def test_an_upload_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch, folder: Path):
    monkeypatch.setattr(choose, "MAX_UPLOAD_MB", 1)
    app = visit(CHECK)
    app.segmented_control(key="check.bank").set_value("upload").run()
    app.file_uploader(key="check.upload").set_value(
        ("big.json", b"[" + b" " * 1_100_000 + b"]", "application/json")
    ).run()
    assert not app.exception and "big.json has" in app.error[0].value


def test_a_simulation_s_questions_are_offered_and_a_link_names_them(folder: Path, few_doubts: Path):
    make_run(folder, "own", bank=str(few_doubts), bank_category="sums", drop_invalid=True)
    app = visit(CHECK, run="own")
    assert app.text_input(key="check.bank.path").value == str(few_doubts)
    assert app.text_input(key="check.category").value == "sums"
    app.segmented_control(key="check.bank").set_value("run").run()
    assert not app.exception and "train.json: as in" in app.selectbox(key="check.run").options[0]
    gone = visit(CHECK, run="' OR 1=1--")
    assert not gone.exception and gone.error


def test_checked_questions_go_on_to_a_new_simulation(folder: Path, few_doubts: Path):
    app = looked(visit(CHECK, source=str(few_doubts)))
    app.button(key="check.use").click().run()
    assert not app.exception and app.text_input(key="new.bank.path").value == str(few_doubts)


@pytest.mark.parametrize("name", ["math_qa", "mmlu:stem", "mmlu:astronomy,law", "curriculum", "/home/me/train.json"])
def test_every_bank_has_a_name_for_people(name: str):
    assert dataset_picker.bank_title(name) and dataset_picker.source_kind(name) in dataset_picker.SOURCE_KINDS
    RunConfig.make(bank=name)


def report(letters: dict[str, int], options: int, **fields: Any) -> dict[str, Any]:
    total = sum(letters.values())
    told = [{"letter": x, "right": n, "accuracy": n / total} for x, n in letters.items()]
    return {
        "letters": told,
        "questions": total,
        "option_counts": {str(options): total},
        "rows": total,
        "doubtful_rows": 0,
        **fields,
    }


def test_letters_are_spoken_of_only_where_one_gives_itself_away():
    assert "Mind the letters: always ticking a would score 60 of 100" in sentences.describe_letter_bias(
        report({"a": 60, "b": 40, "c": 0, "d": 0}, 4)
    )
    assert "clearly more often than chance" in sentences.describe_letter_bias(
        report({"a": 4, "b": 4, "c": 3, "d": 3}, 4)
    )
    assert sentences.describe_letter_bias(report({"a": 26, "b": 25, "c": 25, "d": 24}, 4)).startswith(
        "No letter gives itself away"
    )


def test_mixed_numbers_of_options_guess_by_their_mean():
    mixed = report({"a": 50, "b": 50}, 2, option_counts={"2": 50, "4": 50})
    assert "Guessing would give 38 of 100" in sentences.describe_options(mixed)


def test_sizes_that_give_the_right_option_away_are_named_and_others_not():
    def describe(right: list[int], questions: int = 200, asked: int = 200) -> str:
        return sentences.describe_size_bias({"sizes": {"questions": questions, "right": right}, "questions": asked})

    assert describe([20, 62, 48, 40, 30]).startswith(
        "Mind the sizes: always ticking the second smallest would score 31 of 100"
    )
    assert "of the 200 questions whose 5 options are different numbers, where guessing gives 20 of 100" in describe(
        [20, 62, 48, 40, 30], asked=300
    )
    assert (
        describe([40, 42, 41, 39, 38])
        == describe([3, 4, 2, 2, 1], 12)
        == sentences.describe_size_bias({"sizes": None, "questions": 3})
        == ""
    )
    built_in = build_bank_report("curriculum").to_json()
    assert "Mind the sizes" in sentences.describe_size_bias(built_in)


@pytest.mark.parametrize("page", [WATCH, "pages/3_Compare.py", "pages/4_Answers.py", "pages/5_Weaknesses.py"])
def test_the_result_pages_bear_eighteen_categories(folder: Path, monkeypatch: pytest.MonkeyPatch, page: str):
    names = tuple(f"high school subject {n}" for n in range(18))
    monkeypatch.setattr(journals, "CATEGORIES", names)
    for run in ("one", "two"):
        make_run(
            folder, run, turns=2, exam_size=180, bank="mmlu:stem", strategy="random" if run == "two" else "category"
        )
    app = visit(page, runs="one,two") if "Compare" in page else visit(page, run="one")
    assert not app.exception and not app.error
    assert page == WATCH or "subject 1" in text_of(app) + str([e.proto for e in app.main])


# ------------------------------------------------------------------ what a file was taken for, and several at once


def table(path: Path, count: int = 60) -> Path:
    """A teacher's own table."""
    rows = [f"What is half of {2 * n}?,{n},{n + 1},{n + 2},{n + 4},A" for n in range(count)]
    path.write_text("\n".join(["question,a,b,c,d,answer", *rows]))
    return path


def test_the_page_says_what_a_file_was_taken_for_and_what_it_holds(folder: Path, tmp_path: Path):
    rows = [
        {"question": f"{n}?", "choices": ["1/2", "2/4" if n else "3", "3", "4"], "answer": 0, "subject": "anatomy"}
        for n in range(2)
    ]  # fmt: skip
    (tmp_path / "mmlu.jsonl").write_text("\n".join(map(json.dumps, rows)))
    app = looked(visit(CHECK, source=str(tmp_path / "mmlu.jsonl")))
    told = text_of(app)
    assert not app.exception and "Recognised as MMLU: all of the first 2 rows can be read." in told
    assert "It could also be read as a plain table." in told and "natural sciences 2" in told
    assert "In 1 row the right answer stands twice by its value" in told


def test_questions_of_which_none_is_for_exams_are_said_to_be_too_few(folder: Path, tmp_path: Path):
    assert "exam" not in {assign_split(f"What is half of {2 * n}?") for n in range(2)}
    told = text_of(looked(visit(CHECK, source=str(table(tmp_path / "few.csv", count=2)))))
    assert "0 for exams" in told and "without them nothing can be measured" in told
    assert "The embedded student knows the built-in curriculum alone" in told


def test_a_file_of_no_known_set_says_what_it_lacks(folder: Path, tmp_path: Path):
    (tmp_path / "mine.csv").write_text("question,a,b,c,d\nWhich?,1,2,3,4\n")
    app = looked(visit(CHECK, source=str(tmp_path / "mine.csv")))
    assert not app.exception and "no column says which option is right" in app.error[0].value


def test_a_set_that_somebody_names_goes_from_the_check_into_the_simulation(started: list, tmp_path: Path):
    path = table(tmp_path / "halves.csv")
    app = visit(CHECK, source=str(path), set="plain")
    assert app.selectbox(key="check.set").value == "plain"
    looked(app)
    assert not app.exception and "Read as a plain table, as you said" in text_of(app)
    app.button(key="check.use").click().run()
    assert not app.exception and app.selectbox(key="new.bank_set").value == "plain"
    app = pointed_at(path)
    app.selectbox(key="new.bank_set").set_value("plain")
    for field, value in (("questions_per_turn", 18), ("exam_size", 10)):
        app.number_input(key=f"new.{field}").set_value(value)
    app.run()
    app.button(key="new.start").click().run()
    assert started[0][0].bank_set == "plain"


def test_the_paper_s_protocol_leaves_the_set_that_somebody_named(started: list, tmp_path: Path):
    app = pointed_at(mmlu(tmp_path / "mmlu.jsonl"))
    app.selectbox(key="new.bank_set").set_value("mmlu").run()
    app.button(key="new.paper").click().run()
    assert app.selectbox(key="new.bank_set").value == "mmlu"
    app.number_input(key="new.exam_size").set_value(10).run()
    app.button(key="new.start").click().run()
    assert started[0][0].bank_set == "mmlu"


def test_several_files_make_one_bank_by_their_paths(started: list, tmp_path: Path):
    source = f"{table(tmp_path / 'halves.csv')} | {mmlu(tmp_path / 'mmlu.jsonl', subjects=2, each=40)}"
    app = pointed_at(source)
    for field, value in (("questions_per_turn", 18), ("exam_size", 10)):
        app.number_input(key=f"new.{field}").set_value(value)
    app.run()
    assert not app.exception and not app.error and "in 3 categories" in text_of(app)
    app.button(key="new.start").click().run()
    assert started[0][0].bank == source
    assert (
        dataset_picker.bank_title(source) == "halves.csv and mmlu.jsonl"
        and dataset_picker.source_kind(source) == dataset_picker.LOCAL_FILE
    )
    app = looked(visit(CHECK, source=source))
    assert not app.exception and "A plain table and MMLU" in app.header[0].value
    assert "Questions by topic: mmlu 80, halves 60." in text_of(app)
    app.text_input(key="check.bank.path").set_value(f"{source} | ../x.csv").run()
    assert "Write it whole" in app.error[0].value


def test_several_uploads_are_looked_at_as_one_bank(folder: Path, tmp_path: Path):
    app = visit(CHECK)
    app.segmented_control(key="check.bank").set_value("upload").run()
    files = [
        ("quiz.csv", table(tmp_path / "t.csv").read_bytes(), "text/csv"),
        ("sums.jsonl", b'{"question": "1+1?", "answer": "#### 2"}', "application/json"),
    ]
    app.file_uploader(key="check.upload").set_value(files).run()
    looked(app)
    assert not app.exception and not app.error and "A plain table and GSM8K" in app.header[0].value
    assert "quiz: Recognised as a plain table" in text_of(app) and "Questions by topic: quiz 60, sums 1." in text_of(
        app
    )


def test_p3_s_subjects_are_offered(started: list):
    app = visit(NEW)
    app.segmented_control(key="new.bank").set_value("set").run()
    app.selectbox(key="new.bank.set").set_value("mmlu").run()
    app.multiselect(key="new.bank.subjects").set_value(["p3"]).run()
    assert not app.exception and not app.error and len(app.pills(key="new.categories").options) == 23
    app.button(key="new.start").click().run()
    assert started[0][0].bank == "mmlu:p3" and "23 in five topics" in dataset_picker.bank_title("mmlu:p3")


# ------------------------------------------------------------------ children, and the guessing line of a run


def test_a_child_that_is_stopped_or_takes_too_long_is_told_of(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "sleepy_job.py").write_text("import time; print('{\"done\": 0.5}', flush=True); time.sleep(60)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    slow = background.start_job("sleepy_job", {"n": 1}, timeout_seconds=0.4)
    stopped = background.start_job("sleepy_job", {"n": 2})
    assert background.start_job("sleepy_job", {"n": 2}) is stopped, "the same question is one child"
    while not stopped.last_message:
        time.sleep(0.02)
    stopped.cancel()
    while slow.is_running or stopped.is_running:
        time.sleep(0.02)
    assert "was not done within" in slow.result["problem"] and "stopped" in stopped.result["problem"]
    assert background.find_job("sleepy_job", {"n": 2}) is None


def test_the_guessing_line_is_the_mean_over_the_exam_s_questions(folder: Path):
    path = make_run(folder, "mixed", exam_size=60) / "events.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    exam = [e for e in lines if e["type"] == "AnswerRecorded" and e["phase"] == "exam" and e["turn"] == 0]
    for event in exam[:30]:
        event["options"] = event["options"][:2]
    path.write_text("".join(json.dumps(e) + "\n" for e in lines))
    visit(HOME)
    opened = get_engine()
    ingest.sync_journals(opened.database, opened.runs_dir)
    assert queries.fetch_chance_accuracy(opened.database, ["mixed", "nobody"]) == {
        "mixed": pytest.approx((30 / 2 + 30 / 5) / 60)
    }
    assert live_run.take_snapshot(opened, "mixed").chance_accuracy == pytest.approx(0.35)
    app = visit(WATCH, run="mixed")
    assert not app.exception and not app.error
