"""Who may import whom, held to the picture in docs/architecture.md."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "studentsim"

VOCABULARY = {
    "__init__", "types", "events", "errors", "arithmetic", "rng", "parallel", "legacy_names", "child_process", "files", "plain_text",
}  # fmt: skip
SETTINGS = {"config", "settings", "presets", "student_table"}
"""The settings of a run: all rooms but those above them may import them, as all may the vocabulary."""
MAY_IMPORT = {
    "selection": {"vocabulary"},
    "settings": {"vocabulary", "selection"},
    "curriculum": {"vocabulary"},
    "datasets": {"vocabulary", "curriculum"},
    "exam": {"vocabulary", "selection"},
    "student": {"vocabulary", "curriculum"},
    "teacher": {"vocabulary", "curriculum", "datasets", "student"},
    "grader": {"vocabulary", "selection", "datasets", "exam", "student", "teacher"},
    "practice": {"vocabulary", "student", "teacher"},
    "training": {"vocabulary", "student", "teacher", "practice"},
    "simulation": {"vocabulary", "datasets", "student", "teacher", "practice", "training", "selection", "exam"},
    "evaluation": {"vocabulary", "curriculum", "exam", "student", "teacher"},
    "factory": {"vocabulary", "datasets", "student", "teacher", "grader", "training", "simulation"},
    "store": {"vocabulary"},
    "runs": {
        "vocabulary",
        "curriculum",
        "datasets",
        "student",
        "training",
        "selection",
        "simulation",
        "factory",
        "store",
    },
    "backup": {"vocabulary", "student", "store", "runs"},
    "diagnosis": {"vocabulary", "student", "store", "runs"},
    "transfer": {"vocabulary", "selection", "exam", "simulation", "runs"},
    "labels": {"vocabulary", "selection", "curriculum", "student", "teacher", "store"},
    "analysis": {"vocabulary", "selection", "exam", "grader", "student", "store", "runs", "transfer", "labels"},
    "narration": {"vocabulary", "selection", "exam", "labels", "analysis"},
    "reporting": {"vocabulary", "exam", "store", "runs", "transfer", "labels", "analysis", "narration"},
    "ui": {"vocabulary", "curriculum", "datasets", "student", "selection", "exam", "store", "runs", "transfer"}
    | {"labels", "analysis", "narration", "reporting"},
    "pages": {"ui", "labels", "analysis", "narration"},
    "app": {"ui", "labels"},
    "command line": {
        "vocabulary",
        "selection",
        "datasets",
        "student",
        "grader",
        "store",
        "runs",
        "backup",
        "diagnosis",
        "exam",
        "factory",
        "simulation",
    }
    | {"evaluation", "transfer", "labels", "analysis", "narration", "reporting"},
}
COMMAND_LINE = {"cli", "__main__"}
HEAVY = {"torch", "transformers", "trl", "peft", "tokenizers", "safetensors", "datasets", "accelerate", "bitsandbytes"}


@cache
def tree(path: Path) -> ast.Module:
    """A file's syntax tree. Read once for all tests."""
    return ast.parse(path.read_text())


@cache
def imports(path: Path) -> set[str]:
    """Dotted names a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def room(module: str) -> str:
    """The part of the product a dotted name belongs to."""
    top = (module.split(".") + ["__init__", ""])[1]
    if top in COMMAND_LINE:
        return "command line"
    if top in SETTINGS:
        return "settings"
    return top if top in MAY_IMPORT else "vocabulary"


def files() -> dict[Path, str]:
    found = {
        p: room("studentsim." + p.relative_to(PACKAGE).with_suffix("").as_posix().replace("/", "."))
        for p in PACKAGE.rglob("*.py")
    }
    return found | {p: "pages" for p in (ROOT / "pages").glob("*.py")} | {ROOT / "app.py": "app"}


def test_arrows_run_one_way():
    wrong = []
    for path, here in files().items():
        allowed = MAY_IMPORT.get(here, set()) | {here, "vocabulary"}
        allowed |= set() if here in ("vocabulary", "selection") else {"settings"}
        for name in imports(path):
            if re.match(r"studentsim(\.|$)", name) and room(name) not in allowed:
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert not wrong, "\n".join(sorted(wrong))


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def test_no_file_of_the_package_is_part_of_a_circle():
    """Within packages too; imports inside functions and for type checkers count."""
    modules = {module_name(path): path for path in PACKAGE.rglob("*.py")}
    edges = {name: imports(path) & modules.keys() - {name} for name, path in modules.items()}
    for name in (
        edges
    ):  # "from studentsim.x import y" names the package x beside its module y; its files may import from within it
        edges[name] -= {
            other for other in edges[name] if modules[other].name == "__init__.py" and name.startswith(other)
        }
    while free := {name for name, others in edges.items() if not others & edges.keys()}:
        edges = {name: others for name, others in edges.items() if name not in free}
    assert not edges, sorted(edges)


def only_in(libraries: set[str], rooms: set[str], *, but_not: frozenset[str] = frozenset()) -> list[str]:
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path, here in files().items()
        for name in imports(path)
        if name.split(".")[0] in libraries and (here not in rooms or bool({path.name, path.parent.name} & but_not))
    ]


def test_streamlit_is_known_to_the_pages_and_their_parts_alone():
    assert not only_in({"streamlit"}, {"ui", "pages", "app"}, but_not=frozenset({"charts", "sentences.py"}))


def test_torch_and_its_kin_are_known_where_the_student_lives_and_learns():
    exceptions = {"studentsim/factory.py imports torch", "studentsim/datasets/hub.py imports datasets"}
    wrong = {
        w
        for w in only_in(HEAVY, {"student", "teacher", "grader", "training", "evaluation"})
        if not w.startswith(tuple(exceptions))
    }
    assert not {w for w in wrong if not w.startswith("studentsim/factory.py imports transformers")}


def test_duckdb_is_known_to_the_store_alone():
    assert not only_in({"duckdb"}, {"store"})


def test_every_error_is_of_the_one_tree():
    """No other module defines an exception that may reach a user."""
    own = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for path in files()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef)
        and path.name != "errors.py"
        and any(isinstance(b, ast.Name) and b.id.endswith(("Error", "Exception")) for b in node.bases)
        and not node.name.startswith("_")
    ]
    assert not own


MAX_FILE_LINES, MAX_FUNCTION_LINES = 350, 60


def test_files_and_functions_are_short():
    long_files = [str(p.relative_to(ROOT)) for p in files() if p.read_text().count("\n") > MAX_FILE_LINES]
    long_functions = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for path in files()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno >= MAX_FUNCTION_LINES
    ]
    assert not long_files and not long_functions, (long_files, long_functions)


def test_nothing_trusts_remote_code_or_writes_html_into_pages():
    for path in files():
        text = path.read_text()
        assert "unsafe_allow_html" not in text and not re.search(r"trust_remote_code\s*=\s*True", text), path
