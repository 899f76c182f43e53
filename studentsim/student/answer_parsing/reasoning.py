"""Removes a reply's reasoning, and what follows the answer to the first question.

Reasoning is between tags of many kinds (``<think>``, ``[THINK]``, ``◁think▷``, gpt-oss's channels). A tag that is never closed means
that the reply was cut off while reasoning; one that is never opened was opened by the prompt.
"""

from __future__ import annotations

import re

_THINKING_TAG_NAMES = (
    r"\|?(?:[a-z]{1,12}[_:])?(?:think(?:ing)?|thoughts?|reason(?:ing)?|reflect(?:ion)?|scratch_?pad|analysis|"
    r"monologue|cot)"
    r"(?:[_ ][\w=\"]{1,12})?\|?"
)
_THINKING_TAG = re.compile(
    rf"(?i)<\|?(?P<a>/?)\s*{_THINKING_TAG_NAMES}\s*>|[\[{{](?P<b>/?){_THINKING_TAG_NAMES}[\]}}]|[◁⟨【«](?P<c>/?){_THINKING_TAG_NAMES}[▷⟩】»]"
    r"|<\|(?P<d>begin|end)_of_thought\|>|<\|?channel\|?>\s*(?P<e>analysis|commentary|thought|"
    r"final)\b(?:\s*<\|message\|>)?"
    r"|<\|START_(?P<f>THINKING)\|>|<\|(?P<g>END_THINKING)\|>|(?P<h><channel\|>|<unused95>|"
    r"Here is my response:)|(?P<i><unused94>|Here is my thought process:)"
)
_SPECIAL_TOKEN = re.compile(
    r"<\|?/?(?:begin_of_solution|end_of_solution|end|return|message|start|start_header_id|channel|"
    r"START_RESPONSE|END_RESPONSE)\|?>"
)
_BARE_ANALYSIS = re.compile(r"\s*analysis(?=[A-Z\"'])")
_BARE_FINAL = re.compile(r"assistant\s?final")


def strip_reasoning(text: str) -> str:
    """The text outside of reasoning tags: after a closing tag without an opening one, before an unclosed one.

    >>> strip_reasoning("Perhaps a.</think> c"), strip_reasoning("b <think>or"), strip_reasoning("[THINK]a[/THINK]d")
    (' c', 'b ', 'd')
    """
    if _BARE_ANALYSIS.match(text):  # gpt-oss's channels without their special tokens
        *_, final = _BARE_FINAL.split(text)
        return final if _BARE_FINAL.search(text) else ""
    visible_parts: list[str] = []
    position, thinking = 0, False
    for tag in _THINKING_TAG.finditer(text):
        if not thinking:
            visible_parts.append(text[position : tag.start()])
        position = tag.end()
        opens = _is_opening_tag(tag)
        if not opens and not thinking:
            visible_parts.clear()  # it was reasoning from the start
        thinking = opens
    if not thinking:
        visible_parts.append(text[position:])
    return _SPECIAL_TOKEN.sub("\n", "".join(visible_parts))


def _is_opening_tag(tag: re.Match[str]) -> bool:
    if tag["d"]:
        return tag["d"].lower() == "begin"
    if tag["e"]:
        return tag["e"].lower() != "final"
    if tag["f"] or tag["i"]:
        return True
    if tag["g"] or tag["h"]:
        return False
    return not (tag["a"] or tag["b"] or tag["c"])


# ------------------------------------------------------------------ the next question

_NEXT_QUESTION = re.compile(
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
_ANSWER_HINT = re.compile(r"(?i)\d|answer|option|choice|correct|right|[\[(=]|\b[b-j]\b|^\W*a\W*$|\ba[.)]|[^.:!]$")
"""Found in a line before a repeated question if it may be an answer to it."""
_PREAMBLE = re.compile(r"(?i)\b(?:let|sure|okay|question|problem|restate|rephrase|read|first|here|solve|think|step)\b")
_ASSISTANT_ROLE = re.compile(
    r"(?i)\A\s*(?:<\|?(?:im_start|start_of_turn|start_header_id)\|?>\s*)?(?:assistant|"
    r"model)\b\s*(?:<\|end_header_id\|>|:|\n)"
)
_OPTION_LINE = re.compile(
    r"(?im)^[ \t*_>-]*[\[(]?([a-j])[\])][ \t.:]*(\S[^\n]{0,300})|^[ \t*_>-]*([a-j])[.:][ \t]+(\S[^\n]{0,300})"
)
_NUMBERED_QUESTION = re.compile(
    r"(?im)^[ \t#*_]{0,8}\d{1,2}[.)][*_ \t]{1,4}(?P<question>[^\n]{5,300}\?)[*_ \t]*\n{1,2}"
    r"[ \t*_-]{0,4}[\[(]?a[\]).:][*_.:) \t]{0,4}(?P<a>[^\n]{1,200})\n{1,2}"
    r"[ \t*_-]{0,4}[\[(]?b[\]).:][*_.:) \t]{0,4}(?P<b>[^\n]{1,200})"
)
"""A numbered question and its first two options."""


def truncate_at_next_question(text: str, problem: str, option_texts: frozenset[str]) -> str:
    """The text before another question: a heading, a user's turn in the chat, or a list of other options.

    ``problem`` and ``option_texts`` (as ``alphanumeric_key``) are this question's: where they are repeated, no other begins.
    """
    if role := _ASSISTANT_ROLE.match(text):
        text = text[role.end() :]
    problem = alphanumeric_key(problem)
    for heading in _NEXT_QUESTION.finditer(text):
        before, after = text[: heading.start()], text[heading.end() : heading.end() + 600]
        if not _is_preface(before, option_texts) and not _repeats_problem(after, problem):
            text = before
            break
    for numbered in _NUMBERED_QUESTION.finditer(text):
        has_same_options = {alphanumeric_key(numbered["a"]), alphanumeric_key(numbered["b"])} <= option_texts
        if (
            not has_same_options
            and not _is_preface(text[: numbered.start()], option_texts)
            and not _repeats_problem(numbered["question"], problem)
        ):
            text = text[: numbered.start()]
            break
    other_list_start = _find_other_options(text, option_texts)
    return text if other_list_start is None else text[:other_list_start]


def alphanumeric_key(text: str) -> str:
    """A text's letters and digits in lower case, for comparing texts.

    >>> alphanumeric_key("Tom has 5 pens.")
    'tomhas5pens'
    """
    return "".join(c for c in text.casefold() if c.isalnum())


def _is_preface(text: str, option_texts: frozenset[str]) -> bool:
    """Whether the text before a question cannot be an answer: "Let me read it again."."""
    text = text.strip()
    if not text:
        return True
    if len(text) >= 80:
        return False
    normalized = alphanumeric_key(text)
    is_preamble = bool(_PREAMBLE.search(text)) and not _ANSWER_HINT.search(text)
    return is_preamble and not any(o and o in normalized for o in option_texts)


def _repeats_problem(text: str, problem: str) -> bool:
    """Whether a text begins with the problem, or, if that is short, has it as its first line."""
    line = alphanumeric_key(text.strip().partition("\n")[0])
    return bool(problem) and (
        line == problem or (len(problem) >= 20 and alphanumeric_key(text).startswith(problem[:60]))
    )


def _find_other_options(text: str, option_texts: frozenset[str]) -> int | None:
    """Start of a list of options (a, b, c …) of another question, after other text; None if there is none."""
    start, run_length, same_count, prefix_count = 0, 0, 0, 0
    for line in _OPTION_LINE.finditer(text):
        letter, option_text = (line[1] or line[3]).lower(), line[2] or line[4]
        if letter == "a":
            start, run_length, same_count, prefix_count = line.start(), 0, 0, 0
        if letter != "abcdefghij"[min(run_length, 9)]:
            run_length = 0
            continue
        is_prefix = any(o and alphanumeric_key(option_text).startswith(o) for o in option_texts)
        run_length += 1
        same_count += alphanumeric_key(option_text) in option_texts
        prefix_count += is_prefix
        is_other = (run_length == 3 and same_count <= 1 and not is_prefix) or (run_length == 4 and prefix_count <= 1)
        if is_other and text[:start].strip():
            return start
    return None
