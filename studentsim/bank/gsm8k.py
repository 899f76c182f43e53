"""GSM8K: grade-school word problems with worked solutions, turned into multiple choice as P3 did.

Cobbe et al. 2021, "Training Verifiers to Solve Math Word Problems", MIT, https://github.com/openai/grade-school-math and
https://huggingface.co/datasets/openai/gsm8k. A row a line; the answer ends in the final number:

    {"question": "…", "answer": "She has 3 + 4 = <<3+4=7>>7 eggs.\\n#### 7"}

The options are the final number and three values within 10 of it, in an order by chance; both depend on the seed and the
row's question alone. It names no category, so all its questions are of one: word problems.
"""

from __future__ import annotations

import re

from studentsim import luck
from studentsim.bank.draft import Draft, Hub, QuestionSet, column, field, lettered, prose
from studentsim.bank.near import like, near, plain, shuffled
from studentsim.bank.reading import Row

CATEGORY = "word problems"
REACH = 10
"""How far wrong options lie from the right one, at most (P3)."""
_FINAL = re.compile(r"(-?)(\d{1,3}(?:,\d{3})+(?:\.\d{1,6})?|\d{1,12}(?:\.\d{1,6})?)\.?")


def draft(row: Row, seed: int = 0) -> Draft:
    """What a row of GSM8K says, with options made up.

    :raises ValueError: a field is not sound, or the answer does not end in ``####`` and a number.
    """
    problem = prose(field(row.values, "question"))
    working, mark, final = field(row.values, "answer").rpartition("####")
    match = _FINAL.fullmatch(final.strip().lstrip("$"))
    if not mark or not match:
        raise ValueError("'answer' does not end in #### and a number")
    written = match[1] + match[2]
    write, rng = like(match[2]), luck.stream("options", "gsm8k", seed, problem)
    wrong = [write(number) for number in near(plain(written), REACH, rng)]
    options = lettered(shuffled(written, wrong, rng)[0])
    return Draft(
        problem=problem,
        options=options,
        key=next(label for label, text in options if text == written),
        category=CATEGORY,
        rationale=prose(re.sub(r"<<[^<>]*>>", "", working)),
        identity=written,
    )


SET = QuestionSet(
    name="gsm8k",
    title="GSM8K",
    rows="question, answer (ending in #### and a number)",
    prefix="gsm8k",
    hub=Hub("openai/gsm8k", ("main",)),
    columns=frozenset({"question", "answer"}),
    # Who has options of his own wants them asked, not three numbers made up.
    fits=lambda values: (
        column(values, "question") is not None
        and isinstance(column(values, "answer"), str)
        and column(values, "choices", "options") is None
    ),
    draft=draft,
)
