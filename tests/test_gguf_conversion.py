"""GGUF files of each family that is read, converted: the very weights, the very tokens, and a student that answers without a network."""

from __future__ import annotations

import gguf_files
import hubs
import pytest
import torch
from gguf_files import ARCHITECTURES
from tokenizers import Regex, pre_tokenizers
from tokenizers.pre_tokenizers import ByteLevel, Split
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.models.qwen2.tokenization_qwen2 import PRETOKENIZE_REGEX

from studentsim.errors import ConfigError
from studentsim.student.huggingface import gguf_conversion, gguf_families, installation, model_store, resolve

TEXT = "A farmer has 24 sheep and buys 17 more.\n\nHow many  has he, 12.5 % of 360?"


def tokens(n: int = 24) -> torch.Tensor:
    return torch.arange(n).mul(37).remainder(690).add(5)[None]


def converted(path, folder):
    """What the conversion finds and what it says; in this process."""
    told: list[dict] = []
    header = gguf_families.read_gguf_header(path)
    found = gguf_conversion.convert(
        path,
        folder,
        pre_tokenizer=header.pre_tokenizer,
        config_overrides=header.config_overrides,
        report=lambda **m: told.append(m),
    )
    return found, told


def tokenizer_of(kind: str):
    """This family's; Qwen's splits text in its own way."""
    found = hubs.tokenizer_of(kind)
    if kind.startswith("qwen"):
        found.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [Split(Regex(PRETOKENIZE_REGEX), "isolated"), ByteLevel(add_prefix_space=False, use_regex=False)]
        )
    return found


def test_the_families_are_those_that_are_tried_here():
    assert set(gguf_families.SUPPORTED_ARCHITECTURES) == set(ARCHITECTURES)


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_a_file_of_each_family_is_converted_to_the_very_model(kind, tmp_path):
    made, tokenizer = gguf_files.model(kind), tokenizer_of(kind)
    split = "qwen2" if kind.startswith("qwen") else ""
    path = gguf_files.write(tmp_path / "m.gguf", kind, made, tokenizer, split=split)
    header = gguf_families.read_gguf_header(path)
    gguf_families.check_architecture(path, header)
    assert (header.architecture, header.weight_description) == (kind, "from 32-bit weights")
    found, told = converted(path, tmp_path / "out")
    assert found["parameters"] == made.num_parameters() and told[-1]["step"] == "trying"
    assert header.parameters == made.num_parameters()
    assert [m["of"] for m in told if m.get("of")] and told[-2]["done"] == told[-2]["of"]
    back = AutoModelForCausalLM.from_pretrained(tmp_path / "out", dtype=torch.float32, use_safetensors=True)
    assert type(back) is type(made) and not hasattr(back.config, "quantization_config")
    with torch.no_grad():
        torch.testing.assert_close(back(tokens()).logits, made(tokens()).logits, atol=1e-4, rtol=1e-4)
    own = AutoTokenizer.from_pretrained(tmp_path / "out")
    ids = own(TEXT).input_ids
    assert own.decode(ids, skip_special_tokens=True) == TEXT
    assert max(ids) < len(tokenizer) and (kind == "gemma3" or ids == tokenizer(TEXT).input_ids)
    assert own.chat_template == tokenizer.chat_template
    assert (own.eos_token_id, own.pad_token_id) == (tokenizer.eos_token_id, tokenizer.pad_token_id)


def test_quantised_weights_are_unpacked(tmp_path):
    made = gguf_files.model("llama")
    path = gguf_files.write(tmp_path / "m.gguf", "llama", made, hubs.tokenizer_of("llama"), quantised=True)
    assert gguf_families.read_gguf_header(path).weight_description == "from 8-bit weights"
    converted(path, tmp_path / "out")
    back = AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    assert back.dtype == torch.bfloat16
    for (name, a), (_, b) in zip(back.named_parameters(), made.named_parameters(), strict=True):
        if a.dim() == 2:
            assert 0 < (a.float() - b).abs().max() < 0.01 * b.abs().max(), name


def test_digits_stand_alone_where_the_file_says_that_they_do(tmp_path):
    path = gguf_files.write(
        tmp_path / "m.gguf", "llama", gguf_files.model("llama"), hubs.tokenizer_of("llama"), split="smollm"
    )
    converted(path, tmp_path / "out")
    own = AutoTokenizer.from_pretrained(tmp_path / "out")
    assert own.tokenize("in 1250  7") == [*own.tokenize("in "), "1", "2", "5", "0", *own.tokenize("  "), "7"]
    assert own.decode(own(TEXT).input_ids) == TEXT


def test_a_file_becomes_a_student_once_by_a_process_of_its_own(tmp_path, monkeypatch):
    """The whole way without stand-ins: the file is named, made ready, found, loaded, and answers."""
    from studentsim.student.huggingface.loading import load_model
    from studentsim.student.huggingface.student import HubStudent

    monkeypatch.setenv("STUDENTSIM_DATA", str(tmp_path / "data"))
    made, tokenizer = gguf_files.model("llama"), hubs.tokenizer(hubs.GEMMA_TEMPLATE)
    path = gguf_files.write(tmp_path / "mine.gguf", "llama", made, tokenizer)
    with pytest.raises(ConfigError, match="has not been made ready yet. Do so once: .*models get .*mine.gguf"):
        resolve.resolve_model(str(path))
    told = []
    got = installation.install_model(str(path), lambda p: told.append(p.step))
    assert list(dict.fromkeys(told)) == ["checking", "converting", "trying"]
    assert (got.title, got.licence, got.family) == (
        "Tiny",
        "mit",
        "llama",
    ) and model_store.GGUF_MODEL_NAME_PATTERN.fullmatch(got.name)
    assert got.source["file"] == "mine.gguf" and installation.install_model(str(path)) == got
    by_file, by_name = resolve.resolve_model(str(path)), resolve.resolve_model(got.name, role=resolve.HINT_MODEL_ROLE)
    assert by_file.folder == by_name.folder == got.folder and by_file.revision == by_name.revision
    path.unlink()  # the folder is whole
    config = hubs.config(got.name, temperature=0.0, model_loading={"revision": by_name.revision})
    student = HubStudent(load_model(config), config)
    (answer,) = student.answer(hubs.bank().exam[:1], seed_key=("exam", 0))
    assert student.chat.has_template and answer.text
    with pytest.raises(ConfigError, match="is not the one that was meant"):
        resolve.resolve_model(got.name, "files-000000000000")


def test_a_model_that_is_not_here_yet_is_told_with_the_command_that_gets_it(tmp_path, monkeypatch):
    monkeypatch.setenv("STUDENTSIM_DATA", str(tmp_path))
    (tmp_path / "smollm2").mkdir()
    monkeypatch.chdir(tmp_path)  # a folder of that name is no model of the catalogue
    for role in (resolve.STUDENT_ROLE, resolve.HINT_MODEL_ROLE):
        with pytest.raises(ConfigError, match="^SmolLM2 is not on this computer yet.") as found:
            resolve.resolve_model("smollm2", role=role)
        assert found.value.remedy == "Get it: python -m studentsim models get smollm2"
        assert found.value.field == role.model_field
    with pytest.raises(ConfigError, match="no encoder and decoder"):
        resolve.resolve_model("smollm2", role=resolve.GRADER_ROLE)
    assert not resolve.is_local_folder("smollm2") and resolve.is_local_folder("./smollm2")


def test_what_would_be_read_as_another_model_is_refused(tmp_path):
    made, tokenizer = gguf_files.model("llama"), hubs.tokenizer_of("llama")
    for n, more in enumerate([{"rope_freqs.weight": torch.ones(8)}, {"rope_factors_long.weight": torch.ones(8)}]):
        path = gguf_files.write(tmp_path / f"{n}.gguf", "llama", made, tokenizer, more=more)
        with pytest.raises(ConfigError, match="scales positions for longer texts"):
            installation.install_model(str(path))
    path = gguf_files.write(tmp_path / "part.gguf", "llama", made, tokenizer, keys={"split.count": 3})
    with pytest.raises(ConfigError, match="is one part of 3. Join them first"):
        installation.install_model(str(path))
