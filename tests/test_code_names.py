"""The field's names, not our own: no private word of early versions names a module, function, class or stored field again."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROOTS = ("studentsim", "tests", "bench")

OLD_MODULES = {
    "records", "casting", "luck", "foreground", "dealing", "draft", "near", "reading", "sources", "table", "drafts", "twin", "plain",
    "parsing", "replies", "corpus", "placement", "fake", "machine", "sizes", "source", "learning", "apart", "head", "manner",
    "marker", "talk", "values", "intake", "gate", "sheets", "files", "folder", "states", "trouble", "waiting", "spare", "past", "ending",
    "trial", "recorded", "shell", "looks", "linked", "address", "drawn", "still", "banks", "jobs", "pulse", "lanes", "stage", "place",
    "fill", "takeaway", "checking", "carrying_out", "handing_out", "frame", "listing", "words", "sentences", "second_tries", "base",
    "hub", "check", "validation", "beside", "suited", "getting", "choosing", "saying", "deleting", "ticks", "started", "further",
    "pictures", "large", "desk", "heat", "picture", "small", "slips", "letters", "places",
}  # fmt: skip
"""Names of files and of imported modules."""
OLD_NAMES = {
    "Cast", "load_cast", "told", "each", "stream", "number", "luck", "Situation", "BY_NAME", "mix_of", "sit", "Progress", "Draft",
    "QuestionSet", "Doubt", "Slip", "write_working", "drawn", "Learner", "sure", "Written", "put_on", "take_off", "Manner", "Marker",
    "Mark", "KeyTeacher", "Writer", "kept", "standing", "take_in", "through", "alone", "fold", "lasting", "doubts", "observe",
    "Answered", "Validated", "Resumed", "learn", "casting", "pulse", "manner",
}  # fmt: skip
"""Names of functions, classes, constants, and of what is imported from modules."""
OLD_FIELDS = {
    "made", "said", "at", "right", "said_right", "marker_right", "marked_by", "doubted", "p_right", "low", "high", "stretch_began",
    "seconds_before", "learning", "batch", "teaching", "marker", "decides", "doubts", "pairs", "writer", "hub", "scores", "exams",
    "answers_at_once", "pairs_at_once", "leave_out_doubtful", "exam", "questions",
}  # fmt: skip
"""Names of fields that were stored: of events, settings and tables."""


@cache
def tree(path: Path) -> ast.Module:
    """A file's syntax tree."""
    return ast.parse(path.read_text())


def files(*roots: str) -> Iterator[Path]:
    for root in roots:
        yield from sorted((ROOT / root).rglob("*.py"))


def old_modules() -> Iterator[str]:
    for path in files(*ROOTS):
        if path.stem in OLD_MODULES or path.stem.removeprefix("test_") in OLD_MODULES:
            yield str(path.relative_to(ROOT))


def old_names() -> Iterator[str]:
    """``file: name`` of definitions at any depth, assignments at the top level, and imports."""
    for path in files(*ROOTS):
        found = {n.name for n in ast.walk(tree(path)) if isinstance(n, ast.FunctionDef | ast.ClassDef)}
        for node in tree(path).body:
            targets = (
                node.targets
                if isinstance(node, ast.Assign)
                else [node.target]
                if isinstance(node, ast.AnnAssign)
                else []
            )
            found |= {name.id for t in targets for name in ast.walk(t) if isinstance(name, ast.Name)}
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("studentsim"):
                found |= {alias.asname or alias.name for alias in node.names}
        yield from (f"{path.relative_to(ROOT)}: {name}" for name in sorted(found & OLD_NAMES))


def old_fields() -> Iterator[str]:
    """``file: Class.field`` of annotated fields."""
    for path in files("studentsim"):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef):
                for item in node.body:
                    if (
                        isinstance(item, ast.AnnAssign)
                        and isinstance(item.target, ast.Name)
                        and item.target.id in OLD_FIELDS
                    ):
                        yield f"{path.relative_to(ROOT)}: {node.name}.{item.target.id}"
