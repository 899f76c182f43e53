"""Writes the figures of docs/real-model.md: nothing there that a program can count is typed by hand.

    python docs/real_model_figures.py                                   the study, from the journals that come with the product
    python docs/real_model_figures.py --speed FILE --check FILE         from bench/real_model.py --out (without and with --check)
    python docs/real_model_figures.py --search FOLDER --gpu FILE        from bench/small_model_search.py, from bench/gpu.py

Each part stands between two comments with its name; a part whose source is not given stays as it was.
"""

from __future__ import annotations

import argparse
import json
import lzma
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

import pandas as pd  # noqa: E402

from studentsim.analysis.curves import group_means_frame  # noqa: E402
from studentsim.analysis.differences import compute_differences, last_shared_turn  # noqa: E402
from studentsim.analysis.paper_curves import load_published_curves, published_intervals_overlap  # noqa: E402
from studentsim.analysis.run_groups import ComparedRun, RunGroup, group_runs_by_settings  # noqa: E402
from studentsim.config import RunConfig  # noqa: E402
from studentsim.legacy_names import upgrade_event  # noqa: E402
from studentsim.runs import demo  # noqa: E402

PAGE = ROOT / "docs" / "real-model.md"


def with_part(page: str, name: str, text: str) -> str:
    """The page with this text between the comments of that name.

    :raises ValueError: the page has no such part.
    """
    found = re.search(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", page, re.DOTALL)
    if not found:
        raise ValueError(
            f"{PAGE.name} has no part {name!r}; it begins with <!-- {name} --> and ends with <!-- /{name} -->"
        )
    return page[: found.end(1)] + text.strip() + "\n" + page[found.start(2) :]


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    return "\n".join(f"| {' | '.join(line)} |" for line in [columns, ["---"] * len(columns), *rows])


def percent(value: float, low: float, high: float) -> str:
    """``25.0 (14.2 to 40.2)``: percent with its 95 % interval, of fractions."""
    return f"{100 * value:.1f} ({100 * low:.1f} to {100 * high:.1f})"


# ------------------------------------------------------------------ the study


def journals(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The events of SmolLM2's recorded runs, by id."""
    found = {}
    for path in sorted(folder.glob(f"*{demo.JOURNAL_SUFFIX}")):
        run_id = path.name.removesuffix(demo.JOURNAL_SUFFIX)
        if demo.SMOLLM2_STUDY.contains_run(run_id):
            found[run_id] = [
                upgrade_event(json.loads(line)) for line in lzma.decompress(path.read_bytes()).splitlines()
            ]
    return found


def study(folder: Path = demo.RECORDED_FOLDER) -> str:
    """What SmolLM2's study shows: exams by way of choosing, the ways against each other, held-out pairs. Blank without journals."""
    events = journals(folder)
    if not events:
        return ""
    groups, exams, marks = _gathered(events)
    rows = group_means_frame(groups, exams)
    turns = sorted(rows.turn.unique())
    columns = [
        "way of choosing",
        "seeds",
        *(f"after {turn} lessons" if turn else "before any lesson" for turn in turns),
    ]
    lines = []
    for group in groups:
        own = rows[rows.label == group.label].set_index("turn")
        cells = [percent(*own.loc[turn, ["accuracy", "ci_low", "ci_high"]]) for turn in turns]
        lines.append([group.style.name, str(len(group.runs)), *cells])
    config = groups[0].config
    hours = sum(own[-1]["seconds"] for own in events.values()) / 3600
    wide = fmean(rows[rows.turn == turns[-1]].ci_high - rows[rows.turn == turns[-1]].ci_low) / 2
    head = (
        f"{len(events)} runs, {hours:.1f} hours in all, computing in {config.model_loading.dtype}; exams of {config.exam_size} questions, "
        "% right with 95 % intervals over questions and seeds. After the last lesson they reach "
        f"{100 * wide:.0f} points each way on average."
    )
    return "\n\n".join([head, table(columns, lines), _against(groups, exams, marks), _held_out(groups, events)])


def _gathered(events: dict[str, list[dict[str, Any]]]) -> tuple[list[RunGroup], pd.DataFrame, pd.DataFrame]:
    """Groups; ``run_id, turn, correct, questions`` of the exams; ``run_id, question_id, right`` of the last ones."""
    runs, exams, marks = [], [], []
    for run_id, own in events.items():
        config = RunConfig.from_json(json.dumps(own[0]["config"]))
        runs.append(ComparedRun(run_id, config, "finished", True, own[0]["timestamp"], config.turns, own[-1]["seq"]))
        exams += [(run_id, e["turn"], e["correct"], e["questions"]) for e in own if e["type"] == "ExamFinished"]
        last = [e for e in own if e["type"] == "AnswerRecorded" and e["phase"] == "exam" and e["turn"] == config.turns]
        marks += [(run_id, e["question_id"], e["is_correct"]) for e in last]
    return (
        group_runs_by_settings(runs)[0],
        pd.DataFrame(exams, columns=["run_id", "turn", "correct", "questions"]),
        pd.DataFrame(marks, columns=["run_id", "question_id", "is_correct"]),
    )


def _against(groups: list[RunGroup], exams: pd.DataFrame, marks: pd.DataFrame) -> str:
    """Every way against the first, question by question."""
    turn = last_shared_turn(groups, exams)
    told = compute_differences(groups, marks, turn) if turn is not None else []
    rows = [
        [
            d.group.style.name,
            d.reference.style.name,
            percent(d.accuracy_gain, d.ci_low, d.ci_high),
            "yes" if d.is_significant else "no",
        ]
        for d in told
    ]
    head = f"After {turn} lessons, on the same questions; the intervals hold together with 95 %:"
    return f"{head}\n\n{table(['way', 'against', 'points', 'distinct from chance'], rows)}" if rows else ""


def _held_out(groups: list[RunGroup], events: dict[str, list[dict[str, Any]]]) -> str:
    """Rewards on held-out pairs after the last lesson, means over the seeds."""
    rows = []
    for group in groups:
        last = [[e for e in events[run.run_id] if e["type"] == "ValidationFinished"][-1:] for run in group.runs]
        found = [own[0] for own in last if own]
        if not found:
            continue
        shares = [e["option_accuracies"] for e in found if e.get("option_accuracies") is not None]
        rows.append([
            group.style.name, f"{fmean(e['metrics']['rewards_accuracies'] for e in found):.2f}",
            f"{fmean(shares):.2f}" if shares else "–", f"{fmean(e['metrics']['logps_chosen'] for e in found):.1f}",
        ])  # fmt: skip
    columns = ["way", "reward accuracy", "with option texts alone", "log-probability of right workings"]
    return f"Held-out pairs after the last lesson:\n\n{table(columns, rows)}" if rows else ""


def paper() -> str:
    """The paper's curves with the intervals that 40 questions leave (Wilson)."""
    found = load_published_curves()
    ways = list(dict.fromkeys(found.strategy))
    cells = {(r.strategy, r.turn): percent(r.accuracy, r.ci_low, r.ci_high) for r in found.itertuples()}
    rows = [[str(turn), *(cells.get((way, turn), "–") for way in ways)] for turn in sorted(found.turn.unique())]
    apart = (
        "At no turn does one of the four lie apart"
        if published_intervals_overlap()
        else "At some turn one of the four lies apart"
    )
    wide = fmean(found.ci_high - found.ci_low) / 2
    told = f"The intervals reach {100 * wide:.0f} points each way on average. {apart} from another."
    return f"{table(['turn', *ways], rows)}\n\n{told}"


# ------------------------------------------------------------------ measurements


def speed(path: Path) -> str:
    """Speed and memory, as ``bench/real_model.py`` reports them."""
    from real_model import report

    return report(json.loads(path.read_text()))


def agreement(path: Path) -> str:
    """The checks of ``bench/real_model.py --check``."""
    found = json.loads(path.read_text())
    rows = []
    for name, part in found.items():
        if isinstance(part, dict):
            told = (
                f"{part['equal']} of {part['of']} equal"
                if "equal" in part
                else f"at most {part['largest gap']:.1g} off, {part['texts']} texts"
            )
            rows.append([name, told, "held" if part["passed"] else "not held"])
    return table(["check", "found", "demand"], rows)


def search(folder: Path) -> str:
    """What ``bench/small_model_search.py --report`` prints."""
    from small_model_search import report

    return report(folder)


def gpu(path: Path) -> str:
    """The lines of ``bench/gpu.py``: seconds by part, tokens a second, memory."""
    found = [json.loads(line) for line in path.read_text().splitlines()]
    machine = next((line for line in found if line["step"] == "machine"), {})
    rows = []
    for line in found:
        if seconds := line.get("seconds"):
            parts = ", ".join(f"{part} {value:.2f}" for part, value in seconds.items())
            rows.append([line["step"], parts, f"{line['tokens a second']:.0f}", f"{line['peak GB']:.2f}"])
        elif "error" in line or "left out" in line:
            rows.append([line["step"], line.get("error") or f"left out: {line['left out']}", "–", "–"])
    head = (
        f"{machine.get('device', 'unknown device')}: {machine.get('questions')} questions of {machine.get('tokens')} tokens, "
        f"DPO on {machine.get('pairs')} pairs for 2 epochs."
    )
    return f"{head}\n\n{table(['student', 'seconds', 'tokens a second', 'most memory, GB'], rows)}"


def main() -> None:
    """Write what the sources given tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("speed", "check", "search", "gpu"):
        parser.add_argument(f"--{name}", type=Path)
    args = parser.parse_args()
    parts = {"paper": paper(), "study": study()}
    for name, work in (("speed", speed), ("check", agreement), ("search", search), ("gpu", gpu)):
        if source := getattr(args, name):
            parts[name] = work(source)
    page = PAGE.read_text()
    for name, text in parts.items():
        page = with_part(page, name, text) if text else page
    PAGE.write_text(page)
    print(f"{PAGE}: {', '.join(name for name, text in parts.items() if text)}")


if __name__ == "__main__":
    main()
