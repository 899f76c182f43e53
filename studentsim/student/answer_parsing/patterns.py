"""Regular expressions for stating, supposing, denying and hedging an answer, used by ``statements``.

Every pattern begins with a fixed word or at the beginning of a line and looks a bounded number of characters ahead, so that searching
takes linear time.
"""

from __future__ import annotations

import re

IS_VERB = (
    r"(?:is|was|are|be|'s|ist|est|es|est[áa]|é|è|jest|(?:would|should|must|will|has to|have to|ought to|"
    r"needs to|seems to|appears to|"
    r"turns out to|turned out to|"
    r"looks to|comes out to|works out to|is going to)(?: most likely| probably| likely| therefore| then| only|"
    r" definitely)? be|can only be|(?:comes?|came) (?:out )?(?:to|as|at)|"
    r"works out (?:to|as|at)|equals?|becomes?|seems|"
    r"appears|looks like|remains|amounts to|(?P<maybe>(?:could|may|might) (?:well |also |possibly )?be))\b"
)
ANSWER_LINK = (
    r"(?:\s*[\"')\]]?\s*(?::|=(?!=)|->|→|[-–—](?=[ ]))|"
    r"\s*[\"')\]]?(?<=[\s\"')\]\w])\s*" + IS_VERB + r"(?:\s*[:=])?)"
)
ANSWER_NOUN = (
    r"(?:(?<![A-Za-z])(?:(?:answer|ans|antwort|r[ée]ponse|respuesta|resposta|risposta|"
    r"odpowiedź|response|ответ|उत्तर|الجواب|đáp án)s?(?:[ ](?:choice|option|letter|correcta|correta|corretta|"
    r"correcte))?|option|choice|letter|alternative|answer key|"
    r"(?P<weak>solution|result|output|key))\b\.?(?:[ ]\([^()\n]{1,40}\))?|(?:答案|选项|正确答案|정답))"
)
NOUN_COMPLEMENT = r"(?:,\s?i\s(?:think|believe|guess|suppose),|\s(?:to|for|of|here|in|from|we)\b[^.:\n=]{0,80}?)?"
ANSWER_NOUN_PATTERN = re.compile(f"(?i){ANSWER_NOUN}")
ANSWER_LINK_PATTERN = re.compile(
    rf"(?i){NOUN_COMPLEMENT}(?:(?P<chinese>(?<=[\u4e00-\u9fff])\s*[:是为選选]\s*)|{ANSWER_LINK})"
)
LINE_END = r"[^\w\n]{0,12}$"
CJK_ANSWER = re.compile(
    r"(?:答案|正解|答え|정답|故选|应选|应该选|选择|选)\s?[:是为はが은는选]{0,3}\s?\(?(?P<letter>[A-J])\)?(?![A-Za-z])"
)
"""Chinese, Japanese and Korean, which do not separate words by spaces."""
ANSWER_LETTER_HEADING = re.compile(
    rf"(?im)^[^\w\n]{{0,12}}(?:(?:the|my)\s+)?(?:final\s+|correct\s+)?(?:answer|"
    rf"ans)\b\.?[ ]*(?=[\[(]?[a-j][\])]?{LINE_END})"
)
ANSWER_NUMBER_HEADING = re.compile(
    r"(?im)^[ ]*(?:(?:the|final|correct)[ ]){0,2}(?:answer|ans)\.?[ ]+(?=[-$€£₹]?[ ]?\.?\d[^\n]{0,30}$)"
)
SECOND_OPTION_MARK = re.compile(r"(?i)\s*[\[(]?b\s?[\]).:]")
ANSWER_HEADING = re.compile(r"(?im)^[ ]*(?:(?:the|my)[ ])?(?:final[ ]|correct[ ])?answer[ .]*$")
BRACKETED_LETTER = re.compile(rf"(?m)^[ ]*(?=[\[(]{{2}}[A-Ja-j][\])]{{2}}{LINE_END})")
IS_CORRECT_PHRASE = re.compile(
    r"(?i)\s(?:is|are|was|must be|should be|seems|seems to be|appears to be|looks|has to be|(?P<would>would be))\s+"
    r"(?:therefore\s+|thus\s+|indeed\s+|clearly\s+|hence\s+|definitely\s+|also\s+|actually\s+|probably\s+|"
    r"most likely\s+)?"
    r"(?:(?:the|our|my|your)\s+(?:only\s+|single\s+|most likely\s+)?)?(?:(?:correct|right|best|better|final|closest|"
    r"accurate|true|most (?:appropriate|accurate|likely))\b"
    r"(?:\s+(?:answer|option|choice|one))?|answer\b)(?!\s*-|\s+(?:angle|triangle|only|if|when|but|"
    r"for the wrong|unless|way|order))"
)
LETTER = r"[\[(\"']?[A-Ja-j][\])\"']?"
CAPITAL_LETTER = r"(?:[\[(\"'][A-Ja-j][\])\"']|[A-J]\b\)?|[b-j]\))"
CLAUSE_END = r"(?=\s*(?:[.,;:!)\]]|$|\b(?:because|since|as|is (?:correct|right|the)|which|with|and|so|from)\b))"
LETTER_MENTIONS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?im)\b(?:correct|right|best|true)\s+one\s+(?:here\s+)?(?:is|must be|should be|has to be|seems to be|"
        rf"appears to be|looks to be)\s+(?:option\s+|choice\s+)?(?={LETTER}{CLAUSE_END}|[-$€£₹]?\d)",
        rf"(?m)(?:^|[.!?,]\s)(?:[Ii]t\s)?(?:[Ll]ooks like|[Ss]eems like|[Mm]ust be|[Hh]as to be|[Dd]efinitely|"
        rf"[Pp]robably)\s"
        rf"(?:[Oo]ption\s|[Cc]hoice\s)?(?={CAPITAL_LETTER}(?:\s(?:to me|for me|here))?\s?[.!]?$)",
        rf"(?im)\b(?<!\bso )(?<!\bneither )(?<!\bnor )(?:is|be|matches|match|equals|gives|to|with|near|"
        rf"nearest|hence|thus|so|therefore|leaves|leaving|only)(?:\s*[,:])?\s+(?:only\s+|just\s+|us\s+with\s+|in\s+)?"
        rf"(?:the\s+)?(?:answer\s+)?(?:option|choice|letter)\s+(?={LETTER}{CLAUSE_END}|[\[(][a-j][\])])",
        rf"(?im)^[ ]*(?:the\s+)?(?:correct\s+|right\s+|best\s+)(?:option|choice|letter)\s+(?={LETTER}{LINE_END})",
        rf"(?m)\b(?:leaves|leaving|left with|left only|remaining is|"
        rf"remains only)\s+(?:us\s+)?(?:with\s+)?(?:only\s+|just\s+)?(?:[Oo]ption\s+|[Cc]hoice\s+|"
        rf"answer\s+)?(?={CAPITAL_LETTER}{CLAUSE_END})",
        rf"(?m)\b(?:[Ii]t|[Tt]his|[Tt]hat)(?:'s|\s(?:is|must be|should be|has to be))\s+(?:therefore\s+|"
        rf"actually\s+|definitely\s+|clearly\s+|probably\s+)?(?:[Oo]ption\s+|[Cc]hoice\s+|answer\s+)?(?={CAPITAL_LETTER}{CLAUSE_END})",
        rf"(?im)(?:^|[.!?;,]\s+)(?:so|thus|hence|therefore|actually|no|rather|wait|finally|correction|i mean|"
        rf"make that|sorry|or rather|looks like|must be|has to be|should be)\b[,:;]?\s+(?:wait,\s+)?(?:it's\s+|"
        rf"it is\s+|make that\s+)?"
        rf"(?:option\s+|choice\s+|answer\s+)?(?={LETTER}\s*[.!]?\s*$)",
        rf"(?im)\b(?:answer|ans)\b\.?[ ](?={LETTER}[ .,!)]*$)",
        r"(?m)(?:\b[Oo]nly\s+(?:[Oo]ption\s+|[Cc]hoice\s+|"
        r"answer\s+)?)(?=\(?[A-J]\)?(?:\s\([^()\n]{0,40}\))?\s+(?:fits|works|remains|"
        r"is left|matches|satisfies|holds|is possible|survives|agrees|is consistent)\b)",
        r"(?m)(?:^|[.;]\s+|\bso\s+|\b[Ss]o,\s+)(?:[Oo]ption\s+)?(?=\(?[A-J]\)?\s+(?:remains|is left|it is|"
        r"matches|fits)\b)",
    )
)
PICK_PHRASE = re.compile(
    r"(?i)(?P<first>\b(?:i(?:'d|'ll|'m)?|let's|let me)\s+(?:would\s+|will\s+|think\s+|am\s+|have to\s+|"
    r"must\s+)?(?:say|guess|answer)\s+|\b(?:i(?:'d|'ll|'m)?|let's|let me)\s+(?:would\s+|will\s+|therefore\s+|"
    r"am\s+|have to\s+|must\s+|shall\s+)?)?"
    r"(?(first)|\b)(?:choose|pick|select|chose|picked|selected|go with|going with|went with|go for|going for|opt for|settle on|"
    r"tick|mark|vote for)\s+(?:is\s+)?|"
    r"\b(?:i'd|i would|i'll|i)\s+(?:say|guess|answer)\s+(?:it's\s+|it is\s+|that\s+)?"
)
A_COLON_LINE = re.compile(r"(?m)^[ ]*A(?P<sign>[ ]?[:.])[ ]?(?:(?<=:)\n|(?<=: )\n)?(?=\S)")
MARKED_OPTION_LINE = re.compile(
    r"(?im)^[ ]*(?:✓|✔|✅|☑)[ ]*[\[(]?(?P<b>[a-j])[\]).:][^\n]*$|"
    r"^[ ]*(?:option[ ])?[\[(]?(?P<a>[a-j])[\]).:][^\n]{0,200}?(?:✓|✔|✅|☑|"
    r"[-–—:=(←][ ]?(?:this is[ ])?(?:the[ ])?(?:correct|right|true)(?:[ ](?:answer|option|choice))?)[^\w\n]{0,20}$"
)
CORRECTION = re.compile(
    r"(?im)(?:^|[.!?;,–—-]\s)(?:(?:oops|whoops|sorry|apologies|my bad|correction|no(?=[\s,:;!.…]\s?wait\b|[,:;!.…])|"
    r"wait(?=[,:;!.…])|actually|or rather|rather|i mean|i meant|make that|scratch that|"
    r"make it|that should (?:be|read))\b[,:;!.…]{0,3}\s+){1,4}"
    r"(?:to (?:say|write)\s+)?(?:it(?:'s| is)\s+)?(?=\S)"
)
"""A correction of an earlier answer: "Oops, I mean 24"."""
NEGATED_THEN_STATED = re.compile(
    r"(?i)(?:\bnot|n't)\s[^.;,:\n]{1,40}(?:[;,.–—-]\s?){1,2}(?:but\s|rather\s|instead\s)?"
    r"(?:it(?:'s|\sis)|that(?:'s|\sis))\s(?!not\b)(?=\S)"
)
"""An answer instead of a denied one: "It isn't 24; it's 48"."""
NO_OPTION_FITS = re.compile(
    r"(?i)\bnone of (?:the|these)(?: given| listed| above| provided| available)? (?:options?|choices?|"
    r"answers?|values)\b|"
    r"\bno (?:correct |such |given |valid )?(?:option|choice)\b|\b(?:does not|doesn't|do not) match any\b|"
    r"\bnot (?:listed|among|in|one of|given|provided)(?: in| among)? (?:the |any )?(?:of the )?(?:given |"
    r"answer |provided |listed )?(?:options|choices|list|answers)\b"
)
SUPPOSITION = re.compile(
    r"(?i)\b(?:if|suppose|supposing|assume|assuming|imagine|whether|unless|pretend|had|were|why)\b[^,:;]{0,40}$"
)
OTHER_ANSWER = re.compile(
    r"(?i)\b(?:wrong|incorrect|false|bad|tempting|initial|first|second|second[- ]best|next[- ]best|previous|"
    r"earlier|original|other|"
    r"another|old|common|typical|naive|trap|possible|"
    r"no|any|each|every|neither|given|those|these|following|two|three|four|five|multiple|several|options?'? ?|"
    r"not the|n't the)\s+(?:correct\s+)?$"
)
MISTAKEN_BELIEF = re.compile(
    r"(?i)\b(?:might|may|could|would) (?:think|say|believe|guess)|\btempt|\bmistake(?:n|nly)?\b|"
    r"\bnot true that\b|\bwrong to\b|\bnot (?:think|believe|say)\b|\b(?:don't|doesn't|do not|didn't) (?:think|"
    r"believe|mean)\b|\b(?:students?|people|pupils|many|some|others?|most|everyone|one|"
    r"you)\s+(?:\w+\s+){0,2}?(?:answer|say|think|"
    r"believe|choose|pick|guess|write)\b|\bdoubt\b|\bunlikely\b|\bno way\b|\bopposite\b|\b(?:do|should|must|"
    r"can|could|would) ?(?:not|n't)\b"
)
OTHER_QUESTION = re.compile(r"(?i)\b(?:previous|another|other|next|last|similar|second|example)\b|[\"']")
HEDGE = re.compile(r"(?i)\b(?:maybe|perhaps|possibly|might|could it|at first|initially|at first glance)\b")
SENTENCE_BOUNDARY = re.compile(r"[.!?;]\s|\n")
CLAUSE_BOUNDARY = re.compile(
    r"(?i)[,:]\s+(?=[A-Za-z(])|\b(?:that|so|but|hence|therefore|thus|think|believe|means|mean|implies|"
    r"conclude|shows|because|since|"
    r"while|whereas|know|see)\b(?!\))"
)
