"""The calculator of a language model: what a closed sum is, what is written behind it, and which tokens are the calculator's."""

from __future__ import annotations

import random
from fractions import Fraction
from functools import cache

import hubs
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from studentsim.cli import runner
from studentsim.config import HUB_DEFAULTS, RunConfig
from studentsim.errors import ConfigError
from studentsim.presets import list_departures
from studentsim.settings import ModelLoadingSettings
from studentsim.student.huggingface.calculator import WINDOW_TOKENS, TextCalculator
from studentsim.student.huggingface.sums import complete_equation, format_calculator_value

# ------------------------------------------------------------------ sums in running text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("So it is 12 + 15 + 9 =", " 36"), ("3x4=", "12"), ("3 + 4 = ", "7"), ("First line 1 +\n7 − 9 =", " -2"),
        ("1,200 + 300 =", " 1500"), ("0.1 + 0.2 =", " 0.3"), ("100 / 7 =", " 14.2857"), ("2 / 3 =", " 0.6667"), ("1 ÷ 64 =", " 0.015625"),
        ("10^-3 × 2 =", " 0.002"), ("5² + 1 =", " 26"), ("2 ** 10 =", " 1024"), ("2(3 + 4) =", " 14"), ("\\(3 \\times 4 =", " 12"),
        ("3 × -4 =", " -12"), ("-3 + 4 =", " 1"), ("100 × (1 + 5/100)^2 =", " 110.25"),
        # fractions
        ("1/6 + 1/8 =", " 7/24"), ("3/12 × 2/11 =", " 1/22"), ("6/8 =", " 3/4"), ("3/4 =", " 0.75"), ("7/3 =", " 2.3333"),
        ("2/3 * 100 =", " 66.6667"), ("1/3 + 1/3 + 1/3 =", " 1"), ("1/2 of 50 =", " 25"),
        # percent
        ("12% of 250 =", " 30"), ("12 percent of 250 =", " 30"), ("20% + 30% =", " 50%"),
        ("(5/20) × 100% =", " 25%"), ("5/20 × 100 =", " 25"), ("Then, 3 + 4 =", " 7"),
        # money and units
        ("Anna pays $5 + $3 =", " $8"), ("$5 - $8 =", " -$3"), ("$20 / $4 =", " 5"), ("She pays \\$2.50 × 4 =", " $10"),
        ("Rs. 500 + Rs. 200 =", " 700"), ("60 km/h * 5 hours =", " 300"), ("5 feet * 3 feet =", " 15"), ("12.5% of $80 =", " $10"),
        # what stands before it
        ("2. 3 + 4 =", " 7"), ("b) 3+4 =", " 7"), ("* 3 + 4 =", " 7"), ("Step 2: 3 + 4 =", " 7"), ("Answer : 3 + 4 =", " 7"),
        ("John's 3 + 4 =", " 7"), ("x = 3 + 4 =", " 7"), ("3 + 4 = 7 + 1 =", " 8"), ("(the sum is 3 + 4 =", " 7"), ("12 : 3 =", " 4"),
    ],
)  # fmt: skip
def test_what_follows_a_closed_sum_is_computed(text, written):
    assert complete_equation(text) == written


@pytest.mark.parametrize(
    "text",
    [
        "", "=", "27 =", "$5 =", "20% =", "3 + 4", "3 + 4 =  ", "3 + 4 =\n", "3 + 4 ==", "3 + 4 = 7 =", "3 + 4 >=", "\n= 7 ",
        # not computable
        "5 ÷ 0 =", "0^0 =", "9^60 × 9^60 =", "0.00001 / 3 =", "1234567890123 + 1 =", "2^0.5 =", "999999999999 + 1 =",
        # algebra, functions, words
        "2x + 3 =", "x + 12 * 3 =", "n 3 + 4 =", "5! + 3 =", "√16 + 3 =", "sqrt(16) + 3 =", "f(2) + 3 =", "1e5 + 3 =", "3 dozen + 4 =",
        "3 apples + 4 =", "the root of 9 + 16 =", "the average of 3 + 4 =", "twice 3 + 4 =", "5 divided by 3 + 4 =", "\\frac{3 + 4 =",
        # could mean two things
        "-2^2 =", "2^3^2 =", "6/2(1+2) =", "6 ÷ 3/4 =", "6 / 3/4 =", "50 + 20% =", "20% / 4 =", "12,5 + 1 =", "2020-01-05 =", "2 1/2 + 3 =",
        "5 hours + 30 minutes =", "30 minutes * 60 km/h =", "5 km + 3 hours =", "$5 + 30 cents =", "5 km^2 + 3 =",
        "6 : 9 =", "3:30 + 1:15 =", "1:15 + 30 =", "Step 4 : 2 + 4 =", "Total - 3 + 4 =", "- 3 + 4 =", "3 * (12 + 15 =", "3) + 4 =",
    ],
)  # fmt: skip
def test_what_is_no_closed_sum_is_left_alone(text):
    assert complete_equation(text) is None


def test_a_sum_that_began_before_what_is_looked_at_is_left_alone():
    assert complete_equation("9 + " + "1 + " * 20 + "1 =") == " 30"
    assert complete_equation("9 + " + "1 + " * 60 + "1 =") is None
    assert complete_equation("word " * 60 + "so 3 + 4 =") == " 7"


OPS = {"+": ("+",), "-": ("-", "−"), "×": ("×", "*", "x"), "÷": ("÷", "/")}


@st.composite
def sums(draw: st.DrawFn, depth: int = 2) -> tuple[str, Fraction | None]:
    """A sum as text, every step in brackets, and its value, worked out on the way; None where it divides by zero."""
    if depth == 0 or draw(st.booleans()):
        whole, places = draw(st.integers(0, 20000)), draw(st.sampled_from([0, 0, 1, 2]))
        number = f"{whole:,}" if draw(st.booleans()) else str(whole)
        decimals = f".{draw(st.integers(0, 10**places - 1)):0{places}d}" if places else ""
        return number + decimals, Fraction(number.replace(",", "") + decimals)
    (left, a), (right, b) = draw(sums(depth - 1)), draw(sums(depth - 1))
    op = draw(st.sampled_from(sorted(OPS)))
    value = None
    if a is not None and b is not None and not (op == "÷" and b == 0):
        value = {"+": a.__add__, "-": a.__sub__, "×": a.__mul__, "÷": a.__truediv__}[op](b)
    blank = draw(st.sampled_from([" ", ""]))
    return f"({left}{blank}{draw(st.sampled_from(OPS[op]))}{blank}{right})", value


@given(
    sums(),
    st.sampled_from(["", "So ", "The total is ", "Then, ", "x = ", "Step 1: ", "line\n"]),
    st.sampled_from([" =", "=", " = "]),
)
@settings(max_examples=150, deadline=None)
def test_what_is_written_reads_back_as_the_sum_s_value(found, before, equals):
    text, value = found
    written = complete_equation(before + text + equals)
    if value is None or "(" not in text:
        assert written is None
    elif written is not None:
        assert written[:1].isspace() == (equals == " =")
        read = Fraction(written)
        rounding = 0 if "/" in written or (value * 10**6).denominator == 1 else Fraction(1, 2 * 10**4)
        assert abs(read - value) <= rounding and abs(read - value) <= abs(value) / 100
    else:
        assert format_calculator_value(value) is None or len(before + text) > 118


@given(
    st.text(alphabet="0123456789 .,+-*x×/÷^()%$=:ab\n", max_size=60) | st.text(max_size=60),
    st.sampled_from(["", "=", " = "]),
)
@settings(max_examples=200, deadline=None)
def test_no_text_makes_it_raise(text, end):
    written = complete_equation(text + end)
    assert written is None or Fraction(written.replace("$", "").strip().rstrip("%")) is not None


# ------------------------------------------------------------------ tokens


@cache
def bytewise() -> PreTrainedTokenizerFast:
    """A token for every byte, digits single as in many a model, and nothing else."""
    letters = ["!", *sorted({*pre_tokenizers.ByteLevel.alphabet()} - {"!"})]
    core = Tokenizer(models.BPE({letter: n for n, letter in enumerate(letters)}, []))
    core.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    core.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=core, eos_token="!", pad_token="!")


TOKENIZERS = {
    "bpe": hubs.tokenizer, "metaspace first": hubs.metaspace, "metaspace always": lambda: hubs.metaspace("always"), "bytes": bytewise,
}  # fmt: skip


@cache
def calculator(name: str) -> TextCalculator:
    return TextCalculator(TOKENIZERS[name]())


def ids_of(name: str, text: str) -> list[int]:
    return TOKENIZERS[name]()(text, add_special_tokens=False).input_ids


def written_by(name: str, rows: list[str], *, limit: int = 24) -> tuple[list[list[int]], list[list[int]]]:
    """What rows write whose student means to write these texts, and 0 for each id that left it no choice.

    A loop as ``generate.generate`` has it, greedy; rows leave when they are done.
    """
    tokens = TOKENIZERS[name]()
    meant = [ids_of(name, row) for row in rows]
    ids: list[list[int]] = [[] for _ in rows]
    chosen: list[list[int]] = [[] for _ in rows]
    processor = calculator(name).processor(ids)
    alive = list(range(len(rows)))
    history = torch.zeros((len(rows), 1), dtype=torch.long)
    while alive:
        scores = torch.full((len(alive), len(tokens)), -5.0)
        for place, row in enumerate(alive):
            scores[place, meant[row][0] if meant[row] else tokens.eos_token_id] = 0.0
        scores = processor(history, scores)
        stay = []
        for place, (row, token) in enumerate(zip(alive, scores.argmax(-1).tolist(), strict=True)):
            free = int(torch.isfinite(scores[place]).sum()) > 1
            if free and not meant[row]:
                continue
            if free:
                assert token == meant[row].pop(0)
            else:
                assert scores[place].log_softmax(-1)[token] == 0
            ids[row].append(token)
            chosen[row].append(int(free))
            if len(ids[row]) < limit:
                stay.append(place)
        history = torch.cat([history, scores.argmax(-1)[:, None]], -1)[stay]
        processor.keep(stay)
        alive = [alive[place] for place in stay]
    return ids, chosen


@pytest.mark.parametrize("name", TOKENIZERS)
def test_the_value_is_written_in_the_tokens_that_the_model_would_write(name):
    found, chosen = written_by(name, ["so 12 + 15 = apples", "3 + 4", "12 - 5=", "2x = 5"], limit=60)
    texts = [TOKENIZERS[name]().decode(ids, skip_special_tokens=True) for ids in found]
    assert texts == ["so 12 + 15 = 27 apples", "3 + 4", "12 - 5=7", "2x = 5"]
    assert found[0] == ids_of(name, "so 12 + 15 = 27 apples")
    spelled = [[t for t, own in zip(*row, strict=True) if not own] for row in zip(found, chosen, strict=True)]
    assert [TOKENIZERS[name]().decode(ids).strip() for ids in spelled] == ["27", "", "7", ""]


@pytest.mark.parametrize("name", TOKENIZERS)
@pytest.mark.parametrize("limit", [20, 70])
def test_the_mask_marks_what_the_processor_forced_and_nothing_else(name, limit):
    rng = random.Random(name)
    pieces = [
        "a 12 + 15 =",
        "a 3 * 4 = ",
        " so 10 / 4 =",
        "2x = 7 x",
        "cost $5 + $3 =",
        "\n",
        "a 9 - 9=",
        " 1/6 + 1/8 = x",
        "x ",
    ]
    found, chosen = written_by(
        name, ["".join(rng.choice(pieces) + " a" for _ in range(4)) for _ in range(12)], limit=limit
    )
    assert [calculator(name).loss_mask(ids) for ids in found] == chosen
    assert sum(row.count(0) for row in chosen) > 12


@pytest.mark.parametrize("name", TOKENIZERS)
def test_an_answer_goes_on_wherever_it_was_cut(name):
    (whole,), (chosen,) = written_by(name, ["so 12 + 1500 = apples and 3 * 4 ="], limit=80)
    assert 0 in chosen
    for cut, token in enumerate(whole):
        processor = calculator(name).processor([whole[:cut]])
        scores = processor(torch.tensor([[0, *whole[:cut]]]), torch.zeros(1, len(TOKENIZERS[name]())))
        assert bool(torch.isfinite(scores).sum() > 1) == chosen[cut]
        assert chosen[cut] or int(scores.argmax()) == token
        assert calculator(name).loss_mask(whole[:cut]) == chosen[:cut]


@pytest.mark.parametrize("name", TOKENIZERS)
@pytest.mark.parametrize("cut", [False, True])
def test_no_digit_of_the_student_s_makes_the_value_another(name, cut):
    """Here it would rather write digits than anything: behind the value, and behind a point after it, it may not."""
    tokens, begun = TOKENIZERS[name](), written_by(name, ["12 + 15 ="])[0][0]
    digits, point = calculator(name).digit_token_ids, tokens.convert_tokens_to_ids(".")
    ids = begun if cut else ids_of(name, "12 + 15 =")
    processor = calculator(name).processor([ids])
    history = torch.tensor([[0, *ids]])
    for wanted, barred in ((point, True), (point, True), (digits[0], False)):
        scores = torch.zeros(1, len(tokens))
        scores[0, digits] = 1.0
        scores = processor(history, scores)
        while int(torch.isfinite(scores).sum()) == 1:
            history = torch.cat([history, scores.argmax(-1, keepdim=True)], -1)
            scores = processor(history, torch.zeros(1, len(tokens)))
        assert torch.isfinite(scores[0, digits]).tolist() == [not barred] * len(digits)
        assert torch.isfinite(scores[0]).sum() >= len(tokens) - len(digits)
        history = torch.cat([history, torch.tensor([[int(wanted)]])], -1)
    assert history[0, 1 : 1 + len(begun)].tolist() == begun


def test_what_the_student_wrote_itself_is_its_own():
    right, wrong = ids_of("bpe", "12 + 15 = 27."), ids_of("bpe", "12 + 15 = 28.")
    assert 0 in calculator("bpe").loss_mask(right)
    assert calculator("bpe").loss_mask(wrong) == [1] * len(wrong)


def test_the_sum_is_found_in_long_answers_and_its_own_line_alone():
    long = ids_of("bytes", "word " * 60 + "so 3 + 4 =")
    assert len(long) > WINDOW_TOKENS and bytewise().decode(calculator("bytes").result_ids(long)) == " 7"
    assert calculator("bytes").result_ids(ids_of("bytes", "3 +\n4 =")) == ()
    # Signs of two tokens each: the text that is left is short, and its beginning is missing all the same.
    assert calculator("bytes").result_ids(ids_of("bytes", "1+" + "1×" * 42 + "2 =")) == ()
    assert bytewise().decode(calculator("bytes").result_ids(ids_of("bytes", "1+" + "1×" * 40 + "2 ="))) == " 3"


def test_a_value_that_the_tokenizer_cannot_write_is_left_alone():
    core = Tokenizer(models.WordLevel({"<u>": 0, "3": 1, "4": 2, "+": 3, "=": 4}, unk_token="<u>"))
    core.pre_tokenizer = pre_tokenizers.Whitespace()
    own = PreTrainedTokenizerFast(tokenizer_object=core, unk_token="<u>", eos_token="<u>")
    assert TextCalculator(own).result_ids(own("3 + 4 =").input_ids) == ()


@given(st.lists(st.integers(0, 720), max_size=40))
@settings(max_examples=100, deadline=None)
def test_no_ids_make_it_raise(ids):
    mask = calculator("bpe").loss_mask(ids)
    assert len(mask) == len(ids) and set(mask) <= {0, 1}
    calculator("bpe").compute_row_state(ids)


# ------------------------------------------------------------------ the setting


def test_the_calculator_is_off_unless_asked_for():
    assert not ModelLoadingSettings().calculator and "calculator" not in HUB_DEFAULTS["model_loading"]
    assert runner.build_config("default", {"model": "a/b", "calculator": True}).model_loading.calculator
    with pytest.raises(ConfigError, match=r"model_loading\.calculator"):
        RunConfig.make(model_loading={"calculator": "sometimes"})
    paper = RunConfig.paper(model="a/b")
    asked = paper.model_copy(update={"model_loading": paper.model_loading.model_copy(update={"calculator": True})})
    assert {*map(str, list_departures(asked))} - {*map(str, list_departures(paper))} == {
        "a calculator for its sums: yes (the paper: no)."
    }
