"""Checks a run's settings, questions and models before the run is created. No torch here.

    echo '{"questions_per_turn": 100000}' | python -m studentsim.runs.preflight

The hub's data sets are checked in a process of their own, so that the app never imports ``datasets``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from studentsim.config import EMBEDDED_0_1_WEIGHTS, RunConfig, check_categories
from studentsim.curriculum import generator
from studentsim.datasets.registry import QUESTIONS_PER_SKILL, has_hub_dataset, open_bank
from studentsim.errors import BankError, ConfigError, StudentsimError
from studentsim.runs.grader_info import check_teacher
from studentsim.runs.json_lines import error_message
from studentsim.runs.model_info import check_model, template_prints_date, today_iso
from studentsim.runs.run_dir import pin_embedded_weights
from studentsim.runs.warm_worker import child_environment
from studentsim.selection import apportion_questions
from studentsim.student.embedded import weight_versions
from studentsim.student.embedded.profiles import get_run_profile
from studentsim.student.huggingface.resolve import HINT_MODEL_ROLE, resolve_model
from studentsim.types import CATEGORIES


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
    learning = config.dpo
    if learning.label_smoothing > 0 and learning.loss != "robust":
        raise ConfigError(
            f"{learning.label_smoothing:g} of the pairs were to be taken to be the wrong way round (label_smoothing), but the loss "
            f"{learning.loss!r} does not heed that.",
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
    bank = open_bank(source, category=category, drop_invalid=drop_invalid, set_name=set_name)
    return BankOutline(
        bank.categories, Counter((q.category, q.skill, q.difficulty) for q in bank.study), len(bank.exam)
    )


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
    completed = subprocess.run(
        [sys.executable, "-m", "studentsim.runs.preflight"],
        input=config.model_dump_json(), capture_output=True, text=True, env=child_environment(),
    )  # fmt: skip
    try:
        problem = json.loads(completed.stdout.splitlines()[-1])
    except (ValueError, IndexError) as error:
        raise BankError(f"The questions of {config.bank!r} cannot be read.", completed.stderr.strip()[-300:]) from error
    if problem and problem["field"]:
        raise ConfigError(problem["problem"], problem["remedy"], field=problem["field"])
    if problem:
        raise BankError(problem["problem"], problem["remedy"])


def _main() -> None:
    """Check the settings on stdin; print null, or the error as JSON."""
    problem = None
    try:
        config = RunConfig.from_json(sys.stdin.read())
        check_questions(config, load_run_outline(config))
    except StudentsimError as error:
        problem = error_message(error)
    print(json.dumps(problem))


if __name__ == "__main__":
    _main()
