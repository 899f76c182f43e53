"""The table of known datasets, by name. To add one, write its file and add its ``DATASET`` here."""

from __future__ import annotations

from studentsim.datasets import agieval, aqua, arc, asdiv, gsm8k, hendrycks_math, mathqa, mmlu, mmlu_pro, sciq, tabular
from studentsim.datasets.adapter import DatasetSpec
from studentsim.errors import BankError

HUB_DATASETS: tuple[DatasetSpec, ...] = (
    mathqa.DATASET, aqua.DATASET, gsm8k.DATASET, hendrycks_math.DATASET, mmlu.DATASET, mmlu_pro.DATASET,
    arc.DATASET, arc.EASY_DATASET, arc.CHALLENGE_DATASET, sciq.DATASET,
)  # fmt: skip
"""Datasets on Hugging Face; files with the same rows are recognised, too."""
FILE_DATASETS: tuple[DatasetSpec, ...] = (agieval.DATASET, asdiv.DATASET, tabular.DATASET)
"""Datasets that come as files only; the plain table, the most general, is last, so that others win ties."""
RECOGNIZABLE_DATASETS: tuple[DatasetSpec, ...] = tuple(
    dataset for dataset in (*HUB_DATASETS, *FILE_DATASETS) if dataset not in (arc.EASY_DATASET, arc.CHALLENGE_DATASET)
)
"""Datasets that a file is tried as, in order of preference; ARC's two parts have the same rows as ARC."""


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
