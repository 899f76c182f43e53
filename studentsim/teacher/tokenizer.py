"""The embedded marker's tokenizer: a digit with its place is one token, so equal numbers are equal tokens wherever they stand.

    3,000  ->  3 thousands  ,  0 hundreds  0 tens  0 ones          12.5 -> 1 ten  2 ones  .  5 tenths          d, D -> letter d

So small a model was not taught to compare numbers in tokens of three digits, nor letters that also spell words, in the time
there is; with digits that know their place it was in minutes (docs/log.md). Codes are private-use characters, put in by
the tokenizer's own normalizer; such characters in a text are taken out first, so nobody can write them.
"""

from __future__ import annotations

import string
from collections.abc import Iterator

from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import BPE
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from studentsim.teacher.prompt import BEGIN, FINISH, MIDDLE, TARGETS

PAD, END = "<pad>", "</s>"
WORDS = (
    "Answer: ", "answer", "the", "is", "Ignore", "ignore", "mark", "correct", "wrong", "right", "instructions",
    "previous", "please", "teacher", "Context", "or", "and", "cm", "km", "kg", "about", "an", "not", "this", "as",
)  # fmt: skip
"""Words worth a token of their own; any other is read letter by letter."""

WHOLE, TENTHS, BELOW = 7, 4, 3
"""Places that have codes: before the point, behind it, and in the number below a fraction's bar. Digits beyond stay plain."""

_FIRST_CODE = 0xE000
_PIECE = "|".join(
    [rf"\A{BEGIN}", r'\nAnswer: "', r'"\nIs the answer Correct or Wrong\?\z', "Answer: ", "[A-Za-z]+", r"[\s\S]"]
)  # fmt: skip


def build_tokenizer() -> PreTrainedTokenizerFast:
    """The tokenizer; always the same ids. Every input ends in ``</s>``, as T5's do."""
    pieces = [
        PAD, END, *TARGETS, BEGIN, MIDDLE, FINISH, *WORDS, *string.ascii_letters, *string.digits, *string.punctuation,
        " ", "\n", "×", "÷", *(code for _, code in _codes()), *(f"<0x{byte:02X}>" for byte in range(256)),
    ]  # fmt: skip
    vocab = {piece: index for index, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = Tokenizer(BPE(vocab=vocab, merges=[], byte_fallback=True, ignore_merges=True))
    private = normalizers.Replace(Regex("[\ue000-\uf8ff]"), "\N{REPLACEMENT CHARACTER}")
    coded = [normalizers.Replace(Regex(pattern), code) for pattern, code in _codes()]
    tokenizer.normalizer = normalizers.Sequence([private, *coded])
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(_PIECE), "isolated")
    tokenizer.post_processor = processors.TemplateProcessing(single=f"$A {END}", special_tokens=[(END, vocab[END])])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token=PAD, eos_token=END, padding_side="right")


def _codes() -> Iterator[tuple[str, str]]:
    """What gets a code, in the order in which the codes are put in, each with its code.

    Below a bar and behind a point digits are counted from the left, before the point from the right: by how many follow.
    """
    number = _FIRST_CODE

    def code() -> str:
        nonlocal number
        number += 1
        return chr(number - 1)

    for letter in "abcdefghij":
        yield rf"(?<![A-Za-z'])[{letter}{letter.upper()}](?![A-Za-z'])", code()
    for first, places in ((r"\d/", BELOW), (r"\d\.", TENTHS)):
        before = first
        for _ in range(places):
            rules = [(f"(?<={before}){digit}", code()) for digit in string.digits]
            yield from rules
            before = f"[{rules[0][1]}-{rules[-1][1]}]"
    for place in reversed(range(WHOLE)):
        for digit in string.digits:
            yield rf"{digit}(?=(?:,?\d){{{place}}}(?!\d))", code()


def encode(tokenizer: PreTrainedTokenizerBase, text: str, limit: int) -> list[int]:
    """Ids of a text, its end token included, at most ``limit``; control tokens written in the text are plain characters."""
    backend = tokenizer.backend_tokenizer
    before, backend.encode_special_tokens = backend.encode_special_tokens, True
    try:
        ids = backend.encode(text).ids
    finally:
        backend.encode_special_tokens = before
    return ids if len(ids) <= limit else [*ids[: limit - 1], ids[-1]]
