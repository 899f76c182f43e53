"""The built-in curriculum, category "probability": balls, cards, spinners, two events, at least one, expected counts."""

from __future__ import annotations

from fractions import Fraction

from studentsim.curriculum.schema import Misconception, NamedNumbers, Skill, in_category


def _is_probability_sum_below_one(n: NamedNumbers) -> bool:
    """The chances stay below one even when a pupil adds them."""
    return Fraction(n["a"], n["b"]) + Fraction(n["c"], n["d"]) < 1


def _has_whole_expected_count(n: NamedNumbers) -> bool:
    """Each result is whole: the number of tries is a multiple of the number of parts. A chance of one half is left out."""
    r, t, k = n["r"], n["t"], n["n"]
    return r < t and k % t == 0 and k >= 3 * t and 2 * r != t


def _has_two_mixed_groups(n: NamedNumbers) -> bool:
    """Each kind has some with the property and some without."""
    return n["b"] + 2 <= n["a"] and n["d"] + 2 <= n["c"]


SKILLS = in_category(
    "probability",
    Skill(
        id="chance-of-one-kind",
        title="Chance of one kind out of three",
        difficulty=1,
        number_choices={"a": range(2, 16), "b": range(2, 16), "c": range(2, 16)},
        accepts=lambda n: n["a"] < n["b"] + n["c"] and n["a"] != n["c"],
        phrasings=(
            "A bag holds {a} red, {b} blue and {c} white balls. One ball is drawn at random. "
            "What is the chance, as a fraction, that it is red?",
            "A drawer contains {a} black, {b} grey and {c} brown socks. {name} pulls out one sock without looking. "
            "As a fraction, how likely is a black one?",
            "On a tray are {a} cheese, {b} egg and {c} tomato sandwiches. One is picked at random. "
            "What fraction gives the probability of cheese?",
        ),
        transfer="A wheel has {a} gold, {b} silver and {c} green fields, all of the same size. It is spun once. "
        "With what probability, as a fraction, does it stop on gold?",
        solution="Add all three kinds: {a} + {b} + {c} = [total]\nChance of the wanted kind: {a}/{total} = [p]",
        misconceptions=(
            Misconception(
                id="one-kind-compared-with-the-others",
                title="gave the odds instead of the chance",
                solution="Add the other two kinds: {b} + {c} = [others]\nWanted against the others: {a}/{others} = [p]",
                explanation="The wanted kind was compared with the others only, but a chance compares it with everything there is.",
                hint="How many could be picked in all? Do the wanted ones belong to them?",
            ),
            Misconception(
                id="one-kind-third-left-out",
                title="left the third kind out of the total",
                solution="Add the first two kinds: {a} + {b} = [total]\nChance of the wanted kind: {a}/{total} = [p]",
                explanation="The third kind was left out when everything was counted.",
                hint="Check your total. Does it contain every kind in the question?",
                kind="careless",
            ),
        ),
    ),
    Skill(
        id="number-above-a-limit",
        title="Chance of a number above a limit",
        difficulty=1,
        number_choices={"n": range(10, 100), "k": range(4, 90)},
        accepts=lambda n: n["k"] + 3 <= n["n"] and 2 * n["k"] not in (n["n"], n["n"] + 1),
        phrasings=(
            "Cards are numbered from 1 to {n}, and one is drawn at random. What is the chance, as a fraction, "
            "that its number is greater than {k}?",
            "A fair spinner has equal fields with the numbers 1 to {n}. As a fraction, how likely is it to stop on a number above {k}?",
            "{name} draws one raffle ticket from tickets 1 to {n} without looking. "
            "What fraction is the probability of a number higher than {k}?",
        ),
        transfer="A computer picks a whole number from 1 to {n}, each with the same chance. "
        "With what probability, as a fraction, is the number larger than {k}?",
        solution="Count the numbers above: {n} - {k} = [above]\nChance of one above: {above}/{n} = [p]",
        misconceptions=(
            Misconception(
                id="above-limit-uses-limit-as-count",
                title="took the limit for the number of wanted results",
                solution="Limit out of all numbers: {k}/{n} = [p]",
                explanation="The limit was used as if it told how many numbers are above it.",
                hint="Which numbers are above the limit, and how many of them are there?",
            ),
            Misconception(
                id="above-limit-includes-the-limit",
                title="counted the limit itself",
                solution="Count from the limit on: {n} - {k} + 1 = [above]\nChance of one above: {above}/{n} = [p]",
                explanation="The limit itself was counted, although the number has to be above it.",
                hint="Is the limit greater than itself? Which is the first number that counts?",
                kind="careless",
            ),
        ),
    ),
    Skill(
        id="expected-count",
        title="How often something is expected",
        difficulty=2,
        number_choices={"r": range(2, 12), "t": range(3, 21), "n": range(12, 400, 2)},
        accepts=_has_whole_expected_count,
        phrasings=(
            "On a fair spinner, {r} of the {t} equal fields are red. It is spun {n} times. "
            "How many times is it expected to stop on red?",
            "On average, {r} out of every {t} customers of a shop pay by card. "
            "How many card payments can {name} expect from {n} customers?",
            "In a bag, {r} of {t} balls are green. A ball is drawn at random and put back, {n} times in all. "
            "What number of green draws is expected?",
        ),
        transfer="A bus is late on {r} out of {t} days on average. On how many of {n} days should passengers expect it to be late?",
        solution="Chance each time: {r}/{t} = [p]\nMultiply by how often: {p} × {n} = [count]",
        misconceptions=(
            Misconception(
                id="expected-count-half-and-half",
                title="took two results to be equally likely",
                solution="Share between yes and no: {n} ÷ 2 = [count]",
                explanation="Happening and not happening were taken to be equally likely just because there are two results.",
                hint="Are both results equally likely here? Which numbers in the question tell you?",
            ),
            Misconception(
                id="expected-count-of-one-part",
                title="counted only one of the wanted parts",
                solution="Divide by all parts: {n} ÷ {t} = [count]",
                explanation="The result is right for one part only, but several parts are wanted.",
                hint="You found how often one part comes up. How many such parts does the question ask about?",
                kind="careless",
            ),
        ),
    ),
    Skill(
        id="two-independent-events",
        title="Chance that two independent events both happen",
        difficulty=2,
        number_choices={"a": range(2, 8), "b": range(5, 16), "c": range(2, 8), "d": range(5, 16)},
        accepts=_is_probability_sum_below_one,
        phrasings=(
            "Two fair spinners have equal fields: {a} of {b} are red on one, {c} of {d} on the other. Both are spun. "
            "What is the chance, as a fraction, that both stop on red?",
            "{name} hits a target with {a} out of {b} throws on average, {name2} with {c} out of {d}. Each throws once, independently. "
            "As a fraction, how likely are two hits?",
            "In one box {a} of {b} {item} are damaged, in another {c} of {d}. One is taken at random from each box. "
            "What fraction is the probability that both are damaged?",
        ),
        transfer="Two traffic lights work independently. One is green for {a} out of {b} minutes, the other for {c} out of {d}. "
        "With what probability, as a fraction, are both green at a random moment?",
        solution="Multiply the two chances: {a}/{b} × {c}/{d} = [p]",
        misconceptions=(
            Misconception(
                id="both-events-adds-chances",
                title="added the chances",
                solution="Add the two chances: {a}/{b} + {c}/{d} = [p]",
                explanation="The chances were added, which makes both together more likely than one alone.",
                hint="Should it be easier or harder for both to happen than for only one of them?",
            ),
            Misconception(
                id="both-events-first-only",
                title="left out the second event",
                solution="Chance of the first: {a}/{b} = [p]",
                explanation="Only the first event was looked at, but both have to happen.",
                hint="What else has to happen, and how likely is that?",
                kind="careless",
            ),
        ),
    ),
    Skill(
        id="chance-within-a-group",
        title="Chance within a group that is already known",
        difficulty=2,
        number_choices={"a": range(6, 31), "b": range(2, 16), "c": range(6, 31), "d": range(2, 16)},
        accepts=_has_two_mixed_groups,
        phrasings=(
            "A class has {a} girls, {b} of them with glasses, and {c} boys, {d} of them with glasses. "
            "One pupil with glasses is chosen at random. What is the chance, as a fraction, that a girl is chosen?",
            "A garage has {a} cars, {b} of them electric, and {c} vans, {d} of them electric. One of all the electric vehicles "
            "is picked at random. As a fraction, how likely is it to be a car?",
            "On a shelf are {a} novels, {b} of them new, and {c} comics, {d} of them new. {name} takes one of the new ones at random. "
            "What fraction is the probability of a novel?",
        ),
        transfer="A home keeps {a} dogs, {b} of them young, and {c} cats, {d} of them young. One of all the young animals is chosen "
        "by lot. With what probability, as a fraction, is it a dog?",
        solution="Add both parts of the group: {b} + {d} = [group]\nChance within that group: {b}/{group} = [p]",
        misconceptions=(
            Misconception(
                id="within-group-turned-round",
                title="turned the condition round",
                solution="Chance within the first kind: {b}/{a} = [p]",
                explanation="This is the chance that one of the first kind is in the group, "
                "not that one of the group is of the first kind.",
                hint="From which group is the choice made? Count everybody or everything in it.",
            ),
            Misconception(
                id="within-group-out-of-all",
                title="took the chance out of all",
                solution="Add all of both kinds: {a} + {c} = [all]\nChance out of all: {b}/{all} = [p]",
                explanation="All were counted, although the choice is made from only some of them.",
                hint="Read again who or what can be chosen. Is it really all of them?",
                kind="careless",
            ),
        ),
    ),
    Skill(
        id="two-without-replacement",
        title="Two of a kind, drawn without replacement",
        difficulty=3,
        number_choices={"t": range(8, 51), "r": range(3, 31)},
        accepts=lambda n: n["r"] + 2 <= n["t"],
        phrasings=(
            "A box holds {t} {item}, of which {r} are damaged. Two are taken at random, without putting the first one back. "
            "What is the chance, as a fraction, that both are damaged?",
            "In a club of {t} people, {r} play chess. Two different people are chosen by lot. "
            "As a fraction, how likely is it that both play chess?",
            "There are {t} cards, and {r} of them are red. {name} is dealt two cards at random. "
            "What fraction is the probability that both are red?",
        ),
        transfer="From a bag of {t} sweets, {r} of them mint, {name} draws two at the same time without looking. "
        "With what probability, as a fraction, are both mint?",
        solution=(
            "Ways to draw two wanted: {r} × ({r} - 1) = [good]\nAll ways to draw two: {t} × ({t} - 1) = [all]\n"
            "Chance of two wanted: {good}/{all} = [p]"
        ),
        misconceptions=(
            Misconception(
                id="without-replacement-same-chance-twice",
                title="used the same chance for both draws",
                solution="Same chance both times: {r}/{t} × {r}/{t} = [p]",
                explanation="The second draw was treated like the first, as if the first one had been put back.",
                hint="After the first draw, how many are left, and how many of these are wanted ones?",
            ),
            Misconception(
                id="without-replacement-total-not-reduced",
                title="forgot that the total gets smaller, too",
                solution=(
                    "Ways to draw two wanted: {r} × ({r} - 1) = [good]\nFull total both times: {t} × {t} = [all]\n"
                    "Chance of two wanted: {good}/{all} = [p]"
                ),
                explanation="One fewer of the wanted ones was counted for the second draw, but the total stayed as it was.",
                hint="You took one away from the wanted ones. What happens to the total after the first draw?",
                kind="careless",
            ),
        ),
    ),
    Skill(
        id="at-least-once-in-two",
        title="At least once in two tries",
        difficulty=3,
        number_choices={"a": range(2, 25), "b": range(6, 51)},
        accepts=lambda n: 2 * n["a"] < n["b"],
        phrasings=(
            "On a fair spinner, {a} of the {b} equal fields are red. It is spun twice. "
            "What is the chance, as a fraction, that it stops on red at least once?",
            "In a bag, {a} of {b} balls are gold. {name} draws one at random, puts it back and draws again. "
            "As a fraction, how likely is it to see gold at least once?",
            "A player scores with {a} out of {b} throws on average, and each throw is independent. "
            "What fraction is the probability of scoring at least once in two throws?",
        ),
        transfer="Each of two lotteries has {a} prizes among {b} tickets. {name} buys one ticket in each. "
        "With what probability, as a fraction, does {name} win at least one prize?",
        solution=(
            "Count the others: {b} - {a} = [others]\nChance of none in two: {others}/{b} × {others}/{b} = [none]\n"
            "Subtract from one: 1 - {none} = [p]"
        ),
        misconceptions=(
            Misconception(
                id="at-least-once-adds-chances",
                title="added the chances of the two tries",
                solution="Add the chance twice: {a}/{b} + {a}/{b} = [p]",
                explanation="The chance was simply added twice, so the case that both tries succeed was counted twice.",
                hint="What is the opposite of at least once? Start with the chance of that.",
            ),
            Misconception(
                id="at-least-once-stops-at-none",
                title="gave the chance of no success",
                solution="Count the others: {b} - {a} = [others]\nChance of none in two: {others}/{b} × {others}/{b} = [none]",
                explanation="This is the chance that neither try succeeds, which is the opposite of what is asked.",
                hint="You have the chance of no success at all. How do you get from there to the opposite?",
                kind="careless",
            ),
        ),
    ),
)
