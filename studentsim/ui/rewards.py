"""What the training's figures say, in plain words: the ways to look at them, a sentence for each, and the alert.

The columns are TRL's names (rewards/chosen is ``rewards_chosen``), one row an optimiser step. No streamlit here.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

EVEN_LOSS = 0.69
"""DPO's loss (natural log of 2) of a student that knows no difference between the two answers."""

ALERT_TURNS = 3
"""The alert looks at this many lessons, the latest."""

ALERT_FALL = 0.1
"""Natural-log units that the right answer must lose, within a lesson and on average, before anything is said."""


FAR = 1.0
"""Squared nats of drift, chosen and rejected together, from which on what is not practised does not stay as it was."""


@dataclass(frozen=True)
class RewardView:
    """One way of looking at the training: its name, the field's own term, its columns with plain labels, its unit, and the
    glossary's term that explains it."""

    name: str
    term: str
    columns: dict[str, str]
    unit: str
    explained: str
    percent: bool = False
    options: str = ""
    """The column of the same figure on held-out questions' options, which only students that read them have."""


VIEWS: dict[str, RewardView] = {
    "margins": RewardView(
        "Lead",
        "rewards/margins",
        {"rewards_margins": "lead of the right answer"},
        "reward",
        "margin",
        options="option_margins",
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
        percent=True,
        options="option_accuracies",
    ),
    "loss": RewardView("Loss", "loss", {"loss": "loss"}, "loss", "loss"),
    "logps": RewardView(
        "How likely",
        "logps/chosen and logps/rejected",
        {"logps_chosen": "right answer", "logps_rejected": "its own wrong answer"},
        "log-probability",
        "log-probability",
    ),
}


OWN = "the student's own wrong one"


def sentence(view: str, steps: pd.DataFrame) -> str:
    """One plain sentence on what a view of the training shows at its latest step."""
    if steps.empty:
        return "Nothing has been learnt from yet: the first training comes in lesson 1."
    last = steps.iloc[-1]
    return _WORDS[view](last, steps)


def _margins(last: pd.Series, steps: pd.DataFrame) -> str:
    lead = f"{abs(last.rewards_margins):.2f}"
    side = "leads" if last.rewards_margins > 0 else "trails"
    told = f"neither leads nor trails {OWN}" if float(lead) == 0 else f"{side} {OWN} by {lead}"
    return f"In lesson {int(last.turn)} the right working {told}. Every lesson starts again from about 0, the student as it was before."


def _apart(last: pd.Series, steps: pd.DataFrame) -> str:
    def moved(value: float) -> str:
        size = f"{abs(value):.2f}"
        return "neither gained nor lost" if float(size) == 0 else f"{'gained' if value > 0 else 'lost'} {size}"

    return (
        f"In lesson {int(last.turn)} the right working has {moved(last.rewards_chosen)} "
        f"and the student's own wrong one has {moved(last.rewards_rejected)}."
    )


def _accuracies(last: pd.Series, steps: pd.DataFrame) -> str:
    turn = steps[steps.turn == last.turn]
    begun = " so far" if last.step < last.steps else ""
    return (
        f"In lesson {int(last.turn)}{begun} it {'prefers' if begun else 'preferred'} the right answer in "
        f"{round(10 * turn.rewards_accuracies.mean())} of 10 pairs (5 would be a coin)."
    )


def _loss(last: pd.Series, steps: pd.DataFrame) -> str:
    return (
        f"The training loss is {last.loss:.2f}; {EVEN_LOSS} is a student that knows no difference, 0 one that is sure."
    )


def _logps(last: pd.Series, steps: pd.DataFrame) -> str:
    change = _within(steps[steps.turn == last.turn], "logps_chosen")
    if change is None:
        return "How likely the student finds the right answer and its own wrong one: higher is likelier."
    word = "likelier" if change > 0 else "less likely"
    return f"Within lesson {int(last.turn)} the right answer itself became {word}. Higher is likelier."


_WORDS = {"margins": _margins, "apart": _apart, "accuracies": _accuracies, "loss": _loss, "logps": _logps}


def held(steps: pd.DataFrame) -> str:
    """One quiet line on what the latest lesson did not practise; blank for runs that rehearse nothing."""
    if "rehearsal" not in steps or not steps.rehearsal.notna().any():
        return ""
    lesson = steps.turn.max()
    drift = steps[steps.turn == lesson].rehearsal.mean()  # of the steps that rehearsed
    if pd.isna(drift):
        return f"Lesson {int(lesson)} practises every kind of question, so there is nothing to keep as it was."
    told = f"(rehearsal: drift {drift:.2g} nat² a step)."
    if drift > FAR:
        return f"What lesson {int(lesson)} does not practise has moved, and is pulled back to where it was {told}"
    return f"What lesson {int(lesson)} does not practise stays as it was {told}"


def options(validations: pd.DataFrame) -> str:
    """One line on held-out questions' options, worded alike, after the latest lesson that looked; blank where none did."""
    if "option_accuracies" not in validations or not validations.option_accuracies.notna().any():
        return ""
    last = validations[validations.option_accuracies.notna()].iloc[-1]
    return (
        f"After lesson {int(last.turn)} the right option has gained more than a wrong one in {round(100 * last.option_accuracies)} of 100 "
        f"held-out questions (50 would be a coin): both are worded alike, so that no style is preferred here "
        f"(rewards/accuracies of option texts; rewards/margins {last.option_margins:+.2f})."
    )


def alert(steps: pd.DataFrame) -> str:
    """A warning when the right answer itself grows less likely while its lead grows; empty otherwise.

    Each lesson goes over its pairs more than once, so the lesson's second half is compared with its first.
    """
    if steps.empty:
        return ""
    turns = sorted(steps.turn.unique())[-ALERT_TURNS:]
    changes = [
        (_within(g, "logps_chosen"), _within(g, "rewards_margins"))
        for _, g in steps[steps.turn.isin(turns)].groupby("turn")
    ]
    told = [(chosen, margin) for chosen, margin in changes if chosen is not None and margin is not None]
    if not told:
        return ""
    chosen = sum(c for c, _ in told) / len(told)
    margin = sum(m for _, m in told) / len(told)
    if chosen >= -ALERT_FALL or margin <= 0:
        return ""
    return (
        "The right answer itself is becoming less likely, although its lead grows: the student is learning what not to say "
        "rather than what to say. Gentler learning (a lower learning rate, fewer passes) usually helps."
    )


def _within(turn: pd.DataFrame, column: str) -> float | None:
    """Mean of the turn's later half of steps less that of its earlier half; None under 2 steps."""
    half = len(turn) // 2
    if half < 1:
        return None
    ordered = turn.sort_values("step")[column]
    return float(ordered.iloc[-half:].mean() - ordered.iloc[:half].mean())
