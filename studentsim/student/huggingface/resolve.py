"""Finds a model's files and version: an installed model, a local folder, the hub's cache, or the Hugging Face hub. No torch.

Weights are read from *.safetensors alone; a pickle could run any program, and so could a model's own code, which is never
loaded. A run pins the version when it is created: a commit of the hub, or a fingerprint of a folder's files.
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

from studentsim.errors import ConfigError, StudentError, StudentsimError, first_line
from studentsim.files import read_regular_file
from studentsim.student.huggingface import gguf_families, model_store
from studentsim.student.huggingface.memory import MAX_DIMENSION

HUB_NAME_PATTERN = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[\w.-]{1,96}")
"""A model's name on the hub: owner/name."""
PICKLE_PATTERNS = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
WEIGHT_SUFFIXES = (".safetensors",)
FINGERPRINTED_SUFFIXES = (".json", *WEIGHT_SUFFIXES, ".jinja", ".model", ".txt")
"""Suffixes of the files that a folder's fingerprint covers."""
TOKENIZER_FILE_PATTERN = re.compile(r"(tokenizer|spiece|sentencepiece|vocab|source)[._-].*|.*\.(spm|tiktoken)")
"""Names of tokenizer files; a tokenizer has at least one of them."""
FINGERPRINT_PREFIX = "files-"
"""The prefix of a local folder's version."""

_OFFLINE_REMEDY = "Choose 'embedded' or a local folder, or connect to the network."
_MAX_HEADER_BYTES = 100 * 2**20
_MAX_TEXT_FILE_BYTES = 2**28
"""Largest file of a model that holds no weights, in bytes; the largest tokenizers have a tenth of it."""
_TAIL_BYTES = 2**20


@dataclass(frozen=True)
class ModelRole:
    """What a model is used as, and the architectures that suit."""

    name: str
    """For messages, after "cannot be"."""
    model_field: str
    """The setting that names the model, for errors."""
    revision_field: str
    """The setting that names its version."""
    is_encoder_decoder: bool
    """Whether it must be an encoder-decoder (T5, BART) rather than a causal language model (Gemma, Qwen)."""
    example: str
    """A suitable model's name on the hub."""
    remedy: str
    """The remedy for a model of the wrong kind, as a sentence."""


STUDENT_ROLE = ModelRole(
    "a student", "model", "model_loading.revision", False, "google/gemma-2b-it",
    "Choose a causal language model, such as google/gemma-2b-it.",
)  # fmt: skip
GRADER_ROLE = ModelRole(
    "a marker", "teacher.grader", "teacher.grader_revision", True, "google/flan-t5-large",
    "Name a T5 or BART that was fine-tuned to say Correct or Wrong (train-grader makes one), or 'embedded'.",
)  # fmt: skip
HINT_MODEL_ROLE = ModelRole(
    "a writer of hints", "teacher.hint_model", "teacher.hint_model", False, "google/gemma-2b-it",
    "Name an instruct model, such as google/gemma-2b-it.",
)  # fmt: skip


@dataclass(frozen=True)
class ResolvedModel:
    """A model that was found."""

    name: str
    revision: str
    """A commit of the hub, or ``files-`` and twelve hexadecimal digits."""
    folder: Path | None
    """The folder of its files; None: still to be downloaded."""
    config: Mapping[str, Any]
    """Its config.json; empty where that has not been downloaded yet."""
    parameters: int
    """Their number; 0: unknown."""


def resolve_model(name: str, revision: str = "", *, role: ModelRole = STUDENT_ROLE) -> ResolvedModel:
    """The model of that name. Takes some seconds, for a network request, where it is not on this computer.

    :raises ConfigError: (the role's ``model_field`` or ``revision_field``) when it cannot be found, or is not suited or not safe to use.
    """
    try:
        return _guard_resolve(name, revision, role)
    except ConfigError as error:
        field = {STUDENT_ROLE.model_field: role.model_field, STUDENT_ROLE.revision_field: role.revision_field}.get(
            error.field, error.field
        )
        raise ConfigError(error.problem, error.remedy, field=field) from error


def _guard_resolve(name: str, revision: str, role: ModelRole) -> ResolvedModel:
    """The model; whatever is wrong with its files, the error names it."""
    try:
        return _check_role(_resolve(name, revision, role), role)
    except StudentsimError:
        raise
    except Exception as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else first_line(error)
        file = f" of {Path(os.fsdecode(error.filename)).name}" if getattr(error, "filename", None) else ""
        raise gguf_families.model_error(
            f"The files of the model {name[:300]!r} cannot be read{file}: {reason}.", "Download the model again."
        ) from error


def is_local_folder(name: str) -> bool:
    """Whether a model's name means a folder of this computer (which need not exist) rather than a model of the hub."""
    if model_store.is_store_name(name):
        return False
    # os.path's functions, unlike Path's, accept any name: too long ones, and home folders of users who do not exist
    return name.startswith(("/", ".", "~")) or "\\" in name or os.path.exists(os.path.expanduser(name))


def _resolve(name: str, revision: str, role: ModelRole) -> ResolvedModel:
    if not name.strip() or "\0" in name or ".." in re.split(r"[\\/]", name):
        raise gguf_families.model_error(
            f"{name!r} names no model: it is blank or climbs with '..'.", "Write a folder's path whole."
        )
    if model_store.is_store_name(name) or gguf_families.is_gguf_file_name(name):
        return _resolve_installed(name, revision, role)
    if is_local_folder(name):
        return _resolve_folder(name, Path(os.path.expanduser(name)), revision)
    if not HUB_NAME_PATTERN.fullmatch(name):
        raise gguf_families.model_error(
            f"There is no model {name!r}.",
            f"Give 'embedded', a model that was got (such as smollm2), a name of the hub such as {role.example}, or a folder.",
        )
    return _resolve_cached(name, revision) or _resolve_remote(name, revision)


def compute_fingerprint(folder: Path, suffixes: Sequence[str] = FINGERPRINTED_SUFFIXES) -> str:
    """A version for a folder's files: a hash of small files' content and of weights' header, size and last MB.

    Different for another model and for one that was trained further; no proof against forgery.
    """
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.iterdir() if p.suffix in suffixes):
        size = path.stat().st_size
        digest.update(f"{path.name}\0{size}\0".encode(errors="surrogateescape"))
        if path.suffix == ".safetensors":
            digest.update(read_regular_file(path, max_bytes=8 + _read_header_length(path)))
            digest.update(read_regular_file(path, start=max(0, size - _TAIL_BYTES)))
        elif size > _MAX_TEXT_FILE_BYTES:
            raise gguf_families.model_error(
                f"{path.name} has {size / 2**20:,.0f} MB, more than {_MAX_TEXT_FILE_BYTES // 2**20}.",
                "No file of a model but its weights is so large: take it out.",
            )
        else:
            digest.update(read_regular_file(path))
    return FINGERPRINT_PREFIX + digest.hexdigest()[:12]


def count_parameters(folder: Path) -> int:
    """Parameters in a folder's weights. Only the files' headers are read.

    :raises ConfigError: when a file is no safetensors file.
    """
    return sum(_count_file_parameters(path) for path in sorted(folder.glob("*.safetensors")))


# ------------------------------------------------------------------ the four sources


def _resolve_installed(name: str, revision: str, role: ModelRole) -> ResolvedModel:
    """A model that ``studentsim models get`` installed: by its name, or by the GGUF file that it was made from."""
    if role.is_encoder_decoder:
        raise gguf_families.model_error(f"{name} is no encoder and decoder, and so cannot be {role.name}.", role.remedy)
    installed_name = (
        model_store.get_gguf_model_name(Path(os.path.expanduser(name)))
        if gguf_families.is_gguf_file_name(name)
        else name
    )
    try:
        folder = model_store.get_installed_model(installed_name).folder
    except StudentError as error:
        raise gguf_families.model_error(error.problem, error.remedy) from error
    return _resolve_folder(name, folder, revision)


def _resolve_folder(name: str, folder: Path, revision: str) -> ResolvedModel:
    if not os.path.isfile(folder / "config.json"):
        raise gguf_families.model_error(
            f"There is no model in {str(folder)!r}: it has no config.json.", "Give the folder of a model."
        )
    files = [path.name for path in folder.iterdir()]
    _check_no_pickles(f"The model in {str(folder)!r}", files)
    parameters = count_parameters(folder)
    fingerprint = compute_fingerprint(folder)
    if revision and revision != fingerprint:
        raise ConfigError(
            f"The model in {str(folder)!r} is not the one that was meant: its files are {fingerprint}, not {revision}.",
            "Put the files back, or start a new run with what is there now.",
            field="model_loading.revision",
        )
    return ResolvedModel(name, fingerprint, folder, _read_config(folder), parameters)


def _resolve_cached(name: str, revision: str) -> ResolvedModel | None:
    """The model in the hub's local cache, if config and weights are there."""
    from huggingface_hub import try_to_load_from_cache

    config_path = try_to_load_from_cache(name, "config.json", revision=revision or None)
    if not isinstance(config_path, str):
        return None
    folder = Path(config_path).parent  # …/snapshots/<commit>
    if not any(folder.glob("*.safetensors")):
        return None
    return ResolvedModel(name, folder.name, folder, _read_config(folder), count_parameters(folder))


def _resolve_remote(name: str, revision: str) -> ResolvedModel:
    from huggingface_hub import HfApi, hf_hub_download
    from huggingface_hub import errors as hub_errors

    problem_start = f"The model {name} is not on this computer, and"
    try:
        info = HfApi().model_info(name, revision=revision or None, timeout=5)
        if getattr(info, "gated", False):
            HfApi().auth_check(name)
        config = _read_config(Path(hf_hub_download(name, "config.json", revision=info.sha, etag_timeout=5)).parent)
    except hub_errors.GatedRepoError as error:
        raise gguf_families.model_error(
            f"{problem_start} its licence has not been accepted yet.",
            f"Accept it at https://huggingface.co/{name}, then log in here: hf auth login",
        ) from error
    except hub_errors.RevisionNotFoundError as error:
        raise ConfigError(
            f"{name} has no version {revision!r}.", "Leave it blank for today's.", field="model_loading.revision"
        ) from error
    except hub_errors.EntryNotFoundError as error:
        raise gguf_families.model_error(
            f"{name} is no model: it has no config.json.", "Give the name of a model."
        ) from error
    except hub_errors.RepositoryNotFoundError as error:
        raise gguf_families.model_error(
            f"{problem_start} the hub has none of that name (or it is private).", "Check the name."
        ) from error
    except ConfigError:
        raise
    except Exception as error:  # being offline raises a dozen kinds of errors
        raise gguf_families.model_error(
            f"{problem_start} the hub cannot be reached ({type(error).__name__}).", _OFFLINE_REMEDY
        ) from error
    _check_no_pickles(f"The model {name}", [file.rfilename for file in info.siblings or ()])
    weights_info = getattr(info, "safetensors", None)
    return ResolvedModel(name, info.sha, None, config, weights_info.total if weights_info else 0)


# ------------------------------------------------------------------ checks


def _check_no_pickles(subject: str, files: Sequence[str]) -> None:
    if any(file.endswith(".safetensors") and "/" not in file for file in files):
        return
    pickled = sorted(f for f in files for pattern in PICKLE_PATTERNS if "/" not in f and f.endswith(pattern[1:]))
    reason = f"it holds {pickled[0]}, a pickle, which could run any program" if pickled else "it has no weights"
    raise gguf_families.model_error(f"{subject} cannot be used: {reason}.", "Only *.safetensors are loaded.")


def _check_role(resolved: ResolvedModel, role: ModelRole) -> ResolvedModel:
    config = resolved.config
    if bool(config.get("is_encoder_decoder")) != role.is_encoder_decoder:
        kind = "no encoder and decoder" if role.is_encoder_decoder else "an encoder and decoder"
        raise gguf_families.model_error(
            f"{resolved.name} is {kind} ({config.get('model_type', 'of unknown kind')}), and so cannot be {role.name}.",
            role.remedy,
        )
    if role.is_encoder_decoder and resolved.folder and resolved.revision.startswith(FINGERPRINT_PREFIX):
        # transformers invents a tokenizer without a vocabulary where there is none
        if not any(TOKENIZER_FILE_PATTERN.fullmatch(path.name) for path in resolved.folder.iterdir()):
            raise gguf_families.model_error(
                f"The model in {str(resolved.folder)!r} has no tokenizer.",
                "Put its files there too: tokenizer.save_pretrained(folder).",
            )
    if quantization := config.get("quantization_config"):
        method = quantization.get("quant_method") if isinstance(quantization, Mapping) else None
        raise gguf_families.model_error(
            f"The weights of {resolved.name} are stored quantised ({method or 'by some method'}).",
            "Choose the original weights; they are quantised here, by the setting quantisation.",
        )
    return resolved


# ------------------------------------------------------------------ reading files


def _read_config(folder: Path) -> Mapping[str, Any]:
    try:
        config = json.loads(read_regular_file(folder / "config.json", max_bytes=_MAX_TEXT_FILE_BYTES))
    except (OSError, ValueError, RecursionError) as error:
        raise gguf_families.model_error(
            f"{folder / 'config.json'} cannot be read ({error}).", "Download the model again."
        ) from error
    if not isinstance(config, dict):
        raise gguf_families.model_error(
            f"{folder / 'config.json'} is no model's config.", "Give the folder of a model."
        )
    return config


def _read_header_length(path: Path) -> int:
    length = int.from_bytes(read_regular_file(path, max_bytes=8), "little")
    if not 0 < length <= min(_MAX_HEADER_BYTES, path.stat().st_size - 8):
        raise gguf_families.model_error(
            f"{path.name} is no safetensors file, or was cut off.", "Download the model again."
        )
    return length


def _count_file_parameters(path: Path) -> int:
    length = _read_header_length(path)
    try:
        header = json.loads(read_regular_file(path, start=8, max_bytes=length))
        shapes = [entry["shape"] for name, entry in header.items() if name != "__metadata__"]
        if not all(type(size) is int and 0 <= size <= MAX_DIMENSION for shape in shapes for size in shape):
            raise ValueError("a tensor of no size")
        return sum(map(math.prod, shapes))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise gguf_families.model_error(
            f"The header of {path.name} cannot be read.", "Download the model again."
        ) from error
