"""Replies as language models write them, made from forms, values and distractors, each with the letter it means."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from studentsim.student.answer_parsing.reply import parse_reply_full
from studentsim.types import Option, Question


def parse_reply(text: str, question: Question, *, ended: bool | None = None) -> tuple[str | None, str | None]:
    """The letter and the value of a reply."""
    return parse_reply_full(text, question, ended=ended)[:2]


def question(options: list[str], problem: str = "How many?") -> Question:
    """A question with these options; a is right, which the reader does not look at."""
    told = tuple(Option(letter, text) for letter, text in zip("abcdefghij", options, strict=False))
    return Question("q", "mmlu", "general", problem, told, "a", "", split="study")


VALUES: list[list[list[str]]] = [
    # a question: for each option its text, and other ways to write it
    [["12", "12.0", "$12$"], ["24", "24.00", "\\text{24}"], ["36", "**36**"], ["48", "\\mathbf{48}"]],
    [["-4", "−4", "–4", "$-4$", "minus 4"], ["4"], ["-2", "−2"], ["2"]],
    [["−1/2", "-0.5", "-\\frac{1}{2}", "−½"], ["1/2", "0.5", "\\dfrac12", "½"], ["-2", "−2.0"], ["2", "4/2"]],
    [
        ["2 1/2", "2.5", "2\\frac{1}{2}", "5/2", "2½"],
        ["3 1/2", "3.5", "3 \\tfrac12"],
        ["2", "2.0"],
        ["1/2", "0.5", "\\frac12"],
    ],
    [["√2", "\\sqrt{2}", "\\sqrt2", "sqrt(2)"], ["2√2", "2\\sqrt{2}", "2 sqrt 2"], ["2", "2.0"], ["√3", "\\sqrt3"]],
    [["1:2", "1 : 2", "1 to 2"], ["2:3", "2 : 3", "2∶3"], ["3:2", "3 : 2"], ["1:3"]],
    [
        ["Rs. 1,20,000", "120000 rupees", "Rs. 1,20,000/-", "₹120,000"],
        ["Rs. 1,300", "Rs 1300", "1300"],
        ["Rs. 12,000"],
        ["Rs. 120"],
    ],
    [
        ["$5", "5 dollars", "\\$5", "$5.00"],
        ["$50", "50 dollars", "50"],
        ["$0.50", "$.50", "0.5 dollars"],
        ["$500", "USD 500"],
    ],
    [
        ["5 cm", "5 centimeters", "5cm", "5 \\text{ cm}"],
        ["50 cm", "50 cms", "50"],
        ["500 cm", "500 centimetres"],
        ["0.5 cm", ".5 cm"],
    ],
    [["20 %", "20%", "20\\%", "20 percent"], ["25 %", "25 per cent", "25"], ["2 %", "2%"], ["0.2 %", "0.2\\%"]],
    [
        ["3 hrs 20 min", "3 hours 20 minutes", "3 h 20 min"],
        ["3 hrs", "3 hours"],
        ["20 min", "20 minutes"],
        ["2 hrs 20 min"],
    ],
    [["2π", "2\\pi", "2 pi"], ["4π", "$4\\pi$"], ["4", "4.0"], ["π/2", "\\frac{\\pi}{2}"]],
    [["1,500", "1500", "1.5e3", "1.5 × 10^3"], ["1.5", "3/2"], ["15", "15.0"], ["150", "150."]],
    [["10^-3", "10^{-3}", "10⁻³", "0.001"], ["10^3", "1000", "1,000"], ["10^-2", "0.01"], ["10^2", "100"]],
    [
        ["24 m^2", "24 m²", "24 square meters"],
        ["24 m", "24 metres"],
        ["24 cm^2", "24 sq. cm"],
        ["24 cm", "24 centimeters"],
    ],
    [
        ["60 km/h", "60 km per hour", "60 kmph"],
        ["60 m/s", "60 meters per second"],
        ["60 km", "60 kilometers"],
        ["6 km/h"],
    ],
    [
        ["mitosis", "Mitosis", "**mitosis**"],
        ["meiosis", "\\text{meiosis}"],
        ["binary fission"],
        ["none of the above", "None of these"],
    ],
    [["BB BB"], ["BB Bb", "\\text{BB Bb}"], ["Bb Bb"], ["bb bb"]],
    [["Error", "error"], ["aab"], ["ab"], ["a ab"]],
    [["CO2", "CO₂", "\\text{CO}_2"], ["NO2", "NO₂"], ["O2", "O₂"], ["CO", "\\mathrm{CO}"]],
    [["(2, 3)", "(2,3)", "( 2 , 3 )"], ["(3, 2)", "(3,2)"], ["[2, 3]", "[2,3]"], ["(2, 3]"]],
    [["the park", "The park"], ["the old park", "the old park"], ["the lake"], ["both the park and the lake"]],
    [["30°", "30 degrees", "30^\\circ"], ["60°", "60^{\\circ}", "60 degrees"], ["90°", "90\\degree"], ["120°"]],
]
VALUE_FORMS = [
    "The answer is {}.",
    "The answer is {}",
    "The correct answer is {}.",
    "**Answer:** {}",
    "Answer: {}",
    "A: {}",
    "Ans: {}",
    "Final answer: {}",
    "\\boxed{{{}}}",
    "$\\boxed{{{}}}$",
    "So the answer is {}.",
    "The answer is: {}",
    "answer = {}",
    "<answer>{}</answer>",
    "### Answer\n{}",
    "The final answer is $\\boxed{{{}}}$.",
    "The answer seems to be {}.",
    "The answer must be {}.",
    "Therefore, the correct answer is **{}**.",
    "The answer would be {}.",
    "The answer turns out to be {}.",
]
LETTER_FORMS = [
    "The answer is {L}.",
    "The answer is ({L}).",
    "Answer: {l}",
    "Answer: ({l})",
    "**Answer: {L}**",
    "\\boxed{{{L}}}",
    "\\boxed{{\\text{{({L})}}}}",
    "Option {L} is correct.",
    "So the correct option is ({l}).",
    "Answer：（{L}）",
    "<answer>{L}</answer>",
    '{{"answer": "{L}"}}',
    "I would choose option {L}.",
    "The answer seems to be {L}.",
    "That leaves {L}.",
    "The correct answer is {L}) {t}",
    "The answer is {l}) {t}.",
    "({L}) {t} is the correct answer.",
    "[[{L}]]",
    "Final Answer: {L}",
    "The best answer is {L}.",
    "Answer: {L}. {t}",
    "The correct choice is **{L}: {t}**",
    "It must be option {L}.",
]
NOTHING = [
    "The answer is not {L}.",
    "Option {L} is wrong.",
    "If the answer were {L}, it would be too much.",
    "The answer is {L} or {M}.",
    "Is the answer {L}?",
    "<think>The answer is {L}.",
    "I cannot answer this question.",
    "The answer cannot be {L}.",
    "The wrong answer is {L}.",
    "Either {L} or {M}.",
    "Suppose the answer is {L}.",
    "Both ({l}) and ({m}) are correct.",
]
BEFORE = [
    "",
    "",
    "",
    "<think>The answer is {M}. No.</think>\n",
    "Perhaps it is {M}.\n</think>\n\n",
    "[THINK]Answer: {M}[/THINK]",
    "<reasoning>{M}?</reasoning>\n",
    "Let's think step by step.\n\n",
    "Option {M} is wrong since it stops early.\n",
    "The answer is not {M}.\n",
    "Suppose the answer is {M}. That is too much.\n",
    "{list}\n\n",
    "Looking at the options:\n{list}\nwe work it out.\n",
    "First we read the question again. Then we work.\n\n",
    "If it were {M}, we would see it.\n",
    "Question: How many?\n{list}\n",
    "One might think the answer is {M}.\n",
    "Sure! Here is my answer.\n\n",
]
AFTER = [
    "",
    "",
    "",
    "\n\nQuestion: Tom has 7 pens. How many?\nThe answer is {M}.",
    "\n\nQ: What is 3 x 8?\nA: {o}",
    "\nUser: And now?\nAssistant: The answer is {M}.",
    "\n\nAnswer the multiple-choice question:\nTom has 5 pens.\na) 11\nb) 10\nc) 19\nd) 13\nSolution: The answer is {m}) 19",
    "\n\nI hope this helps!",
    "\n\nOption {M} would be right only if the price fell.",
    "\n\nExplanation: option {M} forgets a step.",
    "<|im_end|>\n<|im_start|>user\nThe answer is {M}.",
    "\nIf the answer were {M}, the sum would be larger.",
    "\n\nNext question: how many legs?\nThe answer is {M}.",
    "\n\n{M} is incorrect.",
    "<think>Or {M}?",
]


def generated(count: int, seed: int = 0) -> Iterator[tuple[Question, str, str | None]]:
    """Questions, replies to them, and the letters these mean (None: none)."""
    rng = Random(seed)
    for _ in range(count):
        values = rng.choice(VALUES)
        order = rng.sample(values, len(values))
        asked = question([ways[0] for ways in order])
        target, other = rng.sample(range(len(order)), 2)
        letter, wrong = "abcd"[target], "abcd"[other]
        names = {
            "l": letter,
            "L": letter.upper(),
            "m": wrong,
            "M": wrong.upper(),
            "t": order[target][0],
            "o": order[other][0],
        }
        names["list"] = "\n".join(f"{o.letter}) {o.text}" for o in asked.options)
        kind = rng.random()
        if kind < 0.1:
            yield asked, rng.choice(NOTHING).format(**names), None
            continue
        said = (
            rng.choice(LETTER_FORMS).format(**names)
            if kind < 0.5
            else rng.choice(VALUE_FORMS).format(rng.choice(order[target]))
        )
        before, after = (rng.choice(parts).format(**names) for parts in (BEFORE, AFTER))
        yield asked, before + said + after, letter
