"""What is said of a teacher's marks, of second tries and of doubts; claims only what the counts bear. Plain text."""

from __future__ import annotations

import pandas as pd

from studentsim.analysis import claims
from studentsim.exam import wilson
from studentsim.ui.teaching.check import Check
from studentsim.ui.teaching.names import SAID
from studentsim.ui.teaching.tries import FEW, Tries
from studentsim.ui.words import bounded, plural, score

CAVEAT = (
    "This compares kinds of question, not chance: a kind that is easily mended may simply be an easy one. It does not show that the "
    "second try did it."
)
NOBODY = "Nobody has tried a question again yet: that begins with lesson 1, where an answer is called wrong."


def told(count: int, of: int) -> str:
    """``45 of 100 (31 to 60)``; from few ``7 of 12, which is 32 to 81 of 100``; from very few the count alone."""
    if of < FEW:
        return f"{count} of {of}, too few to say more"
    return bounded(score(count, of), *wilson(count, of), of)


def mended(tries: Tries) -> str:
    """How second tries went, all of them together."""
    if not tries.tried:
        return NOBODY
    again = f"The student tried {plural(tries.tried, 'question')} again that it had got wrong."
    return f"{again} Right in the end: {told(tries.mended, tries.tried)}."


def latest(lessons: pd.DataFrame) -> str:
    """How the last lesson's second tries went (``tries.by_lesson``)."""
    if lessons.empty:
        return ""
    last = lessons.iloc[-1]
    return f"In lesson {int(last.turn)} it was {int(last.mended)} of {int(last.tried)}."


def errors(marks: pd.DataFrame) -> str:
    """How often the teacher's mark was not the key's (``queries.teacher_marks``)."""
    answers = int(marks.answers.sum())
    if not answers:
        return "The teacher has not marked any practice answer yet."
    right, wrong = int(marks.false_right.sum()), int(marks.false_wrong.sum())
    if not right + wrong:
        return f"Of {plural(answers, 'practice answer')}, the teacher marked every one as the key does."
    split = f"{plural(right, 'wrong one')} called right, {plural(wrong, 'right one')} called wrong"
    marked = f"The teacher marked {plural(answers, 'practice answer')}."
    return f"{marked} Not as the key does: {told(right + wrong, answers)}; {split}."


def marker(marks: pd.DataFrame) -> str:
    """How often a trained marker judged otherwise than the key, whoever decided; blank where there was none."""
    answers = int(marks.marker_answers.sum())
    if not answers:
        return ""
    right, wrong = int(marks.marker_false_right.sum()), int(marks.marker_false_wrong.sum())
    if not right + wrong:
        return f"The trained marker judged {answers:,} of them, each as the key does."
    split = f"{plural(right, 'wrong one')} taken for right, {plural(wrong, 'right one')} for wrong"
    return (
        f"The trained marker judged {answers:,} of them. Not as the key does: {told(right + wrong, answers)}; {split}."
    )


def gave_way(tries: Tries) -> str:
    """How many right answers were given up after a false "wrong"; blank where none was called wrong."""
    if not tries.doubted:
        return ""
    purpose = tries.doubts[tries.doubts.on_purpose]
    on_purpose, in_error = int(purpose.doubted.sum()), tries.doubted - int(purpose.doubted.sum())
    parts = [(on_purpose, "on purpose"), (in_error, "in error")]
    why = ", ".join(f"{n} {how}" if on_purpose and in_error else how for n, how in parts if n)
    was = "was" if tries.doubted == 1 else "were"
    called = f"{plural(tries.doubted, 'right answer')} {was} called wrong ({why}) and asked for again."
    return f"{called} Given up: {told(tries.flipped, tries.doubted)}."


def beside(tries: Tries) -> str:
    """Giving way to a false "wrong" beside mending after true words: which is the more frequent, as far as the counts bear it."""
    if not (tries.tried and tries.doubted):
        return ""
    more = claims.change((tries.mended, tries.tried), (tries.flipped, tries.doubted))
    if more < 0:
        return "True words mend more often than false ones mislead, by more than luck."
    if more > 0:
        return "False words mislead more often than true ones mend, by more than luck."
    return "Whether true words mend more often than false ones mislead cannot be told from so few."


def repeated(frame: pd.DataFrame) -> str:
    """What a right second try is worth after words that held the right working (``revisions``); blank where none did."""
    if not (frame.feedback_level == "explanation").any():
        return ""
    return "The full explanation holds the right working: a right second try after it may just repeat it. The exams tell what was learnt."


def words_said(frame: pd.DataFrame) -> str:
    """How much the words helped, where they held different things (``tries.by_said``); blank where they all held the same."""
    if len(frame) < 2:
        return ""
    parts = [f"after {_said(row.feedback_level)} {told(row.mended, row.tried)}" for row in frame.itertuples()]
    return f"By what was said: {'; '.join(parts)}. Where a question has no hint of its own, it is only called wrong."


def lasting(frame: pd.DataFrame) -> str:
    """Whether what was mended is right in the next exam (``queries.lasting``); without its caveat, which belongs below it."""
    counts = frame.groupby("mended")[["correct", "questions"]].sum()
    if counts.empty:
        return (
            "Whether it lasts cannot be told yet: no exam has asked kinds of question that were tried again before it."
        )
    parts = []
    for done, what in ((True, "kinds of question mostly mended before it"), (False, "kinds mostly not mended")):
        if done in counts.index:
            row = counts.loc[done]
            parts.append(f"on {what}, {told(int(row.correct), int(row.questions))}")
    return f"Right answers in the next exam: {'; '.join(parts)}."


def few(frame: pd.DataFrame) -> str:
    """Said under a picture of shares some of which rest on few."""
    if not (frame.tried < FEW).any():
        return ""
    return f"Pale, with an open mark: fewer than {FEW} tries, which say little."


def marker_check(found: Check) -> str:
    """How good the shipped marker is, in a sentence or two."""
    answers = f"{found.written.answers:,} answers it had never seen"
    text = f"Checked against the key on {answers}, it marked {_exact(found.written)} as the key does"
    if not found.has_hard:
        return f"{text}."
    return f"{text}; of {found.hard.answers:,.0f} hard cases, made to mislead it, {_exact(found.hard)}."


def _exact(row: pd.Series) -> str:
    """A share with the decimal that thousands of answers earn: ``99.4 of 100 (99.1 to 99.7)``."""
    return f"{100 * row.share:.1f} of 100 ({100 * row.low:.1f} to {100 * row.high:.1f})"


def _said(level: str) -> str:
    return {"": "nothing", "mark": "a mere “wrong”"}.get(level, SAID.get(level, level))
