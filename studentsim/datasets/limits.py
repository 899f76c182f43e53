"""How large questions may be. What is larger is refused in words, with the value, before anything is computed with it."""

MAX_BYTES = 50 * 2**20
"""Largest file, or folder of files, in bytes."""
MAX_ROWS = 200_000
MAX_FILES = 20_000
"""Most entries of a folder and its subfolders; MATH has one file per problem, 12,500 of them."""
MAX_VALUES = 5_000_000
"""Most values of a file, by its commas and opening brackets: ten bytes of a file may take a hundred in memory."""
MAX_LINES = 2_000_000
MAX_SOURCES = 30
"""Most sources that a bank joins."""
MAX_COLUMNS = 1_000
"""Most columns of a table, or fields of a row; the widest known set has 14."""
MAX_ROW_CHARS = 200_000
"""Longest row: the characters of all its texts and names of fields together, and one for each value."""
MAX_TEXT_CHARS = 20_000
"""Longest text of a field, in characters; the longest in MathQA's dev file has under 3,000."""
MAX_CATEGORY_CHARS = 80
