"""The built-in curriculum, category "other": sequences, counting, overlapping groups, maps, gaps, changes in percent."""

from __future__ import annotations

from studentsim.curriculum.schema import Misconception, NamedNumbers, Skill, in_category


def _has_valid_group_overlap(n: NamedNumbers) -> bool:
    """Some are in neither group, even for a pupil who counts those in both twice, and each group has some on its own."""
    return n["a"] + n["b"] < n["t"] and n["c"] < min(n["a"], n["b"]) and n["a"] != n["b"]


def _has_whole_map_scale(n: NamedNumbers) -> bool:
    """One centimetre stands for a whole number of at least two, and the length asked for is the longer one."""
    a, b, c = n["a"], n["b"], n["c"]
    return b % a == 0 and b > a and c > a


def _has_whole_percent_changes(n: NamedNumbers) -> bool:
    """The rise is the larger percentage, and both changes are whole numbers whichever way the pupil reasons."""
    a, p, q = n["a"], n["p"], n["q"]
    return p > q and a * p % 100 == 0 and a * q % 100 == 0 and a * (100 + p) * q % 10_000 == 0


SKILLS = in_category(
    "other",
    Skill(
        id="later-number-in-a-sequence",
        title="A later number in a sequence with equal steps",
        difficulty=2,
        number_choices={"a": range(3, 61), "d": range(2, 10), "n": range(6, 26)},
        phrasings=(
            "A list of numbers starts with {a}, and each number is {d} more than the one before. What is number {n} in the list?",
            "{name} reads {a} pages on day one and {d} pages more each day than the day before. "
            "How many pages does {name} read on day {n}?",
            "A hall has {a} seats in row one, and every row has {d} seats more than the row in front of it. "
            "How many seats are there in row {n}?",
        ),
        transfer="A bamboo plant is {a} cm tall at the first check and grows {d} cm from each check to the next. "
        "How many cm tall is it at check {n}?",
        solution=(
            "Count the steps: {n} - 1 = [steps]\nMultiply by the step size: {steps} × {d} = [growth]\n"
            "Add the first number: {a} + {growth} = [last]"
        ),
        misconceptions=(
            Misconception(
                id="sequence-one-step-too-many",
                title="counted one step too many",
                solution="Multiply place by step size: {n} × {d} = [growth]\nAdd the first number: {a} + {growth} = [last]",
                explanation="A step was counted for every place, although the first number is there before any step is taken.",
                hint="How many steps lead from the first number to the second, and how many to the third?",
            ),
            Misconception(
                id="sequence-start-forgotten",
                title="forgot the number at the start",
                solution="Count the steps: {n} - 1 = [steps]\nMultiply by the step size: {steps} × {d} = [growth]",
                explanation="The growth was worked out, but it was not added to the number at the start.",
                hint="You know how much it has grown. Where did it start?",
                kind="careless",
            ),
        ),
    ),
    Skill(
        id="posts-along-a-path",
        title="Posts at equal distances, with one at each end",
        difficulty=1,
        number_choices={"a": range(20, 500), "d": range(3, 21)},
        accepts=lambda n: n["a"] % n["d"] == 0 and n["a"] >= 5 * n["d"],
        phrasings=(
            "A straight fence is {a} m long and has a post every {d} m, with one at each end. How many posts does it have?",
            "{name} plants trees in a straight row of {a} m. They stand {d} m apart, with a tree at both ends. "
            "How many trees does {name} need?",
            "Along one side of a straight road of {a} m there are lamps {d} m apart. "
            "The first and the last stand at its two ends. How many lamps are there?",
        ),
        transfer="A straight rope {a} cm long has a knot at each end and knots every {d} cm in between. "
        "How many knots are there altogether?",
        solution="Divide to count the gaps: {a} ÷ {d} = [gaps]\nAdd one for the end: {gaps} + 1 = [posts]",
        misconceptions=(
            Misconception(
                id="posts-counts-the-gaps",
                title="counted the gaps instead of the posts",
                solution="Divide to count the gaps: {a} ÷ {d} = [gaps]",
                explanation="Dividing counts the gaps, but the question asks for what stands at the ends of the gaps.",
                hint="Make a sketch with only two gaps. How many posts do you have to draw?",
            ),
            Misconception(
                id="posts-one-fewer-than-gaps",
                title="subtracted one instead of adding one",
                solution="Divide to count the gaps: {a} ÷ {d} = [gaps]\nTake one away: {gaps} - 1 = [posts]",
                explanation="One was taken away, as if both ends were left empty.",
                hint="Read again what stands at the two ends. Does that make one more or one fewer than the gaps?",
                kind="careless",
            ),
        ),
    ),
    Skill(
        id="choosing-one-of-each",
        title="How many ways to choose one of each kind",
        difficulty=1,
        number_choices={"a": range(3, 16), "b": range(3, 13), "c": range(2, 10)},
        phrasings=(
            "{name} has {a} shirts, {b} pairs of trousers and {c} caps. How many different outfits with one of each are possible?",
            "A café offers {a} starters, {b} main dishes and {c} desserts. How many different three-course meals can be chosen?",
            "A lock has three rings with {a}, {b} and {c} symbols. A setting is one symbol on each ring. "
            "How many settings are there in all?",
            "A bicycle is sold in {a} colours, {b} sizes and {c} styles. How many different versions can a customer order?",
        ),
        transfer="There are {a} roads from Ashby to Burford, {b} from Burford to Corley and {c} from Corley to Denham. "
        "How many routes lead from Ashby through both towns to Denham?",
        solution="Multiply the first two: {a} × {b} = [pairs]\nMultiply by the third: {pairs} × {c} = [ways]",
        misconceptions=(
            Misconception(
                id="choosing-adds-the-choices",
                title="added the choices",
                solution="Add all the choices: {a} + {b} + {c} = [ways]",
                explanation="The choices were added, although each choice of one kind can go with each choice of another.",
                hint="Keep the first choice fixed. With how many different second choices can it go?",
            ),
            Misconception(
                id="choosing-third-left-out",
                title="left out the third choice",
                solution="Multiply the first two: {a} × {b} = [pairs]",
                explanation="Only two of the three choices were combined.",
                hint="How many separate choices have to be made? Check that you have used every one.",
                kind="careless",
            ),
        ),
    ),
    Skill(
        id="in-neither-group",
        title="How many are in neither of two overlapping groups",
        difficulty=2,
        number_choices={"t": range(50, 200), "a": range(12, 80), "b": range(12, 80), "c": range(3, 30)},
        accepts=_has_valid_group_overlap,
        phrasings=(
            "Of {t} guests, {a} drink tea, {b} drink coffee and {c} drink both. How many guests drink neither?",
            "A school has {t} pupils. The choir has {a} of them and the orchestra {b}, and {c} pupils are in both. "
            "How many pupils are in neither?",
            "A sports club has {t} members. Of these, {a} play tennis and {b} play hockey, including {c} who play both. "
            "How many members play neither game?",
        ),
        transfer="A survey of {t} homes found a dog in {a} of them, a cat in {b} and both animals in {c}. "
        "How many homes have neither animal?",
        solution=(
            "Add the two groups: {a} + {b} = [sum]\nSubtract those counted twice: {sum} - {c} = [some]\n"
            "Subtract from the total: {t} - {some} = [neither]"
        ),
        misconceptions=(
            Misconception(
                id="neither-counts-both-twice",
                title="counted those in both groups twice",
                solution="Add the two groups: {a} + {b} = [sum]\nSubtract from the total: {t} - {sum} = [neither]",
                explanation="Those who are in both groups were counted twice, so too many were taken away.",
                hint="How often did you count somebody who is in both groups?",
            ),
            Misconception(
                id="neither-stops-at-either",
                title="gave those in at least one group",
                solution="Add the two groups: {a} + {b} = [sum]\nSubtract those counted twice: {sum} - {c} = [some]",
                explanation="This is the number in at least one group, but the question asks for those in neither.",
                hint="Whom have you counted so far, and whom does the question ask for?",
                kind="careless",
            ),
        ),
    ),
    Skill(
        id="length-from-a-scale",
        title="Real length from a map or drawing",
        difficulty=2,
        number_choices={"a": range(2, 10), "b": range(6, 91), "c": range(5, 41)},
        accepts=_has_whole_map_scale,
        phrasings=(
            "On a map, {a} cm stand for {b} km. Two towns are {c} cm apart on the map. How many km apart are they really?",
            "In a drawing of a park, {a} cm show {b} m. How many m long is a path that measures {c} cm in the drawing?",
            "{name} has a map that uses {a} cm for {b} km. A river on it is {c} cm long. What is its real length in km?",
        ),
        transfer="Every {a} cm on a sea chart mean {b} km at sea. A ship follows a course of {c} cm on the chart. "
        "How many km does the ship travel?",
        solution="Divide to find one centimetre: {b} ÷ {a} = [one]\nMultiply by the drawn length: {one} × {c} = [real]",
        misconceptions=(
            Misconception(
                id="scale-additive",
                title="added the extra length instead of scaling",
                solution="Difference of the drawn lengths: {c} - {a} = [more]\nAdd it to the real length: {b} + {more} = [real]",
                explanation="The extra centimetres were added to the real length, although each of them stands for more than one unit.",
                hint="What real length does a single centimetre stand for?",
            ),
            Misconception(
                id="scale-not-for-one",
                title="forgot to find what one centimetre stands for",
                solution="Multiply real and drawn length: {b} × {c} = [real]",
                explanation="The real length was taken to belong to one centimetre, although it belongs to several.",
                hint="How many centimetres does that real length belong to?",
                kind="careless",
            ),
        ),
    ),
    Skill(
        id="games-between-all-pairs",
        title="Games when each plays against every other",
        difficulty=3,
        number_choices={"n": range(5, 61), "k": range(2, 11)},
        phrasings=(
            "A chess club has {n} players, and every two of them play {k} games against each other. How many games are played in all?",
            "In a league of {n} teams, each team meets every other team {k} times. How many matches are there altogether?",
            "In a room with {n} computers, each pair of computers is joined by {k} cables. How many cables are there?",
        ),
        transfer="At a meeting of {n} people, every possible pair talks for {k} minutes, one pair after another. "
        "How many minutes do all the talks take together?",
        solution=(
            "Others for each one: {n} - 1 = [others]\nMultiply and halve for pairs: {n} × {others} ÷ 2 = [pairs]\n"
            "Multiply by how many each: {pairs} × {k} = [games]"
        ),
        misconceptions=(
            Misconception(
                id="games-pairs-counted-twice",
                title="counted every pair twice",
                solution=(
                    "Others for each one: {n} - 1 = [others]\nMultiply by all of them: {n} × {others} = [meetings]\n"
                    "Multiply by how many each: {meetings} × {k} = [games]"
                ),
                explanation="Every pair was counted twice, once for each of the two that belong to it.",
                hint="You counted the first with the second. Did you also count the second with the first?",
            ),
            Misconception(
                id="games-stops-at-pairs",
                title="stopped at the number of pairs",
                solution="Others for each one: {n} - 1 = [others]\nMultiply and halve for pairs: {n} × {others} ÷ 2 = [pairs]",
                explanation="The pairs were counted, but the number that belongs to each pair was not used.",
                hint="You know how many pairs there are. Read again what belongs to each pair.",
                kind="careless",
            ),
        ),
    ),
    Skill(
        id="rise-then-fall",
        title="A rise and then a fall in percent",
        difficulty=3,
        number_choices={"a": range(100, 1000, 20), "p": range(10, 85, 5), "q": range(5, 65, 5)},
        accepts=_has_whole_percent_changes,
        phrasings=(
            "A club has {a} members. Their number first rises by {p}% and then falls by {q}%. How many members are there in the end?",
            "A library lent {a} books in May. In June it lent {p}% more than in May, and in July {q}% fewer than in June. "
            "How many books did it lend in July?",
            "A flock of {a} geese grew by {p}% in spring. In autumn this larger flock shrank by {q}%. How many geese were left?",
        ),
        transfer="Last year {a} people ran a race. This year {p}% more signed up, but {q}% of those who signed up did not run. "
        "How many people ran this year?",
        solution=(
            "Work out the rise: {a} × {p} ÷ 100 = [rise]\nAdd the rise: {a} + {rise} = [high]\n"
            "Work out the fall: {high} × {q} ÷ 100 = [fall]\nTake off the fall: {high} - {fall} = [end]"
        ),
        misconceptions=(
            Misconception(
                id="rise-fall-percentages-subtracted",
                title="subtracted one percentage from the other",
                solution=(
                    "Difference of the percentages: {p} - {q} = [net]\nWork out the change: {a} × {net} ÷ 100 = [change]\n"
                    "Add the change: {a} + {change} = [end]"
                ),
                explanation="The percentages were subtracted from each other, although the second one is taken of a larger number.",
                hint="The second percentage is a part of which number?",
            ),
            Misconception(
                id="rise-fall-stops-at-the-rise",
                title="forgot the fall",
                solution="Work out the rise: {a} × {p} ÷ 100 = [rise]\nAdd the rise: {a} + {rise} = [high]",
                explanation="The rise was worked out, but the fall that came after it was left out.",
                hint="That is the number after the rise. What happened next?",
                kind="careless",
            ),
        ),
    ),
)
