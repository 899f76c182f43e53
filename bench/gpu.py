"""A turn on a GPU: seconds by part, tokens a second, memory, against transformers and TRL as they come. At most 8 minutes.

    python bench/gpu.py --out gpu.jsonl            a Gemma-2B-shaped student (NF4) and one of SmolLM2's shape (bfloat16)
    python bench/gpu.py --out gpu.jsonl --study    then also: other batches, no quantisation, 8 bit, checkpointing
    python bench/gpu.py --tiny --device cpu        small ones of the same kinds, to see that this program works

Random weights from the models' config classes: nothing is downloaded. The source paper's turn: 40 questions, DPO on 31 pairs
for 2 epochs, there 38 s for the DPO alone on a Colab GPU, one pair at a time. Random weights never end an answer, so every answer has all
its tokens: the most a turn can take. The time of a part ends when the GPU is done. Each result is a line of JSON as soon as it is
there, so a run that is cut off has told what it had; nothing is begun that would end after ``--minutes``.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import torch
from gpu_models import SHAPES, questions, write_model
from gpu_plain import Plain

from studentsim import factory
from studentsim.config import RunConfig
from studentsim.runs.history import package_versions
from studentsim.settings import DPOSettings, ModelLoadingSettings
from studentsim.student.huggingface.loading import load_model
from studentsim.student.huggingface.student import HubStudent
from studentsim.types import Pair

PAPER_SECONDS = 38.0
"""DPO of a turn in the source paper."""
STEP = 90.0
"""Seconds that a step is taken to need before it is begun."""
VARIANTS = {
    "8 answers at once": {"generation_batch_size": 8},
    "1 answer at once, as in the paper": {"generation_batch_size": 1},
    "1 pair at once": {"micro_batch_size": 1},
    "checkpointing": {"gradient_checkpointing": "on"},
    "8 bit": {"quantisation": "8bit"},
    "not quantised, bfloat16": {"quantisation": "none", "dtype": "bfloat16"},
}


class Bench:
    """The steps of a measurement, each told as it is done."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args, self.begun = args, time.perf_counter()

    def step(self, name: str, work: Callable[[], dict[str, Any]]) -> None:
        """Do it if there is time, and tell what came of it; what goes wrong is told too, and the next step goes on."""
        spent = time.perf_counter() - self.begun
        if spent + STEP > 60 * self.args.minutes:
            return self.tell({"step": name, "left out": f"{spent:.0f} s were spent"})
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        try:
            found = work()
        except Exception as error:  # a GPU is lent for minutes: one failure must not cost the rest
            found = {"error": f"{type(error).__name__}: {error}"[:500]}
        self.tell({"step": name, **found, "at": round(time.perf_counter() - self.begun, 1)})

    def tell(self, found: dict[str, Any]) -> None:
        """A line of JSON, to the screen and to the file. Writes."""
        line = json.dumps(found)
        print(line, flush=True)
        if self.args.out:
            with self.args.out.open("a") as file:
                file.write(line + "\n")

    def ours(self, model: Path, hub: ModelLoadingSettings) -> dict[str, Any]:
        """One turn as the product does it."""
        args, figures = self.args, {}
        learning = DPOSettings(learning_rate=5e-5, batch_size=args.batch, epochs=2, rehearsal=0.0)
        config = RunConfig.make(model=str(model), model_loading=hub, dpo=learning, max_new_tokens=args.tokens)
        with _timed(figures, "load"):
            student = HubStudent(load_model(config), config)
        learner = factory.build_trainer(student, config)
        asked = questions(args.questions)
        list(student.answer(asked[:2], seed_key=("warm",)))  # what is made at first use belongs to no part
        with _timed(figures, "study"):
            answers = list(student.answer(asked, seed_key=("study", 0, 1)))
        with _timed(figures, "exam, scored"):
            student.option_logps(asked)
        by_id = {q.id: q for q in asked}
        pairs = [
            Pair(by_id[a.question_id], by_id[a.question_id].rationale, a.text or "?") for a in answers[: args.pairs]
        ]
        with _timed(figures, "reference"):
            student.pair_logps([student.pair_ids(p) for p in pairs])
        # A process's first lesson loads kernels too: told apart.
        for turn, part in ((1, "DPO, first turn"), (2, "DPO")):
            with _timed(figures, part):
                if not list(learner.learn(pairs, [], turn=turn, seed=0)):
                    raise RuntimeError("nothing was learnt")
        with _timed(figures, "save"), tempfile.TemporaryDirectory() as folder:
            student.save(Path(folder))
        tokens = sum(len(a.ids) - bool(a.ended) for a in answers)
        plan = student.plan
        # Writing reads the weights once for each token of a batch; what that alone takes is the least it can.
        batches = -(-len(asked) // plan.generation_batch_size)
        return {
            "seconds": figures, "tokens": tokens, "tokens a second": tokens / figures["study"], "peak GB": _peak(),
            "estimated GB": plan.peak_bytes / 1e9, "weights GB": plan.base_weight_bytes / 1e9,
            "answers at once": plan.generation_batch_size,
            "pairs at once": plan.micro_batch_size, "bound of writing, s": batches * args.tokens * plan.base_weight_bytes / self.speedup,
            "paper's DPO / ours": PAPER_SECONDS / figures["DPO"],
        }  # fmt: skip

    def plain(self, model: Path, hub: ModelLoadingSettings) -> dict[str, Any]:
        """The same with transformers and TRL; answers one at a time for a tenth of the questions, as the paper did."""
        args, figures = self.args, {}
        with _timed(figures, "load"):
            plain = Plain(model, hub, args.device)
        asked = questions(args.questions)
        chats = [[{"role": "user", "content": f"Answer the multiple-choice question:\n{q.problem}"}] for q in asked]
        prompts = [plain.tokenizer.apply_chat_template(c, add_generation_prompt=True, tokenize=False) for c in chats]
        plain.write(prompts[:2], 4, 2)
        with _timed(figures, "study"):
            tokens = plain.write(prompts, args.tokens, len(prompts))
        few = max(1, len(prompts) // 10)
        with _timed(figures, f"study, {few} one at a time"):
            single = plain.write(prompts[:few], args.tokens, 1)
        # As many tokens on both sides as ours: the student's text is as long as it may be.
        rejected = " ".join(q.rationale for q in asked)
        cut = plain.tokenizer.decode(plain.tokenizer(rejected, add_special_tokens=False).input_ids[: args.tokens])
        rows = [
            {"prompt": p, "chosen": q.rationale, "rejected": cut}
            for p, q in zip(prompts[: args.pairs], asked, strict=False)
        ]
        for batch, part in ((args.batch, "first turn"), (args.batch, f"{args.batch} at once"), (1, "1 at once")):
            with _timed(figures, f"DPO, {part}"):
                plain.learn(rows, batch=batch, epochs=2)
        few_seconds = figures[f"study, {few} one at a time"]
        return {
            "seconds": figures, "tokens a second": tokens / figures["study"],
            "tokens a second, one at a time": single / few_seconds, "peak GB": _peak(),
        }  # fmt: skip

    def machine(self) -> dict[str, Any]:
        """What it is measured on; settles ``speed``, the bytes a second that its memory copies, read and written counted."""
        device, size = self.args.device, 2**30 if self.args.device == "cuda" else 2**24
        source, target = (torch.randint(0, 255, (size,), dtype=torch.uint8, device=device) for _ in range(2))
        for _ in range(3):
            target.copy_(source)
        figures: dict[str, float] = {}
        with _timed(figures, "copy"):
            for _ in range(10):
                target.copy_(source)
        self.speedup = 2 * 10 * size / figures["copy"]
        name = torch.cuda.get_device_name() if device == "cuda" else "processor"
        asked = {key: vars(self.args)[key] for key in ("questions", "tokens", "pairs", "batch")}
        return {"device": name, "memory GB/s": self.speedup / 1e9, "versions": package_versions(), **asked}


@contextlib.contextmanager
def _timed(figures: dict[str, float], part: str) -> Iterator[None]:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    began = time.perf_counter()
    yield
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    figures[part] = time.perf_counter() - began


def _peak() -> float:
    """Most memory in use, in GB: of the GPU since the step began; without one, of the process so far."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 1e9
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9  # Linux tells KiB


def main() -> None:
    """Measure, the weightiest first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiny", action="store_true", help="small models, few tokens")
    parser.add_argument("--study", action="store_true", help="the variants too")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--minutes", type=float, default=8.0, help="most that all of it may take")
    parser.add_argument("--out", type=Path, help="a file; each result is a line as it comes")
    parser.add_argument("--questions", type=int, default=40)
    parser.add_argument("--tokens", type=int, default=200)
    parser.add_argument("--pairs", type=int, default=31)
    parser.add_argument("--batch", type=int, default=4, help="pairs an optimiser step")
    args = parser.parse_args()
    if args.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("There is no GPU here. To see that this program works: --tiny --device cpu")
    if args.tiny:
        args.questions, args.tokens, args.pairs = min(args.questions, 4), min(args.tokens, 8), min(args.pairs, 3)
    bench = Bench(args)
    bench.step("machine", bench.machine)
    with tempfile.TemporaryDirectory(prefix="random-models-") as scratch:
        for name, (_, _, hub) in SHAPES.items():
            folder = Path(scratch) / name.split(",")[0].replace(" ", "-")
            hub = hub.model_copy(update={"device": args.device})
            bench.step(f"{name}: written", lambda: write_model(folder, name, tiny=args.tiny) or {})  # noqa: B023
            bench.step(f"{name}: ours", lambda: bench.ours(folder, hub))  # noqa: B023
            bench.step(f"{name}: transformers and TRL", lambda: bench.plain(folder, hub))  # noqa: B023
        first, (_, _, hub) = next(iter(SHAPES.items()))
        for label, change in VARIANTS.items() if args.study else ():
            folder = Path(scratch) / first.split(",")[0].replace(" ", "-")
            varied = hub.model_copy(update={"device": args.device, **change})
            bench.step(f"{first}: ours, {label}", lambda: bench.ours(folder, varied))  # noqa: B023


if __name__ == "__main__":
    main()
