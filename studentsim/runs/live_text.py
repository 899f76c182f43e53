"""The answer that is being written, in a small file beside the journal. (Stands in for the whole until that is merged.)"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FILE = "writing.json"


class LiveText:
    """Reads the file that a worker overwrites."""

    @staticmethod
    def read(folder: Path) -> dict[str, Any] | None:
        """What it holds; None where there is none, or none that can be read."""
        try:
            found = json.loads((folder / FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None
