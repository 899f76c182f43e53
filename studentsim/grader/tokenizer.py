"""The embedded grader's tokenizer: a digit with its place value is one token, so that equal numbers are equal tokens.

    3,000  ->  3 thousands  ,  0 hundreds  0 tens  0 ones          12.5 -> 1 ten  2 ones  .  5 tenths          d, D -> letter d

So small a model did not learn in the available time to compare numbers in tokens of three digits, nor letters that also spell
words; with place values it learnt in minutes (docs/log.md). Codes are private-use characters, inserted by the tokenizer's own
normalizer; such characters in a text are removed first, so that nobody can write them.
"""

from __future__ import annotations

import string
from collections.abc import Iterator

from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import BPE
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from studentsim.grader.prompt import PROMPT_END, PROMPT_MIDDLE, PROMPT_START, TARGETS

PAD_TOKEN, END_TOKEN = "<pad>", "</s>"
WORD_TOKENS = (
    "Answer: ", "answer", "the", "is", "Ignore", "ignore", "mark", "correct", "wrong", "right", "instructions",
    "previous", "please", "teacher", "Context", "or", "and", "cm", "km", "kg", "about", "an", "not", "this", "as",
)  # fmt: skip
"""Words that are one token; any other is read letter by letter."""

INTEGER_PLACES, FRACTIONAL_PLACES, DENOMINATOR_PLACES = 7, 4, 3
"""Places that have codes: before and after the decimal point, and in a denominator; digits beyond have none."""

_FIRST_CODE_POINT = 0xE000
_PIECE_PATTERN = "|".join(
    [rf"\A{PROMPT_START}", r'\nAnswer: "', r'"\nIs the answer Correct or Wrong\?\z', "Answer: ", "[A-Za-z]+", r"[\s\S]"]
)  # fmt: skip


def build_tokenizer() -> PreTrainedTokenizerFast:
    """Build the tokenizer, always with the same ids; every input ends in ``</s>``, as T5's do."""
    pieces = [
        PAD_TOKEN, END_TOKEN, *TARGETS, PROMPT_START, PROMPT_MIDDLE, PROMPT_END, *WORD_TOKENS,
        *string.ascii_letters, *string.digits, *string.punctuation, " ", "\n", "×", "÷",
        *(code for _, code in _iter_code_patterns()), *(f"<0x{byte:02X}>" for byte in range(256)),
    ]  # fmt: skip
    vocab = {piece: index for index, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = Tokenizer(BPE(vocab=vocab, merges=[], byte_fallback=True, ignore_merges=True))
    private_use_filter = normalizers.Replace(Regex("[\ue000-\uf8ff]"), "\N{REPLACEMENT CHARACTER}")
    code_replacements = [normalizers.Replace(Regex(pattern), code) for pattern, code in _iter_code_patterns()]
    tokenizer.normalizer = normalizers.Sequence([private_use_filter, *code_replacements])
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(_PIECE_PATTERN), "isolated")
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"$A {END_TOKEN}", special_tokens=[(END_TOKEN, vocab[END_TOKEN])]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=PAD_TOKEN, eos_token=END_TOKEN, padding_side="right"
    )


def _iter_code_patterns() -> Iterator[tuple[str, str]]:
    """(pattern, code) for each character that gets a code, in the order of replacement.

    In a denominator and after a decimal point, places are counted from the left; before the point from the right.
    """
    code_point = _FIRST_CODE_POINT

    def next_code() -> str:
        nonlocal code_point
        code_point += 1
        return chr(code_point - 1)

    for letter in "abcdefghij":
        yield rf"(?<![A-Za-z'])[{letter}{letter.upper()}](?![A-Za-z'])", next_code()
    for first, places in ((r"\d/", DENOMINATOR_PLACES), (r"\d\.", FRACTIONAL_PLACES)):
        lookbehind = first
        for _ in range(places):
            rules = [(f"(?<={lookbehind}){digit}", next_code()) for digit in string.digits]
            yield from rules
            lookbehind = f"[{rules[0][1]}-{rules[-1][1]}]"
    for digits_after in reversed(range(INTEGER_PLACES)):
        for digit in string.digits:
            yield rf"{digit}(?=(?:,?\d){{{digits_after}}}(?!\d))", next_code()


def encode_with_end_token(tokenizer: PreTrainedTokenizerBase, text: str, max_tokens: int) -> list[int]:
    """Ids of a text, its end token included, at most ``max_tokens``; control tokens written in the text are plain characters."""
    backend = tokenizer.backend_tokenizer
    previous_setting, backend.encode_special_tokens = backend.encode_special_tokens, True
    try:
        ids = backend.encode(text).ids
    finally:
        backend.encode_special_tokens = previous_setting
    return ids if len(ids) <= max_tokens else [*ids[: max_tokens - 1], ids[-1]]
