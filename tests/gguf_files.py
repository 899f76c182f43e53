"""GGUF files of tiny models, written as llama.cpp's converter writes them: its names of tensors, its order of rows.

https://github.com/ggml-org/llama.cpp/blob/master/convert_hf_to_gguf.py
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import gguf
import hubs
import numpy as np
import torch
from gguf import GGMLQuantizationType, GGUFWriter
from transformers import AutoModelForCausalLM, PreTrainedModel, PreTrainedTokenizerFast

ARCHITECTURES = {
    "llama": gguf.MODEL_ARCH.LLAMA,
    "qwen2": gguf.MODEL_ARCH.QWEN2,
    "qwen3": gguf.MODEL_ARCH.QWEN3,
    "gemma3": gguf.MODEL_ARCH.GEMMA3,
    "phi3": gguf.MODEL_ARCH.PHI3,
    "bloom": gguf.MODEL_ARCH.BLOOM,
}


_NOTHING: Mapping = {}


def model(kind: str) -> PreTrainedModel:
    """A tiny model of this architecture whose weights bfloat16 holds exactly."""
    torch.manual_seed(1)
    config = hubs.ARCHITECTURES[kind](
        vocab_size=len(hubs.tokenizer()),
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=2,
        tie_word_embeddings=kind != "llama",
    )
    if kind == "gemma3":
        config.layer_types = [
            "sliding_attention"
        ] * 2  # every sixth layer looks back without limit, in this family's files
    made = AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            parameter.normal_(std=0.12)
            if parameter.dim() == 1 and "norm" in name and "bias" not in name:
                parameter.add_(1)
            parameter.copy_(parameter.bfloat16())
            if kind == "gemma3" and "norm" in name:
                parameter.sub_(1)  # the file has it with one added
    return made.eval()


def write(
    path: Path,
    kind: str,
    made: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    *,
    quantised: bool = False,
    split: str = "",
    more: Mapping[str, torch.Tensor] = _NOTHING,
    keys: Mapping[str, int] = _NOTHING,
) -> Path:
    """The model and its tokenizer as a GGUF file. ``quantised``: its matrices in Q8_0. ``split``: its pre-tokenizer.

    ``more`` are tensors and ``keys`` numbers that the file has besides.
    """
    writer = GGUFWriter(path, kind)
    _measures(writer, made.config)
    (_pieces if kind == "gemma3" else _vocabulary)(writer, tokenizer, split)
    writer.add_bos_token_id(tokenizer.bos_token_id)
    writer.add_eos_token_id(tokenizer.eos_token_id)
    writer.add_pad_token_id(tokenizer.pad_token_id)
    if tokenizer.chat_template:
        writer.add_chat_template(tokenizer.chat_template)
    names = gguf.get_tensor_name_map(ARCHITECTURES[kind], made.config.num_hidden_layers)
    for name, tensor in made.state_dict().items():
        if name == "lm_head.weight" and made.config.tie_word_embeddings:
            continue
        values = _as_written(kind, name, tensor.float(), made.config).numpy()
        written = names.get_name(name.removeprefix("transformer."), try_suffixes=(".weight", ".bias"))
        if quantised and values.ndim == 2:
            kind_of = GGMLQuantizationType.Q8_0
            writer.add_tensor(written, gguf.quants.quantize(values, kind_of), raw_dtype=kind_of)
        else:
            writer.add_tensor(written, np.ascontiguousarray(values))
    for name, tensor in more.items():
        writer.add_tensor(name, tensor.numpy())
    for key, number in keys.items():
        writer.add_uint32(key, number)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _measures(writer: GGUFWriter, config) -> None:
    heads = config.num_attention_heads
    writer.add_string("general.name", "Tiny")
    writer.add_string("general.license", "mit")
    writer.add_context_length(getattr(config, "max_position_embeddings", 512))
    writer.add_block_count(config.num_hidden_layers)
    writer.add_embedding_length(config.hidden_size)
    writer.add_head_count(heads)
    writer.add_vocab_size(config.vocab_size)
    if config.model_type == "bloom":
        writer.add_feed_forward_length(4 * config.hidden_size)
        writer.add_head_count_kv(heads)
        writer.add_layer_norm_eps(config.layer_norm_epsilon)
        return
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // heads
    writer.add_rope_dimension_count(head_dim)
    writer.add_key_length(head_dim)
    writer.add_value_length(head_dim)
    rope = config.rope_parameters
    writer.add_rope_freq_base((rope.get("full_attention") or rope)["rope_theta"])
    if getattr(config, "sliding_window", None):
        writer.add_sliding_window(config.sliding_window)


def _vocabulary(writer: GGUFWriter, tokenizer: PreTrainedTokenizerFast, split: str) -> None:
    told = json.loads(tokenizer.backend_tokenizer.to_str())
    words = {**told["model"]["vocab"], **{t["content"]: t["id"] for t in told["added_tokens"]}}
    tokens = sorted(words, key=words.get)
    special = {t["content"] for t in told["added_tokens"]}
    writer.add_tokenizer_model("gpt2")
    if split:
        writer.add_tokenizer_pre(split)
    writer.add_token_list(tokens)
    writer.add_token_types([3 if token in special else 1 for token in tokens])
    writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in told["model"]["merges"]])


def _pieces(writer: GGUFWriter, tokenizer: PreTrainedTokenizerFast, split: str) -> None:
    """As many words as the tokenizer has, as Gemma's files have them: SentencePiece's, without merges. ``split`` is not asked for."""
    special = ["<pad>", "<eos>", "<bos>", "<unk>", *hubs.TURNS]
    single = [f"<0x{n:02X}>" for n in range(256)]
    vocabulary = hubs.metaspace("never").get_vocab()
    pieces = [p for p in sorted(vocabulary, key=vocabulary.get) if p not in special]
    tokens = [*special, *single, *pieces][: len(tokenizer)]
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([-float(n) for n in range(len(tokens))])
    writer.add_token_types(
        [3 if t in special and t != "<unk>" else 2 if t == "<unk>" else 6 if t in single else 1 for t in tokens]
    )
    writer.add_unk_token_id(3)
    writer.add_bool("tokenizer.ggml.add_bos_token", True)


def _as_written(kind: str, name: str, tensor: torch.Tensor, config) -> torch.Tensor:
    if kind == "llama" and (found := re.search(r"self_attn\.([qk])_proj\.weight", name)):
        heads = config.num_attention_heads if found[1] == "q" else config.num_key_value_heads
        return tensor.reshape(heads, 2, tensor.shape[0] // heads // 2, -1).swapaxes(1, 2).reshape(tensor.shape)
    if kind == "gemma3" and name.endswith("norm.weight"):
        return tensor + 1
    if kind == "bloom" and "query_key_value" in name:
        heads, wide = config.num_attention_heads, config.hidden_size
        parts = tensor.reshape(heads, 3, wide // heads, -1)
        return torch.cat([parts[:, k].reshape(wide, -1) for k in range(3)]).reshape(tensor.shape)
    return tensor
