"""Options for running DPO on a machine, and TRL's settings for a turn. ``settings.Learning`` decides what is trained."""

from __future__ import annotations

from dataclasses import dataclass

from trl import DPOConfig

from studentsim.settings import DPOSettings
from studentsim.student.huggingface.packed_decoder import PackedDecoder


@dataclass(frozen=True)
class RuntimeOptions:
    """How training runs on a machine. It changes the last bits of the results at most; ``settings.Learning`` decides the rest."""

    dtype: str = "float32"
    """Autocast to ``bfloat16`` or ``float16``; adapter, gradient and optimiser stay in float32."""
    micro_batch_size: int = 0
    """Pairs that go through the model together, a divisor of the batch; gradients are accumulated to the batch. 0: the batch."""
    gradient_checkpointing: bool = False
    """Recompute layers in the backward pass instead of keeping their activations: less memory, a third more time."""
    paged_optimiser: bool = False
    """AdamW whose state moves to the computer's memory when the GPU's is full (bitsandbytes)."""
    has_plain_lm_head: bool = True
    """Whether the LM head alone computes logits from hidden states. Else the model computes them: TRL knows some scalings, not all."""
    split_rows: bool = False
    """Compute a batch's rows in two parts at once, a core for each: for a small model in float32 on a CPU."""
    decoder: PackedDecoder | None = None
    """Computes forward and backward passes instead of transformers, in its own dtype: for language models on CPUs."""


def build_dpo_config(
    dpo: DPOSettings, runtime_options: RuntimeOptions, *, seed: int, folder: str, use_cpu: bool
) -> DPOConfig:
    """TRL's settings for one turn. The comments give TRL's default, and the reason for another value, where no run setting decides.

    ``folder``: TRL's output folder.
    """
    losses, weights = [dpo.loss], [1.0]
    if dpo.sft_weight > 0:
        losses, weights = [dpo.loss, "sft"], [1.0, dpo.sft_weight]
    micro_batch_size = runtime_options.micro_batch_size or dpo.batch_size
    return DPOConfig(
        output_dir=folder,
        beta=dpo.beta,
        loss_type=losses,
        loss_weights=weights,
        label_smoothing=dpo.label_smoothing,
        learning_rate=dpo.learning_rate,
        num_train_epochs=dpo.epochs,
        per_device_train_batch_size=micro_batch_size,
        gradient_accumulation_steps=dpo.batch_size // micro_batch_size,
        max_grad_norm=dpo.max_grad_norm,
        seed=seed,
        data_seed=seed,
        lr_scheduler_type="constant",  # TRL: linear to zero; a turn is a short part of one long training
        weight_decay=0.0,
        router_aux_loss_coef=0.0,  # TRL: a mixture of experts' default; routers are not trained, and it is not part of DPO
        max_length=None,  # TRL: 1024; answers are limited when they are generated
        # TRL: on; for the embedded student slower, and a resumed run must repeat to the last bit
        bf16=runtime_options.dtype == "bfloat16",
        fp16=runtime_options.dtype == "float16",
        gradient_checkpointing=runtime_options.gradient_checkpointing,  # TRL: on; pays for models that barely fit
        logging_steps=1,  # TRL: 10; every step is shown
        logging_nan_inf_filter=False,
        report_to=[],
        save_strategy="no",
        remove_unused_columns=False,  # the collator needs the masks
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
