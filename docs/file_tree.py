"""Writes README's file tree anew from the first sentence of every module: python docs/file_tree.py"""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
WIDTH = 23
FIRST = ("records", "config", "student_table", "presets", "errors", "arithmetic", "luck")
LATER = ("selection", "exam", "practice", "simulation", "second_tries", "open_book", "casting")
FOLDERS = ("bank", "analysis", "student", "teacher", "learning", "store", "runs", "transfer", "ui", "cli")
OWN = {
    "docs/": "architecture.md: the picture, who may import whom, decisions; log.md: experiments with their figures",
    "tests/": "one file a part; browser journeys; faults made for real",
}


def says(path: Path) -> str:
    """The first sentence of a module's docstring, without its full stop."""
    text = ast.get_docstring(ast.parse(path.read_text())) or ""
    first = " ".join(text.split("\n\n")[0].split()).rstrip(".")
    named = any(c.isupper() for c in first.split(" ")[0][1:])  # MathQA, DPO
    return first if named else first[:1].lower() + first[1:]


def line(depth: int, name: str, words: str) -> str:
    """One line of the tree."""
    return f"{'  ' * depth}{name}".ljust(WIDTH) + (" " if len("  " * depth + name) >= WIDTH else "") + words


def folder(path: Path, depth: int) -> list[str]:
    """A package: its own line, its modules, its packages."""
    init = path / "__init__.py"
    lines = [line(depth, f"{path.name}/", says(init) if init.is_file() else "").rstrip()]
    lines += [line(depth + 1, p.name, says(p)) for p in sorted(path.glob("*.py")) if not p.name.startswith("__")]
    for inner in sorted(p for p in path.iterdir() if p.is_dir() and any(p.glob("*.py"))):
        lines += folder(inner, depth + 1)
    return lines


def tree() -> str:
    """The whole tree."""
    package = ROOT / "studentsim"
    modules = {p.stem: p for p in package.glob("*.py") if not p.name.startswith("__")}
    lines = [line(0, "app.py", says(ROOT / "app.py")), "pages/"]
    lines += [line(1, p.name, says(p)) for p in sorted((ROOT / "pages").glob("*.py"))]
    lines += ["studentsim/", *(line(1, f"{n}.py", says(modules.pop(n))) for n in FIRST)]
    later = [line(1, f"{n}.py", says(modules.pop(n))) for n in LATER]
    for name in FOLDERS:
        lines += [*later, *folder(package / name, 1)] if name == "store" else folder(package / name, 1)
    lines += [line(1, p.name, says(p)) for _, p in sorted(modules.items())]
    lines += ["bench/", *(line(1, p.name, says(p)) for p in sorted((ROOT / "bench").glob("*.py")))]
    return "\n".join([*lines, *(line(0, name, words) for name, words in OWN.items())])


if __name__ == "__main__":
    readme = ROOT / "README.md"
    text = readme.read_text()
    made, count = re.subn(r"(## The files\n\n```text\n).*?(\n```)", lambda m: m[1] + tree() + m[2], text, flags=re.S)
    assert count == 1, "README has no file tree"
    readme.write_text(made)
