"""Does rehearsal hold, in a language model, what is not practised, and is what is practised learnt as well?

    python bench/kept_category.py --model smollm2 --data DATA
    python bench/kept_category.py --model FOLDER --lessons 4 --strength 0.5 --out kept.json

Two categories of the built-in curriculum are the bank. One is practised alone, lesson after lesson, on given wrong answers (the
working of a misconception), once without rehearsal and once with it; the rest is equal, to the order of the pairs. Told are, on
held-out pairs that nothing was learnt from: of the kept category how far the log-probabilities of right and wrong workings have
moved (mean absolute change, nats); of the practised one how much the right working has gained on the wrong one, in how many
pairs it has, and how much likelier it became.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

PRACTISED, KEPT = "geometry", "probability"


@dataclass(frozen=True)
class Outcome:
    """After the lessons, against before. In nats, but for ``preferred`` (0 to 1)."""

    strength: float
    drift: float
    """Of the kept category: mean absolute change of the log-probabilities of right and wrong workings."""
    gain: float
    """Of the practised one: mean change of right less wrong."""
    preferred: float
    """Share of its pairs in which the right working gained on the wrong one."""
    likelier: float
    """Mean change of its right workings' log-probability."""
    seconds: float


def main() -> None:
    """Both runs, and what came of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--data", type=Path, help="the data folder whose models are meant")
    parser.add_argument("--lessons", type=int, default=6)
    parser.add_argument("--pairs", type=int, default=24, help="pairs a lesson")
    parser.add_argument("--held-out", type=int, default=24, help="held-out pairs of each category")
    parser.add_argument("--strength", type=float, default=0.5)
    parser.add_argument("--learning-rate", type=float, default=2e-4)
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    if given.data:
        from studentsim.student.huggingface.model_store import set_data_folder

        set_data_folder(given.data)
    outcomes = [taught(given, strength) for strength in (0.0, given.strength)]
    without, rehearsed = outcomes
    for outcome in outcomes:
        print(
            f"rehearsal {outcome.strength:g}: {KEPT} moved by {outcome.drift:.2f} nats; {PRACTISED}: right gained {outcome.gain:+.1f} nats "
            f"on wrong, in {100 * outcome.preferred:.0f} of 100 pairs, and became {outcome.likelier:+.1f} nats likelier "
            f"({outcome.seconds:.0f} s)"
        )
    print(
        f"drift {rehearsed.drift / without.drift:.2f} of what it is without; gain {rehearsed.gain / without.gain:.2f} of it"
    )
    if given.out:
        given.out.write_text(json.dumps([asdict(outcome) for outcome in outcomes], indent=1))


def taught(given: argparse.Namespace, strength: float) -> Outcome:
    """One category practised alone, at this strength of rehearsal."""
    import torch

    from studentsim import factory
    from studentsim.config import RunConfig
    from studentsim.curriculum.generator import SKILLS, generate_questions
    from studentsim.datasets.bank import Bank
    from studentsim.training.pairs import build_held_out_pairs
    from studentsim.training.rehearsal import rehearsal_key
    from studentsim.types import Pair

    skills = [id for id, skill in SKILLS.items() if skill.category in (PRACTISED, KEPT)]
    counts = {"study": 1 + given.lessons * given.pairs // len(skills) * 2, "validation": given.held_out, "exam": 1}
    questions = [
        q for split, count in counts.items() for skill in skills for q in generate_questions(skill, split, count)
    ]
    bank = Bank.from_questions("two categories", questions)
    factory.open_bank = lambda *_, **__: bank  # this process is the bench's alone
    config = RunConfig.make(
        model=given.model,
        dpo={"rehearsal": strength, "learning_rate": given.learning_rate, "batch_size": 4},
        model_loading={"dtype": given.dtype},
    )
    cast = factory.build_components(config)

    def told(pairs: list[Pair]) -> torch.Tensor:
        return torch.tensor(cast.student.pair_logps([cast.student.pair_ids(pair) for pair in pairs]))

    held = {}
    for category in (PRACTISED, KEPT):
        all_of_it = build_held_out_pairs([q for q in bank.validation if q.category == category])
        held[category] = all_of_it[:: max(1, len(all_of_it) // given.held_out)][: given.held_out]  # of each skill some
    practice = build_held_out_pairs([q for q in bank.study if q.category == PRACTISED])
    before = {category: told(pairs) for category, pairs in held.items()}
    began = time.monotonic()
    for lesson in range(1, given.lessons + 1):
        pairs = [practice[(lesson - 1 + k * given.lessons) % len(practice)] for k in range(given.pairs)]
        keys = {rehearsal_key(q) for q in bank.study if q.category == PRACTISED}
        for _ in cast.trainer.learn(pairs, [], turn=lesson, seed=lesson, practised=keys):
            pass
        print(
            f"  rehearsal {strength:g}, lesson {lesson} of {given.lessons}, {time.monotonic() - began:.0f} s",
            flush=True,
        )
    change = {category: told(pairs) - before[category] for category, pairs in held.items()}
    gain = change[PRACTISED][:, 0] - change[PRACTISED][:, 1]
    return Outcome(
        strength,
        change[KEPT].abs().mean().item(),
        gain.mean().item(),
        (gain > 0).float().mean().item(),
        change[PRACTISED][:, 0].mean().item(),
        time.monotonic() - began,
    )


if __name__ == "__main__":
    main()
