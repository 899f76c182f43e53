"""The same turn with transformers and TRL as they come: ``generate`` and ``DPOTrainer`` with their defaults; the baseline of ``gpu.py``."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch
from datasets import Dataset, disable_progress_bars
from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training
from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig
from trl import DPOConfig, DPOTrainer

from studentsim.settings import ALL_PROJECTIONS, ModelLoadingSettings


class Plain:
    """A model with a fresh LoRA adapter (rank 8, all projections, as in the paper)."""

    def __init__(self, folder: Path, model_loading: ModelLoadingSettings, device: str) -> None:
        disable_progress_bars()
        self.tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
        nf4 = model_loading.quantisation == "nf4"
        quantised = BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16
        )
        model = AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.bfloat16, device_map=device, quantization_config=quantised if nf4 else None
        )
        if nf4:
            model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
        lora = LoraConfig(r=8, target_modules=list(ALL_PROJECTIONS), task_type="CAUSAL_LM")
        self.model = get_peft_model(model, lora)

    def write(self, prompts: Sequence[str], tokens: int, at_once: int) -> int:
        """Sampled answers of exactly so many tokens, ``at_once`` in a batch; how many tokens were written."""
        written = 0
        for start in range(0, len(prompts), at_once):
            batch = self.tokenizer(
                list(prompts[start : start + at_once]), return_tensors="pt", padding=True, add_special_tokens=False
            ).to(self.model.device)
            batch.pop("token_type_ids", None)
            with torch.no_grad():
                out = self.model.generate(
                    **batch, do_sample=True, max_new_tokens=tokens, min_new_tokens=tokens,
                    pad_token_id=self.tokenizer.pad_token_id,
                )  # fmt: skip
            written += (out.shape[1] - batch["input_ids"].shape[1]) * out.shape[0]
        return written

    def train(self, rows: Sequence[dict[str, str]], *, batch: int, epochs: int) -> int:
        """DPO on texts; the optimiser steps taken."""
        with tempfile.TemporaryDirectory() as scratch, contextlib.redirect_stdout(io.StringIO()):
            args = DPOConfig(
                output_dir=scratch, per_device_train_batch_size=batch, num_train_epochs=epochs, report_to=[],
                save_strategy="no", use_cpu=self.model.device.type == "cpu", disable_tqdm=True,
                bf16=self.model.device.type != "cpu",
            )  # fmt: skip
            trainer = DPOTrainer(
                model=self.model,
                args=args,
                train_dataset=Dataset.from_list(list(rows)),
                processing_class=self.tokenizer,
            )
            trainer.train()
            steps = trainer.state.global_step
        for name in [n for n in self.model.peft_config if n != "default"]:
            self.model.delete_adapter(name)
        return steps
