"""The documents, held against the code."""

import ast
import re
from pathlib import Path

import pytest
from typer.main import get_command

from studentsim.cli import app

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
COMMANDS = get_command(app).commands


def commands_in(text: str) -> list[list[str]]:
    return [line.split("#")[0].split() for line in re.findall(r"python -m studentsim ([^`\n|]+)", text)]


@pytest.mark.parametrize("name", ["README.md", "docs/architecture.md", "docs/log.md"])
def test_every_command_and_option_named_in_the_documents_exists(name):
    for command, *rest in commands_in((ROOT / name).read_text()):
        assert command in COMMANDS, command
        options = {o for p in COMMANDS[command].params for o in p.opts}
        assert {w for w in rest if w.startswith("--")} <= options, (command, rest)


def test_every_command_of_the_program_stands_in_the_readme():
    named = {words[0] for words in commands_in(README)}
    assert named == set(COMMANDS)


def test_the_file_tree_in_the_readme_is_the_truth():
    tree = README.split("## The files")[1].split("\n## ")[0]
    files = {p.name for p in (ROOT / "studentsim").rglob("*.py") if p.name not in ("__init__.py", "__main__.py")}
    files |= {p.name for folder in ("pages", "bench") for p in (ROOT / folder).glob("*.py")}
    missing = {name for name in files if not re.search(rf"(^|\s|/){re.escape(name)}\s", tree, re.MULTILINE)}
    assert not missing
    there = {p.name for folder in ("studentsim", "pages", "bench") for p in (ROOT / folder).rglob("*.py")}
    assert set(re.findall(r"^\s+([\w./]+\.py)\s", tree, re.MULTILINE)) <= there


def test_every_setting_is_documented():
    for node in ast.parse((ROOT / "studentsim" / "config.py").read_text()).body:
        if isinstance(node, ast.ClassDef):
            for field, after in zip(node.body, [*node.body[1:], None], strict=True):
                if isinstance(field, ast.AnnAssign):
                    assert isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant), field.target.id


def test_every_public_function_and_class_has_a_docstring():
    bare = []
    for path in (ROOT / "studentsim").rglob("*.py"):
        tree = ast.parse(path.read_text())
        nodes = [
            *tree.body,
            *(m for c in tree.body if isinstance(c, ast.ClassDef) and c.name[0] != "_" for m in c.body),
        ]
        for node in nodes:
            if (
                isinstance(node, ast.FunctionDef | ast.ClassDef)
                and not node.name.startswith("_")
                and not ast.get_docstring(node)
            ):
                bare.append(f"{path.relative_to(ROOT)}: {node.name}")
        if path.name != "__init__.py" and not ast.get_docstring(tree):
            bare.append(str(path.relative_to(ROOT)))
    assert not bare


def test_the_readme_says_the_two_commands_first():
    assert README.index("make run") < README.index("make test") < README.index("## ")
