"""The command ``doctor``: looks at what the program needs and has, and says what to do."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from studentsim.cli.base import DEFAULT_DATA_FOLDER, AnyDataFolderOption, JsonOption, app


@app.command()
def doctor(
    fix: Annotated[
        bool,
        typer.Option("--fix", help="Do what is safe: remove left-overs, make a damaged database anew. Deletes no run."),
    ] = False,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Also compare checksums of models, database and journals: minutes.")
    ] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where the app is to listen.")] = 8501,
    data: AnyDataFolderOption = DEFAULT_DATA_FOLDER,
    as_json: JsonOption = False,
) -> None:
    """Look at data folder, disk, memory, port, versions, models, runs, left-overs, database and journals, and say what to do.

    Exit status 1 if something is bad.
    """
    from studentsim.diagnosis.doctor import fix_findings, run_checks
    from studentsim.diagnosis.finding import BAD, Context

    context = Context(data, thorough=thorough, port=port)
    fixed = []
    if fix and data.is_dir():
        for title, text in fix_findings(context):
            fixed.append({"check": title, "done": text})
            print(f"mended  {title + ':':<13} {text}", flush=True)
    findings = []
    for title, finding in run_checks(context):
        findings.append({"check": title, **asdict(finding)})
        print(f"{finding.level:<6}  {title + ':':<13} {finding.found}", flush=True)
        if finding.remedy:
            print(f"{'':<22} {finding.remedy}", flush=True)
    if as_json:
        print(json.dumps({"findings": findings, "fixed": fixed}))
    if any(finding["level"] == BAD for finding in findings):
        raise typer.Exit(1)
