"""SciQ: crowd-sourced science exam questions with three distractors and mostly a supporting text.

Welbl, Liu and Gardner 2017, "Crowdsourcing Multiple Choice Science Questions", CC BY-NC 3.0 (not for commercial use),
https://allenai.org/data/sciq and https://huggingface.co/datasets/allenai/sciq. A JSON list:

    {"question": "…", "distractor1": "…", "distractor2": "…", "distractor3": "…", "correct_answer": "…", "support": "…"}

Options have no letters of their own: their order is drawn by the seed and the row's question. The support serves as
rationale. It names no category, so all its questions are of one: science.
"""

from __future__ import annotations

from studentsim import luck
from studentsim.bank.draft import Draft, Hub, QuestionSet, field, lettered, prose
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
        rationale=prose(field(row.values, "support", blank=True)) if row.values.get("support") else "",
        identity="\n".join([right, *wrong]),
    )


SET = QuestionSet(
    name="sciq",
    title="SciQ",
    rows="question, correct_answer, distractor1 to distractor3, support",
    prefix="sciq",
    hub=Hub("allenai/sciq"),
    fits=lambda values: "correct_answer" in values or "distractor1" in values,
    draft=draft,
)
