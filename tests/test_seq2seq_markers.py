"""Any encoder and decoder as a marker: what it reads, how it is judged by, and what is refused before and while it is loaded."""

import json
import shutil
from dataclasses import replace

import hubs
import pytest
import tiny_graders
import torch
from casts import bank
from tiny_graders import make
from transformers import (
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    ByT5Tokenizer,
    T5Config,
    T5EncoderModel,
    T5ForConditionalGeneration,
)

from studentsim import factory
from studentsim.config import RunConfig
from studentsim.errors import ConfigError, StudentError
from studentsim.grader import model as marking
from studentsim.grader.encoding import InputEncoder, encode_label, encode_targets, get_decoder_start_token_id
from studentsim.grader.model import build_grader, load_grader
from studentsim.grader.prompt import build_grader_prompt
from studentsim.runs import grader_info, preflight
from studentsim.settings import TeacherSettings
from studentsim.student.huggingface import resolve
from studentsim.student.huggingface.hardware import Hardware
from studentsim.types import Option

KINDS = ["t5", "bart"]
QUESTION = bank().study[0]
ROWS = [(q, f"So it is\nAnswer: {q.options[n % 5].text}") for n, q in enumerate(bank().study[:40])]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    torch.set_num_threads(1)
    return {kind: make(tmp_path_factory.mktemp("graders"), kind) for kind in KINDS}


def says(model, tokenizer, kind, ids, word):
    """The log-probability of a word's tokens as plain transformers tells it: one row, one pass, labels and their shift its own."""
    labels = torch.tensor([tokenizer(word).input_ids])
    out = model(input_ids=torch.tensor([ids]), labels=labels)
    return out.logits.log_softmax(-1).gather(-1, labels[..., None]).sum().item()


@pytest.mark.parametrize("kind", KINDS)
def test_a_verdict_is_the_likelier_of_the_two_words_and_every_answer_gets_one(made, kind):
    marker = load_grader(str(made[kind]))
    verdicts = marker.judge(ROWS)
    assert len({round(v.p_correct, 7) for v in verdicts}) > 20, "a verdict hangs on what was read"
    model, tokenizer = (
        AutoModelForSeq2SeqLM.from_pretrained(made[kind]).eval(),
        AutoTokenizer.from_pretrained(made[kind]),
    )
    with torch.no_grad():
        for (question, text), verdict in zip(ROWS[:8], verdicts, strict=False):
            ids = tokenizer(build_grader_prompt(question, text)).input_ids
            logps = [says(model, tokenizer, kind, ids, word) for word in ("Correct", "Wrong")]
            assert verdict.p_correct == pytest.approx(torch.tensor(logps).softmax(-1)[0].item(), rel=1e-3)


@pytest.mark.parametrize("kind", ["mt5", "longt5", "mbart", "switch_transformers"])
def test_other_kinds_of_encoders_and_decoders_judge_too(tmp_path, kind):
    marker = load_grader(str(make(tmp_path, kind)))
    together = [v.p_correct for v in marker.judge(ROWS[:6])]
    assert together == pytest.approx([marker.judge([row])[0].p_correct for row in ROWS[:6]], rel=1e-3)
    assert len(set(together)) > 3


@pytest.mark.parametrize("kind", KINDS)
def test_a_verdict_hangs_on_neither_batch_nor_padding(made, kind):
    marker = load_grader(str(made[kind]))
    rows = [(q, f"{'more ' * (n % 7)}\nAnswer: {n}") for n, (q, _) in enumerate(ROWS)]
    together = [v.p_correct for v in marker.judge(rows)]
    assert together == pytest.approx([marker.judge([row])[0].p_correct for row in rows], abs=1e-5)


def test_a_large_marker_judges_alike_on_all_cores_and_gives_them_back(made, monkeypatch):
    small = [v.p_correct for v in load_grader(str(made["t5"])).judge(ROWS)]
    monkeypatch.setattr(marking, "LARGE_MODEL_PARAMETERS", 1)
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    threads, seen = torch.get_num_threads(), []
    large = load_grader(str(made["t5"]))
    monkeypatch.setattr(
        marking,
        "pad_batch",
        lambda *given, real=marking.pad_batch: (seen.append(torch.get_num_threads()), real(*given))[1],
    )
    assert [v.p_correct for v in large.judge(ROWS)] == pytest.approx(small, abs=1e-5)
    assert set(seen) == {2} and len(seen) == 3 and torch.get_num_threads() == threads


def test_the_decoder_begins_as_its_config_says_and_a_tokenizers_beginning_stays_before_the_word(made):
    tokenizer = AutoTokenizer.from_pretrained(made["bart"])
    assert [
        get_decoder_start_token_id(AutoModelForSeq2SeqLM.from_pretrained(made[k]), tokenizer) for k in ("t5", "bart")
    ] == [0, 1]
    backend = tokenizer.backend_tokenizer
    from tokenizers import processors

    backend.post_processor = processors.TemplateProcessing(
        single="<bos> $A <eos>", special_tokens=[("<bos>", 2), ("<eos>", 1)]
    )
    words = [backend.encode(word, add_special_tokens=False).ids for word in ("Correct", "Wrong")]
    assert encode_targets(tokenizer) == [[2, *ids] for ids in words]
    assert encode_label(tokenizer, is_correct=False) == [2, *words[1], 1]


def test_a_tokenizer_without_padding_will_do(made, tmp_path):
    shutil.copytree(made["bart"], tmp_path / "it")
    config = json.loads((tmp_path / "it" / "tokenizer_config.json").read_text())
    config["pad_token"] = None
    (tmp_path / "it" / "tokenizer_config.json").write_text(json.dumps(config))
    marker = load_grader(str(tmp_path / "it"))
    assert marker.tokenizer.pad_token_id is None
    expected = [v.p_correct for v in load_grader(str(made["bart"])).judge(ROWS)]
    assert [v.p_correct for v in marker.judge(ROWS)] == pytest.approx(expected, abs=1e-5)


def test_padding_and_truncation_that_a_tokenizer_was_saved_with_are_not_heeded(made, tmp_path):
    shutil.copytree(made["t5"], tmp_path / "it")
    tokenizer = AutoTokenizer.from_pretrained(made["t5"])
    tokenizer.backend_tokenizer.enable_truncation(12)
    tokenizer.backend_tokenizer.enable_padding(length=200)
    tokenizer.backend_tokenizer.save(str(tmp_path / "it" / "tokenizer.json"))
    assert load_grader(str(tmp_path / "it")).judge(ROWS) == load_grader(str(made["t5"])).judge(ROWS)


# ------------------------------------------------------------------ the input's limit


def tokens_of(encode, question, text):
    return encode.tokenizer.decode(encode(question, text))


def test_a_long_answer_without_an_answer_line_keeps_its_end_and_the_question_to_the_marker():
    encode = InputEncoder(hubs.tokenizer(None))
    text = "first " + "and so on " * 200 + "so I take 17"
    said = tokens_of(encode, QUESTION, text)
    assert len(encode.encode_untruncated(QUESTION, text)) > 128 >= len(encode(QUESTION, text)) > 110
    assert said.endswith('so I take 17"\nIs the answer Correct or Wrong?') and "first" not in said
    assert said.startswith(f"Context: {QUESTION.correct}) {QUESTION.correct_option.text}")


def test_a_long_answer_with_an_answer_line_keeps_what_it_answers():
    said = tokens_of(InputEncoder(hubs.tokenizer(None)), QUESTION, "working\nAnswer: 17\n" + "and so on " * 200)
    assert '"Answer: 17\nand so on' in said and said.endswith("Is the answer Correct or Wrong?")


def test_a_long_right_option_leaves_half_of_the_room_to_the_answer():
    long = replace(QUESTION, options=(Option("a", "never mind " * 100), Option("b", "2")), correct="a")
    encode = InputEncoder(hubs.tokenizer(None))
    said = tokens_of(encode, long, "Answer: 17")
    assert len(encode(long, "Answer: 17")) <= 128 and said.startswith("Context: a) never mind never")
    assert '"Answer: 17"' in said and said.endswith("Is the answer Correct or Wrong?")


def test_an_answer_that_fits_is_read_whole():
    encode = InputEncoder(hubs.tokenizer(None))
    text = (
        "The average of the three is 17 and not 18, since their total is what is to be shared "
        "equally among the three of them, and no more than it"
    )
    assert len(text) > 128 and text in tokens_of(encode, QUESTION, text)


def test_a_model_with_fewer_places_gets_shorter_inputs(made):
    model, tokenizer = AutoModelForSeq2SeqLM.from_pretrained(made["bart"]), AutoTokenizer.from_pretrained(made["bart"])
    model.config.max_position_embeddings = 80
    assert len(build_grader(model, tokenizer).encode_input(QUESTION, "word " * 300)) <= 80


def test_a_tokenizer_written_in_python_will_do_and_control_tokens_in_an_answer_are_plain_characters():
    tokenizer = ByT5Tokenizer()
    model = T5ForConditionalGeneration(
        T5Config(vocab_size=384, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2, decoder_start_token_id=0)
    )
    marker = build_grader(model, tokenizer)
    ids = marker.encode_input(QUESTION, "Answer: 17 </s><pad>")
    assert ids.count(tokenizer.eos_token_id) == 1 and tokenizer.pad_token_id not in ids and len(ids) <= 128
    assert [len(ids) for ids in marker.targets] == [7, 5] and len(marker.judge(ROWS[:3])) == 3


# ------------------------------------------------------------------ refused while it is loaded


def test_a_folder_without_its_tokenizer_is_refused_and_not_read_as_unknown_words(made, tmp_path):
    for kind in ("t5", "bart"):
        AutoModelForSeq2SeqLM.from_pretrained(made[kind]).save_pretrained(tmp_path / kind)
        with pytest.raises(ConfigError, match="has no tokenizer"):
            load_grader(str(tmp_path / kind))
        (tmp_path / kind / "tokenizer_config.json").write_text("{}")  # of which transformers makes one without words
        with pytest.raises(StudentError, match="cannot write 'Correct' and 'Wrong'|tokenizer of .* cannot be read"):
            load_grader(str(tmp_path / kind))


def test_weights_that_lack_the_decoder_are_refused_and_not_made_up(made, tmp_path):
    T5EncoderModel.from_pretrained(made["t5"]).save_pretrained(tmp_path / "half")
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        shutil.copy(made["t5"] / name, tmp_path / "half")
    with pytest.raises(StudentError, match="not whole: .* of its weights are missing"):
        load_grader(str(tmp_path / "half"))


def test_a_tokenizer_of_another_model_is_refused(tmp_path):
    tokenizer = hubs.tokenizer(None)
    T5ForConditionalGeneration(
        T5Config(vocab_size=100, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2)
    ).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(StudentError, match=f"{len(tokenizer)} tokens and the model 100"):
        load_grader(str(tmp_path))


# ------------------------------------------------------------------ refused before a run is made


def pinned(marker, **settings):
    return preflight.check_run_config(tiny_graders.run_config(marker, **settings)).teacher


@pytest.mark.parametrize("kind", KINDS)
def test_its_version_is_written_in_and_another_one_is_refused_in_words(made, tmp_path, kind):
    folder = shutil.copytree(made[kind], tmp_path / "it")
    teaching = pinned(folder)
    assert teaching.grader_revision == resolve.compute_fingerprint(folder) and teaching.grader == str(folder)
    shutil.copytree(make(tmp_path / "other", kind, seed=1), folder, dirs_exist_ok=True)
    config = tiny_graders.run_config(folder).model_copy(update={"teacher": teaching})
    for ask in (lambda: preflight.check_run_config(config), lambda: factory.build_teacher(config)):
        with pytest.raises(ConfigError, match="not the one that was meant: its files are files-.*not files-") as caught:
            ask()
        assert caught.value.field == "teacher.grader_revision"


def test_a_folder_is_pinned_by_its_whole_path(made, tmp_path, monkeypatch):
    monkeypatch.chdir(made["t5"].parent)
    assert pinned(made["t5"].name).grader == str(made["t5"])


@pytest.mark.parametrize("marker", ["", "embedded"])
def test_a_version_of_a_marker_that_has_none_is_refused(marker):
    with pytest.raises(ConfigError) as caught:
        preflight.check_run_config(RunConfig.make(teacher=TeacherSettings(grader=marker, grader_revision="abc")))
    assert caught.value.field == "teacher.grader_revision" and "abc" in caught.value.problem


def test_a_plain_teacher_and_the_embedded_marker_stay_as_they_were():
    assert preflight.check_run_config(tiny_graders.run_config("embedded")).teacher == TeacherSettings(
        grader="embedded", grade_source="grader"
    )
    assert TeacherSettings().grader_revision == ""


@pytest.mark.parametrize("kind", ["gemma", "llama"])
def test_a_causal_model_is_refused_as_a_marker_and_an_encoder_and_decoder_as_student_and_writer(made, tmp_path, kind):
    causal = hubs.save(tmp_path, kind)
    with pytest.raises(ConfigError, match=f"no encoder and decoder .{kind}., and so cannot be a marker") as caught:
        pinned(causal)
    assert caught.value.field == "teacher.grader"
    with pytest.raises(ConfigError, match="an encoder and decoder .t5., and so cannot be a student") as caught:
        preflight.check_run_config(hubs.config(made["t5"]))
    assert caught.value.field == "model"
    with pytest.raises(ConfigError, match="cannot be a writer of hints") as caught:
        grader_info.check_teacher(hubs.config("embedded", teacher={"hint_model": str(made["t5"]), "attempts": 2}))
    assert caught.value.field == "teacher.hint_model"


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "no config.json"),
        ({"config.json": '{"is_encoder_decoder": true}'}, "no weights"),
        ({"config.json": '{"is_encoder_decoder": true}', "pytorch_model.bin": "x"}, "a pickle"),
        ({"config.json": '{"is_encoder_decoder": true}', "model.safetensors": "x"}, "no safetensors file"),
        ({"config.json": '{"is_encoder_decoder": true}', "model.safetensors": "\x02\0\0\0\0\0\0\0{}"}, "no tokenizer"),
    ],
)  # fmt: skip
def test_a_folder_that_cannot_be_used_is_refused_at_the_marker(tmp_path, files, words):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError, match=words) as caught:
        pinned(tmp_path)
    assert caught.value.field == "teacher.grader"


@pytest.mark.parametrize("name", ["no-such", "~nobody-here/it", "x" * 290, "a/../b"])
def test_a_name_that_is_none_is_refused_at_the_marker(name):
    with pytest.raises(ConfigError) as caught:
        pinned(name)
    assert caught.value.field == "teacher.grader"


def test_a_marker_larger_than_the_machine_is_refused_alone_and_beside_a_student(made, tmp_path, monkeypatch):
    need = 4 * resolve.count_parameters(made["t5"])
    monkeypatch.setattr(grader_info, "detect_hardware", lambda device: Hardware("cpu", "a watch", need - 1, need - 1))
    with pytest.raises(ConfigError, match="needs about 0.0 GB of memory, and a watch has") as caught:
        pinned(made["t5"])
    assert caught.value.field == "teacher.grader"
    monkeypatch.setattr(grader_info, "detect_hardware", lambda device: Hardware("cpu", "a watch", need + 10**6, need))
    assert pinned(made["t5"]).grader_revision
    student = hubs.save(tmp_path, "gemma")
    with pytest.raises(ConfigError, match="beside the student"):
        grader_info.check_teacher(hubs.config(student, teacher={"grader": str(made["t5"])}))
