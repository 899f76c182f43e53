"""Commands that list strategies, student profiles, and the questions of a bank."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from studentsim.cli.base import JsonOption, app


@app.command()
def strategies() -> None:
    """List the ways of choosing questions."""
    from studentsim.labels.strategy_styles import STRATEGY_STYLES

    for id, style in STRATEGY_STYLES.items():
        print(f"{id:<26}{style.name}: {style.summary}")


@app.command()
def students() -> None:
    """List the profiles of the embedded student, with the accuracy meant for each category."""
    from studentsim.student.embedded.profiles import PROFILES, category_mastery

    for profile in PROFILES.values():
        intended = ", ".join(f"{category} {100 * value:.0f} %" for category, value in category_mastery(profile).items())
        print(f"{profile.id:<15}{profile.title}. {profile.summary}\n{'':<15}{intended}")


@app.command(name="check-dataset")
def check_dataset(
    path: Annotated[
        str,
        typer.Argument(
            metavar="PATH", help="A file or folder of questions, a set's name, or several: 'gsm8k | my.csv'."
        ),
    ],
    set_name: Annotated[str, typer.Option("--set", help="Which set it is of, if its rows do not say so.")] = "",
    category: Annotated[str, typer.Option(help="One category for all questions.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="List all doubtful rows.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Tell what a bank of questions holds, and which of its rows are doubtful."""
    from studentsim.datasets.registry import build_bank_report

    report = build_bank_report(path, category=category, set_name=set_name)
    if as_json:
        print(json.dumps(report.to_json()))
        return
    from rich.console import Console

    from studentsim.datasets.validation_text import MAX_ROWS_PER_KIND, print_report

    print_report(report, Console(), max_rows=report.rows if everything else MAX_ROWS_PER_KIND)
