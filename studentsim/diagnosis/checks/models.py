"""Language models that were got: whole, or damaged."""

from __future__ import annotations

from collections.abc import Iterator

from studentsim.diagnosis.finding import BAD, LOOK, OK, Context, Finding
from studentsim.errors import StudentError
from studentsim.student.huggingface import model_store

TITLE, ORDER = "models", 60


def check(context: Context) -> Iterator[Finding]:
    """Each record and its files; thoroughly, their checksums."""
    names = model_store.list_installed_names()
    if not names:
        yield Finding(OK, "No language model was got: the embedded student needs none.")
    for name in names:
        try:
            yield _check_model(name, context.thorough)
        except StudentError as error:
            yield Finding(BAD, error.problem, error.remedy)


def _check_model(name: str, thorough: bool) -> Finding:
    remedy = f"Get it again: python -m studentsim models get {name}"
    model = model_store.find_installed_model(name)
    if model is None:
        return Finding(LOOK, f"{name} has no record of its files.", remedy)
    missing = [file for file in model.files if not (model.folder / file).is_file()]
    if missing:
        return Finding(BAD, f"{name} lacks {', '.join(missing[:3])}.", remedy)
    if not thorough:
        return Finding(OK, f"{name} is there, {model.size_bytes / 1e6:,.0f} MB (--thorough compares checksums).")
    damage = model_store.describe_damage(model)
    return Finding(BAD, f"{name} is damaged: {damage}.", remedy) if damage else Finding(OK, f"{name} is sound.")
