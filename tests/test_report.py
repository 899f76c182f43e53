"""The report: one file that holds everything, escapes everything, and loads nothing."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
from playwright.sync_api import Page
from test_weaknesses import database
from typer.testing import CliRunner
from weak_runs import make_weak_run, questions

from studentsim.cli import app
from studentsim.errors import DatabaseBusy, DataFolderError, UnknownRun
from studentsim.exam import wilson_interval
from studentsim.reporting import file, html, svg
from studentsim.reporting.html_text import escape_html, table_html
from studentsim.reporting.style import CSS
from studentsim.store.database import Database
from studentsim.types import Option

HOSTILE = "<script>alert('x')</script> & <img src=http://evil/a.png onerror=alert(1)> costs $5 and $6 \u202eabc שלום עולם \x07"
VOID = {"meta", "br", "img", "link", "input", "hr"}


def report(folder: Path, run_id: str = "weak") -> str:
    with database(folder) as opened:
        return html.build_report_html(opened, run_id)


class Reader(HTMLParser):
    """Tags, attributes and text of a page; complains of what is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_it_tells_what_the_page_tells_with_its_limits_first(tmp_path: Path):
    make_weak_run(tmp_path)
    page = Reader(report(tmp_path))
    for said in (
        "Balanced beginner: follow the mistakes", "A model student, not your pupils", "It is weakest in probability, 3 of 12",
        "What to practise next", "Practise probability", "gave the odds instead of the chance", "The hardest questions of the exam",
        "How it was simulated", "Wilson", questions()[12].problem,
    ):  # fmt: skip
        assert said in page.text, said
    assert page.text.index("not your pupils") < page.text.index("It is weakest")
    assert not page.open


def test_categories_are_called_by_what_they_hold(tmp_path: Path):
    make_weak_run(tmp_path)
    text = Reader(report(tmp_path)).text.replace("The data set's own names: gain (profit, discount, interest).", "")
    assert "profit, discount, interest" in text and not re.search(r"\bgain\b", text)


def test_the_first_page_says_it_all_and_the_rest_is_appendix(tmp_path: Path):
    make_weak_run(tmp_path)
    text = report(tmp_path)
    first, appendix = text.removesuffix("</div>\n</body>\n</html>\n").split('<div class="appendix">')
    for said in ("It is weakest in probability", "What to practise next", "Practise probability", "not your pupils"):
        assert said in Reader(first).text
    assert first.count("<svg") == 2 and "How it was simulated" not in first
    for said in ("How it was simulated", "The hardest questions of the exam", "95 % interval, of 100", "Wilson"):
        assert said in Reader(appendix).text
    assert appendix.count('class="course"') == appendix.count("<svg"), "no picture twice"


@pytest.mark.browser
@pytest.mark.parametrize("asked", ["as they come", "long names and many categories"])
def test_the_first_page_is_one_sheet_of_a4(page: Page, tmp_path: Path, asked: str):
    sheet, width = 1122 - (16 + 18) * 96 / 25.4, 794 - 30 * 96 / 25.4  # pixels of A4 within the margins of @page
    long = "a very long name that goes on " * 8
    several = [
        replace(q, category=f"{long} {i % 9}", skill=f"{long}, skill {i}", problem=long)
        for i, q in enumerate(questions(each=6))
    ]
    make_weak_run(
        tmp_path, turns=(0, 2, 4, 6, 8), **({} if asked == "as they come" else {"asked": several, "name": long[:80]})
    )
    page.set_viewport_size({"width": round(width), "height": round(sheet)})
    page.set_content(report(tmp_path))
    page.emulate_media(media="print")
    assert page.locator(".summary").bounding_box()["height"] < sheet
    assert page.evaluate("getComputedStyle(document.querySelector('.appendix')).breakBefore") == "page"


def test_it_has_no_script_and_loads_nothing(tmp_path: Path):
    make_weak_run(tmp_path)
    page = Reader(report(tmp_path))
    assert not {tag for tag, _ in page.tags} & {
        "script",
        "link",
        "img",
        "iframe",
        "object",
        "embed",
        "form",
        "a",
        "base",
    }
    for _, attributes in page.tags:
        assert not [
            name for name in attributes if name.startswith("on") or name in ("src", "href", "style", "xlink:href")
        ]
    assert "@import" not in CSS and not re.search(r"url\((?!#)", CSS)


def test_its_policy_allows_its_own_style_sheet_alone(tmp_path: Path):
    make_weak_run(tmp_path, turns=(0,))
    text = report(tmp_path)
    policy = (
        next(a["content"] for tag, a in Reader(text).tags if a.get("http-equiv") == "Content-Security-Policy") or ""
    )
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style and base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode() in policy
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy


def _hostile(option: Option) -> Option:
    slip = option.misconception and HOSTILE + option.letter
    return replace(option, text=f"{HOSTILE}{option.letter}", misconception=slip)


def test_whatever_questions_answers_and_names_hold_is_shown_as_text(tmp_path: Path):
    asked = [
        replace(q, problem=f"{HOSTILE} {i}", category=HOSTILE, skill=HOSTILE, options=tuple(map(_hostile, q.options)))
        for i, q in enumerate(questions(each=2))
    ]
    make_weak_run(
        tmp_path,
        asked=asked,
        name="A & B 'quoted' $x$",
        letter=lambda turn, number, q: "a" if q.correct != "a" else "b",
    )
    text = report(tmp_path)
    page = Reader(text)
    assert "script" not in {tag for tag, _ in page.tags} and "img" not in {tag for tag, _ in page.tags}
    assert (
        "\x07" not in text and "<script>alert('x')</script> & <img" in page.text and "A & B 'quoted' $x$" in page.text
    )
    assert any(tag == "p" and a.get("dir") == "auto" for tag, a in page.tags) and "bdi" in {tag for tag, _ in page.tags}


@pytest.mark.parametrize(
    "settings", [{"turns": (), "half": 1, "status": ""}, {"turns": (0,)}, {"letter": lambda t, n, q: q.correct}]
)
def test_it_can_be_made_of_any_run(tmp_path: Path, settings: dict):
    make_weak_run(tmp_path, **settings)
    assert not Reader(report(tmp_path)).open


def test_the_pictures_are_sound_xml_with_their_figures_in_words():
    exams = pd.DataFrame({"turn": [0, 2], "correct": [10, 20], "questions": [40, 40], "accuracy": [0.25, 0.5]})
    exams["ci_low"], exams["ci_high"] = zip(*(wilson_interval(k, 40) for k in exams.correct), strict=True)
    cells = pd.DataFrame({"row": ["a<b", "c"], "turn": [0, 0], "correct": [3, 30], "questions": [6, 40]})
    line, heat, bars = (
        svg.accuracy_svg(exams, guessing_accuracy=0.2),
        svg.heatmap_svg(cells, row_labels={"a<b": "a<b & more", "c": "c"}),
        svg.history_bars_svg([3, 0, 1], 6, "a <slip>"),
    )
    for picture in (line, heat, bars):
        root = ElementTree.fromstring(picture)
        assert root.get("role") == "img" and root.get("aria-label") and root[0].tag == "title"
    assert "after lesson 2: 50" in line and "guessing: 20" in line
    assert ">3/6<" in heat and ">75<" in heat and 'fill="url(#few)"' in heat and "a&lt;b &amp; more: 3 of 6" in heat
    assert "3, 0, 1 of 6" in bars


def test_an_exam_before_any_lesson_alone_has_its_picture():
    exams = pd.DataFrame(
        {"turn": [0], "correct": [0], "questions": [4], "accuracy": [0.0], "ci_low": [0.0], "ci_high": [0.5]}
    )
    ElementTree.fromstring(svg.accuracy_svg(exams, guessing_accuracy=0.2))


def test_shades_run_from_orange_to_blue():
    assert (svg.share_color(0), svg.share_color(0.5), svg.share_color(1)) == ("#F2A36B", "#F7EEE6", "#7DB9E8")


def test_escape_leaves_no_markup_and_no_control_characters():
    assert escape_html("<a href=\"x\">'&'\x00\ud800") == "&lt;a href=&quot;x&quot;&gt;&#x27;&amp;&#x27;\ufffd\ufffd"
    assert "<b>" not in table_html(["<b>"], [["<b>", 1]], caption="<b>")


# ------------------------------------------------------------------ the command line's way


def test_the_command_writes_it_and_says_where(tmp_path: Path):
    make_weak_run(tmp_path)
    target = tmp_path / "it.html"
    done = CliRunner().invoke(app, ["report", "weak", "--data", str(tmp_path), "--to", str(target)])
    assert done.exit_code == 0 and done.output.strip() == str(target)
    assert "A model student, not your pupils" in target.read_text(encoding="utf-8")


def test_it_is_written_to_a_file_even_while_the_app_has_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    make_weak_run(tmp_path)
    first = file.write_report(tmp_path, "weak", tmp_path / "a.html").read_text(encoding="utf-8")

    def busy(folder: object) -> Database:
        raise DatabaseBusy("in use", "close it")

    monkeypatch.setattr(Database, "open", busy)
    assert file.write_report(tmp_path, "weak", tmp_path / "b.html").read_text(encoding="utf-8") == first


def test_what_cannot_be_reported_is_one_sentence(tmp_path: Path):
    make_weak_run(tmp_path, turns=(0,))
    with pytest.raises(UnknownRun):
        file.write_report(tmp_path, "nobody", tmp_path / "a.html")
    with pytest.raises(DataFolderError, match="no data folder"):
        file.write_report(tmp_path / "none", "weak", tmp_path / "a.html")
    with pytest.raises(DataFolderError, match="cannot be written"):
        file.write_report(tmp_path, "weak", tmp_path / "no" / "such" / "a.html")
