"""LaTeX to plain text: ``\\dfrac12`` is 1/2, ``\\sqrt{3}`` is √3, ``\\boxed{24}`` is a line "Answer: 24".

One pass over the text. Braces deeper than ``MAX_BRACE_DEPTH`` are dropped, so that hostile text costs no more than any other.
"""

from __future__ import annotations

import re

MAX_BRACE_DEPTH = 12
"""Nested braces that are parsed: no formula of a school book has more."""

_TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\[^A-Za-z]|[{}]|[^\\{}]+|\\")
_FRACTION_COMMANDS = {"frac", "dfrac", "tfrac", "cfrac", "nicefrac", "sfrac"}
_BOX_COMMANDS = {"boxed", "fbox", "framebox"}
_STYLE_COMMANDS = frozenset(
    """text textbf textit textrm textsf texttt textnormal textstyle mathrm mathbf mathit mathsf mathtt mathbb mathcal bm boldsymbol mbox
    hbox operatorname emph underline overline bar vec hat ensuremath color phantom displaystyle unit ce left right big Big bigg Bigg
    bigl bigr Bigl Bigr limits rm bf it large Large huge""".split()
)
"""Commands that only change the style of what follows."""
_SYMBOLS = {
    name: row.split()[0].replace("_", " ")
    for row in """π pi | × times cdot ast | ÷ div | = approx simeq equiv | ~ sim | → implies rightarrow Rightarrow longrightarrow to |
    _so_ therefore | ° circ degree | ≤ le leq | ≥ ge geq | < lt | > gt | ≠ ne neq | ± pm | ∓ mp | ∞ infty | _ quad qquad |
    ... ldots dots cdots | : colon | ₹ rupee | £ pounds | € euro | ¢ cent | / slash | % percent | $ dollar | ✓ checkmark |
    ( lbrace | ) rbrace""".split("|")
    for name in row.split()[1:]
} | {"newline": "\n"}
_ESCAPES = {sign: sign for sign in "%$#&_{}"} | {sign: " " for sign in " ;:"} | {"\\": "\n"}
_SIMPLE_ARGUMENT = re.compile(r"[\w.,π√]+")
_DOLLAR_PLACEHOLDER = "\ue000"
"""A private-use character that replaces an escaped dollar sign during the conversion."""
_INLINE_MATH = re.compile(r"\$\$?([^$\n]{1,200})\$\$?(?!\d)")


def latex_to_text(text: str) -> str:
    """The text without LaTeX commands and without the dollar signs around formulas; those of prices stay.

    >>> latex_to_text(r"$2\\frac12$ of \\$5 is \\boxed{\\sqrt{3}^{2}}")
    '2 1/2 of $5 is \\nAnswer: √3^2\\n'
    """
    if "$" in text:
        text = _INLINE_MATH.sub(
            lambda m: m[1].strip() if _is_formula(m[1]) else m[0], text.replace("\\$", _DOLLAR_PLACEHOLDER)
        ).replace(_DOLLAR_PLACEHOLDER, "$")
    if not ("\\" in text or "^{" in text or "_{" in text or "{,}" in text):
        return text
    text = text.replace("{,}", ",")
    return _LatexConverter(text).convert()


def _is_formula(inner: str) -> bool:
    """Whether the text between two dollar signs is a formula: of ``$x = 5$``, not of ``$5 and $6``."""
    if "\\" in inner or re.search(r"[=^_{]", inner):
        return True
    return not inner[0].isspace() and not inner[-1].isspace() and not re.search(r"[A-Za-z]{3}", inner)


class _LatexConverter:
    def __init__(self, text: str) -> None:
        self.tokens = _TOKEN.findall(text)
        self.position = 0

    def convert(self) -> str:
        parts: list[str] = []
        while self.position < len(self.tokens):
            parts += self.convert_group(0)
            self.position += 1  # an unmatched closing brace
        return "".join(parts)

    def convert_group(self, depth: int) -> list[str]:
        """Convert up to this group's closing brace, which is not consumed."""
        parts: list[str] = []
        while self.position < len(self.tokens) and self.tokens[self.position] != "}":
            parts.append(self.convert_next(depth, parts[-1] if parts else ""))
        return parts

    def convert_next(self, depth: int, preceding: str) -> str:
        token = self.tokens[self.position]
        self.position += 1
        if token == "{":
            return self.convert_braces(depth, preceding)
        if not token.startswith("\\") or token == "\\":
            return token.rstrip() if token.rstrip().endswith("^") and self.peek() == "{" else token
        name = token[1:].rstrip("*")
        if name in _FRACTION_COMMANDS:
            upper, lower = self.convert_argument(depth), self.convert_argument(depth)
            space = " " if preceding[-1:].isdigit() else ""
            return f"{space}{_parenthesize(upper)}/{_parenthesize(lower)}"
        if name in _BOX_COMMANDS:
            return f"\nAnswer: {self.convert_argument(depth).strip()}\n"
        if name == "sqrt":
            index = self.read_root_index()
            return (f" root {index} of " if index else "√") + _parenthesize(self.convert_argument(depth))
        if name in ("begin", "end"):
            self.convert_argument(depth)
            return "\n"
        if name in _SYMBOLS:
            return _SYMBOLS[name]
        if name in _STYLE_COMMANDS:
            return ""
        return _ESCAPES.get(name, "") if len(name) == 1 and not name.isalpha() else f" {name} "

    def convert_braces(self, depth: int, preceding: str) -> str:
        if depth >= MAX_BRACE_DEPTH:
            return ""
        inner = "".join(self.convert_group(depth + 1))
        self.position += 1
        is_expression_exponent = preceding.endswith("^") and not re.fullmatch(r"\s*-?[\w°.]+\s*", inner)
        return _parenthesize(inner) if is_expression_exponent else inner

    def peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def read_root_index(self) -> str:
        """Consume the ``[3]`` of a cube root; blank if there is none."""
        token = self.peek()
        if not token.startswith("[") or "]" not in token[:8]:
            return ""
        index, _, self.tokens[self.position] = token[1:].partition("]")
        if not self.tokens[self.position]:
            self.position += 1
        return index

    def convert_argument(self, depth: int) -> str:
        """Convert a command's argument: a group, a command, or one character."""
        token = self.peek()
        if not token.strip() and token:
            self.position += 1
            token = self.peek()
        if token in ("", "}"):
            return ""
        if token == "{" or token.startswith("\\"):
            if depth >= MAX_BRACE_DEPTH and token != "{":
                return ""
            return self.convert_next(min(depth + 1, MAX_BRACE_DEPTH), "")
        stripped = token.lstrip()
        self.tokens[self.position] = stripped[1:]
        return stripped[:1]


def _parenthesize(text: str) -> str:
    text = text.strip()
    return text if not text or _SIMPLE_ARGUMENT.fullmatch(text) else f"({text})"
