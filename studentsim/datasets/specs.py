"""All known datasets, found in ``published/``, and the plain table. To add one, see docs/adding.md."""

from __future__ import annotations

import importlib
import pkgutil

from studentsim.datasets import published, tabular
from studentsim.datasets.adapter import DatasetSpec
from studentsim.datasets.published import mmlu
from studentsim.errors import BankError


def _find_datasets() -> list[DatasetSpec]:
    """The constant ``DATASET``, or ``DATASETS``, of each file in ``published/``, in order."""
    names = [f"{published.__name__}.{module.name}" for module in pkgutil.iter_modules(published.__path__)]
    modules = [importlib.import_module(name) for name in names]
    datasets = [d for module in modules for d in getattr(module, "DATASETS", None) or (module.DATASET,)]
    return sorted(datasets, key=lambda dataset: (dataset.order, dataset.name))


_PUBLISHED = _find_datasets()
HUB_DATASETS: tuple[DatasetSpec, ...] = tuple(dataset for dataset in _PUBLISHED if dataset.hub)
"""Datasets on Hugging Face; files with the same rows are recognised, too."""
FILE_DATASETS: tuple[DatasetSpec, ...] = (*(dataset for dataset in _PUBLISHED if not dataset.hub), tabular.DATASET)
"""Datasets that come as files only; the plain table, the most general, is last, so that others win ties."""
RECOGNIZABLE_DATASETS: tuple[DatasetSpec, ...] = tuple(d for d in (*HUB_DATASETS, *FILE_DATASETS) if not d.part_of)
"""Datasets that a file is tried as, in order of preference."""


def get_dataset(name: str) -> DatasetSpec:
    """The dataset with this name.

    :raises BankError: there is none; the message lists the names.
    """
    datasets_by_name = {dataset.name: dataset for dataset in (*HUB_DATASETS, *FILE_DATASETS)}
    if name not in datasets_by_name:
        raise BankError(f"There is no set {name[:80]!r}.", f"Choose among {', '.join(datasets_by_name)}.")
    return datasets_by_name[name]


def is_hub_dataset(source: str) -> bool:
    """Whether a source names a Hugging Face dataset, or a part of one (``mmlu:stem``)."""
    name, colon, _ = source.partition(":")
    return name in {dataset.name for dataset in HUB_DATASETS} and (not colon or name == mmlu.DATASET.name)


def describe_known_datasets() -> str:
    """Sentences for users on the known datasets and the fields of their rows."""
    descriptions = "; ".join(f"{dataset.title} ({dataset.row_description})" for dataset in RECOGNIZABLE_DATASETS)
    names = ", ".join(dataset.name for dataset in HUB_DATASETS)
    return f"Known are the rows of {descriptions}. Names of sets at the hub: {names}."
