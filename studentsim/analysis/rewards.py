"""Views of DPO's metrics, a sentence for each, and the alert for a degrading student. No streamlit here.

Sentences rest on the held-out pairs, which are the same in every turn and never trained on; training pairs differ from step
to step, so steps are not compared with one another. Columns have TRL's names (rewards/chosen is ``rewards_chosen``); a row is
an optimiser step, or a validation.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from studentsim.analysis import claims
from studentsim.exam import wilson_interval
from studentsim.labels.formatting import append_interval, format_score, pluralize
from studentsim.settings import DPOSettings

NO_PREFERENCE_LOSS = 0.69
"""DPO's loss, ln 2, of a student that prefers neither answer more than its reference does."""

ALERT_LOGP_DROP = 0.1
"""Nats that the held-out right answers must lose on average for an alert."""

MIN_REWARD_CHANGE = 1e-5
"""Smaller rewards are rounding errors."""

MIN_LOGP_CHANGE = 0.005
"""Nats; a smaller change would be shown as 0.00."""

HIGH_REHEARSAL_DRIFT = 1.0
"""Squared nats of drift, chosen and rejected together, above which what is not practised counts as moved."""


@dataclass(frozen=True)
class RewardView:
    """One view of the training: its name, TRL's term, its columns with their labels, its unit, and its entry in the glossary."""

    name: str
    term: str
    columns: dict[str, str]
    unit: str
    glossary_id: str
    is_percent: bool = False
    options_column: str = ""
    """The column of the same metric on held-out questions' options, which only some students measure."""


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
    "chosen_rejected": RewardView(
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
"""The view that is shown first: it alone continues from turn to turn whatever the rewards' reference."""


def describe_training(view: str, steps: pd.DataFrame, validations: pd.DataFrame, dpo: DPOSettings) -> str:
    """A sentence on the held-out pairs after the latest turn, for a view of the training (a key of ``REWARD_VIEWS``)."""
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
    return _DESCRIBE_BY_VIEW[view](last, validations, dpo)


def _describe_margins(last: pd.Series, validations: pd.DataFrame, dpo: DPOSettings) -> str:
    gained = (last.logps_chosen - last.logps_rejected) - (
        _initial_logp(validations, dpo, "chosen") - _initial_logp(validations, dpo, "rejected")
    )
    change = {
        1: f"gained {gained:.2f} on the wrong one",
        -1: f"lost {-gained:.2f} to the wrong one",
        0: "neither gained on the wrong one nor lost to it",
    }[_change_sign(gained)]
    return (
        f"In {_pairs_label(last)} the right working has {change}, on average, {_since_start_label(validations)} "
        "(log-probability)."
    )


def _describe_chosen_and_rejected(last: pd.Series, validations: pd.DataFrame, dpo: DPOSettings) -> str:
    chosen, rejected = (
        _describe_change(last[f"logps_{name}"] - _initial_logp(validations, dpo, name))
        for name in ("chosen", "rejected")
    )
    return (
        f"In {_pairs_label(last)} the right working {chosen} and the wrong one {rejected}, on average, "
        f"{_since_start_label(validations)} (log-probability)."
    )


def _describe_accuracies(last: pd.Series, validations: pd.DataFrame, dpo: DPOSettings) -> str:
    is_cumulative = dpo.reference == "base"
    when = "Since before any lesson" if is_cumulative else f"In lesson {int(last.turn)}"
    if abs(last.rewards_chosen) < MIN_REWARD_CHANGE and abs(last.rewards_rejected) < MIN_REWARD_CHANGE:
        return f"{when} nothing has moved in {_pairs_label(last)}."
    share_text = _format_share(last.rewards_accuracies, int(last.pairs), "held-out pairs")
    caveat = "" if is_cumulative else " It practises other questions than these, so a lesson alone may go either way."
    return f"{when} the right working has gained on the wrong one in {share_text}; a coin would get half.{caveat}"


def _describe_loss(last: pd.Series, validations: pd.DataFrame, dpo: DPOSettings) -> str:
    text = f"After lesson {int(last.turn)} the loss on {_pairs_label(last)} is {last.loss:.2f}"
    if dpo.loss in ("sigmoid", "robust") and not dpo.sft_weight:
        reference = _reference_label(dpo)
        return f"{text}; {NO_PREFERENCE_LOSS} is a student that prefers neither answer more than {reference} did."
    return f"{text}, by the loss that this run was set to ({dpo.loss})."


def _describe_logps(last: pd.Series, validations: pd.DataFrame, dpo: DPOSettings) -> str:
    return (
        f"In {_pairs_label(last)} the right working's log-probability is {_format_number(last.logps_chosen)} on average, and was "
        f"{_format_number(_initial_logp(validations, dpo, 'chosen'))} {_start_label(validations)}: higher is likelier."
    )


_DESCRIBE_BY_VIEW = {
    "margins": _describe_margins,
    "chosen_rejected": _describe_chosen_and_rejected,
    "accuracies": _describe_accuracies,
    "loss": _describe_loss,
    "logps": _describe_logps,
}


def _pairs_label(row: pd.Series) -> str:
    return pluralize(int(row.pairs), "held-out pair")


def _format_share(share: float, count: int, what: str) -> str:
    """``5 of 24 held-out pairs, which is 9 to 41 of 100``."""
    part = round(share * count)
    return append_interval(f"{format_score(part, count)} {what}", *wilson_interval(part, count), count)


def _initial_logp(validations: pd.DataFrame, dpo: DPOSettings, name: str) -> float:
    """The held-out pairs' mean log-probability (``chosen`` or ``rejected``) before the first validated turn.

    It is the reference's, recovered from the reward, which is beta times the log-ratio.
    """
    first = validations.iloc[0]
    return float(first[f"logps_{name}"] - first[f"rewards_{name}"] / dpo.beta)


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


def _reference_label(dpo: DPOSettings) -> str:
    return "the student before any lesson" if dpo.reference == "base" else "the student before that lesson"


# ------------------------------------------------------------------ technical view


def describe_reference(dpo: DPOSettings) -> str:
    """A sentence on the rewards' reference, and so on where their lines start."""
    if dpo.reference == "base":
        return "Rewards compare with the student as it was before any lesson, so what the lessons do adds up."
    return "Rewards compare with the student as it was before the lesson, so every lesson starts again from about 0."


def describe_last_step(steps: pd.DataFrame) -> str:
    """The metrics of the latest optimiser step, on its training pairs; blank before any."""
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


MEANS_ONLY_NOTE = (
    "The journal keeps the mean over the held-out pairs alone, so the interval of its change is unknown; the exams have "
    "intervals."
)


def describe_rehearsal(steps: pd.DataFrame) -> str:
    """A line on the drift of what the latest turn did not practise; blank for runs without rehearsal."""
    if "rehearsal" not in steps or not steps.rehearsal.notna().any():
        return ""
    turn = int(steps.turn.max())
    drift = steps[steps.turn == turn].rehearsal.mean()  # of the steps that rehearsed
    if pd.isna(drift):
        return f"Lesson {turn} practises every kind of question, so there is nothing to keep as it was."
    drift_text = f"(rehearsal: drift {drift:.2g} nat² a step)."
    if drift > HIGH_REHEARSAL_DRIFT:
        return f"What lesson {turn} does not practise has moved, and is pulled back to where it was {drift_text}"
    return f"What lesson {turn} does not practise stays as it was {drift_text}"


def describe_option_preference(validations: pd.DataFrame) -> str:
    """A line on held-out questions' options, worded alike, after the latest turn that measured them; blank where none did."""
    if "option_accuracies" not in validations or not validations.option_accuracies.notna().any():
        return ""
    last = validations[validations.option_accuracies.notna()].iloc[-1]
    share_text = _format_share(last.option_accuracies, int(last.pairs), "held-out questions")
    return (
        f"After lesson {int(last.turn)} the right option has gained more than a wrong one in {share_text}; a coin would get half. Both are "
        "worded alike, so that no style is preferred here "
        f"(rewards/accuracies of option texts; rewards/margins {last.option_margins:+.2f})."
    )


# ------------------------------------------------------------------ alert


def degradation_alert(validations: pd.DataFrame, exams: pd.DataFrame, dpo: DPOSettings) -> str:
    """A warning where the last exam is significantly worse and the held-out right answers became less likely since; else empty.

    The exam is compared with the one before it and with the first, corrected for two comparisons.
    """
    if len(exams) < 2 or validations.empty:
        return ""
    last = exams.iloc[-1]
    for earlier in (exams.iloc[-2], exams.iloc[0]):
        both = int(last.correct + earlier.correct), int(last.questions + earlier.questions)
        fell = claims.is_significantly_below_rest(claims.right_of_total(last), both, comparisons=2)
        logp_before, logp_after = (_chosen_logp_at(validations, dpo, int(exam.turn)) for exam in (earlier, last))
        if fell and logp_after - logp_before < -ALERT_LOGP_DROP:
            return (
                f"Its last exam went worse than the one {_exam_time_label(earlier)}: {_exam_score_label(last)}, against "
                f"{_exam_score_label(earlier)}. Over the same lessons the right answers of the held-out pairs became less "
                "likely too: it may be learning what not to say rather than what to say. "
                "Gentler learning (a lower learning rate, fewer passes) is worth trying."
            )
    return ""


def _chosen_logp_at(validations: pd.DataFrame, dpo: DPOSettings, turn: int) -> float:
    """Mean log-probability of the held-out right answers after ``turn``, or before the first validated turn."""
    past = validations[validations.turn <= turn]
    return float(past.logps_chosen.iloc[-1]) if len(past) else _initial_logp(validations, dpo, "chosen")


def _exam_time_label(exam: pd.Series) -> str:
    return f"after lesson {int(exam.turn)}" if exam.turn else "before any lesson"


def _exam_score_label(exam: pd.Series) -> str:
    return append_interval(
        format_score(exam.correct, exam.questions), *wilson_interval(*claims.right_of_total(exam)), int(exam.questions)
    )
