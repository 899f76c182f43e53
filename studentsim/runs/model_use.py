"""Which runs need a model that was got, and its removal where none does. No torch."""

from __future__ import annotations

import os
from pathlib import Path

from studentsim.config import RunConfig
from studentsim.errors import ConfigError, RunError, StudentsimError
from studentsim.runs.folder import RunFolder, all_runs
from studentsim.runs.states import OVER, observe
from studentsim.student.huggingface import families, model_store, provision
from studentsim.student.huggingface.download import disk_error


def users_of(data: Path, name: str) -> list[RunFolder]:
    """The runs of a data folder that may go on and have this model as their student or writer of hints, oldest first."""
    return [folder for folder in all_runs(data) if observe(folder).status not in OVER and name in _models_of(folder)]


def remove(data: Path, name: str) -> None:
    """Remove a model that was got. Writes.

    :raises ConfigError: (``model``) it is not here.
    :raises RunError: a run that may go on needs it.
    :raises DataFolderError: it cannot be removed.
    """
    models = model_store.models_folder()
    if not model_store.is_name(name) or not (models / name).is_dir():
        here = ", ".join(model.name for model in model_store.all_models())
        raise ConfigError(f"There is no model {name!r} on this computer.", f"There is {here or 'none'}.", field="model")
    try:
        with provision.locked(name):
            if users := users_of(data, name):
                run_id = users[0].run_id
                more = f" (and {len(users) - 1} more)" if len(users) > 1 else ""
                raise RunError(
                    f"The model {name} is needed by the run {run_id}{more}, which is {observe(users[0]).status}.",
                    "Let it finish, or cancel or delete it.",
                )
            model_store.delete(name)
    except OSError as error:
        raise disk_error(models, error) from error


def _models_of(folder: RunFolder) -> set[str]:
    """The models of the store that a run needs, by name."""
    try:
        config = folder.config()
    except StudentsimError:
        return set()
    return {_stored_name(named) for named in _named(config)} - {""}


def _named(config: RunConfig) -> tuple[str, ...]:
    return config.model, config.teaching.writer


def _stored_name(named: str) -> str:
    """What a model of the store is called that a setting names: by its name, its folder or its file; blank: it is none."""
    if model_store.is_name(named):
        return named
    path = Path(os.path.expanduser(named))
    if families.is_file(named):
        try:
            return model_store.name_of_file(path)
        except OSError:
            return ""
    return path.name if path.absolute().parent == model_store.models_folder() else ""
