"""A reply without the model's thinking aloud, and without what follows the answer to the first question.

Thinking stands in brackets of many kinds (``<think>``, ``[THINK]``, ``◁think▷``, gpt-oss's channels). A bracket that is never closed
means that the reply ended while thinking; one that is never opened was opened by the prompt.
"""

from __future__ import annotations

import re

_NAMES = (
    r"\|?(?:[a-z]{1,12}[_:])?(?:think(?:ing)?|thoughts?|reason(?:ing)?|reflect(?:ion)?|scratch_?pad|analysis|"
    r"monologue|cot)"
    r"(?:[_ ][\w=\"]{1,12})?\|?"
)
_BRACKET = re.compile(
    rf"(?i)<\|?(?P<a>/?)\s*{_NAMES}\s*>|[\[{{](?P<b>/?){_NAMES}[\]}}]|[◁⟨【«](?P<c>/?){_NAMES}[▷⟩】»]"
    r"|<\|(?P<d>begin|end)_of_thought\|>|<\|?channel\|?>\s*(?P<e>analysis|commentary|thought|"
    r"final)\b(?:\s*<\|message\|>)?"
    r"|<\|START_(?P<f>THINKING)\|>|<\|(?P<g>END_THINKING)\|>|(?P<h><channel\|>|<unused95>|"
    r"Here is my response:)|(?P<i><unused94>|Here is my thought process:)"
)
_TOKEN = re.compile(r"<\|?/?(?:begin_of_solution|end_of_solution|end|return|message|start|start_header_id|channel|"
                    r"START_RESPONSE|END_RESPONSE)\|?>")  # fmt: skip
_BARE_ANALYSIS = re.compile(r"\s*analysis(?=[A-Z\"'])")
_BARE_FINAL = re.compile(r"assistant\s?final")


def without_reasoning(text: str) -> str:
    """What stands outside of thinking brackets. Unopened: what follows the bracket; unclosed: what stands before it.

    >>> without_reasoning("Perhaps a.</think> c"), without_reasoning("b <think>or"), without_reasoning("[THINK]a[/THINK]d")
    (' c', 'b ', 'd')
    """
    if _BARE_ANALYSIS.match(text):  # gpt-oss's channels where the special tokens were left out of the text
        *_, final = _BARE_FINAL.split(text)
        return final if _BARE_FINAL.search(text) else ""
    kept: list[str] = []
    at, thinking = 0, False
    for bracket in _BRACKET.finditer(text):
        if not thinking:
            kept.append(text[at : bracket.start()])
        at = bracket.end()
        opens = _opens(bracket)
        if not opens and not thinking:
            kept.clear()  # it was thinking from the start
        thinking = opens
    if not thinking:
        kept.append(text[at:])
    return _TOKEN.sub("\n", "".join(kept))


def _opens(bracket: re.Match[str]) -> bool:
    if bracket["d"]:
        return bracket["d"].lower() == "begin"
    if bracket["e"]:
        return bracket["e"].lower() != "final"
    if bracket["f"] or bracket["i"]:
        return True
    if bracket["g"] or bracket["h"]:
        return False
    return not (bracket["a"] or bracket["b"] or bracket["c"])


# ------------------------------------------------------------------ the next question

_NEXT = re.compile(
    r"(?im)^[ \t#*_>-]*(?:(?:here(?:'s| is)|let's (?:try|do)|now,?)[^\n]{0,20}\b(?:another|next|new)\b|"
    r"\[question\]|(?:(?:next|new|another|follow-?up)\s+)?(?:question|problem|exercise|"
    r"example|task|prompt)\s*(?:\d{1,3}|\([^()\n]{1,20}\))?\s*[:.*]|"
    r"q\s*\d{0,3}\s*[:.](?=\s)|(?:next|new|another)\s+(?:question|problem)\b|"
    r"answer the (?:following )?(?:multiple[- ]choice )?questions?\b|"
    r"the following (?:is|are) (?:a )?multiple[- ]choice|(?:human|user|student|teacher|instruction|input)\s*:|"
    r"(?:instructions?|question|problem|input)[ \t*]*$|"
    r"(?:(?:question|problem|exercise|example|task)\s*(?:no\.?\s*)?#?\s*(?:\d{1,3}|\(\d{1,3}\)|[ivx]{1,4}|one|two|three|four|five|six)"
    r"(?:\s?(?:/|of)\s?\d{1,3})?|next|q\s?#?\d{1,3})(?![A-Za-z\d])[ \t]*"
    r"(?:\([^()\n]{1,20}\))?[ \t*_.)#]{0,12}(?:$|[-–—][ ]))"
    r"|<\|?(?:question|im_start|start_header_id|user|start_of_turn)\|?>|\[INST\]|<\|(?:endoftext|im_end|eot_id|"
    r"end_of_text)\|>|</s>|<eos>|<end_of_turn>"
)
_MAY_ANSWER = re.compile(r"(?i)\d|answer|option|choice|correct|right|[\[(=]|\b[b-j]\b|^\W*a\W*$|\ba[.)]|[^.:!]$")
"""What a line before a repeated question holds if it may be an answer to it."""
_PREAMBLE = re.compile(r"(?i)\b(?:let|sure|okay|question|problem|restate|rephrase|read|first|here|solve|think|step)\b")
_ROLE = re.compile(
    r"(?i)\A\s*(?:<\|?(?:im_start|start_of_turn|start_header_id)\|?>\s*)?(?:assistant|"
    r"model)\b\s*(?:<\|end_header_id\|>|:|\n)"
)
_LISTED = re.compile(
    r"(?im)^[ \t*_>-]*[\[(]?([a-j])[\])][ \t.:]*(\S[^\n]{0,300})|^[ \t*_>-]*([a-j])[.:][ \t]+(\S[^\n]{0,300})"
)


_NUMBERED = re.compile(
    r"(?im)^[ \t#*_]{0,8}\d{1,2}[.)][*_ \t]{1,4}(?P<asked>[^\n]{5,300}\?)[*_ \t]*\n{1,2}"
    r"[ \t*_-]{0,4}[\[(]?a[\]).:][*_.:) \t]{0,4}(?P<a>[^\n]{1,200})\n{1,2}"
    r"[ \t*_-]{0,4}[\[(]?b[\]).:][*_.:) \t]{0,4}(?P<b>[^\n]{1,200})"
)
"""A numbered question and its first two options."""


def first_answer(text: str, problem: str, options: frozenset[str]) -> str:
    """The text up to where another question begins: a heading, a turn of the user, or a list of other options.

    ``problem`` and ``options`` (without blanks and capitals) are this question's: repeated, they begin no other.
    """
    if role := _ROLE.match(text):
        text = text[role.end() :]
    problem = squeezed(problem)
    for begin in _NEXT.finditer(text):
        if not _preface(text[: begin.start()], options) and not _repeats(
            text[begin.end() : begin.end() + 600], problem
        ):
            text = text[: begin.start()]
            break
    for numbered in _NUMBERED.finditer(text):
        mine = {squeezed(numbered["a"]), squeezed(numbered["b"])} <= options
        if not mine and not _preface(text[: numbered.start()], options) and not _repeats(numbered["asked"], problem):
            text = text[: numbered.start()]
            break
    other = _other_list(text, options)
    return text if other is None else text[:other]


def squeezed(text: str) -> str:
    """A text without blanks, capitals and signs, to see whether two are the same.

    >>> squeezed("Tom has 5 pens.")
    'tomhas5pens'
    """
    return "".join(c for c in text.casefold() if c.isalnum())


def _preface(text: str, options: frozenset[str]) -> bool:
    """Whether nothing stands before a question that could be an answer: "Let me read it again."."""
    text = text.strip()
    if not text:
        return True
    if len(text) >= 80:
        return False
    said = squeezed(text)
    plain = bool(_PREAMBLE.search(text)) and not _MAY_ANSWER.search(text)
    return plain and not any(o and o in said for o in options)


def _repeats(text: str, problem: str) -> bool:
    """Whether a text begins with the problem; of a short one, whether its first line is the problem."""
    line = squeezed(text.strip().partition("\n")[0])
    return bool(problem) and (line == problem or (len(problem) >= 20 and squeezed(text).startswith(problem[:60])))


def _other_list(text: str, options: frozenset[str]) -> int | None:
    """Where options in order (a, b, c …) are listed that are not this question's, after something else; None if nowhere."""
    start, run, same, begun = 0, 0, 0, 0
    for line in _LISTED.finditer(text):
        letter, said = (line[1] or line[3]).lower(), line[2] or line[4]
        if letter == "a":
            start, run, same, begun = line.start(), 0, 0, 0
        if letter != "abcdefghij"[min(run, 9)]:
            run = 0
            continue
        begins = any(o and squeezed(said).startswith(o) for o in options)
        run, same, begun = run + 1, same + (squeezed(said) in options), begun + begins
        if ((run == 3 and same <= 1 and not begins) or (run == 4 and begun <= 1)) and text[:start].strip():
            return start
    return None
