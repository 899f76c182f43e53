"""The student: its protocols, and its two kinds, embedded and from Hugging Face."""

import logging

# PEFT imports bitsandbytes, which logs an error about a missing kernel for 4-bit weights; they are not used here.
logging.getLogger("bitsandbytes.backends.cpu.ops").setLevel(logging.ERROR)
