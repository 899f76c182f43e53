"""Checks a run's settings, questions and models before the run is created. No torch here.

    echo '{"questions_per_turn": 100000}' | python -m studentsim.runs.preflight [--all]

The hub's data sets are checked in a process of their own, so that the app never imports ``datasets``; and so is for the app all
that reads files which its visitors name (``check_run_config_in_child``).
"""

from __future__ import annotations

import math
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from studentsim.child_process import Message, raise_reported_error, run_json_child, run_json_job
from studentsim.config import EMBEDDED_0_1_WEIGHTS, RunConfig, check_categories
from studentsim.curriculum import generator
from studentsim.datasets.bank import Bank
from studentsim.datasets.registry import QUESTIONS_PER_SKILL, compute_files_stamp, open_bank
from studentsim.datasets.resolve import has_hub_dataset
from studentsim.errors import BankError, ConfigError, StudentsimError
from studentsim.runs.grader_info import check_teacher, has_external_grader
from studentsim.runs.model_info import check_model, template_prints_date, today_iso
from studentsim.runs.run_dir import pin_embedded_weights
from studentsim.selection.quotas import apportion_questions
from studentsim.student.embedded import weight_versions
from studentsim.student.embedded.profiles import get_run_profile
from studentsim.student.huggingface.model_store import is_store_name
from studentsim.student.huggingface.resolve import HINT_MODEL_ROLE, resolve_model
from studentsim.types import CATEGORIES

CHECK_TIMEOUT_SECONDS = 600
"""Seconds that the check of one run's settings may take in a child."""
CHECK_REUSE_SECONDS = 60
"""Seconds for which the last such check also holds for settings that differ in seed and name alone, as in a group."""


def check_run_config(config: RunConfig) -> RunConfig:
    """Check a run's settings before anything of it is created; returns them with the versions of its models.

    :raises ConfigError: a setting is wrong; its ``field`` names it.
    :raises BankError: the questions cannot be read.
    :raises StudentError: the embedded student's weights are missing, or others than those named.
    """
    if has_hub_dataset(config.bank):
        _check_questions_in_subprocess(config)
    else:
        check_questions(config, load_run_outline(config))
    check_dpo_settings(config)
    return _pin_prompt_date(check_student(check_teacher(config)))


def check_run_config_in_child(config: RunConfig) -> RunConfig:
    """``check_run_config`` for the web process, which must not read what a visitor names: a file may be large or never end.

    Settings that name no questions, model or grader of the user's are checked here.

    :raises ConfigError, BankError, StudentError: as ``check_run_config``, or the check took too long.
    """
    if not _names_files(config):
        return check_run_config(config)
    seed_and_name = {"seed": config.seed, "name": config.name}
    request = config.model_copy(update={"seed": 0, "name": ""}).model_dump_json()
    key = (request, compute_files_stamp(config.bank))  # names, sizes and times of files, at most MAX_FILES of them
    with _last_check_lock:
        checked_at, checked = _last_check.get(key, (-math.inf, config))
    if time.monotonic() - checked_at > CHECK_REUSE_SECONDS:
        checked = _run_check(request, config.bank)
        known = (time.monotonic(), checked)
        with _last_check_lock:
            _last_check.clear()
            _last_check.update({key: known, (checked.model_dump_json(), key[1]): known})
    return checked.model_copy(update=seed_and_name)


_last_check: dict[tuple[str, tuple[int, ...]], tuple[float, RunConfig]] = {}
"""The settings that were last checked in a child, as they were asked for and as they were completed: when, and the completed ones."""
_last_check_lock = threading.Lock()


def _names_files(config: RunConfig) -> bool:
    return (
        config.bank != generator.BANK_NAME
        or (config.model != "embedded" and not is_store_name(config.model))
        or bool(config.teacher.hint_model)
        or has_external_grader(config.teacher)
    )


def _run_check(request: str, bank: str) -> RunConfig:
    result = run_json_child(["-m", __spec__.name, "--all"], request, timeout_seconds=CHECK_TIMEOUT_SECONDS)
    raise_reported_error(result.message)
    if "config" not in result.message:
        if result.has_timed_out:
            reason = f"it was not done within {CHECK_TIMEOUT_SECONDS / 60:.0f} minutes"
        else:
            reason = "the memory is full" if result.was_killed_for_memory else result.last_stderr_line
        raise StudentsimError(
            f"The settings could not be checked: {reason}.", f"Look at the questions first: {bank[:200]}"
        )
    return RunConfig.make(**result.message["config"])


def _pin_prompt_date(config: RunConfig) -> RunConfig:
    """The settings with today's date, if the hint model's prompts contain one and it is not set."""
    hint_model = config.teacher.hint_model
    if (
        not hint_model
        or config.model_loading.prompt_date
        or not template_prints_date(resolve_model(hint_model, role=HINT_MODEL_ROLE).folder)
    ):
        return config
    return config.model_copy(
        update={"model_loading": config.model_loading.model_copy(update={"prompt_date": today_iso()})}
    )


def check_dpo_settings(config: RunConfig) -> None:
    """Refuse a setting that the chosen loss would silently ignore; older runs that have one can still be resumed.

    :raises ConfigError: (``dpo.label_smoothing``) only the robust loss uses it (TRL 1.16).
    """
    dpo = config.dpo
    if dpo.label_smoothing > 0 and dpo.loss != "robust":
        raise ConfigError(
            f"{dpo.label_smoothing:g} of the pairs were to be taken to be the wrong way round (label_smoothing), but the loss "
            f"{dpo.loss!r} does not heed that.",
            "Choose the loss 'robust', or set it to 0.",
            field="dpo.label_smoothing",
        )


def check_student(config: RunConfig) -> RunConfig:
    """Check the student; returns the settings with the version of its model or of the embedded student's weights.

    :raises ConfigError, StudentError: there is no such student or model, or its weights are missing or others than those named.
    """
    if config.model == "embedded":
        get_run_profile(config)
        weight_versions.find_weights(config.weights)
        if config.student_table and weight_versions.canonical_weights_name(config.weights) == EMBEDDED_0_1_WEIGHTS:
            raise ConfigError(
                f"The weights of version 0.1 know six students by name and no table, such as {config.student!r}.",
                "Name a profile, or leave weights blank.",
                field="student",
            )
        return pin_embedded_weights(config)
    if config.weights:
        raise ConfigError(
            f"Weights of the embedded student were named ({config.weights}), but the model is {config.model}.",
            "Leave weights blank, or choose the model 'embedded'.",
            field="weights",
        )
    return check_model(config)


@dataclass(frozen=True)
class BankOutline:
    """A bank's number of study questions by (category, skill, difficulty), and of exam questions."""

    categories: tuple[str, ...]
    study: Mapping[tuple[str, str | None, int | None], int]
    exam: int

    def to_json(self) -> dict[str, Any]:
        """The outline, ready for ``json.dumps``."""
        study = [[*key, count] for key, count in self.study.items()]
        return {"categories": list(self.categories), "study": study, "exam": self.exam}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> BankOutline:
        """The outline that ``to_json`` gave."""
        study = {(category, skill, difficulty): count for category, skill, difficulty, count in values["study"]}
        return cls(tuple(values["categories"]), study, values["exam"])


def load_run_outline(config: RunConfig) -> BankOutline:
    """The outline of a run's bank, as the run would open it.

    :raises BankError: the bank cannot be read.
    """
    return load_bank_outline(
        config.bank,
        category=config.bank_category,
        drop_invalid=config.drop_invalid,
        set_name=config.bank_set,
    )


def load_bank_outline(
    source: str, *, category: str = "", drop_invalid: bool = False, set_name: str = ""
) -> BankOutline:
    """The outline of a bank, opened as by ``open_bank``; the built-in one's is known without generating its questions.

    :raises BankError: the bank cannot be read.
    """
    if source == generator.BANK_NAME and not category:
        skills = generator.SKILLS.values()
        study = {(skill.category, skill.id, skill.difficulty): QUESTIONS_PER_SKILL["study"] for skill in skills}
        return BankOutline(CATEGORIES, study, QUESTIONS_PER_SKILL["exam"] * len(skills))
    return outline_bank(open_bank(source, category=category, drop_invalid=drop_invalid, set_name=set_name))


def outline_bank(bank: Bank) -> BankOutline:
    """The outline of an open bank."""
    study = Counter((question.category, question.skill, question.difficulty) for question in bank.study)
    return BankOutline(bank.categories, study, len(bank.exam))


def check_questions(config: RunConfig, outline: BankOutline) -> None:
    """:raises ConfigError: the bank has no such categories or skills, or too few questions for what was asked."""
    check_categories(config, outline.categories)
    _check_skills(config, outline)
    pool: Counter[str] = Counter()
    for (category, skill, difficulty), count in outline.study.items():
        wanted = ((config.categories, category), (config.skills, skill), (config.difficulties, difficulty))
        if all(not allowed or value in allowed for allowed, value in wanted):
            pool[category] += count
    if not pool:
        raise ConfigError(
            "No question is of these categories, these skills and these difficulties at once.",
            "Widen one of them.",
            field="difficulties" if config.difficulties else "skills",
        )
    if pool.total() < config.questions_per_turn:
        raise ConfigError(
            f"{config.questions_per_turn} questions a lesson were asked for, but the pool holds {pool.total()}.",
            "Ask for fewer, or widen the pool.",
            field="questions_per_turn",
        )
    _check_mix(config, pool)
    if config.exam_size > outline.exam:
        raise ConfigError(
            f"{config.exam_size} exam questions were asked for, but the bank has {outline.exam}.",
            f"Ask for {outline.exam} or fewer.",
            field="exam_size",
        )


def _check_skills(config: RunConfig, outline: BankOutline) -> None:
    available = sorted({skill for _, skill, _ in outline.study if skill})
    for skill in config.skills:
        if skill not in available:
            remedy = (
                f"There are {len(available)}, such as {', '.join(available[:3])}."
                if available
                else "This bank knows no skills."
            )
            raise ConfigError(f"There is no skill {skill!r}.", remedy, field="skills")


def _check_mix(config: RunConfig, pool: Counter[str]) -> None:
    mix = {category: share for category, share in (config.mix or {}).items() if share > 0}
    for category, share in mix.items():
        if not pool[category]:
            raise ConfigError(
                f"The mix asks for {share:g} % {category}, but the pool has no such question.",
                "Set it to 0, or widen the pool.",
                field="mix",
            )
    counts = apportion_questions(list(mix.values()), config.questions_per_turn) if mix else []
    for category, count in zip(mix, counts, strict=True):
        if count > pool[category]:
            raise ConfigError(
                f"The mix asks for {count} questions of {category} a lesson, but the pool has {pool[category]}.",
                "Give it a smaller share, or ask for fewer questions.",
                field="mix",
            )


def _check_questions_in_subprocess(config: RunConfig) -> None:
    """``check_questions`` in another process, which may import what the bank needs."""
    result = run_json_child(["-m", "studentsim.runs.preflight"], config.model_dump_json())
    if not result.message:
        raise BankError(f"The questions of {config.bank!r} cannot be read.", result.stderr.strip()[-300:])
    raise_reported_error(result.message)


def _work(request: str, _: object) -> Message:
    """Check the settings in ``request``."""
    config = RunConfig.from_json(request)
    check_questions(config, load_run_outline(config))
    return {"checked": True}


def _work_on_all(request: str, _: object) -> Message:
    return {"config": check_run_config(RunConfig.from_json(request)).model_dump(mode="json")}


def explain_error(error: Exception) -> BankError | None:
    """What a lack of memory means to a user; None: the error is another."""
    return NO_MEMORY_ERROR if isinstance(error, MemoryError) else None


NO_MEMORY_ERROR = BankError("There is not enough memory for these questions.", "Use a part of them.")

if __name__ == "__main__":
    run_json_job(_work_on_all if "--all" in sys.argv else _work, explain_error=explain_error)
