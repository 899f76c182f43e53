"""The command line: runs in the foreground, lists, exports, and what makes and checks the student.

    python -m studentsim run --strategy category --turns 20 --data DIR --json

Heavy imports stand inside the commands: ``strategies`` and ``--help`` must not wait for torch.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from studentsim.errors import DataFolderError, StudentsimError

app = typer.Typer(
    help="What would happen if this class practised differently?",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Data = Annotated[Path, typer.Option(envvar="STUDENTSIM_DATA", help="Folder of the runs and the database.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of the output.")]
DATA = Path("data")


def main() -> None:
    """Run the command line; an error of ours is one line, without a traceback, and exit status 2."""
    try:
        app()
    except StudentsimError as error:
        print(f"Error: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:  # the output's reader has gone (as in "| head"): nothing more to say, nobody to say it to
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


# ------------------------------------------------------------------ runs


@app.command()
def run(
    strategy: Annotated[str | None, typer.Option(help="How questions are chosen; see 'strategies'.")] = None,
    turns: Annotated[int | None, typer.Option(help="Lessons.")] = None,
    questions: Annotated[int | None, typer.Option(help="Practice questions a lesson.")] = None,
    exam: Annotated[int | None, typer.Option(help="Questions in each exam.")] = None,
    exam_every: Annotated[int | None, typer.Option(help="Lessons from exam to exam.")] = None,
    validation: Annotated[int | None, typer.Option(help="Held-out pairs looked at after each lesson.")] = None,
    seed: Annotated[int | None, typer.Option(help="Decides all luck but the exam's.")] = None,
    exam_seed: Annotated[int | None, typer.Option(help="Decides the exam: equal in runs to be compared.")] = None,
    student: Annotated[str | None, typer.Option(help="Profile of the embedded student; see 'students'.")] = None,
    model: Annotated[str | None, typer.Option(help="'embedded', a name of the hub, or a folder.")] = None,
    quantisation: Annotated[str | None, typer.Option(help="Of a hub's model: none, 8bit or nf4.")] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu or cuda.")] = None,
    dtype: Annotated[str | None, typer.Option(help="auto, float32, bfloat16 or float16.")] = None,
    revision: Annotated[str | None, typer.Option(help="A commit of the hub's model; blank: today's.")] = None,
    max_new_tokens: Annotated[int | None, typer.Option(help="Longest answer, in tokens.")] = None,
    exams: Annotated[str | None, typer.Option(help="written, or scored: the likeliest option is ticked.")] = None,
    option_scores: Annotated[str | None, typer.Option(help="Options are scored by text or by letter.")] = None,
    answers_at_once: Annotated[int | None, typer.Option(help="Answers in a batch; 0: by the memory.")] = None,
    pairs_at_once: Annotated[
        int | None, typer.Option(help="Pairs through the model at once; 0: by the memory.")
    ] = None,
    checkpointing: Annotated[str | None, typer.Option(help="Gradient checkpointing: auto, on or off.")] = None,
    optimiser: Annotated[str | None, typer.Option(help="auto, adamw or paged.")] = None,
    temperature: Annotated[float | None, typer.Option(help="Of sampling; 0 is greedy.")] = None,
    bank: Annotated[
        str | None, typer.Option(help="'curriculum', a set such as 'math_qa', or a file or folder.")
    ] = None,
    bank_category: Annotated[str | None, typer.Option(help="One category for all questions of the bank.")] = None,
    leave_out_doubtful: Annotated[
        bool | None, typer.Option("--leave-out-doubtful", help="Leave out the rows that 'check-bank' lists.")
    ] = None,
    categories: Annotated[str | None, typer.Option(help="Practise these alone: general,physics")] = None,
    skills: Annotated[str | None, typer.Option(help="Practise these alone, by their ids.")] = None,
    mix: Annotated[str | None, typer.Option(help="Your own mix in percent: general=20,physics=80")] = None,
    mix_rule: Annotated[str | None, typer.Option(help="'largest-remainder' or 'paper'.")] = None,
    threshold: Annotated[float | None, typer.Option(help="Below it a question counts as unsure.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="AdamW, constant.")] = None,
    beta: Annotated[float | None, typer.Option(help="DPO's: larger stays closer to the reference.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over a lesson's pairs.")] = None,
    batch: Annotated[int | None, typer.Option(help="Pairs an optimiser step.")] = None,
    loss: Annotated[str | None, typer.Option(help="sigmoid, robust, ipo or hinge.")] = None,
    reference: Annotated[str | None, typer.Option(help="'last-turn' or 'base'.")] = None,
    lora_rank: Annotated[int | None, typer.Option(help="Rank of the adapter.")] = None,
    lora_alpha: Annotated[int | None, typer.Option(help="Its update is scaled by alpha / rank.")] = None,
    label_smoothing: Annotated[float | None, typer.Option(help="Assumed share of flipped pairs (robust loss).")] = None,
    sft_weight: Annotated[float | None, typer.Option(help="Weight of an extra term for the right working.")] = None,
    feedback: Annotated[str | None, typer.Option(help="To a wrong answer: none, mark, hint or explanation.")] = None,
    attempts: Annotated[int | None, typer.Option(help="Tries at a practice question, the first included.")] = None,
    learn_from: Annotated[str | None, typer.Option(help="working, revision or revision-or-working.")] = None,
    error_rate: Annotated[float | None, typer.Option(help="Share of marks the teacher gets wrong on purpose.")] = None,
    doubts: Annotated[
        float | None, typer.Option(help="Share of right answers called wrong, to see who gives way.")
    ] = None,
    marker: Annotated[
        str | None, typer.Option(help="A trained marker: 'embedded', a T5 of the hub, or a folder.")
    ] = None,
    decides: Annotated[str | None, typer.Option(help="Whose marks count in practice: key or marker.")] = None,
    writer: Annotated[str | None, typer.Option(help="An instruct model that writes the hints, by name.")] = None,
    preset: Annotated[str, typer.Option(help="'default' or 'paper': what is not said otherwise.")] = "default",
    name: Annotated[str | None, typer.Option(help="What you call this run.")] = None,
    trial: Annotated[bool, typer.Option(help="Try a hub's model out first: a test answer, the run's time.")] = True,
    data: Data = DATA,
    as_json: Json = False,
) -> None:
    """Run a simulation in the foreground. Ctrl-C pauses it."""
    given = dict(locals())
    from studentsim import foreground
    from studentsim.runs import preflight
    from studentsim.runs.folder import create_run

    config = foreground.config_of(preset, {key: given[key] for key in foreground.SETTINGS})
    config = preflight.check(config)
    if config.model != "embedded":
        foreground.introduce(config, trial=trial)
    foreground.carry_out(create_run(data, config), as_json=as_json)


@app.command()
def resume(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")],
    data: Data = DATA,
    as_json: Json = False,
) -> None:
    """Let a run go on after its last complete lesson, in the foreground."""
    from studentsim import foreground
    from studentsim.errors import RunError
    from studentsim.runs import waiting
    from studentsim.runs.folder import open_run
    from studentsim.runs.states import observe

    folder = open_run(data, run_id)
    if observe(folder).live:
        raise RunError(f"The run {run_id} is at work already.", "Watch it in the app.")
    folder.clear_request()
    waiting.leave(folder)
    foreground.carry_out(folder, as_json=as_json)


@app.command()
def runs(data: Data = DATA, as_json: Json = False) -> None:
    """List the runs of a data folder."""
    from studentsim import foreground

    rows = foreground.overview(data)
    if as_json:
        print(json.dumps(rows))
        return
    if not rows:
        print(f"No runs in {data}. Start one: python -m studentsim run")
    for row in rows:
        score = f"{row['correct']} of {row['questions']}" if row["questions"] else "no exam yet"
        lesson = f"lesson {max(0, row['turn'])} of {row['turns']}"
        print(f"{row['run_id']}  {row['status']:<14}  {lesson}  {score}  {row['title']}")


@app.command()
def export(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")],
    to: Annotated[Path, typer.Option(help="A new or empty folder.")],
    data: Data = DATA,
) -> None:
    """Write a run's tables as CSV and Parquet."""
    from studentsim.runs.folder import check_run_id
    from studentsim.store.export import export as write

    for path in write(data, check_run_id(run_id), to):
        print(path)


@app.command(name="export-adapter")
def export_adapter(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")],
    to: Annotated[Path, typer.Option(help="A new or empty folder.")],
    lesson: Annotated[int | None, typer.Option(min=0, help="After which lesson (default: the last).")] = None,
    data: Data = DATA,
) -> None:
    """Copy a run's adapter into a folder that plain PEFT loads."""
    from studentsim.runs import checkpoints
    from studentsim.runs.folder import open_run

    turn = checkpoints.export(open_run(data, run_id).checkpoints, to, lesson)
    print(f"What was learnt by lesson {turn} is in {to}")


@app.command()
def report(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")],
    to: Annotated[Path, typer.Option(help="The file to write.")] = Path("report.html"),
    data: Data = DATA,
) -> None:
    """Write a run's report: one HTML file to print or to send."""
    from studentsim.runs.folder import check_run_id
    from studentsim.ui.report.file import write

    print(write(data, check_run_id(run_id), to))


@app.command()
def rebuild(data: Data = DATA) -> None:
    """Make the database anew from the journals."""
    from studentsim.store.ingest import rebuild as make_anew

    if not data.is_dir():
        raise DataFolderError(f"There is no data folder {str(data)!r}.", "Name one with --data.")
    count = make_anew(data)
    print(f"{count} run{'' if count == 1 else 's'} read from the journals of {data}")


@app.command()
def record(
    to: Annotated[Path, typer.Option(help="Folder of the recorded journals.")] = Path("studentsim/recorded"),
    turns: Annotated[int, typer.Option(hidden=True)] = 20,
    exam: Annotated[int, typer.Option(hidden=True)] = 240,
) -> None:
    """Record the study that comes with the product: one run a way of choosing, same student, seed and exam."""
    from studentsim import foreground

    paths = foreground.record(to, turns=turns, exam=exam)
    print(f"{sum(path.stat().st_size for path in paths) / 1e6:.2f} MB in {to}")


# ------------------------------------------------------------------ what there is


@app.command()
def strategies() -> None:
    """List the ways of choosing questions."""
    from studentsim.ui.looks import STRATEGIES

    for id, look in STRATEGIES.items():
        print(f"{id:<26}{look.name}: {look.summary}")


@app.command()
def students() -> None:
    """List the profiles of the embedded student, with the accuracy meant for each category."""
    from studentsim.student.profiles import PROFILES, category_mastery

    for profile in PROFILES.values():
        meant = ", ".join(f"{category} {100 * value:.0f} %" for category, value in category_mastery(profile).items())
        print(f"{profile.id:<15}{profile.title}. {profile.summary}\n{'':<15}{meant}")


@app.command()
def check_bank(
    path: Annotated[str, typer.Argument(metavar="PATH", help="A file or folder of questions, or a set's name.")],
    set_name: Annotated[str, typer.Option("--set", help="Which set it is of, if its rows do not say so.")] = "",
    category: Annotated[str, typer.Option(help="One category for all questions.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="List all doubtful rows.")] = False,
    as_json: Json = False,
) -> None:
    """Tell what a bank of questions holds, and which of its rows are doubtful."""
    from studentsim.bank.sources import check_bank as examine

    report = examine(path, category=category, set_name=set_name)
    if as_json:
        print(json.dumps(report.to_json()))
        return
    from rich.console import Console

    from studentsim.bank.report_text import MOST, print_report

    print_report(report, Console(), most=report.rows if everything else MOST)


# ------------------------------------------------------------------ the student itself


@app.command()
def pretrain(
    steps: Annotated[
        int | None,
        typer.Option(min=1, help="Optimiser steps, in one cosine (default: the recipe that made the weights)."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the weights (default: those that ship).")] = None,
    work: Annotated[Path | None, typer.Option(help="Folder of the checkpoints.")] = None,
) -> None:
    """Make the embedded student from nothing; started again, it goes on from its last checkpoint."""
    from studentsim.student import pretrain as pretraining

    recipe = pretraining.Recipe(phases=((steps, 2e-3),)) if steps else pretraining.Recipe()
    pretraining.pretrain(out or pretraining.WEIGHTS, recipe=recipe, work=work)


@app.command()
def place(
    student: Annotated[str, typer.Option(help="A profile, or 'all'.")] = "all",
    questions: Annotated[int, typer.Option(min=1, help="Questions in each category.")] = 600,
    as_json: Json = False,
) -> None:
    """A placement test: measured accuracy by category beside the profile's own table."""
    from dataclasses import asdict

    from studentsim.student.profiles import PROFILES, profile

    ids = list(PROFILES) if student == "all" else [profile(student).id]
    from studentsim.student.placement import place as examine  # imports torch

    found = {}
    for id in ids:
        result = examine(id, questions)
        found[id] = {"rows": [asdict(row) for row in result.rows], "well_formed": result.well_formed}
        print(f"{id}: {100 * result.well_formed:.1f} % of answers well formed", flush=True)
        for row in result.rows:
            measured = f"{100 * row.accuracy:5.1f} % ({100 * row.low:.1f} to {100 * row.high:.1f})"
            print(f"  {row.category:<12} {measured}  meant {100 * row.intended:5.1f} %", flush=True)
    if as_json:
        print(json.dumps(found))


@app.command(name="check-model")
def check_model(
    model: Annotated[str, typer.Argument(help="A name of the hub, or a folder.")],
    bank: Annotated[str | None, typer.Option(help="The questions it is tried on.")] = None,
    quantisation: Annotated[str | None, typer.Option(help="none, 8bit or nf4.")] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu or cuda.")] = None,
    dtype: Annotated[str | None, typer.Option(help="auto, float32, bfloat16 or float16.")] = None,
    revision: Annotated[str | None, typer.Option(help="A commit of the hub's model; blank: today's.")] = None,
    trial: Annotated[bool, typer.Option(help="Load it, for a test answer and the run's time.")] = True,
    as_json: Json = False,
) -> None:
    """What a hub's model needs here, what it answers, and how long a run with it takes."""
    given = dict(locals())
    from studentsim import foreground
    from studentsim.runs import preflight

    config = foreground.config_of("default", {key: given.get(key) for key in foreground.SETTINGS})
    foreground.introduce(preflight.check_student(config), trial=trial, as_json=as_json)


@app.command(name="train-teacher")
def train_teacher(
    steps: Annotated[int | None, typer.Option(min=1, help="Optimiser steps (default: those of the weights).")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the weights (default: those that ship).")] = None,
    work: Annotated[Path, typer.Option(help="Folder of answers, rows and checkpoints.")] = Path("data/teacher"),
) -> None:
    """Make the embedded marker from nothing, of the student's own answers; started again, it goes on where it was."""
    from studentsim import casting, simulation
    from studentsim.teacher import collect, training

    recipe = training.Recipe(steps=steps) if steps else training.Recipe()
    school = collect.School(casting.load_cast, simulation.simulate)
    training.train_teacher(school, out or training.WEIGHTS, recipe=recipe, work=work)


@app.command(name="check-teacher")
def check_teacher(
    marker: Annotated[str, typer.Option(help="'embedded', or a T5's name on the hub or folder.")] = "embedded",
    work: Annotated[Path, typer.Option(help="Folder of the collected answers.")] = Path("data/teacher"),
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the figures beside the embedded marker, for Help.")
    ] = False,
    as_json: Json = False,
) -> None:
    """How often a trained marker agrees with the key: on answers it never saw, and on hard cases."""
    from dataclasses import asdict

    from studentsim import casting, simulation
    from studentsim.teacher import check, collect
    from studentsim.teacher.marker import WEIGHTS, load_marker

    school = collect.School(casting.load_cast, simulation.simulate)
    result = check.check(load_marker(marker), school, work)
    print("\n".join(check.lines(result)))
    if keep and marker == "embedded":
        (WEIGHTS / "check.json").write_text(json.dumps(asdict(result)) + "\n", encoding="utf-8")
    if as_json:
        print(json.dumps(asdict(result)))


@app.command(name="check-feedback")
def check_feedback(
    student: Annotated[str, typer.Option(help="A profile of the embedded student.")] = "balanced",
    questions: Annotated[int, typer.Option(min=1, help="Questions in each category.")] = 200,
    as_json: Json = False,
) -> None:
    """How often a second try is right after the teacher's words, and how often a false "wrong" makes the student give way."""
    from studentsim import foreground

    found = foreground.check_feedback(student, questions)
    if as_json:
        print(json.dumps(found))


@app.command(name="app")
def open_app(
    data: Data = DATA,
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8501,
) -> None:
    """Open the app in the browser, for this computer alone."""
    script = Path(__file__).parent.parent / "app.py"
    command = [sys.executable, "-m", "streamlit", "run", str(script)]
    command += ["--server.address", "127.0.0.1", "--server.port", str(port)]
    os.environ["STUDENTSIM_DATA"] = str(data.absolute())
    os.chdir(script.parent)  # where .streamlit/config.toml lies
    os.execv(sys.executable, command)
