"""Where models that were got lie. (Stands in for the full store until that is merged.)"""

from __future__ import annotations

import os
from pathlib import Path

RECORD = "studentsim_model.json"


def models_folder() -> Path:
    """``models`` in the data folder."""
    return Path(os.environ.get("STUDENTSIM_DATA") or "data").absolute() / "models"


def find(name: str) -> Path | None:
    """The model's folder, if it is here, whole."""
    folder = models_folder() / name
    return folder if (folder / RECORD).is_file() else None
