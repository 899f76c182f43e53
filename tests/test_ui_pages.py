"""What all pages have in common, run by Streamlit's own AppTest over a real database; each page has a file of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from visits import HOME, NEW, WATCH, visit

from studentsim.ui import data


def test_a_database_in_use_elsewhere_is_one_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch):
    from studentsim.errors import DatabaseBusy
    from studentsim.store.database import Database

    def busy(path: str) -> Database:
        raise DatabaseBusy("The database is in use by process 4711.", "Close that app.")

    monkeypatch.setattr(Database, "open", busy)
    for page in (HOME, NEW, WATCH):
        app = visit(page)
        assert not app.exception
        assert "process 4711" in app.error[0].value


def test_what_nobody_foresaw_is_a_sentence_with_the_details_folded(folder: Path, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("the sum of nothing")

    monkeypatch.setattr(data, "list_recent_runs", broken)
    app = visit(HOME)
    assert not app.exception
    assert "Something went wrong" in app.error[0].value
    assert "ZeroDivisionError" in app.expander[0].code[0].value
