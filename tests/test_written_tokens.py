"""What is learnt is what was written: token for token, without an end where there was none, and as the tokenizer goes on from a prompt."""

from __future__ import annotations

import functools

import answer_queries
import hubs
import pandas as pd
import pytest
import tiny
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from studentsim import factory
from studentsim.practice import Attempts
from studentsim.runs.executor import execute
from studentsim.runs.run_dir import create_run
from studentsim.store.database import Database, rebuild_database
from studentsim.store.export import export_run
from studentsim.student.embedded.student import EmbeddedStudent
from studentsim.student.huggingface.chat import ChatFormatter
from studentsim.student.huggingface.loading import prepare_model
from studentsim.student.huggingface.student import HubStudent
from studentsim.training.pairs import pairs_from_mistakes
from studentsim.types import Answer, Grade, Pair

WRONG, RIGHT = Grade(False), Grade(True)


@functools.cache
def student(kind: str = "llama", scheme: str = "") -> HubStudent:
    torch.manual_seed(0)
    tokenizer = hubs.metaspace(scheme) if scheme else hubs.tokenizer_of(kind)
    config = hubs.config("-", max_new_tokens=8)
    if scheme:
        own = AutoConfig.for_model(
            "llama", hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, vocab_size=len(tokenizer)
        )  # fmt: skip
        model = AutoModelForCausalLM.from_config(own)
    else:
        model = hubs.model(kind)
    return HubStudent(prepare_model(model, tokenizer, config, dtype=torch.float32, revision=""), config)


def answered(s, count: int = 6) -> list[tuple]:
    questions = {q.id: q for q in hubs.bank().study[:count]}
    return [(questions[a.question_id], a) for a in s.answer(list(questions.values()), seed_key=("study", 0))]


# ------------------------------------------------------------------ whether it ended


def test_an_answer_cut_at_the_limit_is_rejected_without_an_end_and_one_that_ended_with_it():
    s = student()
    found = answered(s, 12)
    pairs = pairs_from_mistakes([Attempts(q, [(a, WRONG)]) for q, a in found])
    by_id = {a.question_id: a for _, a in found}
    assert not all(a.ended for a in by_id.values())
    for pair in pairs:
        answer, row = by_id[pair.question.id], s.pair_ids(pair)
        assert pair.rejected_ended == answer.ended == (answer.ids[-1] in s.end_token_ids)
        assert row["rejected_ids"] == list(answer.ids) and len(row["rejected_mask"]) == len(answer.ids)
        assert (row["rejected_ids"][-1] in s.end_token_ids) == answer.ended and len(
            row["rejected_ids"]
        ) <= s.max_new_tokens
        assert row["chosen_ids"][-1] == s.chat.end_token_id


def test_of_several_end_tokens_the_one_that_was_written_is_learnt():
    s = student("gemma")
    answer = Answer("q", "so", None, None, 0, 0, ended=True, ids=(9, 1))
    row = s.pair_ids(pairs_from_mistakes([Attempts(hubs.bank().study[0], [(answer, WRONG)])])[0])
    assert {1, s.chat.end_token_id} <= s.end_token_ids and s.chat.end_token_id != 1 and row["rejected_ids"] == [9, 1]


def test_a_revision_that_was_cut_is_preferred_without_an_end():
    s, question = student(), hubs.bank().study[0]
    first, second = (
        Answer(question.id, text, None, None, 0, 0, ended=False, ids=ids)
        for text, ids in (("one two", (9, 10)), ("three", (11, 12)))
    )
    pair = pairs_from_mistakes([Attempts(question, [(first, WRONG), (second, RIGHT)])], chosen_source="revision")[0]
    row = s.pair_ids(pair)
    assert (row["chosen_ids"], row["rejected_ids"]) == ([11, 12], [9, 10])


@pytest.mark.parametrize(
    "make", [lambda: student(), lambda: EmbeddedStudent(tiny.model(), tiny.tokenizer(), hubs.config("embedded"))]
)
def test_a_text_without_known_tokens_gets_an_end_only_if_it_ended(make):
    s = make()
    question = tiny.questions(1)[0]
    ends = {s.tokenizer.eos_token_id, *getattr(s, "ends", ())}
    whole = s.pair_ids(Pair(question, "2 + 3 = 5", "2 + 3 = 6"))
    cut = s.pair_ids(Pair(question, "2 + 3 = 5", "2 + 3 = 6", rejected_ended=False))
    assert whole["rejected_ids"][-1] in ends and cut["rejected_ids"] == whole["rejected_ids"][:-1]
    assert cut["chosen_ids"] == whole["chosen_ids"] and len(cut["rejected_mask"]) == len(cut["rejected_ids"])


def test_a_run_tells_of_each_answer_whether_it_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(factory, "open_bank", lambda *_, **__: hubs.bank())
    folder = create_run(tmp_path, hubs.config(hubs.save(tmp_path, "llama"), turns=1, exam_every=1))
    assert execute(folder) == "finished"
    rebuild_database(tmp_path)
    with Database.open(tmp_path) as database:
        found = answer_queries.fetch_answers(database, folder.run_id)
    export_run(tmp_path, folder.run_id, tmp_path / "out")
    assert pd.read_parquet(tmp_path / "out" / "answers.parquet").ended.tolist() == found.ended.tolist()
    assert len(found) == 12 and not found.ended.isna().any() and not found.ended.all()


# ------------------------------------------------------------------ the very tokens


@pytest.mark.parametrize("scheme", ["first", "always"])
def test_a_working_goes_on_from_a_llama_2_prompt_with_whole_words(scheme):
    chat = ChatFormatter(hubs.metaspace(scheme))
    prompt = chat.build_question_prompt(hubs.bank().exam[0])
    assert prompt.text.endswith("[/INST]") and chat.answer_prefix == " "
    ids = chat.encode_completion(prompt, "The perimeter is 12")
    tokens = chat.tokenizer.convert_ids_to_tokens(ids)
    assert tokens[0].startswith("▁") and tokens[-1] == "<eos>"
    assert chat.tokenizer.convert_tokens_to_string(tokens[:-1]).strip() == "The perimeter is 12"
    assert ids == chat.tokenizer(prompt.text + " The perimeter is 12", add_special_tokens=False).input_ids[
        len(prompt.ids) :
    ] + [1]


@pytest.mark.parametrize("scheme", ["first", "always"])
def test_what_was_written_is_learnt_token_for_token(scheme):
    s = student(scheme=scheme)
    found = answered(s)
    again = [s.tokenizer(a.text, add_special_tokens=False).input_ids for _, a in found]
    assert any(list(a.ids) != ids for (_, a), ids in zip(found, again, strict=True))  # encoding anew gives others
    for question, answer in found:
        for pair in pairs_from_mistakes([Attempts(question, [(answer, WRONG)])]):
            assert s.pair_ids(pair)["rejected_ids"] == list(answer.ids)


@pytest.mark.parametrize(
    "template", ["{{ bos_token }}{{ messages[0]['content'] }} So: ", "{{ bos_token }}{{ messages[0]['content'] }}12"]
)
def test_a_prompt_that_would_grow_together_with_the_answer_is_gone_on_from_all_the_same(template):
    chat = ChatFormatter(hubs.metaspace("always", template))
    prompt = chat.build_question_prompt(hubs.bank().exam[0])
    ids = chat.encode_continuation(prompt, "3 units")
    text = chat.tokenizer.decode([*prompt.ids, *ids])
    assert text.endswith(prompt.text[-3:] + "3 units"), text


def test_a_prompt_that_lost_its_middle_is_gone_on_from_as_a_whole_one():
    s = student(scheme="first")
    whole = s.chat.build_question_prompt(hubs.bank().exam[0])
    cut = type(whole)(whole.text, whole.ids[:20] + whole.ids[-20:])
    assert s.chat.encode_continuation(cut, "The sum") == s.chat.encode_continuation(whole, "The sum")
