"""The sets of questions that are known, and what their names stand for."""

from __future__ import annotations

from studentsim.datasets import agieval, aqua, arc, asdiv, gsm8k, hendrycks_math, mathqa, mmlu, mmlu_pro, sciq, tabular
from studentsim.datasets.adapter import DatasetSpec
from studentsim.errors import BankError

HUB_DATASETS: tuple[DatasetSpec, ...] = (
    mathqa.DATASET, aqua.DATASET, gsm8k.DATASET, hendrycks_math.DATASET, mmlu.DATASET, mmlu_pro.DATASET, arc.DATASET, arc.EASY_DATASET, arc.CHALLENGE_DATASET, sciq.DATASET,
)  # fmt: skip
"""The sets of the hub, by name there and by the look of their rows."""
FILE_DATASETS: tuple[DatasetSpec, ...] = (agieval.DATASET, asdiv.DATASET, tabular.DATASET)
"""Sets that come as files alone; the most general is the last, so that every other one goes before it."""
RECOGNIZABLE_DATASETS: tuple[DatasetSpec, ...] = tuple(
    one for one in (*HUB_DATASETS, *FILE_DATASETS) if one not in (arc.EASY_DATASET, arc.CHALLENGE_DATASET)
)
"""The sets that a file is tried as: ARC's two parts look as the whole does."""


def get_dataset(name: str) -> DatasetSpec:
    """The set of that name.

    :raises BankError: there is none.
    """
    datasets_by_name = {one.name: one for one in (*HUB_DATASETS, *FILE_DATASETS)}
    if name not in datasets_by_name:
        raise BankError(f"There is no set {name[:80]!r}.", f"Choose among {', '.join(datasets_by_name)}.")
    return datasets_by_name[name]


def is_hub_dataset(source: str) -> bool:
    """Whether a source is the name of one set of the hub, with a part of it perhaps (``mmlu:stem``)."""
    name, colon, _ = source.partition(":")
    return name in {one.name for one in HUB_DATASETS} and (not colon or name == mmlu.DATASET.name)


def describe_known_datasets() -> str:
    """A sentence on the sets that are known, and how their rows are recognised."""
    descriptions = "; ".join(f"{one.title} ({one.row_description})" for one in RECOGNIZABLE_DATASETS)
    return f"Known are the rows of {descriptions}. Names of sets at the hub: {', '.join(one.name for one in HUB_DATASETS)}."
