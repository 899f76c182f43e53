"""The documents, held against the code."""

import ast
import re
from pathlib import Path

import pytest
from typer.main import get_command

from studentsim.cli import app
from studentsim.cli.base import OLD_COMMANDS, OLD_OPTIONS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
COMMANDS = get_command(app).commands


def commands_in(text: str) -> list[list[str]]:
    return [line.split("#")[0].split() for line in re.findall(r"python -m studentsim ([^`\n|]+)", text)]


PAGES = sorted(p.relative_to(ROOT).as_posix() for p in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("name", PAGES)
def test_every_command_and_option_named_in_the_documents_exists(name):
    for command, *rest in commands_in((ROOT / name).read_text()):
        if name == "docs/log.md":  # its entries keep the commands of their day
            command = OLD_COMMANDS.get(command, command)
            known = {o for p in COMMANDS[command].params for o in p.opts}
            rest = [OLD_OPTIONS[word] if word not in known and word in OLD_OPTIONS else word for word in rest]
        assert command in COMMANDS or command == "COMMAND", command
        if command in COMMANDS:
            options = {o for p in COMMANDS[command].params for o in p.opts}
            assert {w for w in rest if w.startswith("--")} <= options, (command, rest)


def test_every_command_of_the_program_has_its_line():
    named = {words[0] for words in commands_in((ROOT / "docs" / "commands.md").read_text())}
    assert named - {"COMMAND"} == set(COMMANDS)


@pytest.mark.parametrize("name", PAGES)
def test_every_link_between_the_documents_leads_somewhere(name):
    page = ROOT / name
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_every_room_stands_in_the_architecture():
    rooms = {p.name for p in (ROOT / "studentsim").iterdir() if (p / "__init__.py").exists()}
    text = (ROOT / "docs" / "architecture.md").read_text()
    assert not {room for room in rooms if f"`{room}/`" not in text}


def test_the_readme_is_short():
    assert len(README.encode()) <= 8192


def test_every_setting_is_documented():
    modules = [ast.parse((ROOT / "studentsim" / name).read_text()) for name in ("config.py", "settings.py")]
    for node in (node for module in modules for node in module.body):
        if isinstance(node, ast.ClassDef):
            for field, after in zip(node.body, [*node.body[1:], None], strict=True):
                if isinstance(field, ast.AnnAssign) and "ClassVar" not in ast.unparse(field.annotation):
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
