"""Reading freely written replies of language models: which option one ticks, or none.

    reasoning     thinking aloud is left out, and whatever follows the first question's answer
    latex         LaTeX becomes plain text
    statements    where a reply names its answer ("The answer is …", "Answer: …", a box, JSON, a last line)
    patterns      the words for it, and for supposing, denying and hedging
    unstated      first and last lines that may be an answer although nothing says so
    listed        the options, written out again, tick none
    letters       the letter that a statement names
    tokens        a text as numbers, signs and words;  units: what the words measure;  times: of day;  factorials
    options       a question's options, made ready once; the one that a text is equal to
    claims        what one statement comes to: an option, none of them, or nothing

``studentsim.student.answer_parsing.reply.read_reply`` puts them together. Every step looks at each character a bounded number of times.
"""
