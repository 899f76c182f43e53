"""A model's text without its clothes: thinking aloud, markdown and LaTeX taken off, so that words and numbers can be read."""

from __future__ import annotations

import re

_THOUGHTS = re.compile(r"(?is)<think>.*?(?:</think>|\Z)")
_BOXED = re.compile(r"\\(?:boxed|fbox)\s*\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}")
_FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_WORDS = re.compile(r"\\(?:text|textbf|mathrm|mathbf|mbox|operatorname)\s*\{([^{}]*)\}")
_ROOT = re.compile(r"\\sqrt\s*\{([^{}]*)\}")
_SYMBOLS = {
    r"\%": "%", r"\$": "$", r"\pi": "π", r"\times": "×", r"\div": "÷", r"\cdot": "×", r"\approx": "=", r"\implies": "→",
    r"\rightarrow": "→", r"\Rightarrow": "→", r"\(": "", r"\)": "", r"\[": "", r"\]": "", r"\,": "", r"\;": " ", r"\!": "",
    r"\ ": " ", r"\left": "", r"\right": "", r"\quad": " ", r"\degree": "°", r"^\circ": "°", "{,}": ",", "\u00a0": " ", "≈": "=",
}  # fmt: skip
_FORMULA = re.compile(r"\${1,2}([^$\n]{1,200})\${1,2}")
_MARKDOWN = re.compile(r"\*\*|__|`+|(?m:^\s{0,3}(?:#{1,6}|>)\s+)|\$(?!\s?\d)|(?<=\d)\$|(?<!\w)\*(?=\S)|(?<=\S)\*(?!\w)")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_CURRENCY = re.compile(r"^(?:rs\.?|usd|inr|₹|£|€|\$)+")


def plain(text: str) -> str:
    """The text, its boxed results as lines of their own that say ``Answer: …``.

    >>> plain(r"So **x** is $\\boxed{\\frac{1}{2}}$.")
    'So x is \\nAnswer: 1/2\\n.'
    """
    text = _THOUGHTS.sub("", text)
    for pattern, instead in ((_FRACTION, r"\1/\2"), (_WORDS, r"\1"), (_ROOT, r"√\1"), (_FRACTION, r"\1/\2")):
        text = pattern.sub(instead, text)
    text = _FORMULA.sub(r"\1", text)
    text = _BOXED.sub(r"\nAnswer: \1\n", text)
    for symbol, instead in _SYMBOLS.items():
        text = text.replace(symbol, instead)
    return _MARKDOWN.sub("", text)


def key(text: str) -> str:
    """A text as it is compared: without spaces, capitals, currency, thousands' commas and the full stop.

    >>> key("Rs. 1,200 ."), key("4 pi")
    ('1200', '4π')
    """
    text = re.sub(r"\bpi\b", "π", plain(text).lower())
    text = _CURRENCY.sub("", "".join(text.split()))
    return _THOUSANDS.sub("", text).strip(".,;:!\"'“”()[]")
