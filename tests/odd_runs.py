"""Runs whose files hold anything: each way to spoil a run's folder, by name. For the tests of lists, pages and commands."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

Spoil = Callable[[Path], object]


def write(name: str, content: str | bytes) -> Spoil:
    """Put this into a file of the run."""

    def spoil(run: Path) -> None:
        path = run / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    return spoil


def change_settings(**changes: object) -> Spoil:
    """Change settings in config.json, and in the journal where there is one."""

    def spoil(run: Path) -> None:
        config = json.loads((run / "config.json").read_text()) | changes
        (run / "config.json").write_text(json.dumps(config))
        journal = run / "events.jsonl"
        if journal.exists():
            first, *rest = journal.read_text().splitlines()
            event = json.loads(first)
            event["config"] |= changes
            event = {name: value for name, value in event.items() if name not in ("crc", "lease")}
            journal.write_text("\n".join([json.dumps(event), *rest]) + "\n")

    return spoil


def damage_middle(run: Path) -> None:
    """A line in the midst of the journal becomes text."""
    journal = run / "events.jsonl"
    lines = journal.read_bytes().split(b"\n")
    lines[len(lines) // 2] = b"\x00\xff not an event"
    journal.write_bytes(b"\n".join(lines))


def without(name: str) -> Spoil:
    return lambda run: (run / name).unlink(missing_ok=True)


def folder_at(name: str) -> Spoil:
    def spoil(run: Path) -> None:
        (run / name).unlink(missing_ok=True)
        (run / name).mkdir()

    return spoil


def file_at(name: str) -> Spoil:
    def spoil(run: Path) -> None:
        shutil.rmtree(run / name, ignore_errors=True)
        (run / name).write_text("x")

    return spoil


def pipe_at(name: str) -> Spoil:
    def spoil(run: Path) -> None:
        (run / name).unlink(missing_ok=True)
        os.mkfifo(run / name)

    return spoil


def file_instead(run: Path) -> None:
    """A file where the run's folder was."""
    shutil.rmtree(run)
    run.write_text("x")


def empty(run: Path) -> None:
    """The folder is there, with nothing in it."""
    shutil.rmtree(run)
    run.mkdir()


DEEP = "[" * 100_000
LEASE = '{"epoch": "one", "pid": "x", "pid_started": 5, "beat": "now", "beats": null}'

HARMLESS: Mapping[str, Spoil] = {
    "no config": without("config.json"),
    "config: bytes": write("config.json", b"\x00\xff\xfe"),
    "config: deep": write("config.json", DEEP),
    "config: pipe": pipe_at("config.json"),
    "config: folder": folder_at("config.json"),
    "lease: text": write("leases/0001.json", "hello"),
    "lease: wrong types": write("leases/0001.json", LEASE),
    "lease: list": write("leases/0001.json", "[1, 2]"),
    "lease: bytes": write("leases/0001.json", b"\xff" * 240),
    "control: text": write("control.json", "hello"),
    "control: odd": write("control.json", '{"request": ["pause"], "at": 1}'),
    "control: huge": write("control.json", '{"request": "pause", "at": 1' + "0" * 400 + "}"),
    "control: nan": write("control.json", '{"request": "pause", "at": NaN}'),
    "control: deep": write("control.json", DEEP),
    "cell: text": write("cell.json", "hello"),
    "cell: odd": write("cell.json", '{"group": 5, "plan": [], "runs": "x", "coordinates": 7}'),
    "cell: deep": write("cell.json", DEEP),
    "notes: bytes": write("notes.json", b"\xff\xfe\x00"),
    "notes: odd": write("notes.json", '{"name": 5, "tags": {"a": 1}, "note": ["x"]}'),
    "notes: deep": write("notes.json", DEEP),
    "notes: pipe": pipe_at("notes.json"),
    "writing: odd": write("writing.json", '{"turn": "x"}'),
    "log: folder": folder_at("worker.log"),
}
"""Ways after which a run that has a journal is what it was."""
DAMAGING: Mapping[str, Spoil] = {
    "journal: middle": damage_middle,
    "journal: bytes": write("events.jsonl", b"\xff\n\xfe\n\x00\n"),
    "journal: folder": folder_at("events.jsonl"),
    "settings: types": change_settings(seed="x", turns=None),
    "settings: nested": change_settings(dpo="x", teacher=[1]),
    "settings: newer": change_settings(colour_of_the_pen="blue"),
    "leases: a file": file_at("leases"),
    "checkpoints: a file": file_at("checkpoints"),
    "a file": file_instead,
    "empty": empty,
}
"""Ways after which a run that is not over cannot go on."""
