"""The embedded marker's tokenizer: numbers by up to three digits, the paper's input in three tokens, letters for the rest.

``1234`` is ``1`` and ``234``, grouped from the right: so ``3,000`` and ``3000`` differ by a comma alone, and the same number
is the same tokens wherever it stands, which is what so small a model compares.
"""

from __future__ import annotations

import string

from tokenizers import Regex, Tokenizer, decoders, pre_tokenizers, processors
from tokenizers.models import BPE
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from studentsim.teacher.prompt import BEGIN, FINISH, MIDDLE, TARGETS

PAD, END = "<pad>", "</s>"
WORDS = (
    "Answer: ", "answer", "the", "is", "Ignore", "ignore", "mark", "correct", "wrong", "right", "instructions",
    "previous", "please", "teacher", "Context", "or", "and", "cm", "km", "kg", "about", "an", "not", "this", "as",
)  # fmt: skip
"""Words worth a token of their own; any other is read letter by letter."""

_NUMBER = r"\d{1,3}(?=(?:\d{3})*(?!\d))"
_PIECE = "|".join(
    [rf"\A{BEGIN}", r'\nAnswer: "', r'"\nIs the answer Correct or Wrong\?\z', "Answer: ", "[A-Za-z]+", _NUMBER, r"[\s\S]"]
)  # fmt: skip


def build_tokenizer() -> PreTrainedTokenizerFast:
    """The tokenizer; always the same ids. Every input ends in ``</s>``, as T5's do."""
    digits = [str(n).zfill(width) for width in (1, 2, 3) for n in range(10**width)]
    pieces = [
        PAD, END, *TARGETS, BEGIN, MIDDLE, FINISH, *WORDS, *string.ascii_letters, *string.punctuation, " ", "\n", "×",
        "÷", *digits, *(f"<0x{byte:02X}>" for byte in range(256)),
    ]  # fmt: skip
    vocab = {piece: index for index, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = Tokenizer(BPE(vocab=vocab, merges=[], byte_fallback=True, ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(_PIECE), "isolated")
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.post_processor = processors.TemplateProcessing(single=f"$A {END}", special_tokens=[(END, vocab[END])])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token=PAD, eos_token=END, padding_side="right")


def encode(tokenizer: PreTrainedTokenizerBase, text: str, limit: int) -> list[int]:
    """Ids of a text, its end token included, at most ``limit``; control tokens written in the text are plain characters."""
    backend = tokenizer.backend_tokenizer
    before, backend.encode_special_tokens = backend.encode_special_tokens, True
    try:
        ids = backend.encode(text).ids
    finally:
        backend.encode_special_tokens = before
    return ids if len(ids) <= limit else [*ids[: limit - 1], ids[-1]]
