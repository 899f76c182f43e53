"""A question's annotated formula as a tree of ``+ - × ÷ ^``, and its variants with a step left out or another operator.

MathQA's named operations (``rectangle_area``, ``speed``) are written out. Formulas with operations that no written working
shows (roots, factorials, logarithms) have no tree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from studentsim.datasets.formula import FormulaNode
from studentsim.teacher.sum_parser import apply_operator

MAX_OPERATIONS = 12
"""A longer formula has no tree."""


@dataclass(frozen=True)
class ArithmeticTree:
    """A number (``operator`` is blank) or an operation on two trees, with its value."""

    value: float
    operator: str = ""
    left: ArithmeticTree | None = None
    right: ArithmeticTree | None = None

    def iter_operations(self) -> Iterator[ArithmeticTree]:
        """The operations in the order in which they are carried out."""
        if self.left and self.right:
            yield from self.left.iter_operations()
            yield from self.right.iter_operations()
            yield self


def build_arithmetic_tree(node: FormulaNode) -> ArithmeticTree | None:
    """A formula as a tree; None if it has no operation, more than ``MAX_OPERATIONS``, or an operation that no tree shows."""
    try:
        tree = _convert_node(node)
    except _CONVERSION_ERRORS:
        return None
    return tree if 0 < sum(1 for _ in tree.iter_operations()) <= MAX_OPERATIONS else None


def collapse_percentages(tree: ArithmeticTree) -> ArithmeticTree:
    """The tree with each ``20 ÷ 100`` replaced by 0.2, as in a working that writes ``20%`` or ``0.2``."""
    if not (tree.left and tree.right):
        return tree
    if tree.operator == "÷" and not tree.left.operator and not tree.right.operator and tree.right.value == 100:
        return ArithmeticTree(tree.value)
    return ArithmeticTree(tree.value, tree.operator, collapse_percentages(tree.left), collapse_percentages(tree.right))


def iter_step_omissions(tree: ArithmeticTree) -> Iterator[ArithmeticTree]:
    """The trees with one operation left out, and each proper subtree that has an operation."""
    yield from (step for step in tree.iter_operations() if step is not tree)
    for changed in _iter_changed_trees(tree, lambda step: iter((step.left, step.right))):
        if changed.operator:
            yield changed


def iter_operator_replacements(tree: ArithmeticTree) -> Iterator[ArithmeticTree]:
    """The trees with one operator replaced by another."""
    return _iter_changed_trees(tree, _iter_other_operators)


def _iter_other_operators(step: ArithmeticTree) -> Iterator[ArithmeticTree]:
    for operator in "+-×÷":
        if operator != step.operator:
            for left, right in ((step.left, step.right), (step.right, step.left))[: 1 if operator in "+×" else 2]:
                if changed := _combine_or_none(operator, left, right):
                    yield changed


def _iter_changed_trees(
    tree: ArithmeticTree, change: Callable[[ArithmeticTree], Iterator[ArithmeticTree | None]]
) -> Iterator[ArithmeticTree]:
    """The tree with one of its operations changed, for each operation."""
    if not (tree.left and tree.right):
        return
    yield from filter(None, change(tree))
    sides = [(left, tree.right) for left in _iter_changed_trees(tree.left, change)]
    sides += [(tree.left, right) for right in _iter_changed_trees(tree.right, change)]
    for left, right in sides:
        if changed := _combine_or_none(tree.operator, left, right):
            yield changed


def _combine_or_none(operator: str, left: ArithmeticTree | None, right: ArithmeticTree | None) -> ArithmeticTree | None:
    """An operation on two trees; None if it has no finite value."""
    try:
        return _combine(operator, left, right) if left and right else None
    except _CONVERSION_ERRORS:
        return None


_CONVERSION_ERRORS = (ArithmeticError, ValueError, KeyError, TypeError, RecursionError)


def _combine(operator: str, left: ArithmeticTree, right: ArithmeticTree) -> ArithmeticTree:
    return ArithmeticTree(apply_operator(operator, left.value, right.value), operator, left, right)


def _convert_node(node: FormulaNode) -> ArithmeticTree:
    """:raises KeyError: an operation that no tree shows."""
    if not node.operation:
        return ArithmeticTree(node.value)
    return _TREE_BUILDERS[node.operation](*map(_convert_node, node.arguments))


def _make_combiner(operator: str) -> Callable[[ArithmeticTree, ArithmeticTree], ArithmeticTree]:
    return lambda a, b: _combine(operator, a, b)


def _multiply(*factors: ArithmeticTree) -> ArithmeticTree:
    product, *rest = factors
    for factor in rest:
        product = _combine("×", product, factor)
    return product


_ONE, _TWO, _FOUR = ArithmeticTree(1.0), ArithmeticTree(2.0), ArithmeticTree(4.0)
_TREE_BUILDERS: Mapping[str, Callable[..., ArithmeticTree]] = {
    "add": _make_combiner("+"),
    "subtract": _make_combiner("-"),
    "multiply": _make_combiner("×"),
    "divide": _make_combiner("÷"),
    "power": _make_combiner("^"),
    "speed": _make_combiner("÷"),
    "inverse": lambda a: _combine("÷", _ONE, a),
    "negate_prob": lambda p: _combine("-", _ONE, p),
    "stream_speed": lambda down, up: _combine("÷", _combine("-", down, up), _TWO),
    "speed_in_still_water": lambda down, up: _combine("÷", _combine("+", down, up), _TWO),
    "square_area": lambda a: _multiply(a, a),
    "square_perimeter": lambda a: _multiply(_FOUR, a),
    "square_edge_by_perimeter": lambda length: _combine("÷", length, _FOUR),
    "rectangle_area": _make_combiner("×"),
    "rectangle_perimeter": lambda a, b: _multiply(_TWO, _combine("+", a, b)),
    "rhombus_perimeter": lambda a: _multiply(_FOUR, a),
    "rhombus_area": lambda d, e: _combine("÷", _multiply(d, e), _TWO),
    "triangle_area": lambda base, height: _combine("÷", _multiply(base, height), _TWO),
    "triangle_perimeter": lambda a, b, c: _combine("+", _combine("+", a, b), c),
    "quadrilateral_area": lambda d, h, i: _combine("÷", _multiply(d, _combine("+", h, i)), _TWO),
    "volume_cube": lambda a: _multiply(a, a, a),
    "volume_rectangular_prism": _multiply,
}
"""MathQA's operations as trees, those that can be one."""
