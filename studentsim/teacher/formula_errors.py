"""Classifies the error in a wrong answer by comparing the operations in its working with the question's annotated formula.

There are five kinds (below). An answer gets one only if the annotation leads to the key, the working is complete, and its
operations are, number by number, those of the formula with that one error; all others get none. Misconceptions that the bank
itself names (``Option.misconception``) take precedence.

Formulas: MathQA (Amini et al. 2019), ``datasets/formula.py``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from studentsim.datasets.formula import extract_numbers, parse_formula
from studentsim.datasets.formula_check import parse_number_with_decimals, value_matches_option
from studentsim.teacher.formula_steps import (
    ArithmeticTree,
    build_arithmetic_tree,
    collapse_percentages,
    iter_operator_replacements,
    iter_step_omissions,
)
from studentsim.teacher.written_sums import WrittenOperation, extract_operations, numbers_match, operations_match
from studentsim.types import Answer, Question

FORMULA_ERROR_PREFIX = "formula:"
"""Prefix of these kinds' ids, which share a column with the banks' own misconceptions."""


@dataclass(frozen=True)
class FormulaErrorKind:
    """One kind of error: its title, what goes wrong, and what a teacher could ask, all as shown to teachers."""

    id: str
    title: str
    explanation: str
    hint: str


FORMULA_ERRORS: Mapping[str, FormulaErrorKind] = {
    kind.id: kind
    for kind in (
        FormulaErrorKind(
            f"{FORMULA_ERROR_PREFIX}wrong-numbers",
            "right operations, wrong numbers",
            "It does the operations that lead to the answer, but puts wrong numbers into them, or works one of them out wrongly.",
            "Which number of the question belongs into this sum, and what does it come to?",
        ),
        FormulaErrorKind(
            f"{FORMULA_ERROR_PREFIX}step-left-out",
            "left out a step",
            "Each of its sums belongs to the right way, but a step of that way is missing.",
            "What is asked for, and is that what you have worked out so far?",
        ),
        FormulaErrorKind(
            f"{FORMULA_ERROR_PREFIX}other-operation",
            "took another operation",
            "It works with the right numbers, but in one step takes another operation, such as adding instead of multiplying.",
            "Why must these two numbers be added, subtracted, multiplied or divided?",
        ),
        FormulaErrorKind(
            f"{FORMULA_ERROR_PREFIX}copied-number",
            "copied a number from the question",
            "The number that it answers with stands in the question, and none of its sums leads to it.",
            "What does this number tell in the question, and what is asked for?",
        ),
        FormulaErrorKind(
            f"{FORMULA_ERROR_PREFIX}no-working",
            "gave an answer without working",
            "It writes down an answer and nothing that could lead to it.",
            "How did you find that out?",
        ),
    )
}
"""The kinds by id, in display order."""
WRONG_NUMBERS, STEP_LEFT_OUT, OTHER_OPERATION, COPIED_NUMBER, NO_WORKING = FORMULA_ERRORS

MAX_BARE_ANSWER_WORDS = 8
"""Most words, beyond those of the options, of an answer without working: "The correct answer is option"."""
MIN_COPIED_NUMBER = 10
"""Smaller whole numbers are not called copied: they may be in a question by chance."""
MAX_ANSWER_CHARS = 8_000
"""Characters of an answer that are searched."""
MAX_COMPARED_NUMBERS = 400
"""Numbers of an answer that are compared with the correct one."""

_WORD = re.compile(r"[^\W\d_]{2,}")
_OPERATOR_SIGNS = frozenset("=+×÷^√")


def classify_formula_error(question: Question, answer: Answer) -> str | None:
    """The kind of error (an id of ``FORMULA_ERRORS``) of an answer that chose a wrong option; None if unknown.

    Time and memory are bounded, whatever the answer holds.
    """
    if answer.letter in (None, question.correct) or not answer.ended:
        return None  # the working of an answer that was cut off, or only scored (``ended`` None), is not known
    trees = _build_formula_trees(question)
    if not trees:
        return None
    question_operations = extract_operations(
        "\n".join((question.problem, *(option.text for option in question.options)))
    )
    answer_operations = [
        operation
        for operation in extract_operations(answer.text)
        if not any(
            operations_match(operation, given) and given.has_equals_sign >= operation.has_equals_sign
            for given in question_operations
        )
    ]
    if not answer_operations:
        return (
            NO_WORKING
            if _is_answer_without_working(question, answer)
            else _classify_copied_number(question, answer, answer_operations, trees)
        )
    equations = [operation for operation in answer_operations if operation.has_equals_sign]
    if not equations:
        return None  # "2 - 3 days" may or may not be a subtraction
    if _reaches_correct_answer(question, answer.text, answer_operations):
        return None  # the working may be correct, and only the chosen option wrong
    return _classify_operations(equations, trees) or _classify_copied_number(question, answer, answer_operations, trees)


@lru_cache(maxsize=256)
def _build_formula_trees(question: Question) -> tuple[ArithmeticTree, ...]:
    """The formula as a tree, and with its percentages collapsed; a formula that no tree can show is its value alone.

    Empty if the annotation does not lead to the key.
    """
    node = parse_formula(question.formula) if question.formula else None
    if node is None or not value_matches_option(node.value, question.correct_option.text):
        return ()
    tree = build_arithmetic_tree(node)
    if tree is None:
        return (ArithmeticTree(node.value),)
    return tuple(dict.fromkeys((tree, collapse_percentages(tree))))


def _reaches_correct_answer(question: Question, text: str, operations: Sequence[WrittenOperation]) -> bool:
    """Whether the correct answer is anywhere in a working: as a number, as a result, or as the option's own text."""
    correct_text = question.correct_option.text
    text = " ".join(text[-MAX_ANSWER_CHARS:].split())
    if re.search(rf"(?<![\w.]){re.escape(' '.join(correct_text.split()))}(?!\w)", text):
        return True
    return any(
        value_matches_option(value, correct_text)
        for value in (*(operation.result for operation in operations), *extract_numbers(text)[:MAX_COMPARED_NUMBERS])
    )


def _classify_operations(operations: Sequence[WrittenOperation], trees: Sequence[ArithmeticTree]) -> str | None:
    """The kind of error by which the operations of a working differ from the formula; None if they do not, or by another."""
    trees = [tree for tree in trees if tree.operator]
    if any(_operations_match_tree(operations, tree) for tree in trees):
        miscalculated = any(not numbers_match(operation.result, operation.value) for operation in operations)
        return WRONG_NUMBERS if miscalculated else None
    if any(_operations_match_tree(operations, changed) for tree in trees for changed in iter_step_omissions(tree)):
        return STEP_LEFT_OUT
    if any(
        _operations_match_tree(operations, changed) for tree in trees for changed in iter_operator_replacements(tree)
    ):
        return OTHER_OPERATION
    return WRONG_NUMBERS if any(_has_same_operators(tree, operations) for tree in trees) else None


def _operations_match_tree(operations: Sequence[WrittenOperation], tree: ArithmeticTree) -> bool:
    """Whether a working has exactly the tree's operations, in any order but with the same last one."""
    steps = _distinct_operations(tree)
    if len(operations) != len(steps) or _count_operators(steps) != _count_operators(operations):
        return False
    if not operations_match(operations[-1], steps[-1]):
        return False
    remaining = list(steps)
    for operation in operations:
        match = next((step for step in remaining if operations_match(operation, step)), None)
        if match is None:
            return False
        remaining.remove(match)
    return True


def _has_same_operators(tree: ArithmeticTree, operations: Sequence[WrittenOperation]) -> bool:
    """Whether a working has the tree's operators, the last one last, on other numbers, at least one of them the formula's."""
    steps = _distinct_operations(tree)
    if tree.operator != operations[-1].operator or _count_operators(steps) != _count_operators(operations):
        return False
    tree_numbers = [number for step in steps for number in (step.left, step.right)]
    return any(
        numbers_match(number, tree_number)
        for operation in operations
        for number in (operation.left, operation.right)
        for tree_number in tree_numbers
    )


def _distinct_operations(tree: ArithmeticTree) -> list[WrittenOperation]:
    """The operations of a tree without repetitions."""
    steps: list[WrittenOperation] = []
    for step in tree.iter_operations():
        assert step.left and step.right
        operation = WrittenOperation(step.operator, step.left.value, step.right.value, step.value)
        if not any(operations_match(operation, earlier) for earlier in steps):
            steps.append(operation)
    return steps


def _count_operators(operations: Sequence[WrittenOperation]) -> Counter[str]:
    return Counter(step.operator for step in operations)


def _is_answer_without_working(question: Question, answer: Answer) -> bool:
    """Whether a text is an answer with few other words, no other sign, and no number but its own and those of the options."""
    text = answer.text
    if len(text) > MAX_ANSWER_CHARS:
        return False
    options_text = "\n".join(option.text for option in question.options)
    option_words = {word.lower() for word in _WORD.findall(options_text)}
    if set(text) & (_OPERATOR_SIGNS - set(options_text)):
        return False  # an equation, say
    words = [word for word in _WORD.findall(text) if word.lower() not in option_words]
    return len(words) <= MAX_BARE_ANSWER_WORDS and set(extract_numbers(text)) <= {
        *extract_numbers(options_text),
        *extract_numbers(answer.value or ""),
    }


def _classify_copied_number(
    question: Question, answer: Answer, operations: Sequence[WrittenOperation], trees: Sequence[ArithmeticTree]
) -> str | None:
    """``COPIED_NUMBER`` if the answer's number is one of the question's and nothing in working or formula leads to it."""
    answer_number = parse_number_with_decimals(answer.value or "")
    if answer_number is None or (
        answer_number[0] == int(answer_number[0]) and abs(answer_number[0]) < MIN_COPIED_NUMBER
    ):
        return None
    reached_values = [value for operation in operations for value in (operation.value, operation.result)]
    reached_values += [step.value for tree in trees for step in tree.iter_operations()]
    if any(numbers_match(answer_number[0], value) for value in reached_values):
        return None
    return COPIED_NUMBER if answer_number[0] in extract_numbers(question.problem) else None
