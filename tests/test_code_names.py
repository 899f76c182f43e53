"""The field's names: no private word of early versions names a module, function, class or stored field again, or comes back in prose."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROOTS = ("studentsim", "tests", "bench")

OLD_MODULES = {
    "records", "casting", "luck", "foreground", "dealing", "draft", "near", "reading", "sources", "table", "drafts", "twin", "plain",
    "parsing", "replies", "corpus", "placement", "fake", "machine", "sizes", "source", "learning", "apart", "head", "manner",
    "marker", "talk", "values", "intake", "gate", "sheets", "files", "folder", "states", "trouble", "waiting", "spare", "past", "ending",
    "trial", "recorded", "shell", "looks", "linked", "address", "drawn", "still", "banks", "jobs", "pulse", "lanes", "stage", "place",
    "fill", "takeaway", "checking", "carrying_out", "handing_out", "frame", "listing", "words", "sentences", "second_tries", "base",
    "hub", "check", "validation", "beside", "suited", "getting", "choosing", "saying", "deleting", "ticks", "started", "further",
    "pictures", "large", "desk", "heat", "picture", "small", "slips", "letters", "places",
}  # fmt: skip
"""Names of files and of imported modules."""
OLD_NAMES = {
    "Cast", "load_cast", "told", "each", "stream", "number", "luck", "Situation", "BY_NAME", "mix_of", "sit", "Progress", "Draft",
    "QuestionSet", "Doubt", "Slip", "write_working", "drawn", "Learner", "sure", "Written", "put_on", "take_off", "Manner", "Marker",
    "Mark", "KeyTeacher", "Writer", "kept", "standing", "take_in", "through", "alone", "fold", "lasting", "doubts", "observe",
    "Answered", "Validated", "Resumed", "learn", "casting", "pulse", "manner",
}  # fmt: skip
"""Names of functions, classes, constants, and of what is imported from modules."""
OLD_FIELDS = {
    "made", "said", "at", "right", "said_right", "marker_right", "marked_by", "doubted", "p_right", "low", "high", "stretch_began",
    "seconds_before", "learning", "batch", "teaching", "marker", "decides", "doubts", "pairs", "writer", "hub", "scores", "exams",
    "answers_at_once", "pairs_at_once", "leave_out_doubtful", "exam", "questions",
}  # fmt: skip
"""Names of fields that were stored: of events, settings and tables."""

PRIVATE_WORDS = re.compile(r"\b(told|luck|manner|casting|apart|pulse|drawn|standing)\b")
MAX_PRIVATE_WORDS = 60
"""All that is left, in texts that pages show, in questions, and in patterns that replies are matched with. It may only fall."""

PAGE_PART = "the part of one page that this says; no old module"
MODULE_EXCEPTIONS = {
    "studentsim/files.py": "atomic writing and removal of any files; the old one was of the database's",
    "studentsim/cli/base.py": "the app's base; the old one held the interfaces of the student",
    "studentsim/datasets/hub.py": "reads data sets from the Hugging Face Hub; the old one was a package of students",
    "studentsim/datasets/validation.py": "validates a data set; the old one was of training",
    "studentsim/grader/check.py": "evaluates the grader that ships; the old one was of data sets",
    "studentsim/student/answer_parsing/letters.py": "finds option letters in replies; the old one was a chart",
    "studentsim/ui/charts/frame.py": "a figure's frame: axes, colours; the old one was the command line's app",
    "studentsim/ui/answers/listing.py": PAGE_PART,
    "studentsim/ui/dataset_check/listing.py": PAGE_PART,
    "studentsim/ui/questions/listing.py": PAGE_PART,
    "studentsim/ui/answers/sentences.py": PAGE_PART,
    "studentsim/ui/dataset_check/sentences.py": PAGE_PART,
    "studentsim/ui/home/sentences.py": PAGE_PART,
    "studentsim/ui/questions/sentences.py": PAGE_PART,
}
OUTPUT = "a key of --json or of a stored file, which keeps its name"
COUNT = "a count of questions or pairs; the stored setting of that name was another thing"
EXAM_ROWS = "a frame with a row per exam; the stored setting of that name was the way exams are answered"
OPERAND = "the right-hand side"
FIELD_EXCEPTIONS = {
    "analysis/differences.py: AccuracyDifference.questions": COUNT,
    "analysis/findings.py: ExamFindings.exams": EXAM_ROWS,
    "analysis/findings.py: ExamFindings.questions": "a frame with a row per question",
    "datasets/adapter.py: DatasetSpec.hub": "where the data set is on the Hugging Face Hub",
    "datasets/bank.py: Bank.exam": "the questions of the split exam",
    "datasets/option_sizes.py: CorrectRankCounts.questions": OUTPUT,
    "datasets/option_sizes.py: CorrectRankCounts.right": OUTPUT,
    "datasets/validation.py: CorrectLetterCount.right": OUTPUT,
    "datasets/validation.py: BankReport.questions": OUTPUT,
    "datasets/validation.py: BankReport.doubts": OUTPUT,
    "evaluation/feedback_eval.py: SuccessRate.right": OUTPUT,
    "evaluation/feedback_eval.py: FeedbackEffects.questions": OUTPUT,
    "evaluation/open_book_eval.py: OpenBookEvaluation.questions": OUTPUT,
    "evaluation/profile_eval.py: CategoryResult.questions": OUTPUT,
    "evaluation/profile_eval.py: CategoryResult.low": OUTPUT,
    "evaluation/profile_eval.py: CategoryResult.high": OUTPUT,
    "events.py: ExamFinished.questions": COUNT,
    "events.py: ValidationFinished.pairs": COUNT,
    "events.py: TurnFinished.questions": COUNT,
    "events.py: TurnFinished.pairs": COUNT,
    "runs/model_info.py: SpeedTrial.said": OUTPUT,
    "runs/model_info.py: SpeedTrial.exam": OUTPUT,
    "runs/preflight.py: BankOutline.exam": COUNT,
    "student/generation/sampling.py: DecodingSession.scores": "the next token's scores, as transformers calls them",
    "teacher/formula_steps.py: ArithmeticTree.right": OPERAND,
    "teacher/sum_parser.py: ArithmeticOperation.right": OPERAND,
    "teacher/written_sums.py: WrittenOperation.right": OPERAND,
    "training/epoch_metrics.py: EpochEnd.scores": "scores of held-out pairs",
    "transfer/matrix.py: PairedGain.questions": OUTPUT,
    "ui/charts/mix.py: MixCell.right": "the cell's right edge",
    "ui/compare/data.py: Comparison.exams": EXAM_ROWS,
    "ui/home/study.py: StudyFigures.exams": EXAM_ROWS,
    "ui/watch/live_run.py: RunSnapshot.exams": EXAM_ROWS,
    "ui/watch/race_entries.py: RaceEntry.exams": EXAM_ROWS,
}


@cache
def tree(path: Path) -> ast.Module:
    """A file's syntax tree."""
    return ast.parse(path.read_text())


def files(*roots: str) -> Iterator[Path]:
    for root in roots:
        yield from sorted((ROOT / root).rglob("*.py"))


def old_modules() -> Iterator[str]:
    for path in files(*ROOTS):
        if path.stem in OLD_MODULES or path.stem.removeprefix("test_") in OLD_MODULES:
            yield str(path.relative_to(ROOT))


def old_names() -> Iterator[str]:
    """``file: name`` of definitions at any depth, assignments at the top level, and imports."""
    for path in files(*ROOTS):
        found = {n.name for n in ast.walk(tree(path)) if isinstance(n, ast.FunctionDef | ast.ClassDef)}
        for node in tree(path).body:
            targets = (
                node.targets
                if isinstance(node, ast.Assign)
                else [node.target]
                if isinstance(node, ast.AnnAssign)
                else []
            )
            found |= {name.id for t in targets for name in ast.walk(t) if isinstance(name, ast.Name)}
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("studentsim"):
                found |= {alias.asname or alias.name for alias in node.names}
        yield from (f"{path.relative_to(ROOT)}: {name}" for name in sorted(found & OLD_NAMES))


def old_fields() -> Iterator[str]:
    """``file: Class.field`` of annotated fields."""
    for path in files("studentsim"):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef):
                for item in node.body:
                    if (
                        isinstance(item, ast.AnnAssign)
                        and isinstance(item.target, ast.Name)
                        and item.target.id in OLD_FIELDS
                    ):
                        yield f"{path.relative_to(ROOT / 'studentsim')}: {node.name}.{item.target.id}"


def words_outside_texts(path: Path) -> Iterator[str]:
    """``file:line: word`` of private words in names, comments and docstrings; other strings are what users read."""
    docstrings = {
        line
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline):
        if token.type in (tokenize.NAME, tokenize.COMMENT) or token.start[0] in docstrings:
            for word in PRIVATE_WORDS.findall(token.string):
                yield f"{path.relative_to(ROOT)}:{token.start[0]}: {word}"


def test_no_file_has_an_old_name():
    assert set(old_modules()) == set(MODULE_EXCEPTIONS)


def test_nothing_is_defined_or_imported_under_an_old_name():
    assert list(old_names()) == []


def test_no_field_has_an_old_stored_name_but_those_that_mean_another_thing():
    assert set(old_fields()) == set(FIELD_EXCEPTIONS)


def test_names_comments_and_docstrings_have_no_private_word():
    assert [found for path in files("studentsim") for found in words_outside_texts(path)] == []


def test_private_words_become_no_more():
    assert sum(len(PRIVATE_WORDS.findall(path.read_text())) for path in files("studentsim")) <= MAX_PRIVATE_WORDS
