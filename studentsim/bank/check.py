"""What is doubtful in a bank of questions: keys, options, doubled questions, and MathQA's annotations against its keys.

    python -m studentsim check-bank questions.json

Pure: rows in, a report out. Plain data classes, for the command line and for pages. A row that is listed here is the row that
``leave_out_doubtful`` leaves out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from studentsim.bank import annotation
from studentsim.bank.dealing import words
from studentsim.bank.draft import OPTION_LETTERS, QuestionSet, drafted, key_is_there, settle
from studentsim.bank.option_sizes import OptionSizes, option_sizes
from studentsim.bank.option_value import worth_the_same
from studentsim.bank.parts import Parts
from studentsim.bank.reading import Row
from studentsim.records import Question

KINDS = {
    "unreadable": "cannot be read",
    "key": "the right answer is not among the options",
    "right twice": "the right option stands twice, by its text or by its value",
    "doubled options": "two wrong options are the same",
    "doubled question": "the same question, word for word, stands in an earlier row",
    "contradiction": "the same question has another right answer in another row",
    "annotation other": "the annotation leads to another option than the key",
    "annotation none": "the annotation leads to none of the options",
}
"""What can be doubtful about a row, and how it is said. The first two cannot be asked at all."""
MAX_SHOWN = 160
BY_VALUE = "are worth the same"
"""How the reason ends where two options are equal by their value alone."""


@dataclass(frozen=True)
class Doubt:
    """One thing that is doubtful about one row. ``row`` counts from 1 within ``part`` (a file of a folder, a split, or "")."""

    row: int
    part: str
    kind: str
    """One of ``KINDS``."""
    why: str
    problem: str = ""
    """The beginning of the question, where it can be read."""


@dataclass(frozen=True)
class LetterCount:
    """How often a letter is the right one, and the accuracy (0 to 1) of always answering it."""

    letter: str
    right: int
    accuracy: float


@dataclass(frozen=True)
class BankReport:
    """What a bank holds. Counts are of questions that can be asked, doubtful or not, unless said otherwise."""

    source: str
    set: str
    title: str
    rows: int
    """All rows, with those that cannot be read."""
    questions: int
    without_question: int
    """Sound rows that give no question: in MATH, answers without a number that could be moved."""
    categories: dict[str, int]
    splits: dict[str, int]
    option_counts: dict[int, int]
    """Number of options: questions that have as many."""
    letters: tuple[LetterCount, ...]
    same_text: int
    """Questions whose text stands in more than one row, with whatever options."""
    annotation: dict[str, int] | None
    """Rows whose annotation leads to the key, another option, none, or is unknown; None where a set has no annotations."""
    doubts: tuple[Doubt, ...] = field(repr=False)
    topics: dict[str, int] = field(default_factory=dict)
    """Questions by topic, where the bank has topics; those without one are not counted."""
    right_by_value: int = 0
    """Of the rows whose right option stands twice: those where it does so by its value alone, as 1/3 and 2/6."""
    recognised: tuple[dict[str, Any], ...] = ()
    """For each file or group of like files what it was taken for: ``part`` (blank: the whole), ``set``, ``title``, ``certainty``
    (``given``, ``sure``, ``likely`` or ``unsure``), ``read`` of the first ``of`` rows, ``others`` (what else it might be: ``set, title,
    read``), ``columns``, and ``nearest`` (what is missing, where it is of no known set)."""
    sizes: OptionSizes | None = None
    """Where the right option stands among the options by size, where these are numbers."""

    @property
    def doubtful_rows(self) -> int:
        """Rows with at least one doubt."""
        return len({(doubt.part, doubt.row) for doubt in self.doubts})

    @property
    def by_kind(self) -> dict[str, int]:
        """Doubts counted by kind, in the order of ``KINDS``, 0 included."""
        counts = Counter(doubt.kind for doubt in self.doubts)
        return {kind: counts[kind] for kind in KINDS}

    def to_json(self) -> dict[str, Any]:
        """All of it as plain data, ready for ``json.dumps``."""
        return {**asdict(self), "doubtful_rows": self.doubtful_rows, "by_kind": self.by_kind}


@dataclass(frozen=True)
class Checked:
    """Rows gone through one by one: the questions they ask, and what is doubtful."""

    asked: tuple[tuple[Row, Question], ...]
    doubts: tuple[Doubt, ...]
    without_question: int
    annotation: dict[str, int] | None

    def sound(self) -> list[tuple[Row, Question]]:
        """The questions of rows without a doubt, with their rows."""
        doubtful = {(doubt.part, doubt.row) for doubt in self.doubts}
        return [(row, question) for row, question in self.asked if (row.part, row.number) not in doubtful]


def check(
    datasets: Mapping[str, QuestionSet],
    rows: Sequence[Row],
    *,
    category: str = "",
    seed: int = 0,
    topics: Mapping[str, str] | None = None,
    told: Callable[[int, int], None] = lambda done, rows: None,
) -> Checked:
    """Go through rows; ``datasets`` has the set of each of their parts, ``topics`` the topic of questions whose set gives them none.
    No row stops it: what cannot be read is a doubt. ``told`` hears before each row how many are done, of how many.
    """
    topics = topics or {}
    asked: list[tuple[Row, Question]] = []
    doubts: list[Doubt] = []
    verdicts: Counter[str] = Counter()
    without = 0
    for done, row in enumerate(rows):
        told(done, len(rows))
        question = _asked(datasets[row.part], row, category, seed, topics.get(row.part, ""))
        if isinstance(question, Doubt):
            doubts.append(question)
        elif question is None:
            without += 1
        else:
            asked.append((row, question))
            if annotation.annotated(row.values):
                outcome, why = annotation.verdict(row.values, question)
                verdicts[outcome] += 1
                if outcome in (annotation.OTHER, annotation.NONE):
                    doubts.append(_doubt(row, f"annotation {outcome}", why, question))
    doubts += doubts_among(asked)
    places = {(row.part, row.number): place for place, row in enumerate(rows)}
    doubts.sort(key=lambda doubt: places[doubt.part, doubt.row])
    return Checked(tuple(asked), tuple(doubts), without, dict(verdicts) or None)


def doubts_among(asked: Sequence[tuple[Row, Question]]) -> list[Doubt]:
    """What is doubtful about questions that can be asked: their options, and questions that stand twice."""
    doubts = [doubt for row, question in asked for doubt in _options(row, question)]
    same: dict[tuple[str, tuple[str, ...]], list[tuple[Row, Question]]] = defaultdict(list)
    for row, question in asked:
        same[words(question.problem), tuple(sorted(_text(o.text) for o in question.options))].append((row, question))
    for group in same.values():
        doubts += _group(group)
    return doubts


def report(source: str, parts: Parts | None, checked: Checked, dealt: Iterable[Question], rows: int) -> BankReport:
    """The report on rows that were checked; ``dealt`` are the questions in the splits they would be asked in, ``parts`` is None
    for the built-in curriculum."""
    questions = [question for _, question in checked.asked]
    times = Counter(words(question.problem) for question in questions)
    right = Counter(question.correct for question in questions)
    most = max((len(question.options) for question in questions), default=0)
    sets = parts.sets if parts else ()
    return BankReport(
        source=source,
        set=" | ".join(one.name for one in sets) or source,
        title=_listed([one.title for one in sets]) or "The built-in curriculum",
        rows=rows,
        questions=len(questions),
        without_question=checked.without_question,
        categories=dict(Counter(question.category for question in questions).most_common()),
        splits=dict(Counter(question.split for question in dealt)),
        option_counts=dict(sorted(Counter(len(question.options) for question in questions).items())),
        letters=tuple(LetterCount(x, right[x], right[x] / len(questions)) for x in OPTION_LETTERS[:most]),
        same_text=sum(count for count in times.values() if count > 1),
        annotation=checked.annotation,
        doubts=checked.doubts,
        topics=dict(Counter(question.topic for question in questions if question.topic).most_common()),
        right_by_value=sum(doubt.kind == "right twice" and doubt.why.endswith(BY_VALUE) for doubt in checked.doubts),
        recognised=tuple({"part": part, **what.to_json()} for part, what in parts.recognitions) if parts else (),
        sizes=option_sizes(questions),
    )


# ------------------------------------------------------------------ one row


def _asked(bank: QuestionSet, row: Row, category: str, seed: int, topic: str) -> Question | Doubt | None:
    try:
        draft = drafted(bank, row, seed)
        if draft and not key_is_there(draft):
            return Doubt(row.number, row.part, "key", f"the right answer is {draft.key[:20]!r}", _short(draft.problem))
        return draft and settle(bank, row, draft, category=category, topic=topic)
    except ValueError as error:
        return Doubt(row.number, row.part, "unreadable", str(error))


def _options(row: Row, question: Question) -> Iterable[Doubt]:
    letters: dict[str, str] = defaultdict(str)
    for option in question.options:
        letters[_text(option.text)] += option.letter
    for same in letters.values():
        if len(same) > 1:
            kind = "right twice" if question.correct in same else "doubled options"
            text = question.option(same[0]).text[:40]  # type: ignore[union-attr]
            yield _doubt(row, kind, f"options {' and '.join(same)} are both {text!r}", question)
    yield from _by_value(row, question)


def _by_value(row: Row, question: Question) -> Iterable[Doubt]:
    """That an option of another text is worth exactly what the right one is."""
    right = question.right
    for place in worth_the_same(right.text, [option.text for option in question.options]):
        option = question.options[place]
        if _text(option.text) == _text(right.text):
            continue  # told of already, as the same text
        pair = sorted((right, option), key=lambda one: one.letter)
        letters, shown = (
            " and ".join(found) for found in zip(*((o.letter, repr(o.text[:40])) for o in pair), strict=True)
        )
        yield _doubt(row, "right twice", f"options {letters}, {shown}, {BY_VALUE}", question)
        return


def _group(group: Sequence[tuple[Row, Question]]) -> Iterable[Doubt]:
    """Doubts about rows that ask the same with the same options: the later ones, or all where their answers differ."""
    first = group[0][0]
    if len({_text(question.right.text) for _, question in group}) > 1:
        for row, question in group:
            other = next(r for r, q in group if _text(q.right.text) != _text(question.right.text))
            why = f"here {question.right.text[:40]!r} is right, in {other.place.lower()} it is not"
            yield _doubt(row, "contradiction", why, question)
        return
    for row, question in group[1:]:
        yield _doubt(row, "doubled question", f"the same as {first.place.lower()}", question)


def _text(option: str) -> str:
    """What makes two options the same; capitals count, since ``Aa`` and ``AA`` are two genotypes."""
    return " ".join(option.split())


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else "".join(names)


def _doubt(row: Row, kind: str, why: str, question: Question) -> Doubt:
    return Doubt(row.number, row.part, kind, why, _short(question.problem))


def _short(problem: str) -> str:
    problem = " ".join(problem.split())
    return problem if len(problem) <= MAX_SHOWN else f"{problem[: MAX_SHOWN - 1]}…"
