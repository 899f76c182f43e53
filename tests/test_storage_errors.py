"""No room, and files that the system refuses: recognised in one place, whoever raises them, and put in words."""

from __future__ import annotations

import errno
import os

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studentsim import files
from studentsim.errors import BankError, DataFolderError, JournalError, StudentsimError
from studentsim.runs.failure import classify_run_error
from studentsim.store import db_files


class SafetensorError(Exception):
    """As safetensors', which is no ``OSError``."""


NO_ROOM = [
    OSError(errno.ENOSPC, "No space left on device"),
    OSError(errno.EDQUOT, "Disk quota exceeded"),
    OSError(errno.EFBIG, "File too large"),
    SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)"),
    SafetensorError("Error while serializing: IoError(Os { code: 122, kind: FilesystemQuotaExceeded, message: (os error 122) })"),
    RuntimeError("[enforce fail at inline_container.cc:858] . PytorchStreamWriter failed writing file data/0: file write failed"),
    duckdb.IOException('IO Error: Could not write file "x": No space left on device'),
    OSError("[Errno 28] Error writing bytes to file. Detail: [errno 28] No space left on device"),  # pyarrow's
]  # fmt: skip
OTHERS = [
    OSError(errno.EACCES, "Permission denied"),
    OSError(errno.EIO, "Input/output error"),
    ValueError("28 questions"),
    RuntimeError("os error 281"),
    BankError("The file says: No space left on device.", "It is a question."),
    KeyError("x"),
    None,
]


@pytest.mark.parametrize("error", NO_ROOM, ids=repr)
def test_a_full_disk_is_recognised_whoever_raises_it_and_pauses_the_run(error):
    assert files.is_disk_full(error)
    failure = classify_run_error(error)
    assert (failure.status, failure.error_type) == ("paused", "DiskFull") and "Free some space" in failure.remedy


@pytest.mark.parametrize("error", OTHERS, ids=repr)
def test_other_errors_are_no_full_disk(error):
    assert not files.is_disk_full(error)


@given(st.lists(st.sampled_from(["from", "while", "hidden"]), max_size=8), st.integers(0, len(NO_ROOM) - 1))
def test_a_full_disk_is_found_behind_any_chain_of_errors(links, number):
    """Law: an error is of a full disk as long as nobody said ``from None`` on the way."""
    error: BaseException = NO_ROOM[number]
    for link in links:
        outer = JournalError("It cannot be written.")
        if link == "from":
            outer.__cause__ = error
        else:
            outer.__context__ = error
            outer.__suppress_context__ = link == "hidden"
        error = outer
    assert files.is_disk_full(error) == ("hidden" not in links)


def test_a_circle_of_errors_ends():
    first, second = ValueError("a"), ValueError("b")
    first.__context__, second.__context__ = second, first
    assert not files.is_disk_full(first)


def test_the_database_asks_the_same_place():
    assert db_files.is_disk_full_error(NO_ROOM[6]) and not db_files.is_disk_full_error(duckdb.IOException("corrupt"))


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EIO, errno.ENOENT, errno.ENOTDIR])
def test_what_the_system_refuses_is_said_with_the_file_and_a_remedy(code):
    explained = files.explain_storage_error(OSError(code, os.strerror(code), "/data/runs/x"))
    assert isinstance(explained, DataFolderError) and "/data/runs/x" in explained.problem and explained.remedy
    with pytest.raises(DataFolderError, match="/there") as caught, files.explained_storage_errors("/there"):
        raise OSError(code, os.strerror(code))
    assert caught.value.__cause__.errno == code


@pytest.mark.parametrize(
    "error", [ValueError("x"), ConnectionResetError(errno.ECONNRESET, "reset"), OSError("a library's")]
)
def test_other_errors_pass(error):
    assert files.explain_storage_error(error) is None
    with pytest.raises(type(error)), files.explained_storage_errors("/there"):
        raise error


def test_the_tree_s_own_errors_pass():
    with pytest.raises(StudentsimError) as caught, files.explained_storage_errors("/there"):
        raise JournalError("It is.") from NO_ROOM[0]
    assert type(caught.value) is JournalError


def test_a_pipe_and_a_device_are_no_files_and_are_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, "/dev/zero"):
        with pytest.raises(OSError, match=r"."):
            files.read_regular_file(path)
    assert files.read_json_object(tmp_path / "pipe") == {}
    (tmp_path / "large").write_bytes(bytes(100))
    with pytest.raises(OSError, match="at most 50"):
        files.read_small_file(tmp_path / "large", 50)


def test_whatever_stands_there_is_removed(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "x").write_text("x")
    (tmp_path / "file").write_text("x")
    for name in ("folder", "file", "none"):
        files.remove_file(tmp_path / name)
    (tmp_path / "file").write_text("x")
    files.remove_folder_atomically(tmp_path / "file")
    assert list(tmp_path.iterdir()) == []
