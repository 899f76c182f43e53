"""Tiny real models made on the spot: random weights, real architectures, no network."""

import functools

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from studentsim.curriculum.generator import generate_questions
from studentsim.student.embedded import prompts
from studentsim.student.embedded.pretraining.data import all_curriculum_texts
from studentsim.student.embedded.tokenizer import build_tokenizer, extract_words
from studentsim.types import Question


@functools.lru_cache(maxsize=1)
def tokenizer():
    return build_tokenizer(extract_words(all_curriculum_texts()))


def opening() -> list[int]:
    """The control tokens of a student who knows a third and leans to no kind of slip."""
    return prompts.control_token_ids(tokenizer(), 0.34, "mixed")


def model(seed: int = 0) -> LlamaForCausalLM:
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer()), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=2,
        intermediate_size=48, max_position_embeddings=512, tie_word_embeddings=True,
        pad_token_id=tokenizer().pad_token_id, eos_token_id=tokenizer().eos_token_id, bos_token_id=None,
    )  # fmt: skip
    return LlamaForCausalLM(config).eval()


def questions(count: int = 6, split: str = "study") -> list[Question]:
    skills = ("average-of-three", "rectangle-perimeter", "chance-of-one-kind", "profit-percent", "tank-with-a-leak")
    return [generate_questions(skill, split, 1 + k // 5)[k // 5] for k in range(count) for skill in [skills[k % 5]]]
