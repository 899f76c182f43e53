"""One turn of a Gemma-2B-shaped student: how long it takes, where the time goes, how much memory, and what would shorten it.

    python bench/gpu_turn.py                       on a GPU: Gemma 2B's config class, random weights, NF4 computing in bfloat16
    python bench/gpu_turn.py --study               also: other batches, no quantisation, 8 bit, checkpointing, scored exams
    python bench/gpu_turn.py --tiny --device cpu   a small one of the same kind, to see that this program works

The source paper's turn: 40 questions, DPO on 31 pairs for 2 epochs, there 38 s for the DPO part alone on a Colab GPU, one question
at a time. Random weights never end an answer, so every answer has all its tokens: the most a turn can take. The time of
a part ends when the GPU is done. The bound: the bytes of the weights are read once for each token that is written.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GemmaConfig, GemmaForCausalLM, PreTrainedTokenizerFast

from studentsim.bank import curriculum
from studentsim.casting import learner_of
from studentsim.config import Hub, Learning, RunConfig
from studentsim.records import Pair, Question
from studentsim.student.hub.loading import load
from studentsim.student.hub.student import HubStudent

TURNS = ("<start_of_turn>", "<end_of_turn>")
TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}{{ '<start_of_turn>' + ('model' if m['role'] == 'assistant' else 'user')"
    " + '\n' + m['content'] | trim + '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)
GEMMA_2B = {
    "vocab_size": 256_000, "hidden_size": 2048, "num_hidden_layers": 18, "num_attention_heads": 8, "num_key_value_heads": 1,
    "head_dim": 256, "intermediate_size": 16_384,
}  # fmt: skip
TINY = {
    "vocab_size": 2_000, "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 1,
    "head_dim": 16, "intermediate_size": 256,
}  # fmt: skip
PLAIN = Hub(quantisation="nf4")
VARIANTS = {
    "NF4, 8 answers at once": Hub(quantisation="nf4", answers_at_once=8),
    "NF4, 1 answer at once, as in the paper": Hub(quantisation="nf4", answers_at_once=1),
    "NF4, 1 pair at once": Hub(quantisation="nf4", pairs_at_once=1),
    "NF4, checkpointing": Hub(quantisation="nf4", gradient_checkpointing="on"),
    "8 bit": Hub(quantisation="8bit"),
    "not quantised, bfloat16": Hub(dtype="bfloat16"),
}


def write_model(folder: Path, shape: dict[str, int], seed: int = 0) -> None:
    """Random weights of Gemma's own config class, in bfloat16, and a small tokenizer trained here. Writes."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    special = ["<pad>", "<eos>", "<bos>", *TURNS]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=1_500, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    bpe.train_from_iterator((q.problem + "\n" + q.rationale for q in questions(200)), trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe, pad_token="<pad>", eos_token="<eos>", bos_token="<bos>",
        additional_special_tokens=list(TURNS), chat_template=TEMPLATE,
    )  # fmt: skip
    tokenizer.save_pretrained(folder)
    torch.manual_seed(seed)
    config = GemmaConfig(**shape, max_position_embeddings=8192, pad_token_id=0, eos_token_id=1, bos_token_id=2)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        with torch.device("cuda" if torch.cuda.is_available() else "cpu"):
            GemmaForCausalLM(config).save_pretrained(folder)
    finally:
        torch.set_default_dtype(before)


def questions(count: int) -> list[Question]:
    """Study questions of the built-in curriculum, from all skills."""
    skills = list(curriculum.SKILLS)
    each = -(-count // len(skills))
    return [q for skill in skills for q in curriculum.pool(skill, "study", each)][:count]


def turn(model: Path, hub: Hub, args: argparse.Namespace) -> dict[str, float]:
    """Seconds of each part of one turn, and the most memory in use, in GB."""
    learning = Learning(learning_rate=5e-5, batch=args.batch, epochs=2)
    config = RunConfig.make(model=str(model), hub=hub, learning=learning, max_new_tokens=args.tokens)
    _reset()
    figures: dict[str, float] = {}
    with _timed(figures, "load"):
        student = HubStudent(load(config), config)
    learner = learner_of(student, config)
    asked = questions(args.questions)
    list(student.answer(asked[:2], luck=("warm",)))  # what is made at first use belongs to no part
    with _timed(figures, "answers"):
        answers = list(student.answer(asked, luck=("study", 0, 1)))
    with _timed(figures, "scored exam"):
        student.option_logps(asked)
    by_id = {q.id: q for q in asked}
    pairs = [Pair(by_id[a.question_id], by_id[a.question_id].rationale, a.text or "?") for a in answers[: args.pairs]]
    with _timed(figures, "reference"):
        student.pair_logps([student.pair_ids(p) for p in pairs])
    with _timed(figures, "DPO"):
        steps = list(learner.learn(pairs, [], turn=1, seed=0))
    with _timed(figures, "save"), tempfile.TemporaryDirectory() as folder:
        student.save(Path(folder))
    if not steps:
        raise SystemExit("nothing was learnt")
    tokens = sum(len(student.tokenizer(a.text, add_special_tokens=False).input_ids) for a in answers)
    plan = student.plan
    return figures | {
        "tokens written": tokens,
        "answers at once": plan.answers_at_once,
        "pairs at once": plan.pairs_at_once,
        "peak GB": _peak(),
        "estimated GB": plan.need / 1e9,
        "weights GB": plan.weights / 1e9,
    }


def _reset() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def _peak() -> float:
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 1e9
    import resource

    return (
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    )  # Linux tells KiB; of the whole process so far


@contextlib.contextmanager
def _timed(figures: dict[str, float], part: str):
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    began = time.perf_counter()
    yield
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    figures[part] = time.perf_counter() - began


def bandwidth() -> float:
    """Bytes a second that this device copies, read and written counted: the ceiling for writing one token after another."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    size = 2**30 if device == "cuda" else 2**26
    source, target = (torch.randint(0, 255, (size,), dtype=torch.uint8, device=device) for _ in range(2))
    for _ in range(3):
        target.copy_(source)
    figures: dict[str, float] = {}
    with _timed(figures, "copy"):
        for _ in range(10):
            target.copy_(source)
    return 2 * 10 * size / figures["copy"]


def show(name: str, found: dict[str, float], args: argparse.Namespace, speed: float) -> None:
    """Print one variant's figures, and the bound beside what was measured."""
    total = found["answers"] + found["DPO"]
    print(f"\n{name}: {total:.1f} s a turn, {found['peak GB']:.2f} GB at most (estimated {found['estimated GB']:.2f})")
    print(
        "  "
        + ", ".join(
            f"{part} {found[part]:.2f} s" for part in ("load", "answers", "DPO", "reference", "scored exam", "save")
        )
    )
    batches = -(-args.questions // int(found["answers at once"]))
    bound = batches * args.tokens * found["weights GB"] * 1e9 / speed
    print(
        f"  {found['tokens written']:.0f} tokens written, {found['tokens written'] / found['answers']:.0f} a second; reading the weights "
        f"once a token alone would take {bound:.2f} s; {found['pairs at once']:.0f} pairs at once"
    )


def main() -> None:
    """Measure the default turn, with ``--study`` the variants too; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiny", action="store_true", help="a small model, few tokens")
    parser.add_argument("--study", action="store_true", help="the variants too")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--questions", type=int, default=40)
    parser.add_argument("--tokens", type=int, default=200)
    parser.add_argument("--pairs", type=int, default=31)
    parser.add_argument("--batch", type=int, default=4, help="pairs an optimiser step")
    args = parser.parse_args()
    if args.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("There is no GPU here. To see that this program works: --tiny --device cpu")
    if args.tiny:
        args.questions, args.tokens, args.pairs = min(args.questions, 8), min(args.tokens, 16), min(args.pairs, 6)
    speed = bandwidth()
    name = torch.cuda.get_device_name() if torch.cuda.is_available() else "processor"
    print(
        f"{name}, memory {speed / 1e9:.0f} GB/s; {args.questions} questions of {args.tokens} tokens, {args.pairs} pairs, 2 epochs"
    )
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory(prefix="gemma-shaped-") as folder:
        write_model(Path(folder), TINY if args.tiny else GEMMA_2B)
        for label, hub in {"NF4": PLAIN, **(VARIANTS if args.study else {})}.items():
            hub = hub.model_copy(update={"device": args.device})
            found[label] = turn(Path(folder), hub, args)
            show(label, found[label], args, speed)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
