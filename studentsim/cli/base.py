"""The Typer app that all commands register on, and the options that several of them share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from studentsim.student.huggingface.model_store import set_data_folder

app = typer.Typer(
    help="What would happen if this class practised differently?",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _apply_data_folder(data: Path) -> Path:
    """A command's data folder also holds its models."""
    set_data_folder(data)
    return data


def split_commas(text: str) -> tuple[str, ...]:
    """The parts of a comma-separated option, without surrounding blanks; empty parts are dropped."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


DataFolderOption = Annotated[
    Path,
    typer.Option(
        envvar="STUDENTSIM_DATA", help="Folder of the runs, the models and the database.", callback=_apply_data_folder
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of the output.")]
DEFAULT_DATA_FOLDER = Path("data")

# -------------------------------------------------------------------- settings of a run

SeedOption = Annotated[int | None, typer.Option(help="Decides all luck but the exam's.")]
StudentOption = Annotated[
    str | None, typer.Option(help="A profile of the embedded student (see 'students'), or a table (a TOML file).")
]
ModelOption = Annotated[
    str | None, typer.Option(help="'embedded', 'smollm2' (see 'models list'), a hub's name, a folder or a GGUF file.")
]
QuantisationOption = Annotated[str | None, typer.Option(help="Of a hub's model: none, 8bit or nf4.")]
DeviceOption = Annotated[str | None, typer.Option(help="auto, cpu or cuda.")]
DtypeOption = Annotated[str | None, typer.Option(help="auto, float32, bfloat16 or float16.")]
RevisionOption = Annotated[str | None, typer.Option(help="A commit of the hub's model; blank: today's.")]
MaxNewTokensOption = Annotated[int | None, typer.Option(help="Longest answer, in tokens.")]
ExamModeOption = Annotated[str | None, typer.Option(help="written, or scored: the likeliest option is ticked.")]
LearningRateOption = Annotated[float | None, typer.Option(help="AdamW, constant.")]
EpochsOption = Annotated[int | None, typer.Option(help="Passes over a lesson's pairs.")]
BetaOption = Annotated[float | None, typer.Option(help="DPO's: larger stays closer to the reference.")]
