"""Everything that can be known to be wrong before a run is made. No torch.

    echo '{"questions": 100000}' | python -m studentsim.runs.preflight

The hub's data sets are looked at in a process of their own, so that the app never imports ``datasets``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from studentsim.bank import curriculum
from studentsim.bank.sources import PER_SKILL, is_on_hub, open_bank
from studentsim.config import EMBEDDED_0_1, RunConfig, check_categories
from studentsim.errors import BankError, ConfigError, StudentsimError
from studentsim.records import CATEGORIES
from studentsim.runs.folder import with_weights
from studentsim.runs.models import check_model, prints_date, today
from studentsim.runs.spare import environment
from studentsim.runs.teachers import check_teacher
from studentsim.selection import category_mix
from studentsim.student import embedded_weights
from studentsim.student.hub.source import HINT_WRITER, find
from studentsim.student.profiles import profile_of


def check(config: RunConfig) -> RunConfig:
    """Refuse a run that could not work, before anything of it is made; its settings, the versions of its models written in.

    :raises ConfigError: a setting is wrong; its ``field`` names it.
    :raises BankError: the questions cannot be read.
    :raises StudentError: the embedded student's weights are missing, or others than those named.
    """
    if is_on_hub(config.bank):
        _check_apart(config)
    else:
        check_questions(config, outline_of(config))
    check_learning(config)
    return _with_date(check_student(check_teacher(config)))


def _with_date(config: RunConfig) -> RunConfig:
    """The settings with today's date where the prompts of whoever writes the hints hold one, and none is settled yet."""
    writer = config.teaching.writer
    if not writer or config.hub.prompt_date or not prints_date(find(writer, role=HINT_WRITER).folder):
        return config
    return config.model_copy(update={"hub": config.hub.model_copy(update={"prompt_date": today()})})


def check_learning(config: RunConfig) -> None:
    """Refuse a setting of learning that the chosen loss would silently pass by. Runs of before, which have some, go on.

    :raises ConfigError: (``learning.label_smoothing``) only the robust loss heeds it (TRL 1.16).
    """
    learning = config.learning
    if learning.label_smoothing > 0 and learning.loss != "robust":
        raise ConfigError(
            f"{learning.label_smoothing:g} of the pairs were to be taken to be the wrong way round (label_smoothing), but the loss "
            f"{learning.loss!r} does not heed that.",
            "Choose the loss 'robust', or set it to 0.",
            field="learning.label_smoothing",
        )


def check_student(config: RunConfig) -> RunConfig:
    """The settings, with the version of a model of the hub or of a folder, or of the embedded student's weights, written in.

    :raises ConfigError, StudentError: there is no such student or model, or its weights are missing or others than those named.
    """
    if config.model == "embedded":
        profile_of(config)
        embedded_weights.find(config.weights)
        if config.student_table and embedded_weights.one_name(config.weights) == EMBEDDED_0_1:
            raise ConfigError(
                f"The weights of version 0.1 know six students by name and no table, such as {config.student!r}.",
                "Name a profile, or leave weights blank.",
                field="student",
            )
        return with_weights(config)
    if config.weights:
        raise ConfigError(
            f"Weights of the embedded student were named ({config.weights}), but the model is {config.model}.",
            "Leave weights blank, or choose the model 'embedded'.",
            field="weights",
        )
    return check_model(config)


@dataclass(frozen=True)
class Outline:
    """How many questions a bank has: for study by (category, skill, difficulty), and for the exam."""

    categories: tuple[str, ...]
    study: Mapping[tuple[str, str | None, int | None], int]
    exam: int


def outline_of(config: RunConfig) -> Outline:
    """The outline of a run's bank, as the run would open it.

    :raises BankError: the bank cannot be read.
    """
    return outline(
        config.bank,
        category=config.bank_category,
        leave_out_doubtful=config.leave_out_doubtful,
        set_name=config.bank_set,
    )


def outline(source: str, *, category: str = "", leave_out_doubtful: bool = False, set_name: str = "") -> Outline:
    """The outline of a bank, opened as ``open_bank`` does. The built-in one's is known without making its questions.

    :raises BankError: the bank cannot be read.
    """
    if source == curriculum.NAME and not category:
        skills = curriculum.SKILLS.values()
        study = {(skill.category, skill.id, skill.difficulty): PER_SKILL["study"] for skill in skills}
        return Outline(CATEGORIES, study, PER_SKILL["exam"] * len(skills))
    bank = open_bank(source, category=category, leave_out_doubtful=leave_out_doubtful, set_name=set_name)
    return Outline(bank.categories, Counter((q.category, q.skill, q.difficulty) for q in bank.study), len(bank.exam))


def check_questions(config: RunConfig, bank: Outline) -> None:
    """:raises ConfigError: the bank has no such categories or skills, or too few questions for what was asked."""
    check_categories(config, bank.categories)
    _check_skills(config, bank)
    pool: Counter[str] = Counter()
    for (category, skill, difficulty), count in bank.study.items():
        wanted = ((config.categories, category), (config.skills, skill), (config.difficulties, difficulty))
        if all(not allowed or value in allowed for allowed, value in wanted):
            pool[category] += count
    if not pool:
        raise ConfigError(
            "No question is of these categories, these skills and these difficulties at once.",
            "Widen one of them.",
            field="difficulties" if config.difficulties else "skills",
        )
    if pool.total() < config.questions:
        raise ConfigError(
            f"{config.questions} questions a lesson were asked for, but the pool holds {pool.total()}.",
            "Ask for fewer, or widen the pool.",
            field="questions",
        )
    _check_mix(config, pool)
    if config.exam > bank.exam:
        raise ConfigError(
            f"{config.exam} exam questions were asked for, but the bank has {bank.exam}.",
            f"Ask for {bank.exam} or fewer.",
            field="exam",
        )


def _check_skills(config: RunConfig, bank: Outline) -> None:
    known = sorted({skill for _, skill, _ in bank.study if skill})
    for skill in config.skills:
        if skill not in known:
            some = f"There are {len(known)}, such as {', '.join(known[:3])}." if known else "This bank knows no skills."
            raise ConfigError(f"There is no skill {skill!r}.", some, field="skills")


def _check_mix(config: RunConfig, pool: Counter[str]) -> None:
    mix = {category: share for category, share in (config.mix or {}).items() if share > 0}
    for category, share in mix.items():
        if not pool[category]:
            raise ConfigError(
                f"The mix asks for {share:g} % {category}, but the pool has no such question.",
                "Set it to 0, or widen the pool.",
                field="mix",
            )
    for category, wanted in zip(mix, category_mix(list(mix.values()), config.questions) if mix else [], strict=True):
        if wanted > pool[category]:
            raise ConfigError(
                f"The mix asks for {wanted} questions of {category} a lesson, but the pool has {pool[category]}.",
                "Give it a smaller share, or ask for fewer questions.",
                field="mix",
            )


def _check_apart(config: RunConfig) -> None:
    """``check_questions`` in another process, which may import whatever the bank needs."""
    done = subprocess.run(
        [sys.executable, "-m", "studentsim.runs.preflight"],
        input=config.model_dump_json(), capture_output=True, text=True, env=environment(),
    )  # fmt: skip
    try:
        found = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError) as error:
        raise BankError(f"The questions of {config.bank!r} cannot be read.", done.stderr.strip()[-300:]) from error
    if found and found["field"]:
        raise ConfigError(found["problem"], found["remedy"], field=found["field"])
    if found:
        raise BankError(found["problem"], found["remedy"])


def _main() -> None:
    """Check the settings on stdin; print null, or the error as JSON."""
    found = None
    try:
        config = RunConfig.from_json(sys.stdin.read())
        check_questions(config, outline_of(config))
    except StudentsimError as error:
        found = {"problem": error.problem, "remedy": error.remedy, "field": getattr(error, "field", "")}
    print(json.dumps(found))


if __name__ == "__main__":
    _main()
