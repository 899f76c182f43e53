"""The packed decoder against transformers, PEFT and TRL: the same figures and gradients, on tiny models of real architectures."""

from __future__ import annotations

import threading

import hubs
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from studentsim import factory
from studentsim.settings import DPOSettings
from studentsim.student import adapter
from studentsim.student.generation.sampling import iter_generations
from studentsim.student.huggingface.batching import iter_batches_by_tokens
from studentsim.student.huggingface.decoding_weights import ReorderedStepWeights
from studentsim.student.huggingface.packed_decoder import PackedDecoder
from studentsim.student.huggingface.packed_decoder_check import build_packed_decoder, measure_decoder_error
from studentsim.student.huggingface.packed_generation import PackedSession, iter_token_chunks
from studentsim.student.huggingface.packed_scoring import score_completions
from studentsim.student.huggingface.packing import PackedBatch, PackedRow
from studentsim.student.huggingface.threads import limit_torch_threads
from studentsim.student.huggingface.token_logprobs import compute_token_statistics
from studentsim.training import lm_head, packed_forward
from studentsim.training.packed_forward import IGNORE_INDEX
from studentsim.training.pairs import build_held_out_pairs
from studentsim.types import Pair

KINDS = ("llama", "qwen2", "qwen3")
ROWS = [
    PackedRow([5, 9, 33, 12, 7, 80], [[7, 8, 9, 41], [7, 8, 55], [60]]),
    PackedRow([11, 12, 13], [[301, 302, 303, 304, 305]]),
    PackedRow([4, 90, 17, 230, 231, 232, 233, 9, 6], [[40, 41], [40, 41, 42, 43], [40, 42], [40, 41]]),
]
"""One, several and equal texts behind a prompt; such that begin alike, and one of a single token."""
BEGINNING = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5]
ALIKE = [PackedRow([*BEGINNING, *row.prompt], row.completions) for row in ROWS]
"""The same behind a beginning that all prompts share, which is read once."""
EITHER = pytest.mark.parametrize("rows", [ROWS, ALIKE], ids=["prompts of their own", "prompts that begin alike"])


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def model(kind: str, dtype: torch.dtype = torch.float32, **learning):
    """A tiny model with an adapter that changes something."""
    made = hubs.model(kind).to(dtype).eval().requires_grad_(False)
    for name, parameter in made.named_parameters():
        if name.endswith("bias"):  # fresh ones are zero, and would hide what is wrong with them
            parameter.data.normal_(std=0.1)
    with_adapter = adapter.attach_adapter(made, DPOSettings(**learning), 1)
    generator = torch.Generator().manual_seed(0)
    for name, parameter in with_adapter.named_parameters():
        if "lora_B" in name:
            parameter.data.normal_(0, 0.05, generator=generator)
    return with_adapter


def plainly(model, row: PackedRow, number: int) -> torch.Tensor:
    """Log-probability of each token of a row's text, by a forward pass over the prompt and this text alone."""
    text = list(row.completions[number])
    logits = model(input_ids=torch.tensor([[*row.prompt, *text]])).logits[0, len(row.prompt) - 1 : -1]
    return logits.float().log_softmax(-1).gather(-1, torch.tensor(text)[:, None]).squeeze(-1)


def told(decoder: PackedDecoder, rows) -> list[torch.Tensor]:
    pack = PackedBatch(rows)
    figures = compute_token_statistics(
        decoder.compute_hidden_states(pack, decoder.combine_layer_adapters(), pack.predicting_positions),
        decoder.lm_head,
        pack.targets,
    )
    return [figures.log_probs[pack.completion_numbers == n] for n in range(int(pack.completion_numbers.max()) + 1)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("targets", [("q_proj", "v_proj"), None], ids=["two projections", "all"])
@EITHER
def test_every_texts_tokens_are_what_transformers_tells_of_it_alone(kind, targets, rows):
    made = model(kind, **({"lora_targets": targets} if targets else {}))
    found = told(PackedDecoder(made), rows)
    wanted = [plainly(made, row, n) for row in rows for n in range(len(row.completions))]
    for own, plain in zip(found, wanted, strict=True):
        assert torch.allclose(own, plain, atol=2e-5), (own, plain)


def test_threads_that_read_texts_of_different_lengths_do_not_take_each_others_rotations(monkeypatch):
    decoder = PackedDecoder(model("llama"))
    whole, may_go_on, begun = decoder._build_rotary_tables, threading.Event(), threading.Event()

    class Looked(torch.Tensor):
        """A table: who looks into it finds, right afterwards, that another thread has put in its own."""

        def __getitem__(self, places):
            may_go_on.set()
            other.join()
            return self.as_subclass(torch.Tensor)[places]

    def computed(count: int):
        if threading.current_thread() is other:
            begun.set()
            assert may_go_on.wait(10)
            return whole(count)
        cos, sin = whole(count)
        return cos.as_subclass(Looked), sin

    monkeypatch.setattr(decoder, "_build_rotary_tables", computed)
    other = threading.Thread(target=lambda: decoder.rotary_cos_sin(torch.tensor([600])))
    other.start()
    assert begun.wait(10)
    cos, sin = decoder.rotary_cos_sin(torch.tensor([3000]))
    assert torch.equal(cos[0, 0], whole(3001)[0][3000]) and torch.equal(sin[0, 0], whole(3001)[1][3000])


def test_a_row_with_nothing_to_tell_of_is_refused():
    for prompt, texts in (([], [[1]]), ([1, 2], [[3], []])):
        with pytest.raises(ValueError, match="at least one token"):
            PackedRow(prompt, texts)


def test_with_the_adapter_off_it_tells_of_the_base():
    made = model("llama")
    decoder = PackedDecoder(made)
    with made.disable_adapter():
        found, wanted = told(decoder, ROWS[:1]), plainly(made, ROWS[0], 0)
    assert torch.allclose(found[0], wanted, atol=2e-5)
    assert not torch.allclose(told(decoder, ROWS[:1])[0], wanted, atol=1e-2)


@pytest.mark.parametrize("kind", KINDS)
@EITHER
def test_gradients_are_those_of_transformers_and_peft(kind, rows):
    made = model(kind)
    learnt = [p for p in made.parameters() if p.requires_grad]
    weights = [0.3, -1.0, 0.5, 2.0, 1.0, -0.2, 0.7, 0.1]  # of each text, as a loss may weigh them
    plain = [plainly(made, row, n) for row in rows for n in range(len(row.completions))]
    wanted = torch.autograd.grad(sum(w * own.sum() for w, own in zip(weights, plain, strict=True)), learnt)
    packed = told(PackedDecoder(made), rows)
    found = torch.autograd.grad(sum(w * own.sum() for w, own in zip(weights, packed, strict=True)), learnt)
    assert any(g.abs().max() > 1e-2 for g in wanted)
    for own, other in zip(found, wanted, strict=True):
        assert torch.allclose(own, other, rtol=1e-3, atol=1e-4 * float(other.abs().max()) + 1e-6)


def test_with_several_threads_gradients_are_the_same_to_the_last_bit_each_time():
    torch.set_num_threads(4)
    made = model("llama")
    decoder, learnt = PackedDecoder(made), [p for p in made.parameters() if p.requires_grad]
    row = PackedRow(
        [5, 9, 33, 12], [[3 + n % 600] for n in range(800)]
    )  # the prompt's last position tells of all of them
    weights = torch.randn(800, generator=torch.Generator().manual_seed(0))

    def gradients():
        return torch.autograd.grad((torch.cat(told(decoder, [row])) * weights).sum(), learnt)

    first = gradients()
    assert all(torch.equal(a, b) for _ in range(5) for a, b in zip(first, gradients(), strict=True))


def test_in_sixteen_bits_it_is_about_as_exact_as_transformers_is():
    exact, rounded = model("llama"), model("llama", torch.bfloat16)
    ids = torch.randint(3, 700, (40, 12), generator=torch.Generator().manual_seed(4)).tolist()
    rows = [PackedRow(text[:5], [text[5:]]) for text in ids]
    with torch.no_grad():
        wanted, theirs = (torch.cat([plainly(made, row, 0) for row in rows]) for made in (exact, rounded))
        ours = torch.cat(told(PackedDecoder(rounded), rows))
    assert 0 < (ours - wanted).square().mean() < 2 * (theirs - wanted).square().mean()


@pytest.mark.parametrize("kind", KINDS)
@EITHER
def test_greedy_texts_are_those_of_generate(kind, rows):
    made, limit = model(kind), 12
    decoder = PackedDecoder(made)
    prompts = [list(row.prompt) for row in rows]
    ids: list[list[int]] = [[] for _ in prompts]
    session = PackedSession(decoder, ReorderedStepWeights(decoder), prompts)
    written = dict(iter_generations(session, None, np.zeros((3, limit)), ids=ids, end=1, temperature=0.0))
    for number, prompt in enumerate(prompts):
        whole = made.generate(
            input_ids=torch.tensor([prompt]),
            attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
            max_new_tokens=limit,
            do_sample=False,
            eos_token_id=1,
            pad_token_id=0,
        )
        wanted = whole[0, len(prompt) :].tolist()
        assert written[number].ids == [t for t in wanted if t != 1]
        told_of = plainly(made, PackedRow(prompt, [wanted]), 0).sum().item()
        assert written[number].logprob == pytest.approx(told_of, abs=1e-3)


@EITHER
def test_rows_that_end_leave_and_the_others_write_on_as_if_alone(monkeypatch, rows):
    from studentsim.student.huggingface import packed_generation

    monkeypatch.setattr(packed_generation, "CACHE_GROWTH_TOKENS", 3)  # so that it must grow
    decoder = PackedDecoder(model("llama"))
    weights = ReorderedStepWeights(decoder)
    prompts, uniforms = [list(row.prompt) for row in rows], np.random.default_rng(3).random((3, 20))

    def write(numbers):
        session = PackedSession(decoder, weights, [prompts[n] for n in numbers])
        ids: list[list[int]] = [[] for _ in numbers]
        written = iter_generations(session, None, uniforms[numbers], ids=ids, end=range(200, 300))
        return {numbers[n]: text for n, text in written}

    together = write([0, 1, 2])
    assert len({len(w.ids) for w in together.values()}) > 1, "all ended at once: nothing was tried"
    for row in range(3):
        alone = write([row])[row]
        assert alone.ids == together[row].ids and alone.logprob == pytest.approx(together[row].logprob, abs=1e-4)


def test_rows_keep_their_own_scores_whoever_leaves_and_in_whatever_order():
    decoder = PackedDecoder(model("llama"))
    weights = ReorderedStepWeights(decoder)
    prompts = [[5 + n, 9, 33, 40 + n][: 2 + n % 3] for n in range(7)]
    session, alone = (PackedSession(decoder, weights, prompts) for _ in range(2))
    rows = list(range(7))
    for stay in (None, [1, 2, 3, 4, 5, 6], [0, 2, 4, 5], None, [1, 3], [1]):
        rows = rows if stay is None else [rows[i] for i in stay]
        session.advance(torch.tensor([50 + row for row in rows]), stay)
        alone.advance(torch.tensor([50 + row for row in range(7)]), None)
        assert torch.allclose(session.scores, alone.scores[rows], atol=1e-4)


def test_weights_in_the_processors_own_order_tell_the_same():
    made = model("qwen2", torch.bfloat16).requires_grad_(False)
    decoder = PackedDecoder(made)
    x = torch.randn(5, 64, generator=torch.Generator().manual_seed(2)).bfloat16()
    weights = ReorderedStepWeights(decoder)
    for number, adapters in enumerate(decoder.combine_layer_adapters()):
        for place in (0, 2):  # those that read what the layer reads
            plain = decoder.layers[number].projections[place](x, adapters[place]).float()
            assert torch.allclose(weights.layers[number][place](x), plain, atol=0.03 * float(plain.abs().max()))
    assert torch.allclose(
        weights.lm_head(x), decoder.compute_logits(x), atol=0.02 * float(decoder.compute_logits(x).abs().max())
    )


def test_pieces_in_threads_of_their_own_tell_the_same(monkeypatch):
    decoder = PackedDecoder(model("llama"))
    whole = score_completions(decoder, ROWS)
    monkeypatch.setattr(
        "studentsim.student.huggingface.packed_scoring.iter_token_chunks", lambda rows: iter_token_chunks(rows, 8)
    )
    alone = score_completions(decoder, ROWS)
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert score_completions(decoder, ROWS) == alone
    for one, other in zip(sum(alone, []), sum(whole, []), strict=True):
        assert one.logprob == pytest.approx(other.logprob, abs=1e-4)


def test_scores_are_sums_and_means_of_the_texts_tokens():
    made = model("llama")
    found = score_completions(PackedDecoder(made), ROWS)
    assert [len(row) for row in found] == [3, 1, 4]
    for row, scores in zip(ROWS, found, strict=True):
        for number, score in enumerate(scores):
            text = list(row.completions[number])
            logits = made(input_ids=torch.tensor([[*row.prompt, *text]])).logits[0, len(row.prompt) - 1 : -1]
            assert score.logprob == pytest.approx(plainly(made, row, number).sum().item(), abs=1e-4)
            assert score.mean_logit == pytest.approx(logits.mean().item(), abs=1e-4)


# ------------------------------------------------------------------ TRL


def batch():
    """Two pairs as TRL lays them out, the second's prompt longer; a token in the midst of a text is not asked for."""
    texts = [
        ([5, 9, 33], [7, 8, 9, 41]),
        ([11, 12, 13, 14, 15], [301, 302]),
        ([5, 9, 33], [7, 8, 55]),
        ([11, 12, 13, 14, 15], [303, 304, 305, 306]),
    ]
    longest = max(len(p) + len(t) for p, t in texts)
    ids, there, labels = [], [], []
    for number, (prompt, text) in enumerate(texts):
        room = longest - len(prompt) - len(text)
        asked = [IGNORE_INDEX if (number, place) == (0, 2) else token for place, token in enumerate(text)]
        ids.append([*prompt, *text, *[0] * room])
        there.append([*[1] * (len(prompt) + len(text)), *[0] * room])
        labels.append([*[IGNORE_INDEX] * len(prompt), *asked, *[IGNORE_INDEX] * room])
    return {"input_ids": torch.tensor(ids), "attention_mask": torch.tensor(there), "labels": torch.tensor(labels)}


@pytest.mark.parametrize("kept", [1.6e9, 1], ids=["side by side", "told again, one by one"])
def test_trls_figures_and_gradients_are_those_of_the_padded_forward_pass(monkeypatch, kept):
    monkeypatch.setattr(packed_forward, "MAX_ACTIVATION_BYTES", kept)
    made = model("llama")
    base = made.get_base_model()
    learnt = [p for p in made.parameters() if p.requires_grad]
    found = []
    for packed in (False, True):
        packed_forward.patch(base, PackedDecoder(made)) if packed else lm_head.patch(base)
        try:
            out = made(**batch(), use_cache=False, fused_lm_head=True)
        finally:
            lm_head.unpatch(base)
        loss = (out.log_probs.sum(-1) * torch.tensor([1.0, -0.5, 0.3, 2.0])).sum()
        found.append((out, torch.autograd.grad(loss, learnt)))
    (plain, wanted), (ours, gradients) = found
    for name in ("log_probs", "entropy", "mean_logits"):
        assert torch.allclose(getattr(ours, name), getattr(plain, name), atol=1e-4), name
    assert torch.equal(ours.is_top1, plain.is_top1) and torch.equal(ours.label_mask, plain.label_mask)
    for own, other in zip(gradients, wanted, strict=True):
        assert torch.allclose(own, other, rtol=1e-3, atol=1e-4 * float(other.abs().max()) + 1e-6)


def test_a_pairs_prompt_is_read_once(monkeypatch):
    read = []
    monkeypatch.setattr(packed_forward, "PackedBatch", lambda rows: read.append(PackedBatch(rows)) or read[-1])
    made = model("llama")
    packed_forward.compute_token_outputs(PackedDecoder(made), [], **batch())
    # prompts of 3 and 5, of each text all but its last token
    assert sum(len(pack.ids) for pack in read) == 3 + 5 + 3 + 1 + 2 + 3 - 2  # "7, 8" begins both of the first pair's


# ------------------------------------------------------------------ whom it serves


def test_other_architectures_and_kinds_of_adapters_are_left_to_transformers():
    served = {
        kind: build_packed_decoder(adapter.attach_adapter(hubs.model(kind).eval(), DPOSettings(), 1), torch.float32)
        for kind in KINDS
    }
    assert all(served.values())
    for kind in ("gemma", "gemma3", "mistral"):  # other norms; windows
        assert (
            build_packed_decoder(adapter.attach_adapter(hubs.model(kind).eval(), DPOSettings(), 1), torch.float32)
            is None
        )
    assert build_packed_decoder(model("llama"), torch.bfloat16) is None, "computing in another dtype than its own"


@pytest.mark.filterwarnings("ignore::UserWarning")  # PEFT's, of a head that is the embeddings too
@pytest.mark.parametrize("target", ["lm_head", "embed_tokens"])
def test_an_adapter_elsewhere_than_on_projections_is_left_to_transformers(target):
    with_adapter = adapter.attach_adapter(hubs.model("llama").eval(), DPOSettings(lora_targets=("q_proj", target)), 1)
    assert build_packed_decoder(with_adapter, torch.float32) is None


def test_a_model_that_tells_otherwise_is_left_to_transformers():
    made = model("llama")
    assert measure_decoder_error(PackedDecoder(made), made) < 1e-5
    made.get_base_model().model.layers[0].mlp.act_fn = torch.nn.GELU()
    assert build_packed_decoder(made, torch.float32) is None


def test_a_student_answers_scores_and_learns_alike_with_and_without(monkeypatch, tmp_path):
    monkeypatch.setattr(factory, "open_bank", lambda *_, **__: hubs.bank())
    folder = hubs.save(tmp_path, "llama")
    fast, slow = (
        factory.build_components(hubs.config(folder, temperature=0.0, max_new_tokens=12), fast=fast)
        for fast in (True, False)
    )
    assert fast.student.decoder and not slow.student.decoder
    questions = hubs.bank().exam
    both = [
        {a.question_id: a for a in c.student.answer(questions, seed_key=("e",), with_p_correct=True)}
        for c in (fast, slow)
    ]
    assert {k: a.text for k, a in both[0].items()} == {k: a.text for k, a in both[1].items()}
    for id, answer in both[0].items():
        assert answer.p_correct == pytest.approx(both[1][id].p_correct, abs=1e-4)
        assert answer.logprob == pytest.approx(both[1][id].logprob, abs=1e-3)
        assert answer.ids == both[1][id].ids
    assert np.allclose(fast.student.option_logps(questions), slow.student.option_logps(questions), atol=1e-3)
    pairs = build_held_out_pairs(hubs.bank().study[:6])
    learnt = [list(c.trainer.learn(pairs, pairs[:2], turn=1, seed=3)) for c in (fast, slow)]
    for one, other in zip(*learnt, strict=True):
        assert type(one) is type(other)
        if metrics := getattr(one, "metrics", None):
            for name in ("loss", "rewards_margins", "logps_chosen", "logps_rejected", "logits_chosen"):
                assert getattr(metrics, name) == pytest.approx(getattr(other.metrics, name), rel=1e-3, abs=1e-3), name


def test_close_calls_of_a_scored_exam_are_decided_in_float32(monkeypatch, tmp_path):
    monkeypatch.setattr(factory, "open_bank", lambda *_, **__: hubs.bank())
    config = hubs.config(hubs.save(tmp_path, "llama"), model_loading={"exam_mode": "scored", "dtype": "bfloat16"})
    student = factory.build_components(config).student
    questions = hubs.bank().exam
    rounded = dict(zip((q.id for q in questions), student.option_logps(questions), strict=True))
    student.packed_inference.decoder = PackedDecoder(student.model, torch.float32)
    exact = dict(zip((q.id for q in questions), student.option_logps(questions), strict=True))
    student.packed_inference.decoder = PackedDecoder(student.model)
    assert all(max(rounded[id]) != pytest.approx(max(exact[id]), abs=1e-6) for id in exact), "nothing to tell apart"
    leads = {id: sorted(row)[-1] - sorted(row)[-2] for id, row in rounded.items()}
    close = sorted(leads.values())[len(leads) // 2]
    monkeypatch.setattr("studentsim.student.huggingface.packed_inference.CLOSE_CALL_NATS", close)
    for answer in student.answer(questions, seed_key=("e",), with_p_correct=True):
        row = (exact if leads[answer.question_id] < close else rounded)[answer.question_id]
        assert answer.logprob == pytest.approx(max(row), abs=1e-6)
    assert 0 < sum(lead < close for lead in leads.values()) < len(leads)


def test_whoever_left_off_reading_answers_gets_those_of_what_was_learnt_meanwhile(monkeypatch, tmp_path):
    monkeypatch.setattr(factory, "open_bank", lambda *_, **__: hubs.bank())
    config = hubs.config(
        hubs.save(tmp_path, "llama"), temperature=0.0, max_new_tokens=8, model_loading={"dtype": "bfloat16"}
    )
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    left, fresh = (factory.build_components(config).student for _ in range(2))
    questions = hubs.bank().exam[:4]
    begun = left.answer(questions, seed_key=("e",))
    next(begun)  # and it stays open
    assert torch.get_num_threads() == 2
    for student in (left, fresh):
        generator = torch.Generator().manual_seed(5)
        for name, parameter in student.model.named_parameters():
            if "lora_B" in name:
                parameter.data.normal_(0, 0.3, generator=generator)
        student.on_adapter_changed()
    found, wanted = ([(a.question_id, a.ids) for a in s.answer(questions, seed_key=("e",))] for s in (left, fresh))
    assert found == wanted
    begun.close()
    assert torch.get_num_threads() == 1


@pytest.mark.parametrize("fast", [True, False])
def test_whoever_listens_hears_the_text_grow(monkeypatch, tmp_path, fast):
    monkeypatch.setattr(factory, "open_bank", lambda *_, **__: hubs.bank())
    student = factory.build_components(hubs.config(hubs.save(tmp_path, "llama"), max_new_tokens=12), fast=fast).student
    heard = []
    student.on_progress = heard.append
    answers = {a.question_id: a for a in student.answer(hubs.bank().exam[:3], seed_key=("e",))}
    assert len(heard) >= 2 and [w.tokens for w in heard] == sorted(w.tokens for w in heard)
    for writing in heard:
        assert answers[writing.question_id].text.startswith(
            writing.text.rstrip("\ufffd")
        )  # half a letter may be at the end
        assert writing.of == 3 and 0 <= writing.done < 3
    student.on_progress = None
    assert {a.question_id: a for a in student.answer(hubs.bank().exam[:3], seed_key=("e",))}.keys() == answers.keys()


@pytest.mark.parametrize("fast", [True, False])
def test_the_calculators_tokens_are_forced_and_are_no_part_of_what_is_learnt(monkeypatch, tmp_path, fast):
    monkeypatch.setattr(factory, "open_bank", lambda *_, **__: hubs.bank())
    cast = factory.build_components(
        hubs.config(hubs.save(tmp_path, "llama"), model_loading={"calculator": True}), fast=fast
    )
    student, tokenizer = cast.student, cast.student.tokenizer
    ids = tuple(tokenizer("4 x 6 = 24", add_special_tokens=False).input_ids)
    question = hubs.bank().exam[0]
    row = student.pair_ids(Pair(question, "4 x 6 = 24", "nothing", rejected_ids=ids))
    value = len(tokenizer(" 24", add_special_tokens=False).input_ids)
    assert row["rejected_mask"] == [1] * (len(ids) - value) + [0] * value
    assert row["chosen_mask"] == [*row["rejected_mask"], 1]  # and its end
    score = student.pair_scores([row])[0].rejected
    plain = plainly(student.model, PackedRow(row["prompt_ids"], [list(ids)]), 0)
    assert score == pytest.approx(plain[:-value].sum().item(), abs=1e-3)
    # asked to write behind that sum, it has no choice
    monkeypatch.setattr(student, "_build_prompt", lambda *_: student.chat.build_question_prompt(question))
    forced = student.calculator.processor([list(ids[:-value])])
    scores = forced(torch.tensor([ids[:-value]]), torch.zeros(1, len(tokenizer)))
    assert scores.argmax().item() == ids[-value] and torch.isfinite(scores).sum() == 1


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 1), (7, 1), (8, 2), (16, 4)])
def test_pieces_share_the_cores_that_there_are(monkeypatch, cores, threads):
    monkeypatch.setenv("OMP_NUM_THREADS", str(cores))
    limit_torch_threads()
    assert torch.get_num_threads() == threads


def test_long_questions_are_answered_fewer_at_a_time(monkeypatch, tmp_path):
    monkeypatch.setattr(factory, "open_bank", lambda *_, **__: hubs.bank())
    student = factory.build_components(hubs.config(hubs.save(tmp_path, "llama"), max_new_tokens=8)).student
    questions = hubs.bank().exam[:6]
    alike = [(a.question_id, a.ids) for a in student.answer(questions, seed_key=("e",))]
    begun, inner = [], student._generate_packed
    monkeypatch.setattr(student, "_generate_packed", lambda batch, *a: begun.append(len(batch)) or inner(batch, *a))
    student.max_batch_tokens = 3 * (max(student.count_prompt_tokens(q)[1] for q in questions) + 8)
    assert sorted((a.question_id, a.ids) for a in student.answer(questions, seed_key=("e",))) == sorted(alike)
    assert max(begun) < 6 and sum(begun) == 6


# ------------------------------------------------------------------ laws of packing

tokens = st.lists(st.integers(1, 3), min_size=1, max_size=6)


@settings(max_examples=120, deadline=None)
@given(st.lists(st.builds(PackedRow, tokens, st.lists(tokens, max_size=4)), min_size=1, max_size=4), st.integers(1, 3))
def test_a_pack_holds_each_texts_own_past_and_nothing_twice(rows, least):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("studentsim.student.huggingface.packing.LEAST_SHARED", least)
        pack = PackedBatch(rows)
    seen = {}
    for queries, keys in pack.attention_blocks():
        assert keys[-1] == queries
        for at in range(queries.start, queries.stop):
            past = [p for s in keys for p in range(s.start, min(s.stop, at + 1))]
            seen[at] = [int(pack.ids[p]) for p in past]
            assert [int(pack.positions[p]) for p in past] == list(range(len(past)))
    texts = [(row, text) for row in rows for text in row.completions]
    for owner, (row, text) in enumerate(texts):
        own = (pack.completion_numbers == owner).nonzero().squeeze(-1).tolist()
        assert [int(pack.targets[k]) for k in own] == list(text)
        for place, k in enumerate(own):  # what predicts a token has seen the prompt and the text before it, and no more
            assert seen[int(pack.predicting_positions[k])] == [*row.prompt, *text[:place]]
    beginnings = [tuple(row.prompt[: pack.prefix]) for row in rows]
    assert len(set(beginnings)) == 1
    # What all prompts begin with is read once, but none of them whole, and only where it is worth it.
    alike = next(
        n for n in range(9) if n + 1 >= min(len(r.prompt) for r in rows) or len({r.prompt[n] for r in rows}) > 1
    )
    assert pack.prefix == (alike if len(rows) > 1 and alike >= least else 0)
    assert sum(map(len, rows)) - pack.prefix * (len(rows) - 1) == len(pack.ids) == len(seen)


@given(st.lists(st.integers(1, 900), max_size=30).map(sorted), st.integers(1, 8), st.integers(1, 4000))
def test_long_prompts_are_written_behind_fewer_at_a_time_so_that_memory_does(lengths, size, room):
    found = list(iter_batches_by_tokens(range(len(lengths)), lengths, batch_size=size, max_tokens=room))
    assert [row for batch in found for row in batch] == list(range(len(lengths)))
    for number, batch in enumerate(found):
        assert 1 <= len(batch) <= size and (len(batch) == 1 or len(batch) * lengths[batch[-1]] <= room)
        if number + 1 < len(found) and len(batch) < size:  # one more would not have fitted
            assert (len(batch) + 1) * lengths[batch[-1] + 1] > room


@given(st.lists(st.integers(1, 900), max_size=20), st.integers(1, 1000))
def test_pieces_are_whole_rows_in_order_and_no_larger_than_they_must_be(lengths, most):
    rows = [PackedRow([1] * n) for n in lengths]
    pieces = list(iter_token_chunks(rows, most))
    assert [row for piece in pieces for row in piece] == rows
    assert all(len(piece) == 1 or sum(map(len, piece)) <= most for piece in pieces)


def test_no_thread_is_left_with_a_piece_while_the_others_have_none():
    pieces = list(iter_token_chunks([PackedRow([1] * (100 + n)) for n in range(44)]))  # 5,346 tokens
    sizes = [sum(map(len, piece)) for piece in pieces]
    assert len(pieces) == 4 and max(sizes) < 1.1 * min(sizes)
    assert len(list(iter_token_chunks([PackedRow([1] * 100)] * 5))) == 1  # too little to share out
