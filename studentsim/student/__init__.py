"""The student: what the loop asks of one, and the two kinds there are, embedded and from Hugging Face."""

import logging

# When it is imported, which PEFT does, it complains of a kernel for 4-bit weights that is not installed and that nobody needs here.
logging.getLogger("bitsandbytes.backends.cpu.ops").setLevel(logging.ERROR)
