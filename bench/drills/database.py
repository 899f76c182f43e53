"""Flips of single bits in the database file and in its write-ahead log: each is noticed, or changes no value.

    python bench/drills/database.py --tries 200 --seed 1

A folder with three runs is made once; two of them are in the database file, the third still in its log, as a killed app leaves it. For
each try one bit of a copy is flipped, and the app's way is gone: open, sync, verify, read every table.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from studentsim.child_process import child_environment, run_json_child  # noqa: E402
from studentsim.errors import StudentsimError  # noqa: E402
from studentsim.store import db_files, tables  # noqa: E402
from studentsim.store.database import DATABASE_FILE_NAME, Database  # noqa: E402
from studentsim.store.ingest import sync_journals  # noqa: E402

CONTENT_SHARE = 0.6
"""Share of the flips that hit a byte that is not zero: most of a small database file is empty blocks."""

LEAVE_LOG = """
import os, sys
from studentsim.store.database import Database
from studentsim.store.ingest import sync_journals
database = Database.open(sys.argv[1])
sync_journals(database, sys.argv[1] + "/runs")
os._exit(0)
"""
"""Python: ends as a killed app does, with what it has taken in still in the log."""


@dataclass(frozen=True)
class FlipResult:
    """What came of one flipped bit."""

    file: str
    """``database`` or ``log``."""
    offset: int
    bit: int
    outcome: str
    """equal: no value differs, nothing was said; said: a notice or an error, and the tables are right or nothing was changed; silent:
    a table differs from one made anew; traceback: another error, or the process died."""
    detail: str = ""


def flip_database(tries: int, seed: int) -> list[FlipResult]:
    """Flips a bit of the database file and of its log by turns, ``tries`` times in all; what came of each."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder) / "base"
        expected = _make_base(base)
        contents = {"database": base / DATABASE_FILE_NAME, "log": db_files.wal_path(base / DATABASE_FILE_NAME)}
        flips = [_choose_flip(rng, name, contents[name]) for name in (("database", "log")[n % 2] for n in range(tries))]
        results: list[FlipResult] = []
        while len(results) < tries:
            request = {"base": str(base), "expected": expected, "flips": flips[len(results) :]}
            child = run_json_child(
                [__file__, "--judge"],
                request,
                on_message=lambda message: results.append(FlipResult(**message)) if "outcome" in message else None,
            )
            if len(results) < tries:  # it died of this one
                results.append(FlipResult(*flips[len(results)], "traceback", f"exit {child.exit_code}: {child.stderr}"))
        return results


def table_digests(database: Database) -> dict[str, str]:
    """A digest of every table's rows, in whatever order they are."""
    rows = {name: sorted(map(repr, database.query_rows(f"SELECT * FROM {name}"))) for name in tables.TABLE_COLUMNS}
    return {name: hashlib.sha256("\n".join(lines).encode()).hexdigest() for name, lines in rows.items()}


def _make_base(base: Path) -> dict[str, str]:
    """Makes the folder; returns what its tables should be."""
    from journals import make_run

    for number in range(3):
        make_run(base, f"run-{number}", turns=6, questions_per_turn=20, exam_size=60, seed=number)
        if number == 1:
            with Database.open(base) as database:
                sync_journals(database, database.runs_folder)
    subprocess.run([sys.executable, "-c", LEAVE_LOG, str(base)], check=True, env=child_environment())
    fresh = base.with_name("fresh")
    shutil.copytree(base / "runs", fresh / "runs")
    with Database.open(fresh) as database:
        sync_journals(database, database.runs_folder)
        return table_digests(database)


def _choose_flip(rng: random.Random, name: str, path: Path) -> tuple[str, int, int]:
    content = path.read_bytes()
    offset = rng.randrange(len(content))
    if rng.random() < CONTENT_SHARE:
        while not content[offset]:
            offset = rng.randrange(len(content))
    return name, offset, rng.randrange(8)


def _judge(base: Path, expected: dict[str, str], name: str, offset: int, bit: int) -> FlipResult:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        (data / "runs").symlink_to(base / "runs")
        for path in (base / DATABASE_FILE_NAME, db_files.wal_path(base / DATABASE_FILE_NAME)):
            shutil.copyfile(path, data / path.name)
        hurt = data / DATABASE_FILE_NAME if name == "database" else db_files.wal_path(data / DATABASE_FILE_NAME)
        with hurt.open("r+b") as file:
            file.seek(offset)
            byte = file.read(1)[0]
            file.seek(offset)
            file.write(bytes([byte ^ 1 << bit]))
        try:
            with Database.open(data) as database:
                sync_journals(database, database.runs_folder)
                database.verify_rows()
                found = table_digests(database)
                notices = " ".join(database.notices)
        except StudentsimError as error:
            return FlipResult(name, offset, bit, "said", str(error))
        except Exception:
            return FlipResult(name, offset, bit, "traceback", traceback.format_exc()[-1000:])
    differing = sorted(table for table in expected if found[table] != expected[table])
    if differing:
        return FlipResult(name, offset, bit, "silent", f"{', '.join(differing)}; {notices}")
    return FlipResult(name, offset, bit, "said" if notices else "equal", notices)


def _judge_all() -> None:
    request = json.loads(sys.stdin.read())
    for flip in request["flips"]:
        print(json.dumps(asdict(_judge(Path(request["base"]), request["expected"], *flip))), flush=True)


def main() -> int:
    """Prints how many flips ended how, and those that went wrong; 1 if any did."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tries", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--judge", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.judge:
        _judge_all()
        return 0
    results = flip_database(options.tries, options.seed)
    wrong = [result for result in results if result.outcome in ("silent", "traceback")]
    for result in wrong:
        print(result)
    print(dict(Counter((result.file, result.outcome) for result in results)))
    return int(bool(wrong))


if __name__ == "__main__":
    os.environ["STUDENTSIM_RECORDED"] = "0"
    sys.exit(main())
