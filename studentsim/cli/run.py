"""Commands that execute runs in the foreground, and the list of runs."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from studentsim import presets
from studentsim.cli.base import (
    DEFAULT_DATA_FOLDER,
    BetaOption,
    DataFolderOption,
    DeviceOption,
    DtypeOption,
    EpochsOption,
    ExamModeOption,
    JsonOption,
    LearningRateOption,
    MaxNewTokensOption,
    ModelOption,
    QuantisationOption,
    RevisionOption,
    SeedOption,
    StudentOption,
    app,
)
from studentsim.cli.models import import_gguf_model


@app.command()
def run(
    strategy: Annotated[str | None, typer.Option(help="How questions are chosen; see 'strategies'.")] = None,
    turns: Annotated[int | None, typer.Option(help="Lessons.")] = None,
    questions: Annotated[int | None, typer.Option(help="Practice questions a lesson.")] = None,
    exam: Annotated[int | None, typer.Option(help="Questions in each exam.")] = None,
    exam_every: Annotated[int | None, typer.Option(help="Lessons from exam to exam.")] = None,
    validation: Annotated[int | None, typer.Option(help="Held-out pairs looked at after each lesson.")] = None,
    validation_every: Annotated[
        str | None, typer.Option(help="Look at the held-out pairs after each 'turn' or each 'epoch'.")
    ] = None,
    seed: SeedOption = None,
    exam_seed: Annotated[int | None, typer.Option(help="Decides the exam: equal in runs to be compared.")] = None,
    student: StudentOption = None,
    weights: Annotated[
        str | None, typer.Option(help="The embedded student's: 'embedded-0.1', or a fingerprint; blank: today's.")
    ] = None,
    model: ModelOption = None,
    quantisation: QuantisationOption = None,
    device: DeviceOption = None,
    dtype: DtypeOption = None,
    revision: RevisionOption = None,
    max_new_tokens: MaxNewTokensOption = None,
    exams: ExamModeOption = None,
    option_scores: Annotated[str | None, typer.Option(help="Options are scored by text or by letter.")] = None,
    answer_form: Annotated[
        str | None,
        typer.Option(
            help="What a language model is asked for. free: the paper's prompt, no form; letter: a last line 'Answer: (letter)'; "
            "working: the working first, then that line."
        ),
    ] = None,
    calculator: Annotated[
        bool | None,
        typer.Option("--calculator/--no-calculator", help="Compute what follows the '=' of a sum it wrote."),
    ] = None,
    answers_at_once: Annotated[int | None, typer.Option(help="Answers in a batch; 0: by the memory.")] = None,
    pairs_at_once: Annotated[
        int | None, typer.Option(help="Pairs through the model at once; 0: by the memory.")
    ] = None,
    checkpointing: Annotated[str | None, typer.Option(help="Gradient checkpointing: auto, on or off.")] = None,
    optimiser: Annotated[str | None, typer.Option(help="auto, adamw or paged.")] = None,
    temperature: Annotated[float | None, typer.Option(help="Of sampling; 0 is greedy.")] = None,
    bank: Annotated[
        str | None, typer.Option(help="'curriculum', a set such as 'math_qa', a file or folder, or 'one | another'.")
    ] = None,
    bank_set: Annotated[
        str | None, typer.Option(help="Which set its files are of, if their rows do not say so.")
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
    learning_rate: LearningRateOption = None,
    beta: BetaOption = None,
    epochs: EpochsOption = None,
    batch: Annotated[int | None, typer.Option(help="Pairs an optimiser step.")] = None,
    loss: Annotated[str | None, typer.Option(help="sigmoid, robust, ipo or hinge.")] = None,
    reference: Annotated[str | None, typer.Option(help="'last-turn' or 'base'.")] = None,
    lora_rank: Annotated[int | None, typer.Option(help="Rank of the adapter.")] = None,
    lora_alpha: Annotated[int | None, typer.Option(help="Its update is scaled by alpha / rank.")] = None,
    label_smoothing: Annotated[float | None, typer.Option(help="Assumed share of flipped pairs (robust loss).")] = None,
    sft_weight: Annotated[float | None, typer.Option(help="Weight of an extra term for the right working.")] = None,
    rehearsal: Annotated[
        float | None, typer.Option(help="How strongly what is not practised is held where it was; 0: not at all.")
    ] = None,
    feedback: Annotated[str | None, typer.Option(help="To a wrong answer: none, mark, hint or explanation.")] = None,
    attempts: Annotated[int | None, typer.Option(help="Tries at a practice question, the first included.")] = None,
    learn_from: Annotated[str | None, typer.Option(help="working, revision or revision-or-working.")] = None,
    chosen_text: Annotated[
        str | None, typer.Option(help="Of a given working: full, short (its last step) or option (the answer alone).")
    ] = None,
    error_rate: Annotated[float | None, typer.Option(help="Share of marks the teacher gets wrong on purpose.")] = None,
    doubts: Annotated[
        float | None, typer.Option(help="Share of right answers called wrong, to see who gives way.")
    ] = None,
    marker: Annotated[
        str | None, typer.Option(help="A trained marker: 'embedded', a T5 or BART of the hub, or a folder.")
    ] = None,
    marker_revision: Annotated[str | None, typer.Option(help="A commit of the hub's marker; blank: today's.")] = None,
    decides: Annotated[str | None, typer.Option(help="Whose marks count in practice: key or marker.")] = None,
    writer: Annotated[str | None, typer.Option(help="An instruct model that writes the hints, by name.")] = None,
    preset: Annotated[str, typer.Option(help=f"What is not said otherwise: {presets.describe_presets()}.")] = "default",
    name: Annotated[str | None, typer.Option(help="What you call this run.")] = None,
    repeat: Annotated[
        int | None,
        typer.Option(help="Run it with so many seeds (2 to 20), from --seed on, one after another, as a group."),
    ] = None,
    trial: Annotated[bool, typer.Option(help="Try a hub's model out first: a test answer, the run's time.")] = True,
    data: DataFolderOption = DEFAULT_DATA_FOLDER,
    as_json: JsonOption = False,
) -> None:
    """Run a simulation in the foreground. Ctrl-C pauses it."""
    options = dict(locals())
    from studentsim.cli import runner
    from studentsim.cli.repeat import run_with_seeds
    from studentsim.runs import preflight
    from studentsim.runs.groups import choose_seeds
    from studentsim.runs.run_dir import create_run

    config = runner.build_config(preset, {key: options[key] for key in runner.RUN_OPTIONS})
    if repeat is not None:
        choose_seeds(config.seed, repeat)  # refuses too many before anything is loaded
    config = preflight.check_run_config(import_gguf_model(config))
    if preset == "paper":
        runner.print_paper_departures(config)
    runner.print_grader_summary(config)
    if config.model != "embedded":
        runner.print_model_summary(config, trial=trial)
    if repeat is not None:
        run_with_seeds(data, config, repeat, as_json=as_json)
    runner.run_and_exit(create_run(data, config), as_json=as_json)


@app.command()
def resume(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")],
    data: DataFolderOption = DEFAULT_DATA_FOLDER,
    as_json: JsonOption = False,
) -> None:
    """Let a run go on after its last complete lesson, in the foreground."""
    from studentsim.cli import runner
    from studentsim.errors import RunError
    from studentsim.runs import queue
    from studentsim.runs.run_dir import open_run
    from studentsim.runs.status import read_run_state

    folder = open_run(data, run_id)
    if read_run_state(folder).is_live:
        raise RunError(f"The run {run_id} is at work already.", "Watch it in the app.")
    folder.clear_request()
    queue.dequeue(folder)
    runner.run_and_exit(folder, as_json=as_json)


@app.command()
def runs(
    group: Annotated[str | None, typer.Option(help="Those of this group alone.")] = None,
    tag: Annotated[str | None, typer.Option(help="Those with this tag alone.")] = None,
    data: DataFolderOption = DEFAULT_DATA_FOLDER,
    as_json: JsonOption = False,
) -> None:
    """List the runs of a data folder."""
    from studentsim.cli import runner

    all_rows = runner.summarize_runs(data)
    rows = [
        row
        for row in all_rows
        if group in (None, row["group"]) and (tag is None or tag.casefold() in map(str.casefold, row["tags"]))
    ]
    if as_json:
        print(json.dumps(rows))
        return
    if not rows:
        no_runs_message = f"No runs in {data}. Start one: python -m studentsim run"
        print(f"None of the {len(all_rows)} runs in {data} is so." if all_rows else no_runs_message)
    for row in rows:
        score = f"{row['correct']} of {row['questions']}" if row["questions"] else "no exam yet"
        lesson = f"lesson {max(0, row['turn'])} of {row['turns']}"
        labels = "".join(f"  #{text}" for text in row["tags"]) + (f"  {row['group']}" if row["group"] else "")
        print(f"{row['run_id']}  {row['status']:<14}  {lesson}  {score}  seed {row['seed']}  {row['title']}{labels}")
