"""DPO with LoRA: preference pairs, the trainer, rehearsal, held-out metrics."""
