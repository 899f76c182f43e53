"""Whether a real model as the student tells what transformers tells: texts, log-probabilities, choices. Called by ``real_model.py``.

In float32 a greedy text must equal that of ``generate``, and a log-probability that of one forward pass over the whole text, within
1e-3; with a fresh adapter and with a trained one, which transformers and PEFT read from the files that the student saved. That pass
is in float64: in float32 transformers' own is off by up to 1.5e-3 over 150 tokens, on processors whose log-softmax sums up less
exactly (docs/log.md). In bfloat16 at least 98 % of the scored choices must be float32's: its rounding moves log-probabilities by some
hundredths.
"""

from __future__ import annotations

import gc
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from real_model import settings_of
from transformers import AutoModelForCausalLM

from studentsim import factory
from studentsim.config import RunConfig
from studentsim.simulation import Components
from studentsim.student.huggingface.completions import format_scored_option
from studentsim.student.huggingface.resolve import resolve_model
from studentsim.training.pairs import build_held_out_pairs, correct_solution_text
from studentsim.types import Pair

TOLERANCE = 1e-3
"""Most that a summed log-probability (natural) may be off, in float32."""
EQUAL = 0.98
"""Share of the choices in bfloat16 that must be float32's."""
COUNTS = {"texts": 100, "logps": 20, "pairs": 8, "choices": 300}
TINY = {"texts": 3, "logps": 2, "pairs": 2, "choices": 4}


def check(model: str, bank: str, only: Sequence[str], *, tiny: bool, more: dict[str, Any]) -> dict[str, Any]:
    """The checks of these names; what each found, and whether all ``passed``. Says each as it goes."""
    counts = TINY if tiny else COUNTS
    found: dict[str, Any] = {}
    if {"texts", "logps"} & set(only):
        cast = _cast(model, bank, "float32", more)
        plain = _plain(model, torch.float32)
        if "texts" in only:
            found["texts"] = _texts(cast, plain, counts["texts"])
        if "logps" in only:
            plain = _plain(model, torch.float64)
            found["logps, fresh adapter"] = _logps(cast, plain, counts)
            question = cast.bank.sample_exam_questions(1, 0)
            before = cast.student.option_logps(question)[0]
            trained = _trained(cast, plain, counts["pairs"])
            told = _logps(cast, trained, counts)
            moved = max(abs(a - b) for a, b in zip(before, cast.student.option_logps(question)[0], strict=True))
            # A training that changed nothing would make this the check before.
            found["logps, trained adapter"] = told | {
                "moved": moved,
                "passed": told["passed"] and moved > 10 * TOLERANCE,
            }
        del cast, plain
    if "choices" in only:
        found["choices"] = _choices(model, bank, counts["choices"], more)
    found["passed"] = all(part["passed"] for part in found.values())
    for name, part in found.items():
        print(f"{name}: {part}")
    return found


def _cast(model: str, bank: str, dtype: str, more: dict[str, Any]) -> Components:
    settings = settings_of(model, bank, model_loading={"dtype": dtype}, **{"temperature": 0.0, **more})
    return factory.build_components(RunConfig.make(**settings))


def _plain(model: str, dtype: torch.dtype) -> Any:
    """The same model as transformers loads it."""
    return AutoModelForCausalLM.from_pretrained(resolve_model(model).folder or model, dtype=dtype).eval()


def _texts(cast: Components, plain: Any, count: int) -> dict[str, Any]:
    """Greedy texts against ``generate``, one question at a time."""
    student, differ = cast.student, []
    questions = cast.bank.sample_exam_questions(count, 0)
    written = {a.question_id: a for a in student.answer(questions, seed_key=("check",))}
    for number, question in enumerate(questions, start=1):
        ids = torch.tensor([student.chat.build_question_prompt(question).ids])
        with torch.no_grad():
            out = plain.generate(
                ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=student.max_new_tokens,
                eos_token_id=sorted(student.end_token_ids), pad_token_id=student.tokenizer.pad_token_id, repetition_penalty=1.0,
            )  # fmt: skip
        wanted = student.tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True).strip()
        if written[question.id].text != wanted:
            differ.append({"id": question.id, "ours": written[question.id].text, "generate": wanted})
        _say(f"text {number} of {count}, {len(differ)} differ")
    return {"equal": count - len(differ), "of": count, "differ": differ[:3], "passed": not differ}


def _logps(cast: Components, plain: Any, counts: dict[str, int]) -> dict[str, Any]:
    """Options' and pairs' log-probabilities against one forward pass over each whole text."""
    student, gaps = cast.student, []
    questions = cast.bank.sample_exam_questions(counts["logps"], 0)
    for question, logps in zip(questions, student.option_logps(questions), strict=True):
        prompt = student.chat.build_question_prompt(question)
        for option, logp in zip(question.options, logps, strict=True):
            named = format_scored_option(option, student.hub.answer_form, option_scoring=student.hub.option_scoring)
            said = student.chat.escape_control_tokens(f"Answer: {named}")
            gaps.append(abs(logp - _logp(plain, prompt.ids, student.chat.encode_continuation(prompt, said))))
    rows = [
        student.pair_ids(pair)
        for pair in build_held_out_pairs(cast.bank.sample_validation_questions(counts["pairs"], 0))
    ]
    for row, logps in zip(rows, student.pair_logps(rows), strict=True):
        for side, logp in zip(("chosen_ids", "rejected_ids"), logps, strict=True):
            gaps.append(abs(logp - _logp(plain, row["prompt_ids"], row[side])))
    return {"texts": len(gaps), "largest gap": max(gaps), "passed": max(gaps) <= TOLERANCE}


def _logp(model: Any, prompt: Sequence[int], ids: Sequence[int]) -> float:
    """Summed log-probability of ``ids`` behind the prompt, by one pass over both."""
    whole = torch.tensor([[*prompt, *ids]])
    with torch.no_grad():
        logits = model(input_ids=whole).logits[0, len(prompt) - 1 : -1]  # (ids, vocabulary)
    return logits.log_softmax(-1).gather(1, torch.tensor(ids)[:, None]).sum().item()


def _trained(cast: Components, plain: Any, pairs: int) -> Any:
    """``plain`` with the adapter that the student has after learning from some pairs, read from its files by PEFT."""
    student = cast.student
    questions = cast.bank.study[:pairs]
    answers = {a.question_id: a.text for a in student.answer(questions, seed_key=("check",))}
    learnt = [Pair(q, correct_solution_text(q), answers[q.id] or "?") for q in questions]
    cast.trainer.learning = cast.trainer.learning.model_copy(update={"learning_rate": 1e-3, "epochs": 2})
    list(cast.trainer.learn(learnt, [], turn=1, seed=0))
    with tempfile.TemporaryDirectory() as folder:
        student.save(Path(folder))
        return PeftModel.from_pretrained(plain, folder).eval()


def _choices(model: str, bank: str, count: int, more: dict[str, Any]) -> dict[str, Any]:
    """Scored choices in bfloat16 against float32's."""
    told: dict[str, dict[str, str | None]] = {}
    for dtype in ("float32", "bfloat16"):
        cast = _cast(model, bank, dtype, more)
        questions = cast.bank.sample_exam_questions(count, 0)
        answers = cast.student.answer(questions, seed_key=("exam", 0), with_p_correct=True)
        told[dtype] = {a.question_id: a.letter for a in _counted(answers, count, dtype)}
        del cast
        gc.unfreeze()
        gc.collect()
    equal = sum(told["bfloat16"][id] == letter for id, letter in told["float32"].items())
    return {"equal": equal, "of": count, "passed": equal >= EQUAL * count}


def _counted(answers: Any, count: int, what: str) -> Any:
    for number, answer in enumerate(answers, start=1):
        _say(f"{what}: choice {number} of {count}")
        yield answer


def _say(text: str) -> None:
    print(f"\r{text}   ", end="", file=sys.stderr, flush=True)
