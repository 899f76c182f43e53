"""Stands for studentsim.runs.model_job: the same protocol, told by the model's name, without loading anything."""

from __future__ import annotations

import json
import sys
import time

TRIAL = {
    "said": "0.001 B parameters, not quantised", "problem": "What is $5 + $6?", "text": "**b)** <b>11</b>", "letter": "b", "loading": 2.0,
    "answer": 0.5, "exam": 0.25, "choice": 0.1, "pair": 1.0, "memory": 1e9,
}  # fmt: skip
TOLD = ["tiny, version files-1: 0.00 B parameters.", "Memory: about 0.8 GB needed, 20.0 GB free of 25.0 GB."]


def main() -> None:
    name = json.loads(sys.stdin.read())["model"]
    print(json.dumps({"stage": "trying", "sentences": TOLD}), flush=True)
    if "slow" in name:
        print(
            json.dumps({"stage": "trying", "sentences": TOLD, "step": "the longest question, of 812 tokens"}),
            flush=True,
        )
        time.sleep(60)
    elif "works" in name:
        print(json.dumps({"stage": "trying", "sentences": TOLD, "trial": TRIAL}))
    elif "dies" in name:
        sys.exit("Fatal: no more memory")
    else:
        error = {
            "problem": "Its licence has not been accepted yet.",
            "remedy": "Accept it, then log in.",
            "field": "model",
        }
        print(json.dumps(error))


if __name__ == "__main__":
    main()
