"""Where a run's events are kept: the journal is the truth, DuckDB an index over it, made anew at any time.

journal.py   one append-only file a run: writing, reading, following
tables.py    events as rows: which columns there are, and what stands in them
schema.py    the database's tables, by numbered migrations
files.py     what can be wrong with the database's file
database.py  the one owner of DuckDB in a process
ingest.py    journals into tables
queries.py   every SELECT of the product
export.py    a run as CSV and Parquet, straight from its journal
"""
