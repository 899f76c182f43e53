"""Cleans a model's text: removes LaTeX, markdown, HTML, typographic signs and reasoning."""

from __future__ import annotations

import re
import unicodedata

from studentsim.student.answer_parsing.latex import latex_to_text
from studentsim.student.answer_parsing.reasoning import strip_reasoning

_SUPERSCRIPT_MAP = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_SUPERSCRIPT = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻]+")
_VULGAR_FRACTION = re.compile("(?:(?P<before>\\d)\\s?)?(?P<sign>[¼½¾⅐-⅞])")
_CHARACTER_MAP = str.maketrans({
    "−": "-", "‐": "-", "‑": "-", "‒": "–", "―": "—", "﹣": "-", "∶": ":", "⁄": "/", "∕": "/", "·": "×", "⋅": "×", "∙": "×", "✕": "×",
    "✖": "×", "≈": "=", "≃": "=", "≅": "=", "➜": "→", "➔": "→", "➡": "→", "⇒": "→", "⟹": "→", "⟶": "→", "⟨": "<", "⟩": ">",
    "【": "[", "】": "]", "「": "(", "」": ")", "〈": "(", "〉": ")", "。": ". ", "、": ", ", "“": '"', "”": '"', "„": '"',
    "’": "'", "‘": "'",
    "\u200b": "", "\u200c": "", "\u200d": "", "\u2060": "", "\ufeff": "", "\u00ad": "", "\ufe0f": "",
})  # fmt: skip
_COMPATIBILITY_CHARACTERS = re.compile(
    "[\uff01-\uffef\u2080-\u208e\u2100-\u214f\u2460-\u24ff\u3000\u3371-\u33df\ufb00-\ufb06\U0001d400-\U0001d7ff…]+"
)
"""Characters that NFKC replaces by others (full-width, circled, mathematical), each by at most five."""
_EN_DASH_MINUS = re.compile(
    r"(?<![\w.,)%°])(?<![\w.,)%°] )[–—](?=\d)|(?<=[\^(])[–—](?=\d)|(?<= (?:is|be|as|to) )[–—](?=\d)"
)
_THIN_SPACE = re.compile("(?<=\\d)[\u2009\u202f\u2008\u2006](?=\\d{3}(?!\\d))")
_CALCULATOR_ANNOTATION = re.compile(r"<<[^<>\n]{0,100}>>")
_STRIKETHROUGH = re.compile(r"~~[^~\n]{1,200}~~")
_SUPERSCRIPT_TAG = re.compile(r"(?i)<sup>\s*([^<>\n]{1,20})\s*</sup>")
_HTML_TAG = re.compile(r"(?i)</?(?:b|strong|i|em|u|p|span|div|code|sub|sup|center|mark)\s*>|<br\s*/?>")
_MARKDOWN = re.compile(
    r"\*\*\*?|__+|`+|(?m:^[ ]{0,3}(?:#{1,6}|>(?!\s*-?\d))\s+)|\$(?!\s?[\d.])|(?<=\d)\$|(?<![\w*)])\*(?=[^\s*])|(?<=[^\s*])\*(?![\w*(])"
)
_EMPHASIS = re.compile(r"(?<![\w_])_(?=[^\s_])([^_\n]{1,120})(?<=\S)_(?![\w_])")
_FINAL_ANSWER_MARK = re.compile(r"(?m)^[ ]{0,3}#{4}[ ]?(?=[-$€£₹]?\s?\d[\d.,/ ]*\s?%?\s*$)")
_ANSWER_TAG_NAME = r"(?:(?:final[_ ]?)?ans(?:wer)?|final|response|choice|option|result)"
_ANSWER_TAG = re.compile(rf"(?i)<\s*{_ANSWER_TAG_NAME}\s*>\s*|<\s*/\s*{_ANSWER_TAG_NAME}\s*>")
_BOX_SEPARATOR = re.compile(r"(?:(?<=\n)|\n)[ $]*(?:,|or|and)[ $]*\n\s?Answer: ")
"""Between two boxes in one sentence, which together are the answer."""
_BULLET = re.compile(r"(?m)^[ ]{0,3}(?:[*•●▪+]|[-–—](?=[ ][^\d\s]))[ ]+")
_SUBSCRIPT = re.compile(r"(?<=[A-Za-z)\]])_(?=\d)")
_HORIZONTAL_SPACE = re.compile(r"[^\S\n]+")
_BLANK_LINES = re.compile(r"\n[ \n]*\n")
_THOUSANDS_SEPARATOR = re.compile(r"(?<=\d),(?=\d{3}(?!\d))|(?<=\d),(?=\d\d,\d\d\d)")
_CURRENCY = re.compile(r"^(?:rs\.?|usd|inr|₹|£|€|\$)+")


def clean_text(text: str) -> str:
    """The text without reasoning and markup, with boxed results as lines ``Answer: …``.

    >>> clean_text(r"So **x** is $\\boxed{\\frac{1}{2}}$.")
    'So x is \\nAnswer: 1/2\\n.'
    """
    return strip_markup(strip_reasoning(text))


def strip_markup(text: str) -> str:
    """As ``clean_text``, for a text without reasoning: an option, or the rest of a reply.

    >>> strip_markup("**Answer：（Ｄ）**"), strip_markup("−4 m²"), strip_markup(r"2\\frac{1}{2}\\%"), strip_markup("2½")
    ('Answer:(D)', '-4 m^2', '2 1/2%', '2 1/2')
    """
    if not text.isascii():
        text = _normalize_characters(text)
    text = _BULLET.sub("", text) if "\n" in text else text
    text = _ANSWER_TAG.sub(lambda m: "\n" if "/" in m[0] else "\nAnswer: ", _CALCULATOR_ANNOTATION.sub("", text))
    text = _HTML_TAG.sub(lambda m: " " if "r" in m[0].lower()[1:4] else "", _SUPERSCRIPT_TAG.sub(r"^\1", text))
    text = re.sub(r"(?<![-=<>])[-=]{1,2}>", "→", text)
    text = _BOX_SEPARATOR.sub(" or ", latex_to_text(text).replace("^°", "°"))
    text = _FINAL_ANSWER_MARK.sub("\nAnswer: ", _STRIKETHROUGH.sub("", _HORIZONTAL_SPACE.sub(" ", text)))
    return collapse_whitespace(_EMPHASIS.sub(r"\1", _SUBSCRIPT.sub("", _MARKDOWN.sub("", text))))


def collapse_whitespace(text: str) -> str:
    """Collapse runs of spaces to one space and of blank lines to one, so that patterns need not look far.

    >>> collapse_whitespace("x \\t y\\n \\n\\n z")
    'x y\\n\\n z'
    """
    return _BLANK_LINES.sub("\n\n", _HORIZONTAL_SPACE.sub(" ", text))


def _normalize_characters(text: str) -> str:
    """Replace typographic signs by ASCII, and superscripts and vulgar fractions by several characters."""
    text = _THIN_SPACE.sub("", text)
    text = _SUPERSCRIPT.sub(lambda m: "^" + m[0].translate(_SUPERSCRIPT_MAP), text)
    text = _VULGAR_FRACTION.sub(
        lambda m: (m["before"] + " " if m["before"] else "") + unicodedata.normalize("NFKC", m["sign"]), text
    )
    text = _COMPATIBILITY_CHARACTERS.sub(
        lambda m: unicodedata.normalize("NFKC", m[0]), text.translate(_CHARACTER_MAP)
    ).replace("⁄", "/")
    return _EN_DASH_MINUS.sub("-", text)


def comparison_key(text: str) -> str:
    """A cleaned text for comparison: without spaces, capitals, currency, thousands separators and final punctuation.

    >>> comparison_key("Rs. 1,200 ."), comparison_key("4 pi")
    ('1200', '4π')
    """
    text = re.sub(r"\bpi\b", "π", clean_text(text).lower())
    text = _CURRENCY.sub("", "".join(text.split()))
    return _THOUSANDS_SEPARATOR.sub("", text).strip(".,;:!\"'“”()[]")
