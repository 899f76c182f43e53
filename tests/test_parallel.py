"""Pieces of work for several cores."""

import threading
import time

import pytest

from studentsim import parallel


@pytest.fixture(params=["1", "3"])
def threads(request, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", request.param)
    parallel._thread_pool.cache_clear()
    yield int(request.param)
    parallel._thread_pool.cache_clear()


def test_what_comes_back_is_in_the_order_of_what_went_in(threads):
    def work(n):
        time.sleep(0.01 * (n % 3 == 0))  # the first of three is done last
        return n * n

    assert list(parallel.parallel_map(work, range(12))) == [n * n for n in range(12)]
    assert list(parallel.parallel_map(work, [])) == []


def test_several_are_at_work_at_once_where_there_are_cores(threads):
    at_work, most, lock = 0, 0, threading.Lock()

    def work(n):
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        time.sleep(0.05)
        with lock:
            at_work -= 1

    list(parallel.parallel_map(work, range(6)))
    assert most == threads


def test_an_error_is_raised_where_the_work_was_asked_for(threads):
    def work(n):
        if n == 2:
            raise ValueError("two")
        return n

    came = []
    with pytest.raises(ValueError, match="two"):
        came.extend(n for n in parallel.parallel_map(work, range(5)))
    assert list(parallel.parallel_map(len, ["a", "bc"])) == [1, 2]  # and the next work finds everything in order


def test_who_stops_early_leaves_the_rest_undone(threads):
    done = []

    def work(n):
        time.sleep(0.02)
        done.append(n)
        return n

    going = parallel.parallel_map(work, range(40))
    assert next(going) == 0
    going.close()
    time.sleep(0.1)
    assert len(done) <= 2 * threads + 1


@pytest.mark.parametrize(("told", "expected"), [("3", 3), ("1", 1)])
def test_who_sets_the_number_of_threads_is_heard(monkeypatch, told, expected):
    monkeypatch.setenv("OMP_NUM_THREADS", told)
    assert parallel.available_cores() == expected


@pytest.mark.parametrize("told", ["", "0", "many", "4,2"])
def test_else_all_processors_that_are_free_to_the_process(monkeypatch, told):
    monkeypatch.setenv("OMP_NUM_THREADS", told)
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0, 1, 5}, raising=False)
    assert parallel.available_cores() == 3
