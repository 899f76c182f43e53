"""Parsing answers: which option a reply chooses, or none.

    reply         language models' replies, with all of the following; ``parse_reply_full`` is the entry point
    final_line    the embedded student's answers, which end in an ``Answer:`` line

    reasoning     removes the reasoning, and what follows the first question's answer
    text_cleaning removes markup and normalises characters;  latex: LaTeX to plain text
    statements    finds where a reply states its answer ("The answer is …", "Answer: …", a box, an option marked as correct)
    patterns      regular expressions for stating, supposing, denying and hedging an answer
    unstated      first and last lines that may be the answer although nothing says so
    listed        removes lines that repeat the options
    letters       the option letter in a statement
    lexer         a text as numbers, signs and words;  tokens: the same, normalised;  units;  times: of day;  factorials
    quantities    the one number or expression in a text, with its unit
    options       a question's options, parsed, and matching a text to them
    claims        resolves a statement to an option, to none of the options, or to no answer
    agreement     whether the value beside a letter is that option's

Every step takes time linear in the text.
"""
