"""Inputs for fuzz.py: valid samples of everything that others write, and mutations of their structure and of their bytes."""

from __future__ import annotations

import json
import string
from collections.abc import Callable, Sequence
from copy import deepcopy
from random import Random
from typing import Any

OPTIONS_TEXT = "a ) 38 , b ) 27.675 , c ) 30 , d ) 1 / 2 , e ) none of these"
ROWS: tuple[dict[str, Any], ...] = (
    {"Problem": "the banker 's gain of a sum due 3 years hence at 10 % is rs . 36", "Rationale": '"explanation : 38 . answer : a"',
     "options": OPTIONS_TEXT, "correct": "a", "annotated_formula": "divide(multiply(const_100, 36), multiply(3, 10))",
     "linear_formula": "multiply(n2,const_100)|multiply(n0,n1)|divide(#0,#1)|", "category": "gain"},
    {"Problem": "p 1,200 and 0.5 ?", "Rationale": "r", "options": "['a ) 1', 'b ) 2', 'c ) 3', 'd ) 4', 'e ) 5']", "correct": "b",
     "linear_formula": "power(n0,n1)|sqrt(#0)|factorial(#1)|", "category": "physics"},
    {"question": "How many eggs?", "answer": "She has 3 + 4 = <<3+4=7>>7 eggs.\n#### 7"},
    {"question": "Which?", "subject": "astronomy", "choices": ["w", "x", "y", "z"], "answer": 2},
    {"question_id": 70, "question": "Which?", "options": ["1", "2", "3"], "answer": "C", "answer_index": 2, "cot_content": "A: Let's",
     "category": "business", "src": "s"},
    {"id": "1", "question": {"stem": "Ice?", "choices": [{"text": "water", "label": "A"}, {"text": "salt", "label": "B"}]},
     "answerKey": "A"},
    {"id": "1", "question": "What is ice? (A) water (B) salt (C) air", "answerKey": "B"},
    {"id": "1", "question": "Ice?", "choices": {"text": ["water", "salt"], "label": ["1", "2"]}, "answerKey": "2"},
    {"question": "Ice?", "distractor1": "a", "distractor2": "b", "distractor3": "c", "correct_answer": "d", "support": "s"},
    {"problem": "Solve", "level": "Level 3", "type": "Algebra", "solution": r"It is $\boxed{\frac{1}{2}}$."},
    {"question": "Q", "options": ["A)5", "B)6", "C)7"], "rationale": "Answer B", "correct": "B"},
    {"passage": None, "question": "Q", "options": ["(A)12", "(B)15"], "label": "B", "other": {"solution": "s"}},
    {"body": "Seven red apples.", "question": "How many?", "answer": "9 (apples)", "formula": "7+2=9", "solution_type": "Addition"},
    {"question": "Prime?", "a": "4", "b": "7", "c": "9", "d": "15", "answer": "B", "category": "primes", "difficulty": "easy"},
    {"Question": "Prime?", "Options": "['four', 'seven']", "Correct Answer": 1, "topic": "t", "explanation": "e"},
    {"question": "Prime?", "options": "A) 17 B) 60 C) 30", "answer": "60"},
    {"question": "Prime?", "correct answer": "7", "wrong answer 1": "4", "wrong answer 2": "9"},
)  # fmt: skip
"""A valid row of each set, in the forms that it comes in."""
FORMULAS = (
    "divide(multiply(const_100, 36), multiply(3, 10))", "add(n0,n1)|divide(#0,const_2)|", "power(9, power(9, 9))", "const_nan", "inf",
    "sqrt(add(power(3, 2), power(4, 2)))", "choose(10, 3)", "factorial(5)", "circle_area(divide(n0, const_pi))", "negate(-3)",
    "reminder(17, 5)", "log(8)", "volume_cone(1, 2)", "max(const_inf, 3)", "speed(n0,n1)|multiply(#0,const_0_2778)|", "subtract(1,000, 2)",
)  # fmt: skip
SUMS = (
    "12 + 15 + 9 =",
    "3/12 × 2/11 =",
    "(4 - 1) ÷ 3",
    "20 % of 50 = 10",
    "9**9**9",
    "1,000 - 0.5",
    "√16 = 4",
    "3 : 4",
    "2 1/2 hours",
)
LINKS = (
    {"run": "2026-01-01-abcdef", "lesson": "3", "category": "physics", "mark": "wrong"}, {"race": "a,b,c"}, {"runs": "a,group-1"},
    {"replay": "60", "present": "1", "showing": "ab12"}, {"term": "interval"}, {"category": "gain", "skill": "sale-price", "slip": "x"},
    {"like": "it", "source": "gsm8k | my.csv", "set": "mmlu"}, {"answer": "12", "question": "q1", "search": "50%_"}, {"run": "' OR 1=1--"},
)  # fmt: skip
MODEL_CONFIG = {
    "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "intermediate_size": 128, "vocab_size": 256, "tie_word_embeddings": True, "is_encoder_decoder": False,
    "text_config": None, "quantization_config": None, "torch_dtype": "float32",
}  # fmt: skip
SAFETENSORS_HEADER = {"__metadata__": {"format": "pt"}, "w": {"dtype": "F32", "shape": [4, 4], "data_offsets": [0, 64]}}
EVALUATION = {
    "written": {"right_right": 5, "right_wrong": 1, "wrong_right": 0, "wrong_wrong": 4, "naive": 9},
    "hard": {"units": {"right_right": 5, "right_wrong": 1, "wrong_right": 0, "wrong_wrong": 4}}, "replies": {}, "weights": "",
}  # fmt: skip
TABLE = 'title = "Mira"\nsummary = "s"\neasy = 10\nhard = 0\n[categories]\nphysics = 30\ngain = 12.5\n[skills]\n"sale-price" = 80\n'

NASTY_TEXTS = (
    "", " ", "\0", "\x1b[31m", "\u202e", "\ud800", "𝟘٣²½⅓", "\u2028", "$5 and $10", "![i](http://a.b/c)", "www.a.b", "http://a.b", "a@b.c",
    ":red[x]", ":material/x:", "<script>", '=HYPERLINK("x")', "＝1", "NaN", "inf", "1e400", "-0", "1,000", "9" * 400, "(B)" * 50,
    "'\\'" * 50,
    "[" * 60, "{" * 60, " " * 300, "\n" * 200, ", " * 100, "a ) " * 40, "\\boxed{" * 30, "\\frac{" * 40, "####", "None", "true", "p_right",
    "const_nan", "n99", "#0", "The answer is (a) or (b).", "…" * 50, "=" * 200, "e" * 300, "1/" * 60, "٣" * 30, "½" * 40, "-" * 300,
)  # fmt: skip
NASTY_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 10**30, -(10**400), 1e308, float("nan"), float("inf"), [], {}, [None], [[]], {"": None}, "x",
    ["a", 1], {"a": []},
)  # fmt: skip


def mutate_text(text: str, rng: Random) -> str:
    """A text with one to four changes: parts cut out, doubled, swapped or repeated often, or nasty texts put in."""
    for _ in range(rng.randint(1, 4)):
        at = rng.randint(0, len(text))
        end = min(len(text), at + rng.randint(1, 12))
        change = rng.randrange(7)
        if change == 0:
            text = text[:at] + rng.choice(NASTY_TEXTS) + text[at:]
        elif change == 1:
            text = text[:at] + text[end:]
        elif change == 2:
            text = text[:at] + text[at:end] * rng.choice((2, 3, 30, 300)) + text[end:]
        elif change == 3:
            text = text[:at] + rng.choice(string.printable) + text[end:]
        elif change == 4:
            text = text[at:] + text[:at]
        elif change == 5:
            text = (
                text[:at]
                + chr(rng.choice((rng.randrange(0x250), rng.randrange(0x2000, 0x2070), rng.randrange(0xD7FF))))
                + text[at:]
            )
        elif rng.random() < 0.02:
            text = (text[at:end] or " ") * (20_000 // max(1, end - at))
    return text[:200_000]


def mutate_value(value: Any, rng: Random, depth: int = 0) -> Any:
    """A value of JSON with one part changed, at any depth: another value, another type, a key lost, doubled or renamed."""
    if depth < 6 and isinstance(value, dict) and value and rng.random() < 0.9:
        value = dict(value)
        key = rng.choice(list(value))
        change = rng.randrange(8)
        if change == 0:
            del value[key]
        elif change == 1:
            value[mutate_text(str(key), rng)[:2000]] = value.pop(key)
        elif change == 2:
            value[rng.choice(NASTY_TEXTS)] = rng.choice(NASTY_VALUES)
        else:
            value[key] = mutate_value(value[key], rng, depth + 1)
        return value
    if depth < 6 and isinstance(value, list) and value and rng.random() < 0.8:
        value = list(value)
        index = rng.randrange(len(value))
        change = rng.randrange(5)
        if change == 0:
            del value[index]
        elif change == 1:
            value = value * rng.choice((2, 20))
        else:
            value[index] = mutate_value(value[index], rng, depth + 1)
        return value
    if isinstance(value, str) and rng.random() < 0.8:
        return mutate_text(value, rng)
    return deepcopy(rng.choice(NASTY_VALUES)) if rng.random() < 0.7 else rng.choice(NASTY_TEXTS)


def mutate_bytes(data: bytes, rng: Random) -> bytes:
    """Bytes with some flipped, cut out, doubled or replaced."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        at = rng.randint(0, len(changed))
        change = rng.randrange(5)
        if change == 0 and at < len(changed):
            changed[at] ^= 1 << rng.randrange(8)
        elif change == 1:
            del changed[at : at + rng.randint(1, 40)]
        elif change == 2:
            changed[at:at] = changed[max(0, at - rng.randint(1, 60)) : at] * rng.choice((1, 2, 100))
        elif change == 3:
            changed[at:at] = rng.randbytes(rng.randint(1, 8))
        else:
            changed[at:at] = rng.choice(
                (b'"', b",", b"\n", b"\r\n", b"{", b"]", b"\0", b";", b"\xef\xbb\xbf", b"\xff\xfe", b"1e999")
            )
    return bytes(changed[:300_000])


def make_row(rng: Random) -> dict[str, Any]:
    """A valid row, or one whose structure was changed once or twice."""
    row: Any = rng.choice(ROWS)
    for _ in range(rng.choice((0, 1, 1, 1, 2))):
        row = mutate_value(row, rng)
    return row


def make_question_file(rng: Random) -> tuple[str, bytes]:
    """(name, content) of a file of questions: rows of one kind, some of them changed, as JSON, JSON Lines or CSV, perhaps with its
    bytes changed."""
    base, count = rng.choice(ROWS), rng.choice((1, 2, 5, 12))
    rows = [base if rng.random() < 0.6 else mutate_value(base, rng) for _ in range(count)]
    suffix = rng.choice((".json", ".jsonl", ".csv"))
    if suffix == ".csv":
        lines = [
            list(base),
            *([row.get(name, "") for name in base] if isinstance(row, dict) else [row] for row in rows),
        ]
        separator = rng.choice((",", ",", ",", ";", "\t"))
        text = "\n".join(separator.join('"' + str(cell).replace('"', '""') + '"' for cell in line) for line in lines)
    elif suffix == ".jsonl":
        text = "\n".join(map(dump, rows))
    else:
        text = dump(
            rng.choice(
                (
                    rows,
                    {"data": rows},
                    {str(n): row for n, row in enumerate(rows)},
                    {"rows": [{"row": row} for row in rows]},
                )
            )
        )
    data = text.encode("utf-8", "surrogatepass" if rng.random() < 0.1 else "replace")
    name = rng.choice(("questions", "astronomy_test", "ARC-Easy", "a\x1b\u202eb")) + suffix
    return name, mutate_bytes(data, rng) if rng.random() < 0.5 else data


def dump(value: Any) -> str:
    """JSON, in which a number of thousands of digits is a text."""
    return json.dumps(value, default=str)


def pick(rng: Random, *makers: Callable[[Random], Any]) -> Any:
    """What one of these makes."""
    return rng.choice(makers)(rng)


def choose_and_mutate(samples: Sequence[str], rng: Random) -> str:
    """One of these texts, mostly changed."""
    text = rng.choice(samples)
    return text if rng.random() < 0.1 else mutate_text(text, rng)
