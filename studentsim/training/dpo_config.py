"""How a machine carries DPO out, and TRL's settings for a turn. What is learnt is settled by ``Learning`` alone."""

from __future__ import annotations

from dataclasses import dataclass

from trl import DPOConfig

from studentsim.settings import Learning
from studentsim.student.huggingface.packed_decoder import PackedDecoder


@dataclass(frozen=True)
class RuntimeOptions:
    """How a machine carries the training out. What is learnt is settled by ``Learning``; this changes its last bits at most."""

    dtype: str = "float32"
    """Computing in ``bfloat16`` or ``float16`` while adapter, gradient and optimiser stay in float32."""
    micro_batch_size: int = 0
    """Pairs that go through the model together, a divisor of the batch; a step still counts the batch. 0: the batch."""
    gradient_checkpointing: bool = False
    """Compute layers anew in the backward pass instead of keeping what they gave: less memory, a third more time."""
    paged_optimiser: bool = False
    """AdamW's state moves to the computer's memory when the GPU's is full (bitsandbytes)."""
    has_plain_lm_head: bool = True
    """The head alone makes logits of hidden states. Else the model is asked for logits whole: TRL knows some ways to bend them, not all."""
    split_rows: bool = False
    """A batch's rows in two parts at once, a core for each: for a small model in float32 on a CPU."""
    decoder: PackedDecoder | None = None
    """Computes the model's figures instead of transformers, in its own dtype: for language models on processors."""


def build_dpo_config(
    learning: Learning, runtime_options: RuntimeOptions, *, seed: int, folder: str, use_cpu: bool
) -> DPOConfig:
    """TRL's settings for one turn. What differs from TRL's defaults and is not the run's own setting, with its reason."""
    losses, weights = [learning.loss], [1.0]
    if learning.sft_weight > 0:
        losses, weights = [learning.loss, "sft"], [1.0, learning.sft_weight]
    micro_batch_size = runtime_options.micro_batch_size or learning.batch
    return DPOConfig(
        output_dir=folder,
        beta=learning.beta,
        loss_type=losses,
        loss_weights=weights,
        label_smoothing=learning.label_smoothing,
        learning_rate=learning.learning_rate,
        num_train_epochs=learning.epochs,
        per_device_train_batch_size=micro_batch_size,
        gradient_accumulation_steps=learning.batch // micro_batch_size,
        max_grad_norm=learning.max_grad_norm,
        seed=seed,
        data_seed=seed,
        lr_scheduler_type="constant",  # TRL: linear to zero; each turn is one short stretch of one long training
        weight_decay=0.0,
        router_aux_loss_coef=0.0,  # TRL: a mixture of experts' own; the routers are not trained here, and it is no part of DPO
        max_length=None,  # TRL: 1024; answers are limited where they are written
        # TRL: on; for the embedded student slower, and a resumed run must repeat to the last bit
        bf16=runtime_options.dtype == "bfloat16",
        fp16=runtime_options.dtype == "float16",
        gradient_checkpointing=runtime_options.gradient_checkpointing,  # TRL: on; pays for models that hardly fit
        logging_steps=1,  # TRL: 10; every step is shown
        logging_nan_inf_filter=False,
        report_to=[],
        save_strategy="no",
        remove_unused_columns=False,  # keep the masks
        dataloader_pin_memory=False,
        disable_tqdm=True,
        use_cpu=use_cpu,
        **(
            {"gradient_checkpointing_kwargs": {"use_reentrant": False}}
            if runtime_options.gradient_checkpointing
            else {}
        ),
        **({"optim": "paged_adamw_32bit"} if runtime_options.paged_optimiser else {}),
    )
