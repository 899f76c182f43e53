"""What went wrong in a wrong answer, as far as the question's annotated formula and the sums of the working tell.

Five kinds (below). Each is told only where it can be known: the annotation leads to the key, the working is whole, and its sums are,
operation by operation and number by number, those of the formula with that one error. All else is sorted as nothing. The bank's
own misconceptions (``Option.misconception``) go before.

Formulas: MathQA (Amini et al. 2019), ``bank/formula.py``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from studentsim.analysis.formula_steps import (
    Tree,
    percentages_read,
    with_a_step_left_out,
    with_another_operation,
    written_out,
)
from studentsim.analysis.written_sums import WrittenSum, same_number, same_sum, written_sums
from studentsim.bank.annotation import leads_to, shown_number
from studentsim.bank.formula import numbers_in, parse
from studentsim.records import Answer, Question

PREFIX = "formula:"
"""What the ids of these kinds begin with, beside those of a bank's own misconceptions."""


@dataclass(frozen=True)
class FormulaError:
    """One kind: its title, what goes wrong, and what a teacher could ask; all in a teacher's words."""

    id: str
    title: str
    explanation: str
    hint: str


FORMULA_ERRORS: Mapping[str, FormulaError] = {
    kind.id: kind
    for kind in (
        FormulaError(
            f"{PREFIX}wrong-numbers",
            "right operations, wrong numbers",
            "It does the operations that lead to the answer, but puts wrong numbers into them, or works one of them out wrongly.",
            "Which number of the question belongs into this sum, and what does it come to?",
        ),
        FormulaError(
            f"{PREFIX}step-left-out",
            "left out a step",
            "Each of its sums belongs to the right way, but a step of that way is missing.",
            "What is asked for, and is that what you have worked out so far?",
        ),
        FormulaError(
            f"{PREFIX}other-operation",
            "took another operation",
            "It works with the right numbers, but in one step takes another operation, such as adding instead of multiplying.",
            "Why must these two numbers be added, subtracted, multiplied or divided?",
        ),
        FormulaError(
            f"{PREFIX}copied-number",
            "copied a number from the question",
            "The number that it answers with stands in the question, and none of its sums leads to it.",
            "What does this number tell in the question, and what is asked for?",
        ),
        FormulaError(
            f"{PREFIX}no-working",
            "gave an answer without working",
            "It writes down an answer and nothing that could lead to it.",
            "How did you find that out?",
        ),
    )
}
"""The kinds by id, in the order in which they are told."""
WRONG_NUMBERS, STEP_LEFT_OUT, OTHER_OPERATION, COPIED_NUMBER, NO_WORKING = FORMULA_ERRORS

BARE_WORDS = 8
"""Words, but for those of the options, that an answer without working has at most: "The correct answer is option"."""
SMALLEST_COPIED = 10
"""A smaller whole number may stand in a question by chance."""
LONGEST = 8_000
"""Characters of an answer that are looked at."""
MOST_NUMBERS = 400
"""Numbers of an answer that are compared with the right one."""

_WORD = re.compile(r"[^\W\d_]{2,}")
_SIGNS = frozenset("=+×÷^√")


def formula_error(question: Question, answer: Answer) -> str | None:
    """The kind of error, an id of ``FORMULA_ERRORS``, behind an answer that ticked a wrong option; None where it cannot be known.

    Time and memory are bounded, whatever the answer holds.
    """
    if answer.letter in (None, question.correct) or not answer.ended:
        return None  # of one that was cut off, or only ticked (``ended`` None), the working is not known
    trees = _formula(question)
    if not trees:
        return None
    given = written_sums("\n".join((question.problem, *(option.text for option in question.options))))
    written = [
        one
        for one in written_sums(answer.text)
        if not any(same_sum(one, other) and other.equated >= one.equated for other in given)
    ]
    if not written:
        return NO_WORKING if _is_bare(question, answer) else _copied(question, answer, written, trees)
    sums = [one for one in written if one.equated]
    if not sums:
        return None  # "2 - 3 days" may be a sum, and may be none
    if _reaches_the_key(question, answer.text, written):
        return None  # the working may be right, and what was ticked is not
    return _error_of(sums, trees) or _copied(question, answer, written, trees)


@lru_cache(maxsize=256)
def _formula(question: Question) -> tuple[Tree, ...]:
    """The formula as sums, and with its percentages read; a formula that no sums show is a number alone. Empty where the annotation
    does not lead to the key."""
    node = parse(question.formula) if question.formula else None
    if node is None or not leads_to(node.value, question.right.text):
        return ()
    tree = written_out(node)
    if tree is None:
        return (Tree(node.value),)
    return tuple(dict.fromkeys((tree, percentages_read(tree))))


def _reaches_the_key(question: Question, text: str, sums: Sequence[WrittenSum]) -> bool:
    """Whether the right answer stands anywhere in a working: as a number, as a sum's result, or as the option's own text."""
    right = question.right.text
    text = " ".join(text[-LONGEST:].split())
    if re.search(rf"(?<![\w.]){re.escape(' '.join(right.split()))}(?!\w)", text):
        return True
    return any(leads_to(value, right) for value in (*(one.result for one in sums), *numbers_in(text)[:MOST_NUMBERS]))


def _error_of(sums: Sequence[WrittenSum], trees: Sequence[Tree]) -> str | None:
    """What of the formula the sums of a working are."""
    trees = [tree for tree in trees if tree.sign]
    if any(_are(sums, tree) for tree in trees):
        miscalculated = any(not same_number(one.result, one.value) for one in sums)
        return WRONG_NUMBERS if miscalculated else None
    if any(_are(sums, changed) for tree in trees for changed in with_a_step_left_out(tree)):
        return STEP_LEFT_OUT
    if any(_are(sums, changed) for tree in trees for changed in with_another_operation(tree)):
        return OTHER_OPERATION
    return WRONG_NUMBERS if any(_has_the_operations_of(tree, sums) for tree in trees) else None


def _are(sums: Sequence[WrittenSum], tree: Tree) -> bool:
    """Whether the sums of a working are the tree's, each of them, in whatever order; and the last one is its last."""
    steps = _steps(tree)
    if len(sums) != len(steps) or _signs(steps) != _signs(sums):
        return False
    if not same_sum(sums[-1], steps[-1]):
        return False
    left = list(steps)
    for one in sums:
        found = next((step for step in left if same_sum(one, step)), None)
        if found is None:
            return False
        left.remove(found)
    return True


def _has_the_operations_of(tree: Tree, sums: Sequence[WrittenSum]) -> bool:
    """Whether the sums are the tree's operations, the last one its last, on other numbers; at least one number is the formula's own."""
    steps = _steps(tree)
    if tree.sign != sums[-1].operation or _signs(steps) != _signs(sums):
        return False
    own = [number for step in steps for number in (step.left, step.right)]
    return any(same_number(number, other) for one in sums for number in (one.left, one.right) for other in own)


def _steps(tree: Tree) -> list[WrittenSum]:
    """The operations of a tree, each once."""
    steps: list[WrittenSum] = []
    for step in tree.steps():
        assert step.left and step.right
        one = WrittenSum(step.sign, step.left.value, step.right.value, step.value)
        if not any(same_sum(one, other) for other in steps):
            steps.append(one)
    return steps


def _signs(steps: Sequence[WrittenSum]) -> Counter[str]:
    return Counter(step.operation for step in steps)


def _is_bare(question: Question, answer: Answer) -> bool:
    """Whether a text is an answer, hardly a word or sign besides, and no number but its own and those of the options."""
    text = answer.text
    if len(text) > LONGEST:
        return False
    offered = "\n".join(option.text for option in question.options)
    usual = {word.lower() for word in _WORD.findall(offered)}
    if set(text) & (_SIGNS - set(offered)):
        return False  # an equation, say
    words = [word for word in _WORD.findall(text) if word.lower() not in usual]
    return len(words) <= BARE_WORDS and set(numbers_in(text)) <= {*numbers_in(offered), *numbers_in(answer.value or "")}


def _copied(question: Question, answer: Answer, sums: Sequence[WrittenSum], trees: Sequence[Tree]) -> str | None:
    """Whether the number that is answered with is one of the question's, and nothing in working or formula leads to it."""
    shown = shown_number(answer.value or "")
    if shown is None or (shown[0] == int(shown[0]) and abs(shown[0]) < SMALLEST_COPIED):
        return None
    reached = [value for one in sums for value in (one.value, one.result)]
    reached += [step.value for tree in trees for step in tree.steps()]
    if any(same_number(shown[0], value) for value in reached):
        return None
    return COPIED_NUMBER if shown[0] in numbers_in(question.problem) else None
