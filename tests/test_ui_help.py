"""Help: every term once, links that open at a term, the search, and where the data lies."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from journals import make_run
from visits import text_of, visit

from studentsim.analysis import rewards, transfer_summary
from studentsim.cli import app as command_line
from studentsim.cli.transfer import save_recorded_matrix
from studentsim.config import STRATEGIES, RunConfig
from studentsim.curriculum import generator
from studentsim.labels import category_names
from studentsim.transfer import matrix as transfer_matrix
from studentsim.transfer.matrix import CategoryResult, PairedOutcome, TransferMatrix, build_transfer_matrix
from studentsim.types import CATEGORIES
from studentsim.ui import glossary, layout
from studentsim.ui.help import places, transfer, words
from studentsim.ui.watch import links

HELP = "pages/7_Help.py"
ROOT = Path(__file__).parents[1]


def test_every_term_is_explained_once_in_one_plain_sentence():
    assert len(glossary.TERMS) == len(glossary._TERMS), "two terms share an id"
    assert len({t.name.lower() for t in glossary.TERMS.values()}) == len(glossary.TERMS), "two terms share a name"
    for term in glossary.TERMS.values():
        assert term.group in glossary.TERM_GROUPS
        assert re.fullmatch(r"[A-Z].*\.", term.summary) and len(term.summary) < 160, term.id
        assert re.fullmatch(r"[a-z][a-z-]*", term.id), f"{term.id} would not survive a link"
        assert "!" not in term.summary + term.details


def test_the_terms_that_pages_use_are_there():
    wanted = {
        "exam", "lesson", "practice", "mastery", "slip", "dpo", "lora", "margin", "preference-accuracy", "log-probability",
        "interval", "guessing", "seed", "recorded", "facility", "discrimination", "p-right",
    }  # fmt: skip
    assert wanted <= set(glossary.TERMS)
    assert {glossary.strategy_term_id(strategy) for strategy in STRATEGIES} <= set(glossary.TERMS)


def test_what_the_terms_claim_of_the_questions_is_so():
    assert all(category in glossary.TERMS["category"].summary for category in CATEGORIES)
    assert all(skill.category in CATEGORIES for skill in generator.SKILLS.values())


def test_every_category_is_explained_where_it_stands_and_a_strange_one_is_left_alone():
    assert tuple(category_names.CATEGORY_CONTENTS) == CATEGORIES and set(category_names.SHORT_CATEGORY_CONTENTS) < set(
        CATEGORIES
    )
    assert category_names.describe_category("gain") == "Gain: profit, discount and interest."
    assert category_names.describe_category("astrology") is None
    assert (
        category_names.brief_category_label("gain", CATEGORIES) == "profit …"
        and category_names.brief_category_label("physics", CATEGORIES) == "physics"
    )
    assert (
        category_names.explain_category_names(["physics", "gain"])
        == "The data set's own names: gain (profit, discount, interest)."
    )
    for own in (
        ["astrology"],
        ["general", "other"],
        ["gain", "loss"],
    ):  # a bank of one's own means its own things by its names
        assert category_names.explain_category_names(own) == ""


def test_every_view_of_the_learning_has_a_term_that_explains_it(folder: Path):
    make_run(folder, "it")
    for shown in rewards.REWARD_VIEWS.values():
        app = visit(layout.WATCH_PAGE, run="it", **{"watch.view": shown.name})
        assert not app.exception
        label = f"What is “{glossary.TERMS[shown.glossary_id].name}”?"
        link = next(link for link in app.get("page_link") if link.label == label)
        assert link.proto.query_string.endswith(f"term={shown.glossary_id}")


def test_short_help_is_the_sentence_and_the_fields_word():
    assert glossary.term_help("lora").endswith("In the field: LoRA, low-rank adaptation.")
    assert glossary.term_help("skill") == glossary.TERMS["skill"].summary


@pytest.mark.parametrize(
    "text, first",
    [("margin", "margin"), ("LoRA", "lora"), ("misconception", "slip"), ("turn", "lesson"), ("seed", "seed")],
)
def test_the_search_knows_the_fields_words_too(text: str, first: str):
    assert glossary.search_terms(text)[0].id == first
    assert glossary.search_terms("") == list(glossary.TERMS.values())
    assert glossary.search_terms("xyzzy") == []


def test_every_command_that_help_names_exists():
    names = {c.name or c.callback.__name__ for c in command_line.registered_commands if c.callback}
    named = {m[1] for _, _, command in words.DATA_CARE_STEPS for m in re.finditer(r"-m studentsim ([\w-]+)", command)}
    assert named and named <= names


def test_the_keys_of_the_presentation_view_are_those_its_buttons_have():
    """Whoever changes one finds the other."""
    hands = f"1 to {links.MAX_RACE_RUNS + 1}"
    told = {key for key, _ in words.PRESENTATION_SHORTCUTS}
    sources = "".join(path.read_text() for path in (ROOT / "studentsim" / "ui" / "watch").glob("*.py"))
    for key in told - {hands}:
        assert f'"{key}"' in sources, key
    assert hands in told and set(re.findall(r'shortcut="(\w+)"', sources)) <= told


def test_sizes_are_those_on_the_disk(tmp_path: Path):
    run = make_run(tmp_path)
    (run / "checkpoints" / "turn-0001").mkdir(parents=True)
    (run / "checkpoints" / "turn-0001" / "adapter").write_bytes(b"x" * 1000)
    found = places.measure_data_folder(tmp_path)
    assert (found.run_count, found.checkpoint_bytes) == (1, 1000)
    assert found.journal_bytes == (run / "events.jsonl").stat().st_size
    assert places.measure_data_folder(tmp_path / "nowhere").run_count == 0
    assert [words.format_bytes(n) for n in (0, 10, 12_400, 3_400_000, 2e9)] == [
        "nothing yet",
        "1 KB",
        "12 KB",
        "3.4 MB",
        "2.0 GB",
    ]


# ------------------------------------------------------------------ the page


def test_help_explains_limits_keys_and_where_the_data_lies(folder: Path):
    make_run(folder, "it")
    app = visit(HELP)
    assert not app.exception and not app.error
    text = text_of(app)
    for term in glossary.TERMS.values():
        assert term.summary.split(",")[0].split("(")[0][:40] in text.replace("\\", "")
    assert "nothing about a real pupil" in text and "1 simulation" in text
    assert str(folder) in [c.value for c in app.get("code")]


@pytest.mark.parametrize(
    "state", [{"status": "paused", "turn": 1}, {"status": "failed", "turn": 2}, {"status": "", "alive": True}]
)
def test_help_stands_whatever_the_runs_do(folder: Path, state: dict):
    make_run(folder, "it", **state)
    app = visit(HELP)
    assert not app.exception and not app.error


def test_a_link_opens_at_its_term(folder: Path):
    app = visit(HELP, term="margin")
    assert app.subheader[0].value == "Lead of the right answer"


@pytest.mark.parametrize("term", ["nobody", "<script>", "x" * 5000, "$a$ *b*", "a\0b"])
def test_a_link_to_no_term_is_a_friendly_page(folder: Path, term: str):
    app = visit(HELP, term=term)
    assert not app.exception and not app.error
    assert "There is no term called" in app.info[0].value and len(app.info[0].value) < 300


def test_the_search_narrows_and_says_when_nothing_fits(folder: Path):
    app = visit(HELP)
    app.text_input(key="help.search").set_value("interval").run()
    assert "Wilson" in text_of(app) and "#### Journal" not in text_of(app)
    app.text_input(key="help.search").set_value("xyzzy $5").run()
    assert not app.exception and "Nothing here is called" in text_of(app)


def test_help_is_in_the_menu():
    assert layout.MENU_PAGES[-1][:2] == (HELP, "Help")


# ------------------------------------------------------------------ what practice of one category does for the others


def matrix(
    rehearsal: float, seed: int = 5, *, own: int = 12, other: int = 1, student: str = "balanced", rate: float = 1e-3
) -> TransferMatrix:
    """An invented transfer matrix of two categories, 20 questions each."""
    cells = [
        CategoryResult(
            practised,
            tuple(
                PairedOutcome(f"{c}{i}", c, False, i < (own if c == practised else other))
                for c in ("gain", "x<y")
                for i in range(20)
            ),
            1.0,
        )
        for practised in ("gain", "x<y")
    ]
    config = RunConfig.make(turns=12, exam_size=60, seed=seed, student=student).model_dump(mode="json")
    return build_transfer_matrix(
        cells, config={**config, "dpo": {**config["dpo"], "rehearsal": rehearsal, "learning_rate": rate}}
    )


def test_help_shows_what_practice_of_one_category_does_with_its_seed_and_intervals(folder: Path, tmp_path, monkeypatch):
    path = tmp_path / "transfer.json"
    monkeypatch.setattr(transfer_matrix, "BUNDLED_MATRICES_PATH", path)
    others = (matrix(0.3, seed=7, student="careless"), matrix(0.0, other=3, student="careless"))
    for made in (matrix(0.3), *others, matrix(0.3, seed=6), matrix(0.0, other=6, rate=7e-4), matrix(0.0, other=9)):
        save_recorded_matrix(made, path)
    app = visit(HELP)
    assert not app.exception and not app.error
    text = text_of(app).replace("\\", "")
    assert transfer.SECTION_TITLE in text and "(#transfer)" in text
    found = matrix(0.3)
    assert (
        transfer_summary.describe_transfer(found, transfer_summary.inline_category_namer(found)) in text
        and "rehearsal 0.3" in text
        and "seed 5" in text
    )
    assert "With other seeds, practised and not practised on the mean: seed 6: +60" in text
    assert "seed 7" not in text and "Balanced beginner" in text
    assert "Without rehearsal, as in the paper, practice of one category moves them all" in text and "+45 (" in text
    assert len(app.get("plotly_chart")) == 1 and transfer.TRANSFER_COMMAND in [c.value for c in app.get("code")]


def test_help_s_matrix_names_categories_by_what_they_hold(folder: Path):
    """The matrix that comes with the product."""
    app = visit(HELP)
    (chart,) = app.get("plotly_chart")
    figure = json.loads(chart.proto.spec)
    axes = [figure["layout"][axis]["ticktext"] for axis in ("xaxis", "yaxis")]
    for names in axes:
        told = " ".join(names).replace("<br>", " ")
        assert "profit, discount, interest" in told and "sequences, counting, percent" in told and "physics" in told
        assert not {"gain", "other", "general"} & set(names)
    first = transfer.rehearsal_matrices()[0]
    assert transfer_summary.describe_transfer(first, transfer_summary.inline_category_namer(first)) in text_of(
        app
    ).replace("\\", "")
    assert "The data set's own names: general (averages, ages, ratios)" in text_of(app)


@pytest.mark.parametrize("made", [None, "{", '{"matrices": []}'])
def test_help_says_nothing_of_transfer_where_no_matrix_came_with_it(folder: Path, tmp_path, monkeypatch, made):
    monkeypatch.setattr(transfer_matrix, "BUNDLED_MATRICES_PATH", tmp_path / "transfer.json")
    if made is not None:
        (tmp_path / "transfer.json").write_text(made)
    app = visit(HELP)
    assert not app.exception and not app.error
    assert (
        transfer.SECTION_TITLE not in text_of(app) and "#transfer" not in text_of(app) and not app.get("plotly_chart")
    )
