"""Finds the runs that need an installed model, and removes a model that none needs. No torch here."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from studentsim.errors import ConfigError, RunError, StudentsimError
from studentsim.runs.run_dir import RunFolder, list_runs
from studentsim.runs.status import FINAL_STATUSES, read_run_state
from studentsim.student.huggingface import gguf_families, installation, model_store
from studentsim.student.huggingface.download import disk_error


def find_runs_using_model(data: Path, name: str) -> list[RunFolder]:
    """The runs of a data folder that may continue and use this model as student or hint model, oldest first."""
    return [
        folder
        for folder in list_runs(data)
        if read_run_state(folder).status not in FINAL_STATUSES and name in _read_model_names(folder)
    ]


def remove_model(data: Path, name: str) -> None:
    """Remove an installed model, and what an unfinished download of it left. Writes.

    :raises ConfigError: (``model``) it is not installed.
    :raises RunError: a run that may continue needs it.
    :raises DataFolderError: it cannot be removed.
    """
    models = model_store.models_folder()
    partial_download = models / f"{installation.WORK_FOLDER_PREFIX}{name}"
    if not model_store.is_store_name(name) or not ((models / name).is_dir() or partial_download.is_dir()):
        available = ", ".join(model.name for model in model_store.list_installed_models())
        raise ConfigError(
            f"There is no model {name!r} on this computer.", f"There is {available or 'none'}.", field="model"
        )
    try:
        with installation.lock_model(name):
            if runs_using_it := find_runs_using_model(data, name):
                run_id = runs_using_it[0].run_id
                others = f" (and {len(runs_using_it) - 1} more)" if len(runs_using_it) > 1 else ""
                raise RunError(
                    f"The model {name} is needed by the run {run_id}{others}, which is {read_run_state(runs_using_it[0]).status}.",
                    "Let it finish, or cancel or delete it.",
                )
            model_store.delete_model(name)
            shutil.rmtree(partial_download, ignore_errors=True)
    except OSError as error:
        raise disk_error(models, error) from error


def _read_model_names(folder: RunFolder) -> set[str]:
    """The names of the installed models that a run needs."""
    try:
        config = folder.read_config()
    except StudentsimError:
        return set()
    return {_resolve_stored_name(setting) for setting in (config.model, config.teacher.hint_model)} - {""}


def _resolve_stored_name(model_setting: str) -> str:
    """The name of the installed model that a setting names, by its name, folder or file; "" if it is none."""
    if model_store.is_store_name(model_setting):
        return model_setting
    path = Path(os.path.expanduser(model_setting))
    if gguf_families.is_gguf_file_name(model_setting):
        try:
            return model_store.compute_gguf_model_name(path)
        except OSError:
            return ""
    return path.name if path.absolute().parent == model_store.models_folder() else ""
