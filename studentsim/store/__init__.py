"""Storage of runs: the journal is the source of truth, DuckDB an index over the journals that can be rebuilt at any time.

journal.py        a run's append-only event file: writing, reading, following
notes.py          the user's name, tags and note for a run
tables.py         events as rows: the columns, and how events fill them
practice_mix.py   practice by category beside the exam before it, from rows of events
schema.py         the database's tables
db_files.py       the database's files: what an error means, moving damaged and outdated files aside
rwlock.py         a readers-writer lock
database.py       the one owner of DuckDB in a process
apply_chunk.py    one chunk of a journal into the tables
ingest.py         all journals into the tables
queries/          every SELECT of the product
export.py         a run as CSV and Parquet, straight from its journal
table_writers.py  Arrow tables as CSV, Parquet or Excel bytes
"""
