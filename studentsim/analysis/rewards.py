"""What the training's figures say, in plain words: the ways to look at them, a sentence for each, and the alert.

Sentences rest on the held-out pairs, which are the same in every lesson and never learnt from; training pairs differ from step to
step, so no step is compared with another. The columns are TRL's names (rewards/chosen is ``rewards_chosen``), one row an optimiser
step, or a pass over the held-out pairs. No streamlit here.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from studentsim.analysis import claims
from studentsim.exam import wilson_interval
from studentsim.labels.formatting import append_interval, format_score, pluralize
from studentsim.settings import Learning

NO_PREFERENCE_LOSS = 0.69
"""DPO's loss (natural log of 2) of a student that prefers neither answer more than its reference does."""

ALERT_LOGP_DROP = 0.1
"""Natural-log units that the held-out right answers must lose on average before anything is said."""

MIN_REWARD_CHANGE = 1e-5
"""Rewards smaller than this are rounding."""

MIN_LOGP_CHANGE = 0.005
"""A change smaller than this would be told as 0.00."""

HIGH_REHEARSAL_DRIFT = 1.0
"""Squared nats of drift, chosen and rejected together, from which on what is not practised does not stay as it was."""


@dataclass(frozen=True)
class RewardView:
    """One way of looking at the training: its name, the field's own term, its columns with plain labels, its unit, and the
    glossary's term that explains it."""

    name: str
    term: str
    columns: dict[str, str]
    unit: str
    glossary_id: str
    is_percent: bool = False
    options_column: str = ""
    """The column of the same figure on held-out questions' options, which only students that read them have."""


REWARD_VIEWS: dict[str, RewardView] = {
    "logps": RewardView(
        "How likely",
        "logps/chosen and logps/rejected",
        {"logps_chosen": "right answer", "logps_rejected": "its own wrong answer"},
        "log-probability",
        "log-probability",
    ),
    "margins": RewardView(
        "Lead",
        "rewards/margins",
        {"rewards_margins": "lead of the right answer"},
        "reward",
        "margin",
        options_column="option_margins",
    ),
    "apart": RewardView(
        "Right and wrong",
        "rewards/chosen and rewards/rejected",
        {"rewards_chosen": "right answer", "rewards_rejected": "its own wrong answer"},
        "reward",
        "reward",
    ),
    "accuracies": RewardView(
        "Pairs",
        "rewards/accuracies",
        {"rewards_accuracies": "pairs preferred"},
        "pairs of 100",
        "preference-accuracy",
        is_percent=True,
        options_column="option_accuracies",
    ),
    "loss": RewardView("Loss", "loss", {"loss": "loss"}, "loss", "loss"),
}

DEFAULT_REWARD_VIEW = "logps"
"""The view that is shown first: it alone goes on from lesson to lesson whatever rewards compare with, as its sentence does."""


def describe_training(view: str, steps: pd.DataFrame, validations: pd.DataFrame, learning: Learning) -> str:
    """One plain sentence on what the held-out pairs say after the latest lesson, for a view of the training."""
    if steps.empty:
        return "Nothing has been learnt from yet: the first training comes in lesson 1."
    if validations.empty:
        return (
            "No held-out pairs have been looked at so far, so only the exams say whether what it learns carries over to "
            "other questions."
        )
    last = validations.iloc[-1]
    if pd.isna([last.loss, last.rewards_margins, last.logps_chosen]).any():
        return (
            f"The figures of lesson {int(last.turn)} are no numbers any more: learning has run away. "
            "A lower learning rate is worth trying."
        )
    return _DESCRIBE_BY_VIEW[view](last, validations, learning)


def _describe_margins(last: pd.Series, validations: pd.DataFrame, learning: Learning) -> str:
    gained = (last.logps_chosen - last.logps_rejected) - (
        _initial_logp(validations, learning, "chosen") - _initial_logp(validations, learning, "rejected")
    )
    on = f"In {_pairs_label(last)} the right working has"
    change_text = {1: f"gained {gained:.2f} on the wrong one", -1: f"lost {-gained:.2f} to the wrong one"}.get(
        _change_sign(gained)
    )
    return f"{on} {change_text or 'neither gained on the wrong one nor lost to it'}, on average, {_since_start_label(validations)} (log-probability)."


def _describe_chosen_and_rejected(last: pd.Series, validations: pd.DataFrame, learning: Learning) -> str:
    changes = {
        name: last[f"logps_{name}"] - _initial_logp(validations, learning, name) for name in ("chosen", "rejected")
    }
    return (
        f"In {_pairs_label(last)} the right working {_describe_change(changes['chosen'])} and the wrong one {_describe_change(changes['rejected'])}, on average, "
        f"{_since_start_label(validations)} (log-probability)."
    )


def _describe_accuracies(last: pd.Series, validations: pd.DataFrame, learning: Learning) -> str:
    summed_up = learning.reference == "base"
    when = "Since before any lesson" if summed_up else f"In lesson {int(last.turn)}"
    if abs(last.rewards_chosen) < MIN_REWARD_CHANGE and abs(last.rewards_rejected) < MIN_REWARD_CHANGE:
        return f"{when} nothing has moved in {_pairs_label(last)}."
    share_text = _format_share(last.rewards_accuracies, int(last.pairs), "held-out pairs")
    alone = "" if summed_up else " It practises other questions than these, so a lesson alone may go either way."
    return f"{when} the right working has gained on the wrong one in {share_text}; a coin would get half.{alone}"


def _describe_loss(last: pd.Series, validations: pd.DataFrame, learning: Learning) -> str:
    text = f"After lesson {int(last.turn)} the loss on {_pairs_label(last)} is {last.loss:.2f}"
    if learning.loss in ("sigmoid", "robust") and not learning.sft_weight:
        return f"{text}; {NO_PREFERENCE_LOSS} is a student that prefers neither answer more than {_reference_label(learning)} did."
    return f"{text}, by the loss that this run was set to ({learning.loss})."


def _describe_logps(last: pd.Series, validations: pd.DataFrame, learning: Learning) -> str:
    return (
        f"In {_pairs_label(last)} the right working's log-probability is {_format_number(last.logps_chosen)} on average, and was "
        f"{_format_number(_initial_logp(validations, learning, 'chosen'))} {_start_label(validations)}: higher is likelier."
    )


_DESCRIBE_BY_VIEW = {
    "margins": _describe_margins,
    "apart": _describe_chosen_and_rejected,
    "accuracies": _describe_accuracies,
    "loss": _describe_loss,
    "logps": _describe_logps,
}


def _pairs_label(row: pd.Series) -> str:
    return pluralize(int(row.pairs), "held-out pair")


def _format_share(share: float, count: int, what: str) -> str:
    """``5 of 24 held-out pairs, which is 9 to 41 of 100``."""
    found = round(share * count)
    return append_interval(f"{format_score(found, count)} {what}", *wilson_interval(found, count), count)


def _initial_logp(validations: pd.DataFrame, learning: Learning, name: str) -> float:
    """The held-out pairs' mean log-probability (``chosen`` or ``rejected``) before the first lesson that was looked at: of its
    reference, which the reward is told from (rewards are beta times the log-ratio)."""
    first = validations.iloc[0]
    return float(first[f"logps_{name}"] - first[f"rewards_{name}"] / learning.beta)


def _start_label(validations: pd.DataFrame) -> str:
    return f"before lesson {int(validations.turn.iloc[0])}"


def _since_start_label(validations: pd.DataFrame) -> str:
    return f"since {_start_label(validations)}"


def _change_sign(change: float) -> int:
    return 0 if abs(change) < MIN_LOGP_CHANGE else 1 if change > 0 else -1


def _describe_change(change: float) -> str:
    return {1: f"has gained {change:.2f}", -1: f"has lost {-change:.2f}", 0: "has not moved"}[_change_sign(change)]


def _format_number(value: float) -> str:
    return f"{value:.2f}".replace("-", "\N{MINUS SIGN}")


def _reference_label(learning: Learning) -> str:
    return "the student before any lesson" if learning.reference == "base" else "the student before that lesson"


# ------------------------------------------------------------------ the technical view


def describe_reference(learning: Learning) -> str:
    """Whom rewards compare with, and so where their lines start."""
    if learning.reference == "base":
        return "Rewards compare with the student as it was before any lesson, so what the lessons do adds up."
    return "Rewards compare with the student as it was before the lesson, so every lesson starts again from about 0."


def describe_last_step(steps: pd.DataFrame) -> str:
    """The figures of the latest optimiser step, on the pairs that it learnt from; blank before any."""
    if steps.empty:
        return ""
    last = steps.iloc[-1]
    metrics_text = ", ".join(
        f"{term} {last[column]:.3g}".replace("-", "\N{MINUS SIGN}")
        for column, term in (
            ("rewards_margins", "rewards/margins"),
            ("rewards_accuracies", "rewards/accuracies"),
            ("loss", "loss"),
        )
        if pd.notna(last[column])
    )
    where = f"Step {int(last.step)} of {int(last.steps)} of lesson {int(last.turn)}, on the pairs that it learnt from"
    return (
        f"{where}: {metrics_text}. Each step has other pairs, so steps are not to be compared with one another."
        if metrics_text
        else ""
    )


MEANS_ONLY_NOTE = "The journal keeps the mean over the held-out pairs alone, so how sure its change is cannot be told; the exams have intervals."


def describe_rehearsal(steps: pd.DataFrame) -> str:
    """One quiet line on what the latest lesson did not practise; blank for runs that rehearse nothing."""
    if "rehearsal" not in steps or not steps.rehearsal.notna().any():
        return ""
    lesson = steps.turn.max()
    drift = steps[steps.turn == lesson].rehearsal.mean()  # of the steps that rehearsed
    if pd.isna(drift):
        return f"Lesson {int(lesson)} practises every kind of question, so there is nothing to keep as it was."
    drift_text = f"(rehearsal: drift {drift:.2g} nat² a step)."
    if drift > HIGH_REHEARSAL_DRIFT:
        return f"What lesson {int(lesson)} does not practise has moved, and is pulled back to where it was {drift_text}"
    return f"What lesson {int(lesson)} does not practise stays as it was {drift_text}"


def describe_option_preference(validations: pd.DataFrame) -> str:
    """One line on held-out questions' options, worded alike, after the latest lesson that looked; blank where none did."""
    if "option_accuracies" not in validations or not validations.option_accuracies.notna().any():
        return ""
    last = validations[validations.option_accuracies.notna()].iloc[-1]
    share_text = _format_share(last.option_accuracies, int(last.pairs), "held-out questions")
    return (
        f"After lesson {int(last.turn)} the right option has gained more than a wrong one in {share_text}; a coin would get half. Both are "
        "worded alike, so that no style is preferred here "
        f"(rewards/accuracies of option texts; rewards/margins {last.option_margins:+.2f})."
    )


# ------------------------------------------------------------------ the alert


def degradation_alert(validations: pd.DataFrame, exams: pd.DataFrame, learning: Learning) -> str:
    """A warning where the last exam went worse by more than luck and the held-out right answers grew less likely over the same lessons;
    empty otherwise. The exam is compared with the one before it and with the first, by a test that allows for two looks.
    """
    if len(exams) < 2 or validations.empty:
        return ""
    last = exams.iloc[-1]
    for since in (exams.iloc[-2], exams.iloc[0]):
        both = int(last.correct + since.correct), int(last.questions + since.questions)
        fell = claims.is_significantly_below_rest((int(last.correct), int(last.questions)), both, comparisons=2)
        change = _chosen_logp_at(validations, learning, int(last.turn)) - _chosen_logp_at(
            validations, learning, int(since.turn)
        )
        if fell and change < -ALERT_LOGP_DROP:
            return (
                f"Its last exam went worse than the one {_exam_time_label(since)}: {_exam_score_label(last)}, against {_exam_score_label(since)}. Over the same lessons the "
                "right answers of the held-out pairs became less likely too: it may be learning what not to say rather than what to say. "
                "Gentler learning (a lower learning rate, fewer passes) is worth trying."
            )
    return ""


def _chosen_logp_at(validations: pd.DataFrame, learning: Learning, turn: int) -> float:
    """Mean log-probability of the held-out right answers after lesson ``turn``, or before the first that was looked at."""
    until = validations[validations.turn <= turn]
    return float(until.logps_chosen.iloc[-1]) if len(until) else _initial_logp(validations, learning, "chosen")


def _exam_time_label(exam: pd.Series) -> str:
    return f"after lesson {int(exam.turn)}" if exam.turn else "before any lesson"


def _exam_score_label(exam: pd.Series) -> str:
    low, high = wilson_interval(int(exam.correct), int(exam.questions))
    return append_interval(format_score(exam.correct, exam.questions), low, high, int(exam.questions))
