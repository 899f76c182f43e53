"""LaTeX as plain text: ``\\dfrac12`` is 1/2, ``\\sqrt{3}`` is √3, ``\\boxed{24}`` a line that says "Answer: 24".

One pass over the text. Braces deeper than ``DEEPEST`` are dropped, so hostile text costs no more than any other.
"""

from __future__ import annotations

import re

DEEPEST = 12
"""Nested braces that are understood: no formula of a school book needs more."""

_TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\[^A-Za-z]|[{}]|[^\\{}]+|\\")
_FRACTIONS = {"frac", "dfrac", "tfrac", "cfrac", "nicefrac", "sfrac"}
_BOXES = {"boxed", "fbox", "framebox"}
_CONTENT = frozenset(
    """text textbf textit textrm textsf texttt textnormal textstyle mathrm mathbf mathit mathsf mathtt mathbb mathcal bm boldsymbol mbox
    hbox operatorname emph underline overline bar vec hat ensuremath color phantom displaystyle unit ce left right big Big bigg Bigg
    bigl bigr Bigl Bigr limits rm bf it large Large huge""".split()
)
"""Commands that only dress what follows."""
_SIGNS = {
    name: row.split()[0].replace("_", " ")
    for row in """π pi | × times cdot ast | ÷ div | = approx simeq equiv | ~ sim | → implies rightarrow Rightarrow longrightarrow to |
    _so_ therefore | ° circ degree | ≤ le leq | ≥ ge geq | < lt | > gt | ≠ ne neq | ± pm | ∓ mp | ∞ infty | _ quad qquad |
    ... ldots dots cdots | : colon | ₹ rupee | £ pounds | € euro | ¢ cent | / slash | % percent | $ dollar | ✓ checkmark |
    ( lbrace | ) rbrace""".split("|")
    for name in row.split()[1:]
} | {"newline": "\n"}
_ESCAPED = {
    "%": "%",
    "$": "$",
    "#": "#",
    "&": "&",
    "_": "_",
    "{": "{",
    "}": "}",
    "\\": "\n",
    " ": " ",
    ";": " ",
    ":": " ",
}
_PLAIN_ARGUMENT = re.compile(r"[\w.,π√]+")
_PRICE = "\ue000"
"""Stands for an escaped dollar sign meanwhile (a character of private use)."""
_FORMULA = re.compile(r"\$\$?([^$\n]{1,200})\$\$?(?!\d)")


def without_latex(text: str) -> str:
    """The text without LaTeX; formulas' dollar signs taken off, those of prices kept.

    >>> without_latex(r"$2\\frac12$ of \\$5 is \\boxed{\\sqrt{3}^{2}}")
    '2 1/2 of $5 is \\nAnswer: √3^2\\n'
    """
    if "$" in text:
        text = _FORMULA.sub(lambda m: m[1].strip() if _is_formula(m[1]) else m[0], text.replace("\\$", _PRICE)).replace(
            _PRICE, "$"
        )
    if not ("\\" in text or "^{" in text or "_{" in text or "{,}" in text):
        return text
    text = text.replace("{,}", ",")
    return _Reader(text).all()


def _is_formula(inner: str) -> bool:
    """``$x = 5$`` is one; ``$5 and $`` are two prices."""
    if "\\" in inner or re.search(r"[=^_{]", inner):
        return True
    return not inner[0].isspace() and not inner[-1].isspace() and not re.search(r"[A-Za-z]{3}", inner)


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens = _TOKEN.findall(text)
        self.at = 0

    def all(self) -> str:
        parts: list[str] = []
        while self.at < len(self.tokens):
            parts += self.group(0)
            self.at += 1  # a closing brace that closes nothing
        return "".join(parts)

    def group(self, depth: int) -> list[str]:
        """Everything up to the brace that closes this group, which is left unread."""
        parts: list[str] = []
        while self.at < len(self.tokens) and self.tokens[self.at] != "}":
            parts.append(self.one(depth, parts[-1] if parts else ""))
        return parts

    def one(self, depth: int, before: str) -> str:
        token = self.tokens[self.at]
        self.at += 1
        if token == "{":
            return self.braces(depth, before)
        if not token.startswith("\\") or token == "\\":
            return token.rstrip() if token.rstrip().endswith("^") and self.next() == "{" else token
        name = token[1:].rstrip("*")
        if name in _FRACTIONS:
            upper, lower = self.argument(depth), self.argument(depth)
            space = " " if before[-1:].isdigit() else ""
            return f"{space}{_bracketed(upper)}/{_bracketed(lower)}"
        if name in _BOXES:
            return f"\nAnswer: {self.argument(depth).strip()}\n"
        if name == "sqrt":
            index = self.index()
            return (f" root {index} of " if index else "√") + _bracketed(self.argument(depth))
        if name in ("begin", "end"):
            self.argument(depth)
            return "\n"
        if name in _SIGNS:
            return _SIGNS[name]
        if name in _CONTENT:
            return ""
        return _ESCAPED.get(name, "") if len(name) == 1 and not name.isalpha() else f" {name} "

    def braces(self, depth: int, before: str) -> str:
        if depth >= DEEPEST:
            return ""
        inner = "".join(self.group(depth + 1))
        self.at += 1
        return _bracketed(inner) if before.endswith("^") and not re.fullmatch(r"\s*-?[\w°.]+\s*", inner) else inner

    def next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def index(self) -> str:
        """The ``[3]`` of a cube root, taken off."""
        token = self.next()
        if not token.startswith("[") or "]" not in token[:8]:
            return ""
        index, _, self.tokens[self.at] = token[1:].partition("]")
        if not self.tokens[self.at]:
            self.at += 1
        return index

    def argument(self, depth: int) -> str:
        """What a command takes: a group, a command, or one character."""
        token = self.next()
        if not token.strip() and token:
            self.at += 1
            token = self.next()
        if token in ("", "}"):
            return ""
        if token == "{" or token.startswith("\\"):
            return self.one(min(depth + 1, DEEPEST), "") if depth < DEEPEST or token == "{" else ""
        stripped = token.lstrip()
        self.tokens[self.at] = stripped[1:]
        return stripped[:1]


def _bracketed(text: str) -> str:
    text = text.strip()
    return text if not text or _PLAIN_ARGUMENT.fullmatch(text) else f"({text})"
