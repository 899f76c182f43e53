"""Converts a GGUF file into a folder with bfloat16 safetensors, config and tokenizer; run in a child process.

    python -m studentsim.student.huggingface.gguf_conversion '{"gguf": "model.gguf", "folder": "out", "split": "smollm", "settings": {}}'

Prints JSON lines: ``{"step": "converting", "done": bytes, "of": bytes}`` …, and last ``{"family", "parameters"}``, or ``{"problem",
"kind", "errno"}``. transformers reads the file and dequantises its weights; the loaded model cannot be saved ("quantized with gguf and
is not serializable"), so the weights are moved to a new model of the same config. That one is saved, loaded again, and must give
exactly the same logits on a few tokens.
"""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from tokenizers import pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GgufConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    modeling_gguf_pytorch_utils,
)

from studentsim.errors import first_line
from studentsim.student.huggingface.gguf_fast_reader import fast_gguf_reading

SAVED_DTYPE = torch.bfloat16
DIGIT_SPLITTING_PRE_TOKENIZERS = ("smollm", "refact", "command-r", "starcoder")
"""Pre-tokenizers (``tokenizer.ggml.pre``) that split numbers into digits; transformers 5.23 takes them for GPT-2's, which does not."""

_PROBE_TOKENS = 16

ReportMessage = Callable[..., None]
_NO_OVERRIDES: Mapping[str, Any] = {}


def convert(
    gguf: Path,
    folder: Path,
    *,
    pre_tokenizer: str = "",
    config_overrides: Mapping[str, Any] = _NO_OVERRIDES,
    report: ReportMessage,
) -> dict[str, Any]:
    """Convert a GGUF file into ``folder``; returns ``family`` (its ``model_type``) and ``parameters``. Writes.

    ``pre_tokenizer`` and ``config_overrides``: see ``gguf_families.GgufHeader``.

    :raises RuntimeError: when the saved model computes other logits than the one that was read.
    :raises Exception: of any kind, from transformers, when it cannot read the file.
    """
    report(step="converting")
    with fast_gguf_reading():
        tokenizer = _load_tokenizer(gguf, pre_tokenizer)
        model = _load_dequantised(gguf, config_overrides, report)
    ids = _make_probe_ids(tokenizer, model)
    expected = _compute_logits(model, ids)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    result = {"family": model.config.model_type, "parameters": model.num_parameters()}
    del model
    report(step="trying")
    _check_saved_model(folder, ids, expected)
    return result


def _load_tokenizer(gguf: Path, pre_tokenizer: str) -> PreTrainedTokenizerBase:
    tokenizer = AutoTokenizer.from_pretrained(str(gguf.parent), gguf_file=gguf.name, trust_remote_code=False)
    if pre_tokenizer in DIGIT_SPLITTING_PRE_TOKENIZERS:
        tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        )
    return tokenizer


def _load_dequantised(gguf: Path, config_overrides: Mapping[str, Any], report: ReportMessage) -> PreTrainedModel:
    """The model in a GGUF file with dequantised weights, and without transformers' record that it was quantised."""
    modeling_gguf_pytorch_utils.tqdm = functools.partial(_iter_with_progress, report=report)
    loaded = AutoModelForCausalLM.from_pretrained(
        str(gguf.parent), gguf_file=gguf.name, dtype=SAVED_DTYPE, trust_remote_code=False,
        quantization_config=GgufConfig(dequantize=True), **config_overrides,
    )  # fmt: skip
    config_values = {key: value for key, value in loaded.config.to_dict().items() if key != "quantization_config"}
    with torch.device("meta"):
        dequantised = type(loaded)(type(loaded.config).from_dict(config_values))
    dequantised.load_state_dict(loaded.state_dict(), assign=True)
    for name, buffer in loaded.named_buffers():  # computed, not stored in the file: rotary frequencies
        owner = dequantised.get_submodule(name.rpartition(".")[0])
        setattr(owner, name.rpartition(".")[2], buffer)
    dequantised.tie_weights()
    dequantised.generation_config = loaded.generation_config
    return dequantised.eval()


def _iter_with_progress(tensors: Iterable[Any], report: ReportMessage, **_: Any) -> Iterator[Any]:
    """Replaces transformers' progress bar: yields the tensors and reports how many of their bytes are done."""
    tensors = list(tensors)
    done_bytes, total_bytes = 0, int(sum(tensor.n_bytes for tensor in tensors))
    for tensor in tensors:
        yield tensor
        done_bytes += int(tensor.n_bytes)
        report(step="converting", done=done_bytes, of=total_bytes)


def _make_probe_ids(tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel) -> torch.Tensor:
    """A few token ids (1, T) for comparing logits."""
    ids = tokenizer("What is 2 + 3? a) 4 b) 5").input_ids[:_PROBE_TOKENS] or [0]
    if max(ids) >= model.config.get_text_config().vocab_size:
        raise RuntimeError("its tokenizer has words that its weights do not have")
    return torch.tensor([ids])


@torch.no_grad()
def _compute_logits(model: PreTrainedModel, ids: torch.Tensor) -> torch.Tensor:
    logits = model(input_ids=ids, use_cache=False).logits
    if not torch.isfinite(logits).all():
        raise RuntimeError("its weights give no finite figures")
    return logits


def _check_saved_model(folder: Path, ids: torch.Tensor, expected: torch.Tensor) -> None:
    """Check that the saved folder loads as a student does, and gives the expected logits.

    :raises RuntimeError: when the logits differ.
    """
    AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False)
    model = AutoModelForCausalLM.from_pretrained(
        str(folder), dtype=SAVED_DTYPE, use_safetensors=True, trust_remote_code=False
    )
    if not torch.equal(_compute_logits(model.eval(), ids), expected):
        raise RuntimeError("what was saved does not compute what was read")


def _main() -> None:
    request = json.loads(sys.argv[1])
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # libraries may print

    def report(**message: Any) -> None:
        print(json.dumps(message), file=out, flush=True)

    try:
        result = convert(
            Path(request["gguf"]),
            Path(request["folder"]),
            pre_tokenizer=request["split"],
            config_overrides=request["settings"],
            report=report,
        )
        report(**result)
    except Exception as error:  # transformers raises many kinds for a file it cannot read
        number = error.errno if isinstance(error, OSError) else 0
        report(problem=first_line(error), kind=type(error).__name__, errno=number or 0)


if __name__ == "__main__":
    _main()
