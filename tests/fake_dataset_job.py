"""A job that waits until it is stopped: nobody writes into the pipe that it reads."""

from __future__ import annotations

import os

if __name__ == "__main__":
    open(os.environ["FAKE_JOB_WAITS_FOR"]).read()
