"""Backups made while runs go on, restored elsewhere: equal, all or nothing, and never trusted."""

from __future__ import annotations

import io
import json
import os
import shutil
import stat
import subprocess
import sys
import threading
import time
import zipfile
from contextlib import ExitStack
from pathlib import Path

import fakes
import pytest
from journals import make_run
from run_help import comparable_events, manager, until
from typer.testing import CliRunner

from studentsim.backup import containers, snapshot, write
from studentsim.backup import manifest as manifests
from studentsim.backup import restore as restoring
from studentsim.backup.manifest import FileRecord, Manifest, is_backup_path
from studentsim.backup.restore import restore_backup
from studentsim.backup.write import write_backup
from studentsim.cli import app
from studentsim.errors import BackupError, DataFolderError
from studentsim.runs import checkpoints
from studentsim.runs.executor import execute
from studentsim.runs.notes import RunNotes, write_notes
from studentsim.runs.repair import check_run
from studentsim.runs.run_dir import RunFolder, create_run, delete_run, list_runs
from studentsim.runs.status import read_run_state
from studentsim.store import tables
from studentsim.store.database import Database
from studentsim.store.ingest import sync_journals
from studentsim.store.journal import read_events


def contents(data: Path) -> dict[str, list[str]]:
    with Database.open(data) as database:
        sync_journals(database, database.runs_folder)
        assert database.notices == []
        return {name: sorted(map(repr, database.query_rows(f"SELECT * FROM {name}"))) for name in tables.TABLE_COLUMNS}


def paused_run(data: Path, *, after_events: int, **settings: object) -> RunFolder:
    folder, seen = create_run(data, fakes.config(**settings)), iter(range(1, 10**6))

    def pause(_: object) -> None:
        if next(seen) == after_events:
            folder.write_request("pause")

    assert execute(folder, build_components=fakes.fake, on_event=pause) == "paused"
    return folder


@pytest.fixture(scope="module")
def stocked(tmp_path_factory) -> Path:
    """A data folder with everything that a backup keeps."""
    data = tmp_path_factory.mktemp("stock") / "data"
    paused_run(data, after_events=90)
    finished = create_run(data, fakes.config(seed=5))
    execute(finished, build_components=fakes.fake)
    write_notes(finished, RunNotes.make(name="Kept", tags=["pilot"], note="a = b"))
    make_run(data, "by-hand", status="")
    create_run(data, fakes.config(seed=6), queue_entry='{"since": 1.0}')
    gone = create_run(data, fakes.config(seed=7))
    delete_run(gone)
    for name in ("predictions/a1.json", "transfer/b2.json", "runs/.recorded.json", "models/.dtype.json"):
        (data / name).parent.mkdir(exist_ok=True)
        (data / name).write_text("{}")
    model = data / "models" / "smollm2"
    model.mkdir()
    (model / "studentsim_model.json").write_text("{}")
    (model / "model.safetensors").write_bytes(os.urandom(3_000_000))
    (data / "models" / ".get-smollm2").mkdir()
    (data / "models" / ".get-smollm2" / "half").write_text("")
    return data


@pytest.mark.parametrize("name", ["backup.zip", "backup"])
def test_what_is_restored_elsewhere_is_equal_and_goes_on_to_the_same_end(stocked, tmp_path, name):
    progress: list[tuple[int, int]] = []
    result = write_backup(stocked, tmp_path / name, on_progress=lambda *step: progress.append(step))
    assert result.problems == () and progress[-1][0] == result.manifest.total_bytes
    restored = tmp_path / "elsewhere" / "data"
    manifest = restore_backup(tmp_path / name, restored)
    assert manifest.run_ids == [folder.run_id for folder in list_runs(stocked)]
    assert contents(restored) == contents(stocked)
    assert [p.name for p in (restored / "runs" / ".deleted").iterdir()] == manifest.deleted_runs != []
    assert {p.name for p in restored.iterdir()} == {"runs", "predictions", "transfer", "studentsim.duckdb"}
    for folder in list_runs(stocked):
        copy = RunFolder(restored / "runs" / folder.run_id)
        assert check_run(copy).problems == check_run(folder).problems == ()
        assert checkpoints.list_turns(copy.checkpoints) == checkpoints.list_turns(folder.checkpoints)
        before = read_run_state(folder).status
        assert read_run_state(copy).status == ("interrupted" if before == "queued" else before)
        if before == "paused":
            assert execute(copy, build_components=fakes.fake) == "finished"
            whole = create_run(tmp_path / "whole", folder.read_config())
            execute(whole, build_components=fakes.fake)
            assert comparable_events(copy) == comparable_events(whole)
            assert read_run_state(folder).status == "paused"  # the original did not move
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([name, "elsewhere", "whole"])


def test_models_come_along_if_asked_for_and_half_ones_never(stocked, tmp_path):
    write_backup(stocked, tmp_path / "b.zip", with_models=True)
    restore_backup(tmp_path / "b.zip", tmp_path / "data")
    for name in ("smollm2/model.safetensors", "smollm2/studentsim_model.json", ".dtype.json"):
        assert (tmp_path / "data" / "models" / name).read_bytes() == (stocked / "models" / name).read_bytes()
    assert not (tmp_path / "data" / "models" / ".get-smollm2").exists()


# -------------------------------------------------------------------- while runs go on


def test_a_backup_at_any_moment_of_a_run_agrees_with_itself(tmp_path):
    """The worker goes on between the steps of the backup: by one event, or by so many that checkpoints are pruned."""
    config = fakes.config(turns=14, questions_per_turn=4, exam_size=24, exam_every=14)
    whole = create_run(tmp_path / "whole", config)
    execute(whole, build_components=fakes.fake)
    expected, count = comparable_events(whole), len(read_events(whole.journal_path))
    for number, begin in enumerate(range(3, count, 23)):
        data = tmp_path / f"data-{number}"
        folder = create_run(data, config)
        gate, events = threading.Semaphore(begin), []

        def step(event: object, gate=gate, events=events) -> None:
            gate.acquire()
            events.append(event)

        worker = threading.Thread(
            target=lambda folder=folder, step=step: execute(
                folder, build_components=fakes.fake, on_event=step, pause_on=()
            )
        )
        worker.start()
        until(lambda begin=begin, events=events: len(events) >= begin)

        def go_on(gate=gate, folder=folder, thread=worker, more=(1, 60, 200)[number % 3]) -> None:
            size = folder.journal_path.stat().st_size
            gate.release(more)
            until(lambda: folder.journal_path.stat().st_size > size or not thread.is_alive())
            time.sleep(0.05)

        with ExitStack() as stack, containers.BackupTarget(tmp_path / f"b-{number}.zip") as backup:
            manifest = Manifest()
            for file in snapshot.open_run(folder.path, stack, [], pause=go_on):
                manifest.records[file.path] = write._copy(file, backup)
            backup.write(manifests.MANIFEST_NAME, [manifest.to_bytes()])
        gate.release(10**6)
        worker.join()
        restored = tmp_path / f"restored-{number}"
        restore_backup(tmp_path / f"b-{number}.zip", restored)
        copy = RunFolder(restored / "runs" / folder.run_id)
        check = check_run(copy)
        assert check.problems == () and not check.journal.incomplete_bytes
        status = read_run_state(copy).status
        if status != "finished":
            assert execute(copy, build_components=fakes.fake, pause_on=()) == "finished"
        assert comparable_events(copy) == expected, (begin, status)
        resumed = [event for event in read_events(copy.journal_path) if event["type"] == "RunResumed"]
        assert [event.get("note") for event in resumed if event.get("note")] == []  # no checkpoint was missed


def test_a_run_at_work_in_another_process_is_backed_up_again_and_again(tmp_path):
    data = tmp_path / "data"
    with_workers = manager(data)
    run_id = with_workers.start(fakes.config(turns=30, questions_per_turn=24))
    number = 0
    try:
        until(lambda: with_workers.tick() or with_workers.get_state(run_id).status == "running")
        while with_workers.get_state(run_id).is_live and number < 12:
            assert write_backup(data, tmp_path / f"{number}.zip").problems == ()
            number += 1
        until(lambda: with_workers.tick() or with_workers.get_state(run_id).status == "finished")
    finally:
        with_workers.close()
    expected = comparable_events(RunFolder(data / "runs" / run_id))
    for taken in range(0, number, 4):
        restore_backup(tmp_path / f"{taken}.zip", tmp_path / f"data-{taken}")
        copy = RunFolder(tmp_path / f"data-{taken}" / "runs" / run_id)
        assert check_run(copy).problems == ()
        assert read_run_state(copy).status in ("interrupted", "finished")
        if read_run_state(copy).status != "finished":
            execute(copy, build_components=fakes.fake)
        assert comparable_events(copy) == expected


def test_what_cannot_be_read_is_named_and_the_rest_is_kept(stocked, tmp_path, monkeypatch):
    data, (first, second, *_) = tmp_path / "data", [run for run in list_runs(stocked) if run.checkpoints.exists()]
    shutil.copytree(stocked, data)
    (data / "runs" / first.run_id / "events.jsonl").unlink()
    (data / "runs" / first.run_id / "events.jsonl").mkdir()
    notes = data / "runs" / second.run_id / "notes.json"
    notes.unlink(missing_ok=True)
    os.mkfifo(notes)
    result = write_backup(data, tmp_path / "b.zip")
    problems = " ".join(result.problems)
    assert first.run_id in problems and "notes.json" in problems and len(result.problems) == 2
    assert result.manifest.run_ids == [run.run_id for run in list_runs(stocked) if run.run_id != first.run_id]
    restore_backup(tmp_path / "b.zip", tmp_path / "restored")
    outcome = CliRunner().invoke(app, ["backup", "--to", str(tmp_path / "c.zip"), "--data", str(data)])
    assert outcome.exit_code == 1 and outcome.output.count("Left out") == 2


@pytest.mark.parametrize("target", ["b.zip", "b"])
def test_a_disk_that_fails_in_the_midst_of_a_file_costs_that_run_alone(stocked, tmp_path, monkeypatch, target):
    broken = next(run.run_id for run in list_runs(stocked) if run.checkpoints.exists())
    real = snapshot.OpenedFile.blocks

    def blocks(file):
        yield from real(file)
        if broken in file.path and "checkpoints" in file.path:
            file.handle.close()
            raise BackupError(f"The file {file.path} cannot be read (Input/output error).")

    monkeypatch.setattr(snapshot.OpenedFile, "blocks", blocks)
    result = write_backup(stocked, tmp_path / target)
    assert len(result.problems) == 1 and broken in result.problems[0]
    assert broken not in restore_backup(tmp_path / target, tmp_path / "data").run_ids
    assert len(result.manifest.run_ids) == len(list_runs(stocked)) - 1


# -------------------------------------------------------------------- all or nothing


def test_nothing_is_overwritten(stocked, tmp_path):
    (tmp_path / "there.zip").write_text("mine")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("mine")
    for name in ("there.zip", "full"):
        with pytest.raises(BackupError, match="is there already"):
            write_backup(stocked, tmp_path / name)
    write_backup(stocked, tmp_path / "b.zip")
    with pytest.raises(DataFolderError, match="not empty"):
        restore_backup(tmp_path / "b.zip", tmp_path / "full")
    with pytest.raises(DataFolderError, match="not empty"):
        restore_backup(tmp_path / "b.zip", tmp_path / "there.zip")
    (tmp_path / "empty").mkdir()
    restore_backup(tmp_path / "b.zip", tmp_path / "empty")
    assert (tmp_path / "there.zip").read_text() == "mine" == (tmp_path / "full" / "file").read_text()
    with pytest.raises(DataFolderError, match="no data folder"):
        write_backup(tmp_path / "nowhere", tmp_path / "c.zip")


@pytest.mark.parametrize("target", ["b.zip", "b"])
def test_a_full_disk_leaves_nothing_and_says_so(stocked, tmp_path, monkeypatch, target):
    for name, module, call in (
        ("write", write, lambda: write_backup(stocked, tmp_path / target)),
        ("restore", restoring, lambda: restore_backup(tmp_path / "sound.zip", tmp_path / "data")),
    ):
        if name == "restore":
            write_backup(stocked, tmp_path / "sound.zip")
        with monkeypatch.context() as patch:
            patch.setattr(module, "hashlib", FullDisk(after=5))
            with pytest.raises(DataFolderError, match="full"):
                call()
    assert [p.name for p in tmp_path.iterdir()] == ["sound.zip"]


class FullDisk:
    """In the place of hashlib: the disk is full after so many files."""

    def __init__(self, after: int) -> None:
        self.left = after

    def sha256(self):
        import hashlib

        self.left -= 1
        if not self.left:
            raise OSError(28, "No space left on device")
        return hashlib.sha256()


KILLED = """
import sys
from studentsim.backup import restore, write
from pathlib import Path
import os
def die(done, total):
    if done > total // 2:
        os._exit(9)
what, source, target = sys.argv[1:]
if what == "backup":
    write.write_backup(Path(source), Path(target), on_progress=die)
else:
    restore.restore_backup(Path(source), Path(target), on_progress=die)
"""


def test_killed_in_the_midst_nothing_stands_under_the_name(stocked, tmp_path):
    write_backup(stocked, tmp_path / "b.zip")
    for what, source, target in (
        ("backup", stocked, tmp_path / "c.zip"),
        ("backup", stocked, tmp_path / "c"),
        ("restore", tmp_path / "b.zip", tmp_path / "data"),
    ):
        assert subprocess.run([sys.executable, "-c", KILLED, what, str(source), str(target)]).returncode == 9
        assert not target.exists()
    restore_backup(tmp_path / "b.zip", tmp_path / "data")


def test_a_disk_too_small_is_seen_before(stocked, tmp_path, monkeypatch):
    write_backup(stocked, tmp_path / "b.zip")
    monkeypatch.setattr(restoring, "free_bytes", lambda folder: 1000)
    with pytest.raises(DataFolderError, match="MB left"):
        restore_backup(tmp_path / "b.zip", tmp_path / "data")
    assert not (tmp_path / "data").exists()


# -------------------------------------------------------------------- not trusted


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    """A small backup as a zip file."""
    folder = tmp_path_factory.mktemp("small")
    make_run(folder / "data", "r1", turns=1, questions_per_turn=2, exam_size=6)
    write_backup(folder / "data", folder / "b.zip")
    return folder / "b.zip"


def rewritten(source: Path, target: Path, extra: dict[str, bytes], *, attributes: int = 0, drop: str = "") -> Path:
    """The backup with further files, which its manifest names, or without one."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            if info.filename not in (drop, manifests.MANIFEST_NAME):
                new.writestr(info, old.read(info))
        manifest = Manifest.from_bytes(old.read(manifests.MANIFEST_NAME))
        for path, content in extra.items():
            info = zipfile.ZipInfo(path)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, attributes << 16
            new.writestr(info, content)
            import hashlib

            manifest.records[path] = FileRecord(len(content), hashlib.sha256(content).hexdigest(), 1.0)
        new.writestr(manifests.MANIFEST_NAME, manifest.to_bytes())
    return target


CLIMBING = (
    "../evil.json", "/etc/evil.json", "runs/../../evil.json", "runs/r1/../../../evil", "C:/evil.json", "runs\\r1\\config.json",
    "runs/r1/checkpoints/turn-0001/../../../../evil", "models/../evil", "predictions/..json", "runs/r1/queue.json", "runs/r1/control.json",
    "runs/r1/leases/x.json", "runs/.deleted/x", "studentsim.duckdb", "app.py", "runs/r1", "runs/r1/", "predictions/" + "x" * 300 + ".json",
    "predictions/a\0.json", "models/.hidden/file", "runs/r1/checkpoints/turn-0001/.x",
)  # fmt: skip


@pytest.mark.parametrize("path", CLIMBING)
def test_a_path_that_no_backup_holds_is_refused(small, tmp_path, path):
    assert not is_backup_path(path)
    with pytest.raises(BackupError):
        restore_backup(rewritten(small, tmp_path / "b.zip", {path: b"x"}), tmp_path / "in" / "data")
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["b.zip"]
    raw = json.dumps({"format": "studentsim-backup", "version": 1, "files": {path: [1, "0" * 64, 1.0]}})
    with pytest.raises(BackupError):
        Manifest.from_bytes(raw.encode())


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFDIR])
def test_links_and_devices_are_refused(small, tmp_path, kind):
    with pytest.raises(BackupError, match="link or no regular file"):
        restore_backup(
            rewritten(small, tmp_path / "b.zip", {"predictions/a.json": b"/etc/passwd"}, attributes=kind | 0o644),
            tmp_path / "data",
        )


def test_in_a_folder_too(small, tmp_path):
    restore_backup(small, tmp_path / "data")
    write_backup(tmp_path / "data", tmp_path / "b")
    journal = tmp_path / "b" / "runs" / "r1" / "events.jsonl"
    content = journal.read_bytes()
    for hurt in (
        lambda: journal.write_bytes(content.replace(b"a", b"b", 1)),
        lambda: journal.write_bytes(content[:-1]),
        lambda: journal.unlink(),
        lambda: os.symlink(tmp_path / "data" / "runs" / "r1" / "events.jsonl", journal),
        lambda: (journal.unlink(), os.mkfifo(journal)),
        lambda: (journal.unlink(), journal.write_bytes(content), (journal.parent / "queue.json").write_text("{}")),
    ):
        hurt()
        with pytest.raises(BackupError):
            restore_backup(tmp_path / "b", tmp_path / "again")
        assert not (tmp_path / "again").exists()
    (journal.parent / "queue.json").unlink()
    restore_backup(tmp_path / "b", tmp_path / "again")


def test_a_zip_bomb_is_refused_before_it_is_unpacked(small, tmp_path, monkeypatch):
    bomb = rewritten(small, tmp_path / "b.zip", {"predictions/a.json": b"0" * 300_000_000})
    began = time.monotonic()
    with pytest.raises(BackupError, match="zip bomb"):
        restore_backup(bomb, tmp_path / "data")
    assert time.monotonic() - began < 1
    monkeypatch.setattr(manifests, "MAX_FILES", 1)
    with pytest.raises(BackupError, match="files"):
        restore_backup(small, tmp_path / "data")


def test_a_bomb_that_understates_its_size_stops_at_what_it_stated(small, tmp_path):
    hurt = rewritten(small, tmp_path / "b.zip", {"predictions/a.json": b"1234567890" * 1_000_000})
    data = hurt.read_bytes()
    true_size, false_size = (10_000_000).to_bytes(4, "little"), (100).to_bytes(4, "little")
    assert data.count(true_size) >= 2
    hurt.write_bytes(data.replace(true_size, false_size))
    with pytest.raises(BackupError):
        restore_backup(hurt, tmp_path / "data")


def test_what_is_no_backup_is_refused(small, tmp_path):
    (tmp_path / "text.zip").write_text("hello")
    (tmp_path / "empty.zip").write_bytes(b"")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as other:
        other.writestr("predictions/a.json", "{}")
    with zipfile.ZipFile(tmp_path / "no-manifest.zip", "w") as other:
        other.writestr(manifests.MANIFEST_NAME, "[1]")
    (tmp_path / "folder").mkdir()
    for name in ("text.zip", "empty.zip", "other.zip", "no-manifest.zip", "folder", "nowhere.zip"):
        with pytest.raises(BackupError) as caught:
            restore_backup(tmp_path / name, tmp_path / "data")
        assert caught.value.remedy
    os.mkfifo(tmp_path / "pipe.zip")
    with pytest.raises(BackupError):
        restore_backup(tmp_path / "pipe.zip", tmp_path / "data")
    newer = json.dumps({"format": "studentsim-backup", "version": 2}).encode()
    with pytest.raises(BackupError, match="newer program"):
        Manifest.from_bytes(newer)


def test_every_flipped_bit_of_a_backup_is_noticed_or_changes_nothing(small, tmp_path):
    import random

    rng, sound = random.Random(3), small.read_bytes()
    restore_backup(small, tmp_path / "sound")
    expected = {p.relative_to(tmp_path / "sound"): p.read_bytes() for p in (tmp_path / "sound").rglob("*.json*")}
    for number in range(150):
        hurt = bytearray(sound)
        hurt[rng.randrange(len(hurt))] ^= 1 << rng.randrange(8)
        (tmp_path / "b.zip").write_bytes(hurt)
        target = tmp_path / f"data-{number}"
        try:
            restore_backup(tmp_path / "b.zip", target)
        except (BackupError, DataFolderError):
            assert not target.exists()
            continue
        assert {p.relative_to(target): p.read_bytes() for p in target.rglob("*.json*")} == expected


# -------------------------------------------------------------------- the commands


def test_the_commands_make_and_restore_one(stocked, tmp_path):
    runner = CliRunner()
    result = runner.invoke(app, ["backup", "--to", str(tmp_path / "b.zip"), "--data", str(stocked), "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout.splitlines()[-1])
    assert told["runs"] == len(list_runs(stocked)) and told["problems"] == []
    result = runner.invoke(app, ["restore", str(tmp_path / "b.zip"), "--data", str(tmp_path / "data")])
    assert result.exit_code == 0 and str(tmp_path / "data") in result.stdout
    assert contents(tmp_path / "data") == contents(stocked)


def test_a_manifest_read_back_is_the_same():
    manifest = Manifest({"predictions/a.json": FileRecord(1, "0" * 64, 1.5)}, ["r1"], 2.0)
    assert Manifest.from_bytes(manifest.to_bytes()) == manifest
    hurt = io.BytesIO(manifest.to_bytes()).read().replace(b"1.5", b"2.5")
    with pytest.raises(BackupError, match="damaged"):
        Manifest.from_bytes(hurt)
