"""Whether the database opens, is this version's, and holds what the journals gave."""

from __future__ import annotations

from collections.abc import Iterator

from studentsim.diagnosis.finding import BAD, LOOK, OK, Context, Finding
from studentsim.store.database import DATABASE_FILE_NAME, Database
from studentsim.store.ingest import sync_journals
from studentsim.store.inspection import inspect_database

TITLE, ORDER = "database", 90
_REBUILD = "Make it anew from the journals: python -m studentsim doctor --fix"


def check(context: Context) -> Iterator[Finding]:
    """A look that changes nothing in it."""
    look = inspect_database(context.data, thorough=context.thorough)
    if look.status == "busy":
        yield Finding(OK, look.detail)
    elif look.status == "missing":
        yield Finding(OK, "There is none yet: it is made from the journals when the app is opened.")
    elif look.status == "sound":
        yield Finding(
            OK,
            f"It opens ({look.detail}), and {'every value is' if context.thorough else 'the numbers of rows are'} the journals'.",
        )
    elif look.status == "outdated":
        yield Finding(LOOK, f"It is an older one ({look.detail}).", "Nothing: the app makes it anew when it is opened.")
    elif look.status == "differing":
        yield Finding(LOOK, f"Rows of {look.detail} are not those of their journals.", _REBUILD)
    elif look.status == "damaged":
        yield Finding(BAD, f"It does not open: {look.detail}", _REBUILD)
    else:
        yield Finding(BAD, look.detail, look.remedy)


def fix(context: Context) -> Iterator[str]:
    """Puts a database that does not open aside and makes it anew; reads runs whose rows differ again."""
    if inspect_database(context.data, thorough=context.thorough).status not in ("damaged", "differing"):
        return
    with Database.open(context.data) as database:
        sync_journals(database, database.runs_folder)
        database.verify_rows()
        yield from database.notices or [f"{DATABASE_FILE_NAME} was read again"]
