"""The decoder tells what transformers' own Llama tells, prompts padded or not, in one pass or token after token."""

import numpy as np
import tiny
import torch

from studentsim.config import RunConfig
from studentsim.student.embedded.prompts import completion_ids, prompt_ids
from studentsim.student.embedded.student import EmbeddedStudent, draw_uniforms
from studentsim.student.generation.generate import completion_logprobs, generate, prefill
from studentsim.student.generation.llama_decoder import Decoder


def student() -> EmbeddedStudent:
    return EmbeddedStudent(tiny.model(), tiny.tokenizer(), RunConfig.make(max_new_tokens=24))


def prompts() -> list[list[int]]:
    return [prompt_ids(tiny.tokenizer(), tiny.opening(), q.problem) for q in tiny.questions(6)]


def test_reading_writing_and_scoring_are_those_of_the_model():
    s = student()
    calculator, model, decoder = s.calculator, s.merged_model, s.decoder
    # A model that has learnt nothing finds every token as likely: one draw in a thousand is decided by rounding, none of these.
    uniforms = np.stack([draw_uniforms(("exam", 1, k), 40) for k in range(6)])
    rights = [[completion_ids(tiny.tokenizer(), q.correct_option.solution)] for q in tiny.questions(6)]
    masks = [[calculator.loss_mask(c) for c in row] for row in rights]
    theirs, ours = (prefill(m, prompts(), 0) for m in (model, decoder))
    assert torch.allclose(theirs.next_token_logits, ours.next_token_logits, atol=1e-4)
    written = [generate(m, p, calculator, uniforms, eos_token_id=1) for m, p in ((model, theirs), (decoder, ours))]
    assert [w.ids for w in written[0]] == [w.ids for w in written[1]]
    assert np.allclose([w.logprob for w in written[0]], [w.logprob for w in written[1]], atol=1e-3)
    scored = [completion_logprobs(m, p, rights, masks) for m, p in ((model, theirs), (decoder, ours))]
    assert np.allclose(scored[0], scored[1], atol=1e-3)
    assert torch.equal(
        ours.next_token_logits, prefill(decoder, prompts(), 0).next_token_logits
    )  # and left as they were


def test_weights_are_those_of_the_model_when_they_were_taken_over():
    s = student()
    before = prefill(s.decoder, prompts(), 0).next_token_logits
    with torch.no_grad():
        s.merged_model.model.layers[0].self_attn.q_proj.weight.mul_(1.5)
        s.merged_model.model.layers[-1].mlp.down_proj.weight.mul_(0.5)
    assert torch.equal(prefill(s.decoder, prompts(), 0).next_token_logits, before)
    s.decoder.load_weights(s.merged_model)
    assert torch.allclose(
        prefill(s.decoder, prompts(), 0).next_token_logits,
        prefill(s.merged_model, prompts(), 0).next_token_logits,
        atol=1e-4,
    )
    assert not torch.allclose(prefill(s.decoder, prompts(), 0).next_token_logits, before, atol=1e-4)


def test_norm_weights_and_other_shapes_are_heeded():
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(3)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=90, hidden_size=48, num_hidden_layers=3, num_attention_heads=3, num_key_value_heads=3,
            intermediate_size=64, max_position_embeddings=128, tie_word_embeddings=False, pad_token_id=0,
        )
    ).eval()  # fmt: skip
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "norm" in name:
                weight.uniform_(0.5, 2.0)
    rows = [[5, 6, 7, 8], [9, 10], [11] * 30]
    theirs, ours = (prefill(m, rows, 0) for m in (model, Decoder(model)))
    assert torch.allclose(theirs.next_token_logits, ours.next_token_logits, atol=1e-4)
