"""The embedded student's tokenizer: words of the curriculum, else letters and bytes; numbers by three digits.

Any text can be encoded and decodes to itself. ``1234`` is ``1`` and ``234``, grouped from the right. A word is one token, so the
small model need not spend its few layers on spelling.
"""

from __future__ import annotations

import string
import threading
from collections.abc import Iterable

from tokenizers import Regex, Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers.models import BPE
from transformers import PreTrainedTokenizerFast

from studentsim.student.embedded.prompt_text import (
    BOOK_TOKEN,
    LEANINGS,
    LEVEL_STEPS,
    WORK_TOKEN,
    leaning_token,
    level_token,
)

PAD_TOKEN, END_TOKEN, TEACHER_TOKEN = "<pad>", "<end>", "<teacher>"
SPACE_MARKER = "▁"
_PIECE_PATTERN = (
    rf"{SPACE_MARKER}?[A-Za-z']+|{SPACE_MARKER}?\d{{1,3}}(?=(?:\d{{3}})*(?!\d))|"
    rf"{SPACE_MARKER}?[^\sA-Za-z0-9{SPACE_MARKER}]|\s|{SPACE_MARKER}"
)

_ENCODING_LOCK = threading.Lock()


def extract_words(texts: Iterable[str]) -> list[str]:
    """Every piece (word or sign, perhaps with a space marker) in the texts but those with digits, sorted."""
    splitter = pre_tokenizers.Split(Regex(_PIECE_PATTERN), "isolated")
    pieces = {piece for text in texts for piece, _ in splitter.pre_tokenize_str(text.replace(" ", SPACE_MARKER))}
    return sorted(p for p in pieces if not any(c.isdigit() for c in p))


def build_tokenizer(words: Iterable[str]) -> PreTrainedTokenizerFast:
    """A tokenizer for these words and the control tokens; deterministic."""
    levels = [level_token(k / LEVEL_STEPS) for k in range(LEVEL_STEPS + 1)]
    special = [PAD_TOKEN, END_TOKEN, WORK_TOKEN, TEACHER_TOKEN, BOOK_TOKEN, *levels, *map(leaning_token, LEANINGS)]
    digits = [str(n).zfill(width) for width in (1, 2, 3) for n in range(10**width)]
    pieces = [
        *special,
        *(f"<0x{byte:02X}>" for byte in range(256)),
        *(c for c in string.printable if c not in string.whitespace),
        "\n",
        "×",
        "÷",
        SPACE_MARKER,
        *digits,
        *(SPACE_MARKER + str(n) for n in range(1000)),
        *words,
    ]
    vocab = {piece: index for index, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = Tokenizer(BPE(vocab=vocab, merges=[], byte_fallback=True, ignore_merges=True))
    tokenizer.normalizer = normalizers.Replace(" ", SPACE_MARKER)
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(_PIECE_PATTERN), "isolated")
    tokenizer.decoder = decoders.Sequence(
        [decoders.ByteFallback(), decoders.Fuse(), decoders.Replace(SPACE_MARKER, " ")]
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD_TOKEN,
        eos_token=END_TOKEN,
        extra_special_tokens=special[2:],
        padding_side="right",
    )
    fast.clean_up_tokenization_spaces = False
    return fast


def encode(tokenizer: PreTrainedTokenizerFast, text: str) -> list[int]:
    """Ids of a text whose control tokens are encoded as characters: ``<end>`` typed by a user ends nothing."""
    backend = tokenizer.backend_tokenizer
    with _ENCODING_LOCK:  # threads encode batches, and the setting is the tokenizer's
        previous, backend.encode_special_tokens = backend.encode_special_tokens, True
        try:
            return backend.encode(text, add_special_tokens=False).ids
        finally:
            backend.encode_special_tokens = previous
