"""Journeys through Answers and Questions in a real browser: filter, copy the link, open it elsewhere; walk a question's history;
take files away and read them back; from a question to its answers.
"""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from answer_runs import FORMULA, make_answers_run
from browser import serve
from browsing import still
from playwright.sync_api import Browser, Page, expect

sys.path.insert(0, str(Path(__file__).parent.parent / "bench"))
import layout_shift  # noqa: E402

pytestmark = pytest.mark.browser

ROW, HEAD = 35, 35
"""Pixels of a row of the table and of its headings."""
GRID = "[data-testid=stDataFrame]"
PHONE = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/140 Mobile Safari/537.36"


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    make_answers_run(folder, "study", name="A class")
    make_answers_run(folder, "long", lessons=30, practice=100, exam=1000)
    return folder


@pytest.fixture(scope="module")
def answers(data_folder: Path) -> pd.DataFrame:
    lines = (data_folder / "runs" / "study" / "events.jsonl").read_text().splitlines()
    return pd.DataFrame([e for e in map(json.loads, lines) if e["type"] == "AnswerRecorded"])


@pytest.fixture(scope="module")
def url(data_folder: Path) -> Iterator[str]:
    with serve(data_folder) as address:
        yield address


def rows(page: Page, count: int) -> None:
    """Wait until the table has so many rows."""
    page.locator(f"{GRID} [role=grid][aria-rowcount='{count + 1}']").wait_for(state="attached")


def press_row(page: Page, index: int) -> None:
    """Press the button of a row; scrolls only where the row is out of sight, as people do."""
    for _ in range(2):
        box = page.locator(GRID).bounding_box()
        assert box and page.viewport_size
        middle = box["y"] + HEAD + ROW * index + ROW / 2
        if box["y"] >= 0 and middle < page.viewport_size["height"] - ROW:
            break
        page.locator(GRID).scroll_into_view_if_needed()
    page.mouse.click(box["x"] + 35, middle)


def heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", name=re.compile(re.escape(text)))).to_be_visible()


def test_a_filtered_view_with_its_open_card_is_a_link(page: Page, browser: Browser, url: str, answers: pd.DataFrame):
    ticked = ~answers.is_correct & answers.letter.notna()
    wrong = answers[(answers.phase == "exam") & ticked & (answers.category == "gain")]
    page.goto(f"{url}/Answers?run=study")
    rows(page, len(answers))
    page.get_by_role("radio", name="wrong").or_(page.get_by_role("button", name="✗ wrong")).first.click()
    still(page)
    page.get_by_role("radio", name="exam").or_(page.get_by_role("button", name="exam", exact=True)).first.click()
    still(page)
    choice = page.get_by_role("combobox", name="Category")
    choice.fill("profit")
    expect(page.get_by_role("option", name="profit, discount, interest")).to_be_visible()
    choice.press("Enter")
    rows(page, len(wrong))
    still(page)
    press_row(page, 2)
    third = wrong.iloc[2]
    expect(page.get_by_test_id("stText").get_by_text(third.problem, exact=True)).to_be_visible()
    page.wait_for_url(re.compile(rf"answer={third.seq}\b"))
    said = page.get_by_role("heading", level=2).inner_text()

    other = browser.new_page(viewport={"width": 1280, "height": 900})
    other.goto(page.url)
    rows(other, len(wrong))
    expect(other.get_by_test_id("stText").get_by_text(third.problem, exact=True)).to_be_visible()
    expect(other.get_by_role("heading", level=2)).to_have_text(said)
    expect(other.get_by_text(f"3 of {len(wrong)}", exact=True)).to_be_visible()
    other.close()

    page.get_by_role("link", name="Next").click()
    page.wait_for_url(re.compile(rf"answer={wrong.iloc[3].seq}\b"))
    expect(page.get_by_text(f"4 of {len(wrong)}", exact=True)).to_be_visible()
    page.go_back()
    expect(page.get_by_text(f"3 of {len(wrong)}", exact=True)).to_be_visible()
    assert f"answer={third.seq}" in page.url


@pytest.mark.parametrize("show", ["table", pytest.param("cards", marks=pytest.mark.long)])
def test_an_opened_card_is_in_view_at_once(browser: Browser, url: str, answers: pd.DataFrame, show: str):
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(f"{url}/Answers?run=study&mark=wrong&show={show}")
    wrong = answers[~answers.is_correct]
    if show == "table":
        rows(page, len(wrong))
        press_row(page, 5)
    else:
        page.get_by_role("link", name="Open this answer").nth(5).click()
    page.wait_for_url(re.compile(rf"answer={wrong.seq.iloc[5]}\b"))
    wrote = page.get_by_text("What the student wrote", exact=True)
    expect(wrote).to_be_in_viewport()
    expect(page.get_by_role("link", name="Next")).to_be_in_viewport()
    expect(page.get_by_text("Filters (1 set)")).to_be_visible()
    page.close()


def test_a_question_s_history_is_walked_and_back_leads_back(page: Page, url: str, answers: pd.DataFrame):
    exam = answers[answers.phase == "exam"]
    first = exam[exam.turn == 0].iloc[4]
    later = exam[(exam.turn == 4) & (exam.question_id == first.question_id)].iloc[0]
    page.goto(f"{url}/Answers?run=study&answer={first.seq}")
    expect(page.get_by_text(re.compile("^Asked 3 times in this simulation"))).to_be_visible()
    page.get_by_role("link", name="exam after 4").click()
    page.wait_for_url(re.compile(rf"answer={later.seq}\b"))
    expect(page.get_by_text("exam after lesson 4 · ")).to_be_visible()
    page.get_by_role("link", name="first exam").click()
    page.wait_for_url(re.compile(rf"answer={first.seq}\b"))
    page.go_back()
    page.wait_for_url(re.compile(rf"answer={later.seq}\b"))
    expect(page.get_by_text("exam after lesson 4 · ")).to_be_visible()


@pytest.mark.long
def test_a_view_is_taken_away_and_read_back(page: Page, url: str, answers: pd.DataFrame):
    first = answers[(answers.phase == "exam") & (answers.turn == 0)]
    page.goto(f"{url}/Answers?run=study&phase=exam&lesson=0")
    page.get_by_text(f"Download {len(first)} answers").click()

    def take(label: str) -> bytes:
        with page.expect_download() as waiting:
            page.get_by_role("button", name=label, exact=True).click()
        return Path(waiting.value.path()).read_bytes()

    csv = pd.read_csv(io.BytesIO(take("CSV")), encoding="utf-8-sig")
    assert csv.seq.tolist() == first.seq.tolist() and csv.text[2] == "'" + FORMULA
    sheet = openpyxl.load_workbook(io.BytesIO(take("Excel")))["answers"]
    table = list(sheet.values)
    assert len(table) == len(first) + 1
    assert [row[7] for row in table[1:]] == first.problem.tolist()
    assert table[3][14] == FORMULA and all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    parquet = pd.read_parquet(io.BytesIO(take("Parquet")))
    assert parquet.text.tolist() == first.text.tolist()


@pytest.mark.long
def test_a_long_list_comes_as_it_is_scrolled_to_and_keeps_its_place(page: Page, url: str):
    received = [0]
    page.on(
        "websocket", lambda ws: ws.on("framereceived", lambda frame: received.__setitem__(0, received[0] + len(frame)))
    )
    page.goto(f"{url}/Answers?run=long")
    rows(page, 19_000)
    assert received[0] < 400_000, "the list travelled whole"
    box = page.locator(GRID).bounding_box()
    assert box
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    for _ in range(20):
        page.mouse.wheel(0, 1000)
        page.wait_for_timeout(30)
    page.wait_for_timeout(1500)
    press_row(page, 4)
    page.wait_for_url(re.compile(r"answer=(\d+)"))
    opened = int(re.search(r"answer=(\d+)", page.url)[1])
    assert opened > 300
    expect(page.get_by_role("link", name="Next")).to_be_visible()
    page.wait_for_timeout(1500)
    press_row(page, 5)  # the list stands where it stood: the row below is the next answer
    page.wait_for_url(re.compile(rf"answer={opened + 1}\b"))


def test_a_phone_gets_cards(browser: Browser, url: str, answers: pd.DataFrame):
    phone = browser.new_page(viewport={"width": 390, "height": 844}, user_agent=PHONE)
    phone.goto(f"{url}/Answers?run=study&mark=wrong")
    expect(phone.get_by_role("link", name="Open this answer")).to_have_count(10)
    assert not phone.locator(GRID).count()
    phone.get_by_role("link", name="Open this answer").nth(1).click()
    phone.wait_for_url(re.compile(rf"answer={answers[~answers.is_correct].seq.iloc[1]}\b"))
    expect(phone.get_by_text(re.compile(f"^2 of {(~answers.is_correct).sum()}$"))).to_be_visible()
    wide = phone.evaluate(
        "Math.max(...[...document.querySelectorAll('[data-testid=stMain], html')].map(e => e.scrollWidth - e.clientWidth))"
    )
    phone.close()
    assert wide <= 0


@pytest.mark.long
def test_from_a_question_to_its_answers_and_back(page: Page, url: str, answers: pd.DataFrame):
    page.goto(f"{url}/Questions")
    expect(page.get_by_text(re.compile("^6,888 questions. Press"))).to_be_visible()  # they are made, once
    choice = page.get_by_role("combobox", name="Skill")
    choice.fill("Price after a discount")
    expect(page.get_by_role("option", name="Price after a discount", exact=True)).to_be_visible()
    choice.press("Enter")
    rows(page, 164)
    page.get_by_role("radio", name="exam").or_(page.get_by_role("button", name="exam", exact=True)).first.click()
    rows(page, 40)
    page.goto(f"{url}/Questions?question={answers.question_id.iloc[0]}")
    expect(page.get_by_test_id("stText").get_by_text(answers.problem.iloc[0], exact=True)).to_be_visible()
    page.get_by_role("link", name="A class").click()
    page.wait_for_url(re.compile(r"/Answers\?run=study&question="))
    rows(page, int((answers.question_id == answers.question_id.iloc[0]).sum()))
    page.go_back()
    heading(page, "6,888 questions")


@pytest.mark.long
def test_a_row_of_questions_opens_its_question(page: Page, url: str):
    page.goto(f"{url}/Questions?skill=sale-price&split=exam")
    rows(page, 40)
    press_row(page, 3)
    page.wait_for_url(re.compile(r"question=sale-price-exam-\d+"))
    expect(page.get_by_text("The right working", exact=True)).to_be_visible()


@pytest.mark.parametrize(("width", "opened"), [(1280, ""), (390, ""), (390, "&answer=40")])
def test_little_moves_after_the_first_text_of_a_cold_page(browser: Browser, url: str, width: int, opened: str):
    """Every page's figure: bench/layout_shift.py."""
    context = browser.new_context(viewport={"width": width, "height": 844}, user_agent=PHONE if width < 500 else None)
    page = context.new_page()
    page.add_init_script(layout_shift.OBSERVED)
    page.goto(f"{url}/Answers?run=study{opened}")
    page.get_by_role("heading", level=1, name="A class").wait_for()
    if opened:  # the way to the run's other pages, under the card
        page.get_by_role("link", name="Another simulation").wait_for()
    still(page)
    page.wait_for_timeout(500)
    shifts, first = page.evaluate("[window.shifts, window.firstText]")
    context.close()
    assert first < float("inf") and layout_shift.total([s for s in shifts if s["at"] >= first]) < layout_shift.LIMIT, (
        shifts
    )
