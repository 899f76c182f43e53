"""studentsim: what would happen if this class practised differently?"""

import os

__version__ = "0.2.0.dev0"

# Hugging Face's libraries read these when they are imported: no telemetry; and of a repository with pickles alone transformers would
# request a conversion, another version than the pinned one.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ["DISABLE_SAFETENSORS_CONVERSION"] = "1"
