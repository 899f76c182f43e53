"""Where a model's files are, and which version: among those that were got, in a folder, in the hub's cache, or at the hub. No torch.

Weights are read from *.safetensors alone; a pickle could run any program, and so could a model's own code, which is never
loaded. A version is pinned when a run is made: a commit of the hub, or a fingerprint of a folder's files.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studentsim.errors import ConfigError, StudentError
from studentsim.student.huggingface import families, model_store

NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[\w.-]{1,96}")
"""A model's name at the hub: owner/name."""
PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
WEIGHTS = (".safetensors",)
VERSIONED = (".json", *WEIGHTS, ".jinja", ".model", ".txt")
"""Files that make a folder's version what it is, by their endings."""
TOKENIZER = re.compile(r"(tokenizer|spiece|sentencepiece|vocab|source)[._-].*|.*\.(spm|tiktoken)")
"""Files of which a tokenizer has at least one."""
FINGERPRINT = "files-"
"""What the version of a local folder begins with."""

_INSTEAD = "Choose 'embedded' or a local folder, or connect to the network."
_HEADER_LIMIT = 100 * 2**20
_TAIL = 2**20


@dataclass(frozen=True)
class Role:
    """What a model is for, and so which architectures will do."""

    name: str
    """In words, after "cannot be"."""
    field: str
    """The setting that names the model, for errors."""
    revision_field: str
    """The setting that names its version."""
    encoder_decoder: bool
    """Whether it is an encoder and decoder (T5, BART), or a causal language model (Gemma, Qwen)."""
    example: str
    """A name of the hub that will do."""
    remedy: str
    """What to choose instead of a model of the wrong kind."""


STUDENT = Role(
    "a student", "model", "hub.revision", False, "google/gemma-2b-it",
    "Choose a causal language model, such as google/gemma-2b-it.",
)  # fmt: skip
GRADER = Role(
    "a marker", "teaching.marker", "teaching.marker_revision", True, "google/flan-t5-large",
    "Name a T5 or BART that was fine-tuned to say Correct or Wrong (train-teacher makes one), or 'embedded'.",
)  # fmt: skip
HINT_WRITER = Role(
    "a writer of hints", "teaching.writer", "teaching.writer", False, "google/gemma-2b-it",
    "Name an instruct model, such as google/gemma-2b-it.",
)  # fmt: skip


@dataclass(frozen=True)
class Source:
    """A model as it was found."""

    name: str
    revision: str
    """A commit of the hub, or ``files-`` and twelve hexadecimal digits."""
    folder: Path | None
    """Where its files lie; None: still to be downloaded."""
    config: Mapping[str, Any]
    """Its config.json; empty where that is not here yet."""
    parameters: int
    """How many it has; 0: not known."""


def find(name: str, revision: str = "", *, role: Role = STUDENT) -> Source:
    """The model of that name. Asks the network, for some seconds, where it is not on this computer.

    ``role`` says what it is for: a student or a writer of hints is a causal language model, a marker an encoder and decoder.

    :raises ConfigError: (the role's ``field`` or ``revision_field``) it cannot be had or must not be used; says why.
    """
    try:
        return _checked(_found(name, revision, role), role)
    except ConfigError as error:
        field = {STUDENT.field: role.field, STUDENT.revision_field: role.revision_field}.get(error.field, error.field)
        raise ConfigError(error.problem, error.remedy, field=field) from error


def is_folder(name: str) -> bool:
    """Whether a model's name means a folder of this computer, which need not exist, rather than a name of the hub."""
    if model_store.is_name(name):
        return False
    # os.path's functions, unlike Path's, raise for no name: too long, or of a user whom there is not
    return name.startswith(("/", ".", "~")) or "\\" in name or os.path.exists(os.path.expanduser(name))


def _found(name: str, revision: str, role: Role) -> Source:
    if not name.strip() or "\0" in name or ".." in re.split(r"[\\/]", name):
        raise _refused(f"{name!r} names no model: it is blank or climbs with '..'.", "Write a folder's path whole.")
    if model_store.is_name(name) or families.is_file(name):
        return _got(name, revision, role)
    if is_folder(name):
        return _in_folder(name, Path(os.path.expanduser(name)), revision)
    if not NAME.fullmatch(name):
        raise _refused(
            f"There is no model {name!r}.",
            f"Give 'embedded', a model that was got (such as smollm2), a name of the hub such as {role.example}, or a folder.",
        )
    return _in_cache(name, revision) or _at_hub(name, revision)


def fingerprint(folder: Path, suffixes: Sequence[str] = VERSIONED) -> str:
    """A version for a folder's files: of the small ones their content, of weights the header, the size and the last MB.

    It finds another model, and one that was trained further. It is no proof against forgery.
    """
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.iterdir() if p.suffix in suffixes):
        digest.update(f"{path.name}\0{path.stat().st_size}\0".encode())
        with path.open("rb") as handle:
            if path.suffix == ".safetensors":
                digest.update(handle.read(8 + _header_length(path)))
                handle.seek(max(0, path.stat().st_size - _TAIL))
            digest.update(handle.read())
    return FINGERPRINT + digest.hexdigest()[:12]


def count_parameters(folder: Path) -> int:
    """Parameters in a folder's weights, by their headers. Nothing but the headers is read.

    :raises ConfigError: a file is no safetensors file.
    """
    return sum(_parameters_in(path) for path in sorted(folder.glob("*.safetensors")))


# ------------------------------------------------------------------ the four places


def _got(name: str, revision: str, role: Role) -> Source:
    """A model that ``studentsim models`` got: by its name, or by the GGUF file that it was made from."""
    if role.encoder_decoder:
        raise _refused(f"{name} is no encoder and decoder, and so cannot be {role.name}.", role.remedy)
    made = model_store.made_from(Path(os.path.expanduser(name))) if families.is_file(name) else name
    try:
        folder = model_store.require(made).folder
    except StudentError as error:
        raise _refused(error.problem, error.remedy) from error
    return _in_folder(name, folder, revision)


def _in_folder(name: str, folder: Path, revision: str) -> Source:
    if not os.path.isfile(folder / "config.json"):
        raise _refused(f"There is no model in {str(folder)!r}: it has no config.json.", "Give the folder of a model.")
    files = [path.name for path in folder.iterdir()]
    _refuse_pickled(f"The model in {str(folder)!r}", files)
    parameters = count_parameters(folder)
    found = fingerprint(folder)
    if revision and revision != found:
        raise ConfigError(
            f"The model in {str(folder)!r} is not the one that was meant: its files are {found}, not {revision}.",
            "Put the files back, or start a new run with what is there now.",
            field="hub.revision",
        )
    return Source(name, found, folder, _config(folder), parameters)


def _in_cache(name: str, revision: str) -> Source | None:
    """The model in the hub's local cache, if config and weights are there."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(name, "config.json", revision=revision or None)
    if not isinstance(found, str):
        return None
    folder = Path(found).parent  # …/snapshots/<commit>
    if not any(folder.glob("*.safetensors")):
        return None
    return Source(name, folder.name, folder, _config(folder), count_parameters(folder))


def _at_hub(name: str, revision: str) -> Source:
    from huggingface_hub import HfApi, hf_hub_download
    from huggingface_hub import errors as hub

    where = f"The model {name} is not on this computer, and"
    try:
        info = HfApi().model_info(name, revision=revision or None, timeout=5)
        if getattr(info, "gated", False):
            HfApi().auth_check(name)
        config = _config(Path(hf_hub_download(name, "config.json", revision=info.sha, etag_timeout=5)).parent)
    except hub.GatedRepoError as error:
        raise _refused(
            f"{where} its licence has not been accepted yet.",
            f"Accept it at https://huggingface.co/{name}, then log in here: hf auth login",
        ) from error
    except hub.RevisionNotFoundError as error:
        raise ConfigError(
            f"{name} has no version {revision!r}.", "Leave it blank for today's.", field="hub.revision"
        ) from error
    except hub.EntryNotFoundError as error:
        raise _refused(f"{name} is no model: it has no config.json.", "Give the name of a model.") from error
    except hub.RepositoryNotFoundError as error:
        raise _refused(f"{where} the hub has none of that name (or it is private).", "Check the name.") from error
    except ConfigError:
        raise
    except Exception as error:  # being offline shows itself in a dozen ways
        raise _refused(f"{where} the hub cannot be reached ({type(error).__name__}).", _INSTEAD) from error
    _refuse_pickled(f"The model {name}", [file.rfilename for file in info.siblings or ()])
    stored = getattr(info, "safetensors", None)
    return Source(name, info.sha, None, config, stored.total if stored else 0)


# ------------------------------------------------------------------ what must not be used


def _refuse_pickled(what: str, files: Sequence[str]) -> None:
    if any(file.endswith(".safetensors") and "/" not in file for file in files):
        return
    pickled = sorted(f for f in files for pattern in PICKLED if "/" not in f and f.endswith(pattern[1:]))
    why = f"it holds {pickled[0]}, a pickle, which could run any program" if pickled else "it has no weights"
    raise _refused(f"{what} cannot be used: {why}.", "Only *.safetensors are loaded.")


def _checked(source: Source, role: Role) -> Source:
    config = source.config
    if bool(config.get("is_encoder_decoder")) != role.encoder_decoder:
        kind = "no encoder and decoder" if role.encoder_decoder else "an encoder and decoder"
        raise _refused(
            f"{source.name} is {kind} ({config.get('model_type', 'of unknown kind')}), and so cannot be {role.name}.",
            role.remedy,
        )
    if role.encoder_decoder and source.folder and source.revision.startswith(FINGERPRINT):
        # transformers makes up a tokenizer without words where there is none
        if not any(TOKENIZER.fullmatch(path.name) for path in source.folder.iterdir()):
            raise _refused(
                f"The model in {str(source.folder)!r} has no tokenizer.",
                "Put its files there too: tokenizer.save_pretrained(folder).",
            )
    if config.get("quantization_config"):
        method = config["quantization_config"].get("quant_method", "some method")
        raise _refused(
            f"The weights of {source.name} are stored quantised ({method}).",
            "Choose the original weights; they are quantised here, by the setting quantisation.",
        )
    return source


def _refused(problem: str, remedy: str) -> ConfigError:
    return ConfigError(problem, remedy, field="model")


# ------------------------------------------------------------------ reading files


def _config(folder: Path) -> Mapping[str, Any]:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _refused(f"{folder / 'config.json'} cannot be read ({error}).", "Download the model again.") from error
    if not isinstance(config, dict):
        raise _refused(f"{folder / 'config.json'} is no model's config.", "Give the folder of a model.")
    return config


def _header_length(path: Path) -> int:
    with path.open("rb") as handle:
        length = int.from_bytes(handle.read(8), "little")
    if not 0 < length <= min(_HEADER_LIMIT, path.stat().st_size - 8):
        raise _refused(f"{path.name} is no safetensors file, or was cut off.", "Download the model again.")
    return length


def _parameters_in(path: Path) -> int:
    length = _header_length(path)
    try:
        with path.open("rb") as handle:
            header = json.loads(handle.read(8 + length)[8:])
        return sum(math.prod(entry["shape"]) for name, entry in header.items() if name != "__metadata__")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _refused(f"The header of {path.name} cannot be read.", "Download the model again.") from error
