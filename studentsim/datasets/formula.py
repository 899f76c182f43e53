"""Evaluates MathQA's formulas, such as ``divide(multiply(n0, const_100), 8)``.

Source: Amini et al. 2019 (``mathqa.py``). An ``annotated_formula`` is nested and contains the numbers; a ``linear_formula`` is a chain
of steps ``add(n0,n1)|divide(#0,const_2)|``, where n0, n1 … are the problem's numbers in order and #0, #1 … the results of earlier
steps. Only MathQA's own operations are evaluated (there is no ``eval``); lengths, depths and sizes are bounded.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

MAX_FORMULA_CHARS = 2_000
MAX_NESTING_DEPTH = 40
MAX_FACTORIAL_ARGUMENT = 1_000
"""Largest argument of factorial, choose and permutation."""


@dataclass(frozen=True)
class FormulaNode:
    """A number (``operation`` is ""), or an operation on ``arguments`` with its value."""

    value: float
    operation: str = ""
    arguments: tuple[FormulaNode, ...] = ()


def evaluate_formula(formula: str) -> float | None:
    """The value of an ``annotated_formula``; None if it cannot be evaluated.

    >>> evaluate_formula("divide(multiply(8, const_100), add(2, 3))")
    160.0
    >>> evaluate_formula("power(9, power(9, 9))"), evaluate_formula("__import__(os)")
    (None, None)
    """
    node = parse_formula(formula)
    return node and node.value


def parse_formula(formula: str) -> FormulaNode | None:
    """The syntax tree of an ``annotated_formula`` with the value of each node; None if it cannot be evaluated.

    >>> node = parse_formula("add(2, 3)")
    >>> node.operation, node.value, [argument.value for argument in node.arguments]
    ('add', 5.0, [2.0, 3.0])
    """
    tokens = _tokenize_reversed(formula)
    if not tokens:
        return None
    try:
        node, rest = _parse_node(tokens, {}, 0)
        return None if rest else node
    except _EVALUATION_ERRORS:
        return None


def evaluate_linear_formula(linear_formula: str, numbers: Sequence[float]) -> float | None:
    """The value of a ``linear_formula`` for a problem's numbers; None if it cannot be evaluated.

    >>> evaluate_linear_formula("add(n0,n1)|divide(#0,const_2)|", [3, 5]), evaluate_linear_formula("add(n0,n7)|", [3])
    (4.0, None)
    """
    steps = [step for step in linear_formula[:MAX_FORMULA_CHARS].split("|") if step.strip()]
    values_by_name = {f"n{index}": float(number) for index, number in enumerate(numbers)}
    value = None
    try:
        for index, step in enumerate(steps):
            node, rest = _parse_node(_tokenize_reversed(step.replace(",", ", ")), values_by_name, 0)
            if rest:
                return None
            value = values_by_name[f"#{index}"] = node.value
    except _EVALUATION_ERRORS:
        return None
    return None if value is None else _check_finite(value)


def extract_numbers(text: str) -> list[float]:
    """A problem's numbers in order, as ``linear_formula`` counts them.

    >>> extract_numbers("a 3 - digit number is 1,200 more than 0.5 or 7 .")
    [3.0, 1200.0, 0.5, 7.0]
    """
    return [float(n.replace(",", "")) for n in re.findall(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.?\d*|\.\d+", text)]


# ------------------------------------------------------------------ the grammar

_TOKEN = re.compile(
    r"\s*(const_\w+\.\d+|[a-z_]\w*|#\d+|-?\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!,?\d)|-?\d+(?:\.\d+)?(?!,\d)|[(),])"
)
"""``power(1,000, 2)`` has two arguments: a comma between arguments is followed by a space. What fits neither rule (``17,3``) is not
matched."""
_EVALUATION_ERRORS = (ValueError, ArithmeticError, TypeError, IndexError, KeyError)


def _tokenize_reversed(text: str) -> list[str]:
    """The formula's tokens, last first; empty if it is not a formula."""
    tokens, position, text = [], 0, text.strip()
    if len(text) > MAX_FORMULA_CHARS:
        return []
    while position < len(text):
        match = _TOKEN.match(text, position)
        if not match:
            return []
        tokens.append(match[1])
        position = match.end()
    return tokens[::-1]


def _parse_node(tokens: list[str], values_by_name: Mapping[str, float], depth: int) -> tuple[FormulaNode, list[str]]:
    """Parse the next expression; return it and the remaining tokens. Consumes ``tokens`` from the end."""
    if depth > MAX_NESTING_DEPTH:
        raise ValueError("nested too deeply")
    head = tokens.pop()
    if not tokens or tokens[-1] != "(":
        return FormulaNode(_check_finite(_parse_constant(head, values_by_name))), tokens
    operation, arguments = OPERATIONS[head], []
    while tokens.pop() in "(,":
        argument, tokens = _parse_node(tokens, values_by_name, depth + 1)
        arguments.append(argument)
        if tokens[-1] not in ",)":
            raise ValueError("neither a comma nor a bracket")
    value = _check_finite(float(operation(*(argument.value for argument in arguments))))
    return FormulaNode(value, head, tuple(arguments)), tokens


def _parse_constant(token: str, values_by_name: Mapping[str, float]) -> float:
    """``const_pi``, ``const_0_25`` (0.25), ``n0``, ``#1`` or a number."""
    if token in values_by_name:
        return values_by_name[token]
    if token == "const_pi":
        return math.pi
    if token == "const_deg_to_rad":
        return math.pi / 180
    number_text = token.removeprefix("const_").replace("_", ".", 1).replace(",", "")
    return _check_finite(float(number_text))  # float() reads "nan" and "inf", too


def _check_finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("not finite")
    return value


# ------------------------------------------------------------------ the operations


def _to_small_whole_number(value: float) -> int:
    if value != int(value) or not 0 <= value <= MAX_FACTORIAL_ARGUMENT:
        raise ValueError("no small whole number")
    return int(value)


def _to_integer(value: float) -> int:
    if value != int(value):
        raise ValueError("no whole number")
    return int(value)


def _heron_triangle_area(a: float, b: float, c: float) -> float:
    half_perimeter = (a + b + c) / 2
    return math.sqrt(half_perimeter * (half_perimeter - a) * (half_perimeter - b) * (half_perimeter - c))


OPERATIONS: Mapping[str, Callable[..., float]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "power": math.pow,
    "sqrt": math.sqrt,
    "log": math.log2,
    "inverse": lambda a: 1 / a,
    "negate": lambda a: -a,
    "floor": math.floor,
    "max": lambda a, b: max(a, b),
    "min": lambda a, b: min(a, b),
    "reminder": lambda a, b: a % b,
    "gcd": lambda a, b: math.gcd(_to_integer(a), _to_integer(b)),
    "lcm": lambda a, b: math.lcm(_to_integer(a), _to_integer(b)),
    "factorial": lambda a: math.factorial(_to_small_whole_number(a)),
    "choose": lambda n, k: math.comb(_to_small_whole_number(n), _to_small_whole_number(k)),
    "permutation": lambda n, k: math.perm(_to_small_whole_number(n), _to_small_whole_number(k)),
    "negate_prob": lambda p: 1 - p,
    "union_prob": lambda p, q, both: p + q - both,
    "sine": math.sin,
    "cosine": math.cos,
    "tangent": math.tan,
    "speed": lambda distance, time: distance / time,
    "stream_speed": lambda down, up: (down - up) / 2,
    "speed_in_still_water": lambda down, up: (down + up) / 2,
    "p_after_gain": lambda percent, price: price * (1 + percent / 100),
    "p_after_loss": lambda percent, price: price * (1 - percent / 100),
    "original_price_before_gain": lambda percent, price: price / (1 + percent / 100),
    "original_price_before_loss": lambda percent, price: price / (1 - percent / 100),
    "square_area": lambda a: a * a,
    "square_perimeter": lambda a: 4 * a,
    "square_edge_by_area": math.sqrt,
    "square_edge_by_perimeter": lambda length: length / 4,
    "rectangle_area": lambda a, b: a * b,
    "rectangle_perimeter": lambda a, b: 2 * (a + b),
    "diagonal": lambda a, b: math.hypot(a, b),
    "rhombus_area": lambda d, e: d * e / 2,
    "rhombus_perimeter": lambda a: 4 * a,
    "quadrilateral_area": lambda diagonal, h, i: diagonal * (h + i) / 2,
    "triangle_area": lambda base, height: base * height / 2,
    "triangle_area_three_edges": _heron_triangle_area,
    "triangle_perimeter": lambda a, b, c: a + b + c,
    "circle_area": lambda r: math.pi * r * r,
    "circumface": lambda r: 2 * math.pi * r,
    "volume_cube": lambda a: a**3,
    "surface_cube": lambda a: 6 * a * a,
    "cube_edge_by_volume": math.cbrt,
    "volume_rectangular_prism": lambda a, b, c: a * b * c,
    "surface_rectangular_prism": lambda a, b, c: 2 * (a * b + b * c + a * c),
    "volume_cylinder": lambda r, h: math.pi * r * r * h,
    "surface_cylinder": lambda r, h: 2 * math.pi * r * (r + h),
    "volume_cone": lambda r, h: math.pi * r * r * h / 3,
    "volume_sphere": lambda r: 4 / 3 * math.pi * r**3,
    "surface_sphere": lambda r: 4 * math.pi * r * r,
}
"""MathQA's operations on real numbers, by its names (``reminder`` and ``circumface`` are its spelling)."""
