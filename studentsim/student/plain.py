"""A model's text without its clothes: LaTeX, markdown, HTML and typographic signs become plain characters.

What it thought aloud is left out too. Texts are compared by ``key``.
"""

from __future__ import annotations

import re
import unicodedata

from studentsim.student.answer_parsing.latex import without_latex
from studentsim.student.answer_parsing.reasoning import without_reasoning

_POWERS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_RAISED = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻]+")
_VULGAR = re.compile("(?:(?P<before>\\d)\\s?)?(?P<sign>[¼½¾⅐-⅞])")
_SIGNS = str.maketrans({
    "−": "-", "‐": "-", "‑": "-", "‒": "–", "―": "—", "﹣": "-", "∶": ":", "⁄": "/", "∕": "/", "·": "×", "⋅": "×", "∙": "×", "✕": "×",
    "✖": "×", "≈": "=", "≃": "=", "≅": "=", "➜": "→", "➔": "→", "➡": "→", "⇒": "→", "⟹": "→", "⟶": "→", "⟨": "<", "⟩": ">",
    "【": "[", "】": "]", "「": "(", "」": ")", "〈": "(", "〉": ")", "。": ". ", "、": ", ", "“": '"', "”": '"', "„": '"',
    "’": "'", "‘": "'",
    "\u200b": "", "\u200c": "", "\u200d": "", "\u2060": "", "\ufeff": "", "\u00ad": "", "\ufe0f": "",
})  # fmt: skip
_COMPATIBLE = re.compile(
    "[\uff01-\uffef\u2080-\u208e\u2100-\u214f\u2460-\u24ff\u3000\u3371-\u33df\ufb00-\ufb06\U0001d400-\U0001d7ff…]+"
)
"""Characters that are others in another dress: full-width, circled, mathematical letters; no one becomes more than five."""
_EN_DASH_MINUS = re.compile(
    r"(?<![\w.,)%°])(?<![\w.,)%°] )[–—](?=\d)|(?<=[\^(])[–—](?=\d)|(?<= (?:is|be|as|to) )[–—](?=\d)"
)
_THIN = re.compile("(?<=\\d)[\u2009\u202f\u2008\u2006](?=\\d{3}(?!\\d))")
_CALCULATOR = re.compile(r"<<[^<>\n]{0,100}>>")
_STRUCK = re.compile(r"~~[^~\n]{1,200}~~")
_RAISED_TAG = re.compile(r"(?i)<sup>\s*([^<>\n]{1,20})\s*</sup>")
_TAG = re.compile(r"(?i)</?(?:b|strong|i|em|u|p|span|div|code|sub|sup|center|mark)\s*>|<br\s*/?>")
_MARKDOWN = re.compile(
    r"\*\*\*?|__+|`+|(?m:^[ ]{0,3}(?:#{1,6}|>(?!\s*-?\d))\s+)|\$(?!\s?[\d.])|(?<=\d)\$|(?<![\w*)])\*(?=[^\s*])|(?<=[^\s*])\*(?![\w*(])"
)
_EMPHASIS = re.compile(r"(?<![\w_])_(?=[^\s_])([^_\n]{1,120})(?<=\S)_(?![\w_])")
_FINAL = re.compile(r"(?m)^[ ]{0,3}#{4}[ ]?(?=[-$€£₹]?\s?\d[\d.,/ ]*\s?%?\s*$)")
_BOX = r"(?:(?:final[_ ]?)?ans(?:wer)?|final|response|choice|option|result)"
_TAGGED = re.compile(rf"(?i)<\s*{_BOX}\s*>\s*|<\s*/\s*{_BOX}\s*>")
_SEVERAL = re.compile(r"(?:(?<=\n)|\n)[ $]*(?:,|or|and)[ $]*\n\s?Answer: ")
"""Between two boxes in one sentence: neither is the answer alone."""
_BULLET = re.compile(r"(?m)^[ ]{0,3}(?:[*•●▪+]|[-–—](?=[ ][^\d\s]))[ ]+")
_SUBSCRIPT = re.compile(r"(?<=[A-Za-z)\]])_(?=\d)")
_BLANKS = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\n[ \n]*\n")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))|(?<=\d),(?=\d\d,\d\d\d)")
_CURRENCY = re.compile(r"^(?:rs\.?|usd|inr|₹|£|€|\$)+")


def plain(text: str) -> str:
    """The text, its boxed results as lines of their own that say ``Answer: …``.

    >>> plain(r"So **x** is $\\boxed{\\frac{1}{2}}$.")
    'So x is \\nAnswer: 1/2\\n.'
    """
    return undressed(without_reasoning(text))


def undressed(text: str) -> str:
    """The same of a text that holds no thinking aloud: an option, or what is left of a reply.

    >>> undressed("**Answer：（Ｄ）**"), undressed("−4 m²"), undressed(r"2\\frac{1}{2}\\%"), undressed("2½")
    ('Answer:(D)', '-4 m^2', '2 1/2%', '2 1/2')
    """
    if not text.isascii():
        text = _signs(text)
    text = _BULLET.sub("", text) if "\n" in text else text
    text = _TAGGED.sub(lambda m: "\n" if "/" in m[0] else "\nAnswer: ", _CALCULATOR.sub("", text))
    text = _TAG.sub(lambda m: " " if "r" in m[0].lower()[1:4] else "", _RAISED_TAG.sub(r"^\1", text))
    text = re.sub(r"(?<![-=<>])[-=]{1,2}>", "→", text)
    text = _SEVERAL.sub(" or ", without_latex(text).replace("^°", "°"))
    text = _FINAL.sub("\nAnswer: ", _STRUCK.sub("", _BLANKS.sub(" ", text)))
    return single_spaced(_EMPHASIS.sub(r"\1", _SUBSCRIPT.sub("", _MARKDOWN.sub("", text))))


def single_spaced(text: str) -> str:
    """One blank for many, and one empty line at most: patterns behind it need not look far.

    >>> single_spaced("x \\t y\\n \\n\\n z")
    'x y\\n\\n z'
    """
    return _LINES.sub("\n\n", _BLANKS.sub(" ", text))


def _signs(text: str) -> str:
    """Typographic signs as those of a keyboard; powers and fractions that are one character written out."""
    text = _THIN.sub("", text)
    text = _RAISED.sub(lambda m: "^" + m[0].translate(_POWERS), text)
    text = _VULGAR.sub(
        lambda m: (m["before"] + " " if m["before"] else "") + unicodedata.normalize("NFKC", m["sign"]), text
    )
    text = _COMPATIBLE.sub(lambda m: unicodedata.normalize("NFKC", m[0]), text.translate(_SIGNS)).replace("⁄", "/")
    return _EN_DASH_MINUS.sub("-", text)


def key(text: str) -> str:
    """A text as it is compared: without spaces, capitals, currency, thousands' commas and the full stop.

    >>> key("Rs. 1,200 ."), key("4 pi")
    ('1200', '4π')
    """
    text = re.sub(r"\bpi\b", "π", plain(text).lower())
    text = _CURRENCY.sub("", "".join(text.split()))
    return _THOUSANDS.sub("", text).strip(".,;:!\"'“”()[]")
