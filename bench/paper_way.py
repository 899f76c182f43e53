"""The same protocol carried out as the source paper did it: the baseline of ``bench/run.py``.

One question at a time; the checkpoint loaded anew every turn; DPO with a batch of 1, everything else as the libraries
have it by default. (The calculator stays: without it the embedded student is not itself.)
"""

from __future__ import annotations

import contextlib
import io
import tempfile
import time
from pathlib import Path

import torch
from datasets import Dataset, disable_progress_bars
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer, LogitsProcessorList
from trl import DPOConfig, DPOTrainer

from studentsim.datasets.registry import open_bank
from studentsim.settings import ALL_PROJECTIONS
from studentsim.student.answer_parsing.final_line import parse_answer
from studentsim.student.embedded.calculator import Calculator, CalculatorProcessor
from studentsim.student.embedded.profiles import PROFILES
from studentsim.student.embedded.prompt_text import prompt_text
from studentsim.student.embedded.weight_versions import SHIPPED_WEIGHTS_DIR
from studentsim.types import Question


class PaperWay:
    """Measures seconds a question, a reload, and a turn's DPO."""

    def __init__(self) -> None:
        disable_progress_bars()
        self.folder = Path(tempfile.mkdtemp(prefix="paper-way-"))
        self.bank = open_bank("curriculum")
        model = AutoModelForCausalLM.from_pretrained(SHIPPED_WEIGHTS_DIR)
        lora = LoraConfig(r=8, target_modules=list(ALL_PROJECTIONS), task_type="CAUSAL_LM")
        get_peft_model(model, lora).save_pretrained(self.folder)

    def measure(self, *, turns: int, exam: int) -> dict[str, float]:
        """``turns`` turns of 40 questions, and ``exam`` exam questions after the last."""
        asking = reloading = training = 0.0
        asked = 0
        for turn in range(turns):
            at = time.monotonic()
            self.reload()
            reloading += time.monotonic() - at
            at = time.monotonic()
            questions = self.bank.study[turn * 1000 : turn * 1000 + 40 * 20 : 20]
            answers = [(q, self.answer(q)) for q in questions]
            if turn == turns - 1:
                for question in self.bank.sample_exam_questions(exam, 0):
                    self.answer(question)
                    asked += 1
            asking += time.monotonic() - at
            asked += len(questions)
            at = time.monotonic()
            self.dpo([(q, text) for q, text in answers if parse_answer(text, q)[0] != q.correct])
            training += time.monotonic() - at
        return {"seconds_a_question": asking / asked, "reload": reloading / turns, "dpo": training / turns}

    def reload(self) -> None:
        """Load base, tokenizer and adapter from disk."""
        self.tokenizer = AutoTokenizer.from_pretrained(SHIPPED_WEIGHTS_DIR)
        base = AutoModelForCausalLM.from_pretrained(SHIPPED_WEIGHTS_DIR)
        self.model = PeftModel.from_pretrained(base, self.folder, is_trainable=True)

    def prompt(self, question: Question) -> str:
        """The question as text."""
        balanced = PROFILES["balanced"]
        level = balanced.level(question.skill, question.category, question.difficulty)
        return prompt_text(level, balanced.leaning, question.problem)

    def answer(self, question: Question) -> str:
        """One answer, by ``generate``."""
        ids = self.tokenizer(self.prompt(question), return_tensors="pt")
        processors = LogitsProcessorList([CalculatorProcessor(Calculator(self.tokenizer), [[]])])
        out = self.model.generate(
            input_ids=ids.input_ids,
            attention_mask=ids.attention_mask,
            do_sample=True,
            max_new_tokens=112,
            logits_processor=processors,
        )
        return self.tokenizer.decode(out[0, ids.input_ids.shape[1] :], skip_special_tokens=True)

    def dpo(self, wrong: list[tuple[Question, str]]) -> None:
        """A turn's training, two epochs, one pair at a time."""
        rows = [{"prompt": self.prompt(q), "chosen": q.rationale, "rejected": text} for q, text in wrong]
        with tempfile.TemporaryDirectory() as scratch, contextlib.redirect_stdout(io.StringIO()):
            args = DPOConfig(
                output_dir=scratch, per_device_train_batch_size=1, num_train_epochs=2, report_to=[], save_strategy="no",
                use_cpu=not torch.cuda.is_available(), disable_tqdm=True,
            )  # fmt: skip
            trainer = DPOTrainer(
                model=self.model, args=args, train_dataset=Dataset.from_list(rows), processing_class=self.tokenizer
            )
            trainer.train()
        self.model.delete_adapter("ref")
        self.model.save_pretrained(self.folder)
