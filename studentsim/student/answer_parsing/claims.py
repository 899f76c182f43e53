"""Resolves a statement to an option, to none of the options, or to no answer."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from studentsim.student.answer_parsing import factorials, letters, units
from studentsim.student.answer_parsing.lexer import Token
from studentsim.student.answer_parsing.options import ParsedOptions, normalize_text
from studentsim.student.answer_parsing.quantities import parse_quantity
from studentsim.student.answer_parsing.tokens import tokenize

_NOT_AFTER_ABBREVIATION = (
    r"(?<!\b[Rr][Ss])(?<!\b[Nn]o)(?<!\bapprox)(?<!\b[Ss]q)(?<!\bi\.e)(?<!\be\.g)(?<!\bvs)(?<!\b[Uu]\.[Ss])(?<!\bcu)"
)
_SENTENCE_END = re.compile(
    rf"{_NOT_AFTER_ABBREVIATION}(?<!^[A-Ja-j])(?<!\b[ap]\.m)\.(?=\s+[^\s\d.,=])|"
    rf"\.(?=\s+\d)(?<!\b[Rr][Ss]\.)(?<!\bapprox\.)(?<=[^\s].)|"
    rf"\?(?=\s|$)|(?<!\d)!(?=\s|$)|!(?=\s+[^\sa-z=×÷*/+^)-]|\s*$)|;(?=\s+[^\s\d]|$)|\.\s*$"
)
_REASON_CLAUSE = re.compile(
    r"(?i)[,;]?\s(?:because|since|whereas|while|rather than|instead of|as opposed to|unlike|due to|although|"
    r"though)\b|"
    r",\s(?:which|so|as|where|not|and not|but|giving|making|meaning|hence|therefore|i\.e|after|if)\b|"
    r"\s[-–—]{1,2}\s(?=[A-Za-z]{2})|\s→|\sbut\b|\snot\b|\sas\s(?!many|much)"
)
_FILLER_WORDS = re.compile(
    r"(?i)^(?:[\s:=*\"'→|]+|(?:the|an|option|choice|answer|letter|is|be|only|either|both|between|probably|"
    r"likely|definitely|clearly|"
    r"therefore|thus|hence|so|it|that|this|correct|right|one|indeed|then|simply|just|would|must|should|final|"
    r"my|i(?=,? (?:think|believe|would|am|say|guess|suppose)\b)|think|believe|guess|suppose|"
    r"la|le|el|die|der|das|opci[óo]n|lettre|letra|lettera|op[çc][ãa]o|opzione|"
    r"a(?=\s(?:letra|op[çc][ãa]o)\b|\s(?-i:[A-J])\W*$)|"
    r"approximately|about|roughly|exactly|equal|equals|to|given by|given as|obviously|actually|of course|"
    r"option number|most likely|"
    r"in fact|going|with|single|best|closest|value|number)\b(?!['-]))+"
)
_NEGATION = re.compile(r"(?i)^(?:not\b|n't\b|never\b|neither\b|incorrect|wrong|false\b(?=\W+\w)|no longer|none other)")
_NOT_BUT = re.compile(r"(?i)^not\b[^.;\n]{1,80}?\bbut\s+(?:rather\s+|instead\s+)?")
_QUOTED_TEXT = re.compile(r"^\s*[\"']([^\"\n]{1,200})[\"']\s*(?:[,}\]]|$)")
_EQUALS_SIGN = re.compile(r"(?<![<>!=:≤≥])=(?![=>])")
_OPTION_MARK = re.compile(r"(?i)^[\[(]?\s?[a-j]\s?[\]).:]")
_SECOND_VARIABLE = re.compile(r"(?i)=[^=]{1,40}(?:[,;]|\band\b|\bor\b)\s*[a-z]\w?\s*$")
""""x = 12, y": there are two values."""
_COEFFICIENT = re.compile(r"(?i)[^=]*\d\s?[abcknpqrwxyz]\s*$")
""""2x = 4": the answer is not 4."""
_LONE_LETTER = re.compile(r"[\s\[({<\"'*]{0,6}([A-Ja-j])[\s\])}>\"'*.:;,!?|]{0,8}")
_SYMBOL_EXPLANATION = re.compile(
    r"(?i)\s*(?:[,;:(\[–—-]|for\b|as in\b|is (?:the|for)\b|stands\b|meaning\b)\W*"
    r"(?!(?:because|since|as|so|due|by|given|based|therefore|thus|hence|after|if|not)\b)[a-z]{3}"
)
"""An explanation of a symbol: "(carbon)", ", which stands for carbon"."""
_LETTER_SENTENCE = re.compile(r"[\[(]?[A-Ja-j][\])]?[.!](?=\s+[A-Z])")
_LEADING_ARTICLE = re.compile(r"(?i)(?:a|an|the|at|in|on|by)\s(?=(?-i:[a-z]){2})")
_TO_ME_SUFFIX = re.compile(r"(?i)\s(?:to|for) me(?=[.!]?$)")
_OPTION_NOUN = re.compile(r"(?i)\b(?:option|choice|letter)\b")
_VERBS = frozenset("is are was were has have had gets makes costs needs means".split())


class ResolvedAnswer(NamedTuple):
    """The answer in a statement: an option's letter, or a value that no single option shows (``letter`` None)."""

    letter: str | None
    value: str | None
    is_certain: bool = True
    """False where the value after the letter is not that option's."""


def resolve_answer(
    text: str, options: ParsedOptions, *, exact_only: bool = False, is_last: bool = True
) -> ResolvedAnswer | None:
    """The answer in a statement; None if there is none.

    ``exact_only``: only a letter or an option's whole text counts, not a value among words. ``is_last``: nothing follows the
    statement, so that a sentence may precede the value.
    """
    text = _trim_statement(text, options)
    sentence, end_mark = _split_sentence(text)
    if end_mark == "?" and (letter := _LETTER_SENTENCE.match(text)):
        sentence = letter[0]  # "C. Wait, is that right?"
    elif end_mark == "?" or not sentence:
        return None
    if end_mark == "!" and sentence[-1:].isdigit():
        sentence += "!"  # may be a factorial
    has_option_mark = bool(_OPTION_MARK.match(text))
    is_ambiguous = (
        not has_option_mark
        and bool(factorials.ambiguous_factorials(text) & options.ambiguous_numbers)
        and not options.match_exact(text)
    )
    for part in () if is_ambiguous else dict.fromkeys((text, sentence)):
        if not _is_lone_letter(part, options) and (
            found := _resolve_whole_text(part, options, exact_case=has_option_mark)
        ):
            return found
    if but := _NOT_BUT.match(sentence):
        return resolve_answer(sentence[but.end() :], options, exact_only=exact_only, is_last=is_last)
    if is_ambiguous:
        return ResolvedAnswer(None, sentence)
    if sentence.lower().startswith("that ") and (found := _resolve_whole_text(sentence[5:], options)):
        return found
    rest = _FILLER_WORDS.sub("", sentence, count=1).strip()
    if _NEGATION.match(sentence) or _NEGATION.match(rest):
        return None
    return _resolve_without_filler(rest, sentence, options, exact_only, is_last)


def _trim_statement(text: str, options: ParsedOptions) -> str:
    """A statement without quotation marks, JSON's brackets and "to me", and no longer than needed."""
    text = text.strip()[: 160 + 2 * options.longest_option_chars]
    text = text if "{" in text else text.rstrip("|}")
    if quoted := _QUOTED_TEXT.match(text):
        text = quoted[1]
    return _TO_ME_SUFFIX.sub("", text.strip().rstrip("\\"))


def _resolve_without_filler(
    rest: str, sentence: str, options: ParsedOptions, exact_only: bool, is_last: bool
) -> ResolvedAnswer | None:
    """As ``resolve_answer``; ``rest`` is the ``sentence`` without its leading filler words."""
    if not _is_lone_letter(rest, options) and (
        found := _resolve_whole_text(rest, options, exact_case=bool(_OPTION_MARK.match(rest)))
    ):
        return found
    if (article := re.match(r"a\s+(?=[A-Za-z]{2})", rest)) and (
        found := _resolve_whole_text(strip_justification(rest[article.end() :]), options)
    ):
        return found
    if named_letter := letters.find_leading_letter(
        rest, lambda letter, text: starts_with_option(letter, text, options)
    ):
        filler = sentence[: len(sentence) - len(rest)]
        is_bare_capital = rest[:1] in tuple("ABCDEFGHIJ") and not _OPTION_NOUN.search(filler)
        return _resolve_named_letter(named_letter, options, may_be_symbol=is_bare_capital)
    if trailing_answer := _resolve_trailing_letter(rest, options):
        return trailing_answer
    value = _resolve_value(rest, options, exact_only, is_last)
    if value is None and not exact_only and len(rest) < len(sentence):
        return _resolve_if_unique(options.match_phrase(tokenize(strip_justification(sentence))), sentence)
    return value


def resolve_whole_reply(reply: str, options: ParsedOptions) -> ResolvedAnswer | None:
    """The one option that a reply repeats word for word; None for a lone letter, which names an option."""
    if len(reply) > 2 * options.longest_option_chars + 60 or _is_lone_letter(reply, options):
        return None
    if reply.endswith("?") and not options.match_exact(reply):
        return None
    option_letters = options.match_whole(reply)
    if not option_letters and (article := _LEADING_ARTICLE.match(reply)):  # "A dog", "The park", "At noon"
        option_letters = options.match_whole(reply[0].lower() + reply[1:]) or options.match_whole(
            reply[article.end() :]
        )
    return ResolvedAnswer(option_letters[0], reply) if len(option_letters) == 1 else None


def resolve_with_unit(text: str, options: ParsedOptions, *, exact_only: bool) -> ResolvedAnswer | None:
    """The one option that a sentence's end repeats word for word, or whose value and unit it is; else None."""
    # "We have seasons because the Earth is tilted": the reason may be the option.
    reason = _REASON_CLAUSE.search(text, 1)
    option_letters = options.match_whole(text)
    if not option_letters and reason:
        option_letters = options.match_whole(text[reason.start() :].strip(" ,;"))
    if option_letters:
        return _resolve_if_unique(option_letters, text)
    tokens = tokenize(text)
    value = None if exact_only else parse_quantity(tokens)
    if value is None or value.unit is None:
        return None
    words_before, words_after = value.words[: value.words_before], value.words[value.words_before :]
    is_currency_before = value.unit in units.CURRENCIES and value.unit in words_before
    if words_after != (value.unit,) and not (is_currency_before and not words_after):
        return None
    option_letters = options.match_value(tokens) or []
    is_unique = len(option_letters) == 1 and options.has_unit(option_letters[0])
    return ResolvedAnswer(option_letters[0], text[:200]) if is_unique else None


def _resolve_named_letter(
    named_letter: letters.NamedLetter, options: ParsedOptions, *, may_be_symbol: bool = False
) -> ResolvedAnswer | None:
    """The answer in a statement that begins with a letter; ``may_be_symbol``: the letter may be an option's text."""
    letter, after, after_with_mark = named_letter
    has_own_text = (
        letter in options.letters and bool(re.search(r"\w", after)) and starts_with_option(letter, after, options)
    )
    if has_own_text and letter in options.match_whole(after):
        return ResolvedAnswer(letter, after.strip(" ).:,;=]→"))
    if (
        not named_letter.ends_sentence
        and not has_own_text
        and (letters.is_rejected(after) or letters.is_conditional(after))
    ):
        return None
    value = after.strip(" ).:,;=]→")
    value = (value if re.match(r"[-–−]\d", value) else value.lstrip(" -–—")).rstrip(" -–—") or None
    if letter not in options.letters:
        return _resolve_letter_as_text(letter, options) or ResolvedAnswer(None, letter)
    if (
        may_be_symbol
        and letter.upper() in options.capital_letter_texts - {options.get_capital_text(letter)}
        and not named_letter.ends_sentence
        and _SYMBOL_EXPLANATION.match(after_with_mark)
    ):
        return ResolvedAnswer(None, value)  # "C (carbon)", where C is the text of another option
    value_letters = (
        (options.match_whole(value) or options.match_value(tokenize(strip_justification(value)))) if value else None
    )
    if letter in (value_letters or ()):
        return ResolvedAnswer(letter, value)
    if not named_letter.ends_sentence and letters.find_other_letters(after_with_mark, letter) & options.letters:
        return ResolvedAnswer(None, value)
    return ResolvedAnswer(letter, value, value_letters is None)


def _is_lone_letter(text: str, options: ParsedOptions) -> bool:
    """Whether a text is an option's letter and nothing else, which takes precedence over an option's text."""
    match = _LONE_LETTER.fullmatch(text)
    return match is not None and match[1].lower() in options.letters


def _resolve_letter_as_text(letter: str, options: ParsedOptions) -> ResolvedAnswer | None:
    """The option whose text is this single letter, which names no option: F for fluorine, J for joule."""
    option_letters = [c.letter for c in options.choices if c.normalized_text.lower() == letter]
    return ResolvedAnswer(option_letters[0], letter) if len(option_letters) == 1 else None


def _resolve_trailing_letter(text: str, options: ParsedOptions) -> ResolvedAnswer | None:
    """The answer in a statement that ends in a letter after a value."""
    trailing_letter = letters.find_trailing_letter(text)
    if not trailing_letter or trailing_letter[0] not in options.letters:
        return None
    letter, value, is_unmarked = trailing_letter
    if re.search(r"(?i)\b(?:not|n't|unlike|than)\b", value):
        return None
    value_letters = options.match_whole(value) or options.match_value(
        tokenize(strip_justification(value).rstrip(" ,("))
    )
    if not value_letters and (is_unmarked or len(value.split()) > 5):
        return None
    return ResolvedAnswer(letter, value.strip(" ,(") or None, not value_letters or letter in value_letters)


def _resolve_value(text: str, options: ParsedOptions, exact_only: bool, is_last: bool) -> ResolvedAnswer | None:
    """The option whose text or value a statement without a letter is."""
    stripped = strip_justification(text)
    candidates = (text, stripped, _strip_brackets(stripped), text_after_equals(stripped, is_last))
    candidates = list(dict.fromkeys(candidate.strip() for candidate in candidates if candidate))
    for candidate in candidates:
        if not _is_lone_letter(candidate, options) and (found := _resolve_whole_text(candidate, options)):
            return found
    tokens = tokenize(candidates[-1]) if candidates else []
    if exact_only:
        value = parse_quantity(tokens)
        if value is None or len(value.words) > 2:
            return None
        return _resolve_if_unique(options.match_value(tokens), candidates[-1])
    has_numbers = any(t.value is not None for t in tokens)
    if has_numbers and not is_last and _has_prose_before_number(tokens):
        return None  # the solution begins: "Answer: She sells 9 eggs a day."
    option_letters = options.match_value(tokens)
    if not option_letters:
        option_letters = options.match_phrase(tokens) or option_letters
    if option_letters is None and not has_numbers:
        return _resolve_if_unique(options.match_phrase(tokens), candidates[-1]) if tokens else None
    return _resolve_if_unique(option_letters or [], candidates[-1])


def _resolve_if_unique(option_letters: list[str] | None, value: str) -> ResolvedAnswer | None:
    """The only option of these, or a value without one; None where ``option_letters`` is None."""
    if option_letters is None:
        return None
    return ResolvedAnswer(option_letters[0] if len(option_letters) == 1 else None, value[:200])


def _resolve_whole_text(text: str, options: ParsedOptions, *, exact_case: bool = False) -> ResolvedAnswer | None:
    """The option equal to a text; ``exact_case`` for a text that begins with an option mark: "(a) ab" is not "a ab"."""
    option_letters = options.match_exact(text) if exact_case else options.match_whole(text)
    return _resolve_if_unique(option_letters, text.strip().rstrip(".")) if option_letters else None


def starts_with_option(letter: str, text: str, options: ParsedOptions) -> bool:
    """Whether a text is or begins with that option's text, or shows its value."""
    choice = next((c for c in options.choices if c.letter == letter), None)
    if choice is None:
        return False
    normalized, option_text = normalize_text(text), choice.normalized_text
    if normalized.lower().startswith(option_text.lower()) and not normalized[len(option_text) :][:1].isalnum():
        return True
    return letter in (options.match_value(tokenize(strip_justification(text))) or [])


def _has_prose_before_number(tokens: Sequence[Token]) -> bool:
    """Whether there are words before the first number, or a verb anywhere."""
    first = next(n for n, t in enumerate(tokens) if t.value is not None)
    if any(t.text in _VERBS for t in tokens):
        return True
    return any(not (t.is_sign or units.is_known_unit(t.text) or len(t.text) == 1) for t in tokens[:first])


def _strip_brackets(text: str) -> str:
    """Remove a bracket after a value, unless it holds another value: "12 (or 24)"."""
    value, bracket, inner = text.partition(" (")
    return text if bracket and re.match(r"(?i)(?:or|and)\b", inner) else value


def last_match(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """The last match of a pattern."""
    return next(iter(deque(pattern.finditer(text), maxlen=1)), None)


def split_at_last_equals(text: str) -> tuple[str, str, str]:
    """As ``text.rpartition("=")``, but ``>=`` and ``==`` are other signs, and "x = 12, y = 5" and "2x = 4" are not split."""
    equals = last_match(_EQUALS_SIGN, text)
    if not equals or _SECOND_VARIABLE.search(text[: equals.start()]) or _COEFFICIENT.match(text[: equals.start()]):
        return "", "", text
    return text[: equals.start()], "=", text[equals.end() :]


def text_after_equals(text: str, is_last: bool) -> str | None:
    """The text after the last "=": 24 in "72 ÷ 3 = 24"; None where words precede it and the statement is not the last."""
    before, equals, after = split_at_last_equals(text)
    if not equals or not after.strip() or re.search(r"(?i)\b(?:or|and)\b", before):
        return text
    words = re.findall(r"[^\W\d_]{2,}", before)
    return after if is_last or not words else None


def _split_sentence(text: str) -> tuple[str, str]:
    """The first sentence and the punctuation that ends it."""
    end = _SENTENCE_END.search(text)
    return (text[: end.start()].strip(), end[0].strip()) if end else (text, "")


def strip_justification(text: str) -> str:
    """Remove the reason that follows: ", because …"."""
    reason = _REASON_CLAUSE.search(text, 1)
    return text[: reason.start()].strip() if reason else text
