"""MathQA's formulas evaluated: ``divide(multiply(n0, const_100), 8)``. Its own operations on numbers, and nothing else.

Amini et al. 2019. Two forms: ``annotated_formula`` nests, with the numbers in it; ``linear_formula`` is a chain of steps
``add(n0,n1)|divide(#0,const_2)|``, where n0, n1 … are the problem's numbers in their order and #0, #1 … earlier steps'
results. Nothing is ever handed to Python to evaluate; lengths, depths and sizes are bounded.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

MAX_LENGTH = 2_000
MAX_DEPTH = 40
MAX_WHOLE = 1_000
"""Largest argument of factorial, choose and permutation."""


@dataclass(frozen=True)
class Node:
    """A number (``operation`` blank), or an operation on ``arguments``, with its value."""

    value: float
    operation: str = ""
    arguments: tuple[Node, ...] = ()


def evaluate(annotated: str) -> float | None:
    """The value of an ``annotated_formula``; None where it cannot be evaluated.

    >>> evaluate("divide(multiply(8, const_100), add(2, 3))"), evaluate("power(9, power(9, 9))"), evaluate("__import__(os)")
    (160.0, None, None)
    """
    found = parse(annotated)
    return found and found.value


def parse(annotated: str) -> Node | None:
    """An ``annotated_formula`` with the value of each of its operations; None where it cannot be evaluated.

    >>> parse("add(2, 3)")
    Node(value=5.0, operation='add', arguments=(Node(value=2.0, operation='', arguments=()), Node(value=3.0, operation='', arguments=())))
    """
    tokens = _tokens(annotated)
    if not tokens:
        return None
    try:
        node, rest = _node(tokens, {}, 0)
        return None if rest else node
    except _UNEVALUATED:
        return None


def evaluate_linear(linear: str, numbers: Sequence[float]) -> float | None:
    """The value of a ``linear_formula`` for a problem's numbers; None where it cannot be evaluated.

    >>> evaluate_linear("add(n0,n1)|divide(#0,const_2)|", [3, 5]), evaluate_linear("add(n0,n7)|", [3])
    (4.0, None)
    """
    steps = [step for step in linear[:MAX_LENGTH].split("|") if step.strip()]
    names = {f"n{place}": float(number) for place, number in enumerate(numbers)}
    value = None
    try:
        for place, step in enumerate(steps):
            node, rest = _node(_tokens(step.replace(",", ", ")), names, 0)
            if rest:
                return None
            value = names[f"#{place}"] = node.value
    except _UNEVALUATED:
        return None
    return None if value is None else _finite(value)


def numbers_in(problem: str) -> list[float]:
    """A problem's numbers in their order, as ``linear_formula`` counts them.

    >>> numbers_in("a 3 - digit number is 1,200 more than 0.5 or 7 .")
    [3.0, 1200.0, 0.5, 7.0]
    """
    return [float(n.replace(",", "")) for n in re.findall(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.?\d*|\.\d+", problem)]


# ------------------------------------------------------------------ the grammar

_TOKEN = re.compile(
    r"\s*(const_\w+\.\d+|[a-z_]\w*|#\d+|-?\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!,?\d)|-?\d+(?:\.\d+)?(?!,\d)|[(),])"
)
"""``power(1,000, 2)`` has two arguments: a comma that sets arguments apart has a space after it. What neither rule reads
(``17,3``) is left alone."""
_UNEVALUATED = (ValueError, ArithmeticError, TypeError, IndexError, KeyError)


def _tokens(text: str) -> list[str]:
    """The formula's tokens, last first; empty where it is none."""
    tokens, at, text = [], 0, text.strip()
    if len(text) > MAX_LENGTH:
        return []
    while at < len(text):
        match = _TOKEN.match(text, at)
        if not match:
            return []
        tokens.append(match[1])
        at = match.end()
    return tokens[::-1]


def _node(tokens: list[str], names: Mapping[str, float], depth: int) -> tuple[Node, list[str]]:
    """The expression that the tokens begin with, and the tokens after it (``tokens`` is used up)."""
    if depth > MAX_DEPTH:
        raise ValueError("nested too deeply")
    head = tokens.pop()
    if not tokens or tokens[-1] != "(":
        return Node(_finite(_constant(head, names))), tokens
    operation, arguments = OPERATIONS[head], []
    while tokens.pop() in "(,":
        argument, tokens = _node(tokens, names, depth + 1)
        arguments.append(argument)
        if tokens[-1] not in ",)":
            raise ValueError("neither a comma nor a bracket")
    value = _finite(float(operation(*(argument.value for argument in arguments))))
    return Node(value, head, tuple(arguments)), tokens


def _constant(token: str, names: Mapping[str, float]) -> float:
    """``const_pi``, ``const_0_25`` (0.25), ``n0``, ``#1`` or a number."""
    if token in names:
        return names[token]
    if token == "const_pi":
        return math.pi
    if token == "const_deg_to_rad":
        return math.pi / 180
    return _finite(
        float(token.removeprefix("const_").replace("_", ".", 1).replace(",", ""))
    )  # "nan" is a float to Python


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("not finite")
    return value


# ------------------------------------------------------------------ the operations


def _whole(value: float) -> int:
    if value != int(value) or not 0 <= value <= MAX_WHOLE:
        raise ValueError("no small whole number")
    return int(value)


def _integer(value: float) -> int:
    if value != int(value):
        raise ValueError("no whole number")
    return int(value)


def _heron(a: float, b: float, c: float) -> float:
    half = (a + b + c) / 2
    return math.sqrt(half * (half - a) * (half - b) * (half - c))


OPERATIONS: Mapping[str, Callable[..., float]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "power": lambda a, b: math.pow(a, b),
    "sqrt": lambda a: math.sqrt(a),
    "log": lambda a: math.log2(a),
    "inverse": lambda a: 1 / a,
    "negate": lambda a: -a,
    "floor": lambda a: math.floor(a),
    "max": lambda a, b: max(a, b),
    "min": lambda a, b: min(a, b),
    "reminder": lambda a, b: a % b,
    "gcd": lambda a, b: math.gcd(_integer(a), _integer(b)),
    "lcm": lambda a, b: math.lcm(_integer(a), _integer(b)),
    "factorial": lambda a: math.factorial(_whole(a)),
    "choose": lambda n, k: math.comb(_whole(n), _whole(k)),
    "permutation": lambda n, k: math.perm(_whole(n), _whole(k)),
    "negate_prob": lambda p: 1 - p,
    "union_prob": lambda p, q, both: p + q - both,
    "sine": lambda a: math.sin(a),
    "cosine": lambda a: math.cos(a),
    "tangent": lambda a: math.tan(a),
    "speed": lambda distance, time: distance / time,
    "stream_speed": lambda down, up: (down - up) / 2,
    "speed_in_still_water": lambda down, up: (down + up) / 2,
    "p_after_gain": lambda percent, price: price * (1 + percent / 100),
    "p_after_loss": lambda percent, price: price * (1 - percent / 100),
    "original_price_before_gain": lambda percent, price: price / (1 + percent / 100),
    "original_price_before_loss": lambda percent, price: price / (1 - percent / 100),
    "square_area": lambda a: a * a,
    "square_perimeter": lambda a: 4 * a,
    "square_edge_by_area": lambda area: math.sqrt(area),
    "square_edge_by_perimeter": lambda length: length / 4,
    "rectangle_area": lambda a, b: a * b,
    "rectangle_perimeter": lambda a, b: 2 * (a + b),
    "diagonal": lambda a, b: math.hypot(a, b),
    "rhombus_area": lambda d, e: d * e / 2,
    "rhombus_perimeter": lambda a: 4 * a,
    "quadrilateral_area": lambda diagonal, h, i: diagonal * (h + i) / 2,
    "triangle_area": lambda base, height: base * height / 2,
    "triangle_area_three_edges": _heron,
    "triangle_perimeter": lambda a, b, c: a + b + c,
    "circle_area": lambda r: math.pi * r * r,
    "circumface": lambda r: 2 * math.pi * r,
    "volume_cube": lambda a: a**3,
    "surface_cube": lambda a: 6 * a * a,
    "cube_edge_by_volume": lambda volume: math.cbrt(volume),
    "volume_rectangular_prism": lambda a, b, c: a * b * c,
    "surface_rectangular_prism": lambda a, b, c: 2 * (a * b + b * c + a * c),
    "volume_cylinder": lambda r, h: math.pi * r * r * h,
    "surface_cylinder": lambda r, h: 2 * math.pi * r * (r + h),
    "volume_cone": lambda r, h: math.pi * r * r * h / 3,
    "volume_sphere": lambda r: 4 / 3 * math.pi * r**3,
    "surface_sphere": lambda r: 4 * math.pi * r * r,
}
"""MathQA's operations by their own names (``reminder`` and ``circumface`` are spelt so in the set). All on real numbers."""
