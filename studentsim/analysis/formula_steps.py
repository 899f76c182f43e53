"""A bank's annotated formula as the sums of school arithmetic that it takes: ``+ - × ÷ ^`` on two numbers each; and what becomes of it
with a step left out, or with another operation.

MathQA's shapes and percentages (``rectangle_area``, ``speed``) are written out as such sums. A formula with what no sum of a working
shows (roots, factorials, logarithms) is left alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from studentsim.bank.formula import Node

MOST_STEPS = 12
"""Operations of a formula that is looked at."""
MOST_POWER = 20


@dataclass(frozen=True)
class Tree:
    """A number (``sign`` blank), or an operation on two trees, with its value."""

    value: float
    sign: str = ""
    left: Tree | None = None
    right: Tree | None = None

    def steps(self) -> Iterator[Tree]:
        """The operations, in the order in which they are done."""
        if self.left and self.right:
            yield from self.left.steps()
            yield from self.right.steps()
            yield self


def written_out(node: Node) -> Tree | None:
    """A formula as sums; None where it has none, too many, or what no sum shows."""
    try:
        tree = _tree(node)
    except _NOT_WRITTEN:
        return None
    return tree if 0 < sum(1 for _ in tree.steps()) <= MOST_STEPS else None


def percentages_read(tree: Tree) -> Tree:
    """The same with each ``20 ÷ 100`` as the number 0.2, as who writes ``20%`` or ``0.2`` works with it."""
    if not (tree.left and tree.right):
        return tree
    if tree.sign == "÷" and not tree.left.sign and not tree.right.sign and tree.right.value == 100:
        return Tree(tree.value)
    return Tree(tree.value, tree.sign, percentages_read(tree.left), percentages_read(tree.right))


def with_a_step_left_out(tree: Tree) -> Iterator[Tree]:
    """What the formula is without one of its operations, and each part of it that has an operation of its own."""
    yield from (step for step in tree.steps() if step is not tree)
    for changed in _changed(tree, lambda step: iter((step.left, step.right))):
        if changed.sign:
            yield changed


def with_another_operation(tree: Tree) -> Iterator[Tree]:
    """What the formula is with another operation in one place."""
    return _changed(tree, _other_operations)


def _other_operations(step: Tree) -> Iterator[Tree]:
    for sign in "+-×÷":
        if sign != step.sign:
            for left, right in ((step.left, step.right), (step.right, step.left))[: 1 if sign in "+×" else 2]:
                if made := _made(sign, left, right):
                    yield made


def _changed(tree: Tree, change: Callable[[Tree], Iterator[Tree | None]]) -> Iterator[Tree]:
    """The tree with one of its operations changed, each in turn."""
    if not (tree.left and tree.right):
        return
    yield from filter(None, change(tree))
    sides = [(left, tree.right) for left in _changed(tree.left, change)]
    sides += [(tree.left, right) for right in _changed(tree.right, change)]
    for left, right in sides:
        if made := _made(tree.sign, left, right):
            yield made


def _made(sign: str, left: Tree | None, right: Tree | None) -> Tree | None:
    """An operation; None where it has no value."""
    try:
        return _sum(sign, left, right) if left and right else None
    except _NOT_WRITTEN:
        return None


_NOT_WRITTEN = (ArithmeticError, ValueError, KeyError, TypeError, RecursionError)
_COMPUTE: Mapping[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "×": lambda a, b: a * b,
    "÷": lambda a, b: a / b,
    "^": lambda a, b: math.pow(a, b),
}


def _sum(sign: str, left: Tree, right: Tree) -> Tree:
    if sign == "^" and abs(right.value) > MOST_POWER:
        raise ValueError("a power that no working works out")
    value = _COMPUTE[sign](left.value, right.value)
    if not math.isfinite(value):
        raise ValueError("not finite")
    return Tree(value, sign, left, right)


def _tree(node: Node) -> Tree:
    """:raises KeyError: an operation that is no sum."""
    if not node.operation:
        return Tree(node.value)
    return _WRITTEN[node.operation](*map(_tree, node.arguments))


def _plain(sign: str) -> Callable[[Tree, Tree], Tree]:
    return lambda a, b: _sum(sign, a, b)


def _times(*factors: Tree) -> Tree:
    product, *rest = factors
    for factor in rest:
        product = _sum("×", product, factor)
    return product


_ONE, _TWO, _FOUR, _PERCENT = Tree(1.0), Tree(2.0), Tree(4.0), Tree(100.0)
_WRITTEN: Mapping[str, Callable[..., Tree]] = {
    "add": _plain("+"),
    "subtract": _plain("-"),
    "multiply": _plain("×"),
    "divide": _plain("÷"),
    "power": _plain("^"),
    "speed": _plain("÷"),
    "inverse": lambda a: _sum("÷", _ONE, a),
    "negate_prob": lambda p: _sum("-", _ONE, p),
    "stream_speed": lambda down, up: _sum("÷", _sum("-", down, up), _TWO),
    "speed_in_still_water": lambda down, up: _sum("÷", _sum("+", down, up), _TWO),
    "square_area": lambda a: _times(a, a),
    "square_perimeter": lambda a: _times(_FOUR, a),
    "square_edge_by_perimeter": lambda length: _sum("÷", length, _FOUR),
    "rectangle_area": _plain("×"),
    "rectangle_perimeter": lambda a, b: _times(_TWO, _sum("+", a, b)),
    "rhombus_perimeter": lambda a: _times(_FOUR, a),
    "rhombus_area": lambda d, e: _sum("÷", _times(d, e), _TWO),
    "triangle_area": lambda base, height: _sum("÷", _times(base, height), _TWO),
    "triangle_perimeter": lambda a, b, c: _sum("+", _sum("+", a, b), c),
    "quadrilateral_area": lambda d, h, i: _sum("÷", _times(d, _sum("+", h, i)), _TWO),
    "volume_cube": lambda a: _times(a, a, a),
    "volume_rectangular_prism": _times,
}
"""MathQA's operations as sums (those that are one)."""
