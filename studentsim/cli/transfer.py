"""The command that measures transfer: what practice of each category does for itself and for the others."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from studentsim.cli.frame import DATA, Data, app
from studentsim.cli.model_store import made_ready
from studentsim.config import RunConfig
from studentsim.errors import ConfigError, DataFolderError
from studentsim.transfer import matrix as matrices
from studentsim.transfer.matrix import Cell, Matrix

if TYPE_CHECKING:
    from studentsim.transfer.study import Step

SETTINGS = (
    "turns", "questions", "exam", "seed", "exam_seed", "student", "model", "bank", "bank_set", "rehearsal", "learning_rate",
    "epochs", "beta", "quantisation", "device", "dtype", "max_new_tokens", "exams",
)  # fmt: skip
"""Options that are settings of the runs, by their names in ``foreground``."""
PICTURES = (".html", ".svg")


@app.command()
def transfer(
    student: Annotated[
        str | None, typer.Option(help="A profile of the embedded student (see 'students'), or a table (a TOML file).")
    ] = None,
    turns: Annotated[int, typer.Option(help="Lessons of practice in each category.")] = 12,
    questions: Annotated[int, typer.Option(help="Practice questions a lesson.")] = 40,
    exam: Annotated[int, typer.Option(help="Questions in the exam before and in the one after.")] = 600,
    seed: Annotated[int | None, typer.Option(help="Decides all luck but the exam's.")] = None,
    exam_seed: Annotated[int | None, typer.Option(help="Decides the exam.")] = None,
    rehearsal: Annotated[float | None, typer.Option(help="Strength of rehearsal; 0: none, the paper's way.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="AdamW, constant.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over a lesson's pairs.")] = None,
    beta: Annotated[float | None, typer.Option(help="DPO's: larger stays closer to the reference.")] = None,
    categories: Annotated[str | None, typer.Option(help="These alone: general,physics (2 to 14).")] = None,
    bank: Annotated[str | None, typer.Option(help="'curriculum', a set such as 'math_qa', a file or folder.")] = None,
    bank_set: Annotated[str | None, typer.Option(help="Which set its files are of.")] = None,
    model: Annotated[
        str | None,
        typer.Option(help="'embedded', 'smollm2' (see 'models list'), a hub's name, a folder or a GGUF file."),
    ] = None,
    quantisation: Annotated[str | None, typer.Option(help="Of a hub's model: none, 8bit or nf4.")] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu or cuda.")] = None,
    dtype: Annotated[str | None, typer.Option(help="auto, float32, bfloat16 or float16.")] = None,
    max_new_tokens: Annotated[int | None, typer.Option(help="Longest answer, in tokens.")] = None,
    exams: Annotated[str | None, typer.Option(help="written, or scored: the likeliest option is ticked.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the matrix into this file.")] = None,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Write a row for each gain into this file.")] = None,
    picture: Annotated[Path | None, typer.Option(help="Draw the matrix into this file, .html or .svg.")] = None,
    record: Annotated[bool, typer.Option("--record", help="Keep the matrix with the product, for Help.")] = False,
    data: Data = DATA,
) -> None:
    """Practise each category alone, from the same start, and tell what that and each other category gained. Ctrl-C breaks off."""
    options = dict(locals())
    given = {key: options[key] for key in SETTINGS}
    _check_files(json_file, csv_file, picture)
    from studentsim import foreground
    from studentsim.runs import preflight
    from studentsim.transfer import study

    base = foreground.config_of("default", {**given, "strategy": "random", "exam_every": turns})
    base = made_ready(base)
    outline = preflight.outline_of(base)
    names = _named(categories, outline.categories)
    settings = study.configs(base, names)
    for config in settings.values():
        preflight.check_questions(config, outline)
    checked = preflight.check(base)  # versions and fingerprints of what takes part are written in
    settings = study.configs(checked, names)

    cells = _practise(
        study.practise_each(settings, load_cast=foreground.load_cast or _load_cast, data=data), len(names)
    )
    found = matrices.matrix_of(cells, config=checked.model_dump(mode="json"))
    print(printable("\n".join(lines(found)), sys.stdout.encoding or "ascii"))
    _write(found, json_file, csv_file, picture)
    if record:
        print(f"Kept in {keep(found)}")


def lines(matrix: Matrix) -> list[str]:
    """The matrix for a terminal: gains in points, what was itself practised in brackets, intervals below; then in words."""
    from studentsim.ui import transfer as said  # imports pandas

    first = max(len("practised"), *map(len, matrix.categories)) + 1
    width = max(11, *(len(category) + 1 for category in matrix.categories))
    rows = ["practised".ljust(first) + "".join(category.rjust(width) for category in matrix.categories)]
    for practised in matrix.categories:
        told = [matrix.gains[practised, examined].estimate for examined in matrix.categories]
        gains = [
            f"[{said.points(e.points)}]" if practised == examined else said.points(e.points)
            for examined, e in zip(matrix.categories, told, strict=True)
        ]
        rows.append(practised.ljust(first) + "".join(gain.rjust(width) for gain in gains))
        rows.append(" " * first + "".join(said.bounds(e).rjust(width) for e in told))
    verdicts = [said.verdict(matrix, category) for category in matrix.categories]
    return [said.about(matrix), "", *rows, "", *verdicts, said.summary(matrix), said.METHOD]


def printable(text: str, encoding: str) -> str:
    """The text as far as a terminal's ``encoding`` can write it: minus signs as hyphens, other letters that it lacks as ``?``."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.replace("\N{MINUS SIGN}", "-").encode(encoding, "replace").decode(encoding)
    return text


def keep(matrix: Matrix, path: Path | None = None) -> Path:
    """Put the matrix behind those that come with the product, or in the place of one of the same settings. Writes."""
    path = path or matrices.RECORDED
    kept = list(matrices.recorded(path))
    for i, other in enumerate(kept):
        if matrix.alike(other):
            kept[i] = matrix
            break
    else:
        kept.append(matrix)
    _put(path, json.dumps({"matrices": [m.to_json() for m in kept]}, indent=1, ensure_ascii=False) + "\n")
    return path


# ------------------------------------------------------------------ pieces


def _load_cast(config: RunConfig) -> Any:
    from studentsim.casting import load_cast

    return load_cast(config)


def _named(categories: str | None, there: tuple[str, ...]) -> tuple[str, ...]:
    if categories is None:
        return there
    names = tuple(part.strip() for part in categories.split(",") if part.strip())
    for name in names:
        if name not in there:
            raise ConfigError(
                f"There is no category {name!r}.", f"Choose among {', '.join(there)}.", field="categories"
            )
    return names


def _practise(work: Iterator[Step | Cell], count: int) -> list[Cell]:
    """The finished cells, with progress on stderr; ends the process with 130 where somebody breaks off."""
    cells: list[Cell] = []
    try:
        with closing(work), _progress() as show:  # type: ignore[type-var]
            for told in work:
                if isinstance(told, Cell):
                    cells.append(told)
                show(told)
    except KeyboardInterrupt:
        print(
            f"Broken off: {len(cells)} of {count} categories are done and kept. The same command goes on from there.",
            file=sys.stderr,
        )
        raise typer.Exit(130) from None
    return cells


@contextmanager
def _progress() -> Iterator[Any]:
    """A function that shows Steps: a bar in a terminal, else a line a category."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    from studentsim.ui import words

    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[left]}"), console=console,
        disable=not console.is_terminal,
    )  # fmt: skip
    task = bar.add_task("…", total=None, left="")

    def show(told: Step | Cell) -> None:
        if isinstance(told, Cell):
            if not console.is_terminal:
                print(f"{told.practised}: {words.duration(told.seconds)}", file=sys.stderr, flush=True)
            return
        left = "" if told.seconds_left is None else f"about {words.duration(told.seconds_left)} left"
        steps = told.turns + 1
        bar.update(
            task, total=told.cells * steps, completed=(told.cell - 1) * steps + told.turn, left=left,
            description=f"{told.category} ({told.cell} of {told.cells}), lesson {told.turn} of {told.turns}",
        )  # fmt: skip

    with bar:
        yield show


def _check_files(*files: Path | None) -> None:
    """Refuse, before minutes of work, what could not be written after them."""
    *_, picture = files
    if picture is not None and picture.suffix.lower() not in PICTURES:
        raise ConfigError(f"A picture cannot be drawn as {picture.name!r}.", "Name a file that ends in .html or .svg.")
    for file in files:
        if file is not None and (file.is_dir() or not file.absolute().parent.is_dir()):
            raise DataFolderError(
                f"{file} cannot be written: no such folder, or a folder itself.", "Choose another file."
            )


def _write(matrix: Matrix, json_file: Path | None, csv_file: Path | None, picture: Path | None) -> None:
    """Write the files that were asked for, each in the place of any there. Writes."""
    if json_file is not None:
        _put(json_file, json.dumps(matrix.to_json(), indent=1, ensure_ascii=False) + "\n")
    if csv_file is not None:
        from studentsim.store.export import safe_cells
        from studentsim.ui.transfer import frame

        _put(csv_file, safe_cells(frame(matrix)).to_csv(index=False))
    if picture is not None:
        from studentsim.ui.report import transfer as drawn

        _put(picture, drawn.svg(matrix) if picture.suffix.lower() == ".svg" else drawn.page(matrix))


def _put(path: Path, text: str) -> None:
    from studentsim.runs.folder import write_atomically

    try:
        write_atomically(path, text)
    except OSError as error:
        raise DataFolderError(f"{path} cannot be written: {error.strerror}.", "Choose another file.") from error
