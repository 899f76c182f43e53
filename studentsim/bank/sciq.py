"""SciQ: crowd-sourced science exam questions with three distractors and mostly a supporting text.

Welbl, Liu and Gardner 2017, "Crowdsourcing Multiple Choice Science Questions", CC BY-NC 3.0 (not for commercial use),
https://allenai.org/data/sciq and https://huggingface.co/datasets/allenai/sciq. A JSON list:

    {"question": "…", "distractor1": "…", "distractor2": "…", "distractor3": "…", "correct_answer": "…", "support": "…"}

Options have no letters of their own: their order is drawn by the seed and the row's question. The support serves as
rationale. It names no category, so all its questions are of one: science.
"""

from __future__ import annotations

from studentsim import luck
from studentsim.bank.draft import Draft, Hub, QuestionSet, column, field, lettered, prose, text_field
from studentsim.bank.near import shuffled
from studentsim.bank.reading import Row

CATEGORY = "science"


def draft(row: Row, seed: int = 0) -> Draft:
    """What a row of SciQ says, its options in an order by chance.

    :raises ValueError: a field is not sound.
    """
    problem = prose(field(row.values, "question"))
    right = prose(field(row.values, "correct_answer"))
    wrong = [prose(field(row.values, f"distractor{n}")) for n in (1, 2, 3)]
    options, place = shuffled(right, wrong, luck.stream("options", "sciq", seed, problem))
    labelled = lettered(options)
    return Draft(
        problem=problem,
        options=labelled,
        key=labelled[place][0],
        category=CATEGORY,
        rationale=prose(text_field(row.values, "support")),
        identity="\n".join([right, *wrong]),
    )


SET = QuestionSet(
    name="sciq",
    title="SciQ",
    rows="question, correct_answer, distractor1 to distractor3, support",
    prefix="sciq",
    hub=Hub("allenai/sciq"),
    columns=frozenset({"question", "correct_answer", "distractor1", "distractor2", "distractor3", "support"}),
    fits=lambda values: column(values, "correct_answer") is not None and column(values, "distractor1") is not None,
    draft=draft,
)
