"""The glossary: every term of the product, for the Help page and for tooltips. No streamlit.

    st.metric("Right", "61 of 100", help=glossary.term_help("interval"))

``?term=interval`` on Help opens at that term. The strategies' texts come from ``labels/strategy_styles.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from studentsim.labels.category_names import CATEGORY_CONTENTS
from studentsim.labels.strategy_styles import STRATEGY_STYLES

SIMULATION_GROUP, SELECTION_GROUP, LEARNING_GROUP, TEACHER_GROUP, UNCERTAINTY_GROUP = (
    "The simulation", "How questions are chosen", "How the student learns", "What the teacher does", "How sure a number is",
)  # fmt: skip
TERM_GROUPS = (SIMULATION_GROUP, SELECTION_GROUP, LEARNING_GROUP, TEACHER_GROUP, UNCERTAINTY_GROUP)


@dataclass(frozen=True)
class Term:
    """One term: ``summary`` is one plain sentence, ``details`` what else is worth knowing, ``technical_name`` the field's term."""

    id: str
    name: str
    group: str
    summary: str
    details: str = ""
    technical_name: str = ""


def strategy_term_id(strategy: str) -> str:
    """The id of a strategy's term; without ``+``, which a link would turn into a blank."""
    return f"way-{strategy.replace('+', '-and-')}"


_TERMS = (
    Term("student", "Student", SIMULATION_GROUP,
         "A small language model that answers maths questions the way a learner with given strengths might.",
         "Each profile knows some skills better than others. It is a model student: nothing here measures a real pupil.",
         "language model with a LoRA adapter"),
    Term("lesson", "Lesson", SIMULATION_GROUP,
         "One round: questions are chosen, the student answers, is marked, and learns from what it got wrong.",
         "A simulation has as many lessons as you set, 20 unless you change it.", "turn"),
    Term("practice", "Practice questions", SIMULATION_GROUP,
         "The questions of a lesson; the student learns from those it answers wrongly.",
         "Practice questions never come up in an exam. A way of choosing that looks for mistakes gets harder ones, so practice "
         "results of different ways cannot be compared; exam results can.", "training questions of a turn"),
    Term("exam", "Exam", SIMULATION_GROUP,
         "The same set of questions, never practised, asked again after every second lesson or as often as you set.",
         "Since the questions and the random numbers in answering stay the same, what changes from exam to exam is the student. The first "
         "exam comes before any lesson. New questions are of the same kinds as those of practice, with other numbers.",
         "held-out evaluation"),
    Term("category", "Category", SIMULATION_GROUP,
         "One of six areas of the questions: general, physics, gain, geometry, other, probability.",
         "The names come from the MathQA data set. " + " ".join(f"{c.capitalize()}: {about}." for c, about in CATEGORY_CONTENTS.items())),
    Term("skill", "Skill", SIMULATION_GROUP,
         "One kind of problem within a category, such as the area of a circle.",
         "Each skill of the built-in curriculum has its own right working and its own typical slips."),
    Term("mastery", "Mastery", SIMULATION_GROUP,
         "How much of a skill a student's profile is meant to know before any lesson, from 0 to 1.",
         "It is what the profile was made to be. What the student can really do is what its first exam shows."),
    Term("slip", "Slip", SIMULATION_GROUP,
         "A typical wrong way of working, such as forgetting to convert units, that leads to a particular wrong option.",
         "Each wrong option of the built-in curriculum stands for one slip. Wrong answers that fit none count as wrong all the same. "
         "Of MathQA's questions the annotated formula tells, where the working can be followed, whether a step was left out, another "
         "operation taken, wrong numbers used, a number copied, or nothing worked out.",
         "misconception"),
    Term("seed", "Seed", SIMULATION_GROUP,
         "The number that decides all random choices of a simulation but those in its exams: the same seed repeats it exactly.",
         "Runs of the same settings with different seeds show how much is chance. A separate exam seed decides the exam: runs "
         "with the same one sit the same questions with the same random numbers.", "random seed"),
    Term("recorded", "Recorded", SIMULATION_GROUP,
         "A simulation that came with the program so that there is something to look at from the first minute.",
         "Recorded simulations are real ones, made by this program earlier and kept as their journals."),
    Term("journal", "Journal", SIMULATION_GROUP,
         "The file in which a simulation writes down everything that happens, line by line.",
         "It is the truth about a simulation. The database is made from the journals and can be made anew from them."),
    Term("mix", "Category mix", SELECTION_GROUP,
         "How many of 100 practice questions come from each category.",
         "Either the way of choosing sets it or you do. It always sums to 100.", "category distribution"),
    *(Term(strategy_term_id(id), style.name, SELECTION_GROUP, style.summary, style.when_to_use, f"strategy {id}")
      for id, style in STRATEGY_STYLES.items()),
    Term("dpo", "Learning from preferences", LEARNING_GROUP,
         "From each wrong answer the student learns to prefer the right working to what it wrote itself.",
         "It is shown both and changed a little, so that the right one becomes likelier compared with the wrong one. It is not told "
         "rules, and nothing is explained to it.", "DPO, direct preference optimisation"),
    Term("pair", "Pair", LEARNING_GROUP,
         "A right working and the student's own wrong one, to the same question: what a lesson is learnt from.",
         "", "preference pair: chosen and rejected"),
    Term("lora", "Adapter", LEARNING_GROUP,
         "A small addition to the model that holds all it learns here; the model itself stays as it was.",
         "", "LoRA, low-rank adaptation"),
    Term("log-probability", "How likely", LEARNING_GROUP,
         "How likely the student finds a whole working, on a scale where 0 is certain and lower is less likely.",
         "Each point less makes it about 2.7 times less likely. Where the right working's falls while its lead grows, and the exams fall "
         "too, the student may be learning what not to say rather than what to say.", "log-probability; logps/chosen, logps/rejected"),
    Term("margin", "Lead of the right answer", LEARNING_GROUP,
         "By how much more the right working has gained ground than the student's own wrong one.",
         "Above 0 learning works in the right direction. Where the lesson before is what it compares with, as is usual here, it starts "
         "again from about 0 in every lesson; where that is the student before any lesson, as in the paper, it adds up.",
         "reward margin; rewards/margins"),
    Term("reward", "Gaining ground", LEARNING_GROUP,
         "How much likelier a working has become since the lesson began, or since before any lesson where a simulation compares with that.",
         "Beta times the change of its log-probability.", "reward; rewards/chosen, rewards/rejected"),
    Term("preference-accuracy", "Pairs preferred", LEARNING_GROUP,
         "In how many pairs the right working has gained more than the wrong one; a coin would get half.",
         "Of pairs it has just been shown it may be near 100 of 100 while the exam is not; held-out pairs tell more.",
         "rewards/accuracies"),
    Term("loss", "Loss", LEARNING_GROUP,
         "The number that learning makes smaller: 0.69 where the student knows no difference, 0 where it is sure.", "", "DPO loss"),
    Term("rehearsal", "Rehearsal", LEARNING_GROUP,
         "Beside a lesson's own pairs a few of other skills go along, so that what is not practised stays as it was.",
         "Without it a student of one kind gets better at everything, whatever it practises: it finds one way to be right rather than "
         "slip. The questions that go along come from the practice questions, never from the exam; how likely the student finds their "
         "workings is held where it was when their skill was last practised. Where questions have no skills, as in most sets for other "
         "models, their categories are kept; a lesson that practises all of them keeps nothing, and it costs nothing. The idea is old: "
         "rehearsal against forgetting (Robins 1995), experience replay (Rolnick and others 2019). The source paper has none of it.",
         "rehearsal, experience replay; squared drift of log-probabilities"),
    Term("held-out-pairs", "Held-out pairs", LEARNING_GROUP,
         "Pairs that are looked at after each lesson but never learnt from, to see whether the gains carry over to other questions.",
         "", "validation"),
    Term("second-try", "Second try", TEACHER_GROUP,
         "After a wrong answer the student may answer the same question again, with its first answer and the teacher's words before it.",
         "Further tries count with it. Practice results count first tries alone, so that simulations can be compared; an exam has one try.",
         "revision, self-correction"),
    Term("feedback", "Feedback", TEACHER_GROUP,
         "What the teacher says to a wrong answer: only that it is wrong, a hint, or the whole explanation.",
         "It comes from the question's own texts, so it costs no time. Without a second try nobody would hear it, and nothing is said."),
    Term("hint", "Hint", TEACHER_GROUP,
         "A few words that help with the slip behind a wrong answer and do not give the answer away.",
         "Each slip of the built-in curriculum has one. For other questions it is the first step of the given working; where there is "
         "none, the answer is only called wrong."),
    Term("trained-marker", "Trained marker", TEACHER_GROUP,
         "A second, small language model that reads the right answer and the student's, and says Correct or Wrong.",
         "Unless a simulation lets it decide, it only looks on, and the answer key marks. Exams are always marked by the key. How good it "
         "is, and how another is made of a student's own answers, stands below the terms.", "T5 fine-tuned as a classifier"),
    Term("label-noise", "The teacher's errors", TEACHER_GROUP,
         "Marks that are not the key's: made on purpose at a rate you set, or by a trained marker that decides.",
         "The student learns from them as if they were true. Learning more cautiously allows for a share of them.",
         "label noise"),
    Term("giving-way", "Giving way", TEACHER_GROUP,
         "A right answer is called wrong, and the student gives it up.",
         "A simulation can do this on purpose to a share of right answers, from which nothing is learnt. It is shown beside how often true "
         "words mend wrong answers: a student that does whatever it is told does both.", "sycophancy"),
    Term("accuracy", "Right answers", UNCERTAINTY_GROUP,
         "How many of the questions were answered rightly; where there are enough of them, shown as so many of 100.",
         "With fewer than 50 questions the count itself is shown, such as 7 of 12.", "accuracy"),
    Term("interval", "Interval", UNCERTAINTY_GROUP,
         "The range in brackets: with other questions of the same kind, the result could well be any in this range.",
         "68 of 100 (62 to 74) means: about 68, and hardly less than 62 or more than 74. Of ranges made this way, 95 of 100 "
         "hold what endless questions would show. Fewer questions, wider range. Two results "
         "whose ranges overlap much cannot be told apart. Compare has a sharper test for runs with the same exam.",
         "95 % confidence interval (Wilson; for differences Bonett and Price)"),
    Term("guessing", "Guessing line", UNCERTAINTY_GROUP,
         "What ticking options blindly would reach: 20 of 100 where each question has five options.",
         "A wrong slip leads to a listed option, so a student can do worse than guessing.", "chance level"),
    Term("facility", "Facility", UNCERTAINTY_GROUP,
         "How easy a question is: the share of answers to it that were right.", "", "item facility, p-value of an item"),
    Term("discrimination", "Discrimination", UNCERTAINTY_GROUP,
         "How well a question tells those who do well on the rest from those who do not.",
         "Near 0, or below, a question says little about the student; from few answers the figure itself says little.",
         "item discrimination"),
    Term("p-right", "P(right working)", UNCERTAINTY_GROUP,
         "How probable the student finds the right working word for word, averaged over an exam; it moves before the marks do.",
         "From 0 to 1. It can be small even for a good student, who may write the same thought in other words.",
         "probability of the reference working; p_correct"),
)  # fmt: skip

TERMS: Mapping[str, Term] = {term.id: term for term in _TERMS}
"""Every term by its id, in Help's order."""


def term_help(term_id: str) -> str:
    """A term's tooltip: its summary, then the field's term."""
    term = TERMS[term_id]
    return f"{term.summary} In the field: {term.technical_name}." if term.technical_name else term.summary


def search_terms(query: str) -> list[Term]:
    """The terms that contain all words of ``query``, matches of the name first; all terms for a blank query."""
    query_words = query.lower().split()

    def rank(term: Term) -> int:
        """0: the query is its name; 1 to 3: the narrowest of three texts with all words; 4: none has them."""
        names = f"{term.name} {term.id}".lower()
        texts = (
            names,
            f"{names} {term.technical_name}".lower(),
            f"{names} {term.technical_name} {term.summary} {term.details}".lower(),
        )
        if " ".join(query_words) in (term.id, term.name.lower()):
            return 0
        return next((i for i, text in enumerate(texts, 1) if all(word in text for word in query_words)), 4)

    if not query_words:
        return list(TERMS.values())
    return [term for term in sorted(TERMS.values(), key=rank) if rank(term) < 4]
