"""Looks at a grader in a process of its own, for pages: is it there, and how well does it grade?

    echo '{"grader": "/home/me/my-marker"}' | python -m studentsim.analysis.grader_job

Prints ``{"evaluation": …}`` (``grader_evaluation.read_stored_evaluation``), or ``{"problem": …, "remedy": …, "field": …}``.
"""

from __future__ import annotations

import json

from studentsim.analysis import grader_evaluation
from studentsim.child_process import Message, run_json_job
from studentsim.runs import grader_info
from studentsim.settings import TeacherSettings


def _work(request: str, _: object) -> Message:
    resolved = grader_info.find_grader(TeacherSettings.model_construct(**json.loads(request)))
    folder = resolved.folder
    return {"evaluation": grader_evaluation.read_stored_evaluation(folder) if folder else None}


if __name__ == "__main__":
    run_json_job(_work)
