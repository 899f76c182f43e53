"""The built-in curriculum, category "general": averages, ages, ratios, workers and days, mixtures, remainders."""

from __future__ import annotations

from math import gcd

from studentsim.curriculum.schema import Misconception, NamedNumbers, Skill, in_category


def _is_target_average_reachable(n: NamedNumbers) -> bool:
    """The missing score lies above the target and is at most 100, and the average so far is whole."""
    so_far = n["a"] + n["b"]
    return so_far % 2 == 0 and 2 * n["m"] > so_far and 3 * n["m"] - so_far <= 100


def _has_whole_ratio_shares(n: NamedNumbers) -> bool:
    """The ratio is in lowest terms, the first share is the smaller, and there are at least two things to a part."""
    p, q, t = n["p"], n["q"], n["t"]
    return p < q and gcd(p, q) == 1 and t % (p + q) == 0 and t > p + q and (t - q + p) % 2 == 0


def _has_whole_day_counts(n: NamedNumbers) -> bool:
    """More workers than before, and whole numbers of days whichever way the pupil reasons."""
    m, d, k = n["m"], n["d"], n["n"]
    return m < k < m + d and m * d % k == 0 and d * k % m == 0


def _has_whole_mixture_price(n: NamedNumbers) -> bool:
    """The mixture's price and the plain average of the prices are whole and differ."""
    m, a, k, b = n["m"], n["a"], n["n"], n["b"]
    return a != b and m != k and (m * a + k * b) % (m + k) == 0 and (a + b) % 2 == 0


SKILLS = in_category(
    "general",
    Skill(
        id="average-of-three",
        title="Average of three numbers",
        difficulty=1,
        number_choices={"a": range(10, 60), "b": range(10, 60), "c": range(10, 60)},
        accepts=lambda n: (n["a"] + n["b"] + n["c"]) % 6 == 0,
        phrasings=(
            "{name} scored {a}, {b} and {c} points in three games. What is the average score in points?",
            "Three boxes weigh {a} kg, {b} kg and {c} kg. What is their average weight in kg?",
            "What is the average of the numbers {a}, {b} and {c}?",
            "One bag holds {a} {item}, another {b} and a third {c}. How many {item} does a bag hold on average?",
        ),
        transfer="A shop sold {a} loaves on Monday, {b} on Tuesday and {c} on Wednesday. How many loaves a day is that on average?",
        solution="Add the numbers: {a} + {b} + {c} = [total]\nShare equally among three: {total} ÷ 3 = [average]",
        misconceptions=(
            Misconception(
                id="average-is-the-total",
                title="stopped at the total",
                solution="Add the numbers: {a} + {b} + {c} = [total]",
                explanation="The numbers were added, but the total was not shared out.",
                hint="You have the total. What must you do with it to get an average?",
                kind="careless",
            ),
            Misconception(
                id="average-halves-the-total",
                title="divided by two instead of by how many there are",
                solution="Add the numbers: {a} + {b} + {c} = [total]\nTake half of it: {total} ÷ 2 = [average]",
                explanation="The total was halved, as if an average always meant dividing by two.",
                hint="Count how many numbers there are before you divide.",
            ),
        ),
    ),
    Skill(
        id="score-for-target-average",
        title="Score needed to reach an average",
        difficulty=2,
        number_choices={"a": range(40, 91), "b": range(40, 91), "m": range(45, 93)},
        accepts=_is_target_average_reachable,
        phrasings=(
            "{name} scored {a} and {b} points in two tests. How many points in the third test give an average of {m} for all three?",
            "A shop had {a} visitors on Friday and {b} on Saturday. How many visitors on Sunday would make the average {m} a day?",
            "Two of three numbers are {a} and {b}. The average of all three numbers is {m}. What is the third number?",
        ),
        transfer="Three parcels weigh {a} kg, {b} kg and an unknown amount. They average {m} kg. How many kg does the third weigh?",
        solution=(
            "Total needed for three: {m} × 3 = [needed]\nTotal so far: {a} + {b} = [sofar]\n"
            "Subtract to find the third: {needed} - {sofar} = [third]"
        ),
        misconceptions=(
            Misconception(
                id="target-average-stops-at-needed-total",
                title="gave the total of all three",
                solution="Total needed for three: {m} × 3 = [needed]",
                explanation="The total for all three was found, but the two known numbers were not taken away from it.",
                hint="Your number is the total for all three. How much of it is there already?",
                kind="careless",
            ),
            Misconception(
                id="target-average-one-outweighs-two",
                title="balanced two earlier numbers as if they were one",
                solution=(
                    "Average so far: ({a} + {b}) ÷ 2 = [mean]\nGap to the target: {m} - {mean} = [gap]\n"
                    "Add the gap to the target: {m} + {gap} = [third]"
                ),
                explanation="The third number closes one gap to the target, but it has to close two, one for each earlier number.",
                hint="What total do all three numbers need to have together?",
            ),
        ),
    ),
    Skill(
        id="ages-from-sum-and-difference",
        title="Two ages from their sum and difference",
        difficulty=2,
        number_choices={"s": range(16, 121, 2), "d": range(2, 41, 2)},
        accepts=lambda n: n["s"] > 2 * n["d"] + 2,
        phrasings=(
            "Together, {name} and {name2} are {s} years old. {name} is {d} years older than {name2}. How old is {name2} in years?",
            "The ages of two cousins add up to {s} years. One is {d} years older than the other. How many years old is the younger one?",
            "Two neighbours have a combined age of {s} years. Their ages differ by {d} years. What is the age of the younger one in years?",
        ),
        transfer="An oak and a birch are {s} years old together. The oak is older by {d} years. How many years old is the birch?",
        solution="Subtract the difference: {s} - {d} = [rest]\nHalve what is left: {rest} ÷ 2 = [younger]",
        misconceptions=(
            Misconception(
                id="ages-halves-before-subtracting",
                title="halved the sum before taking the difference away",
                solution="Halve the sum: {s} ÷ 2 = [half]\nSubtract the difference: {half} - {d} = [younger]",
                explanation="The whole difference was taken from half of the sum, so the two ages no longer lie the right distance apart.",
                hint="Use your answer to work out the older age. Do the two ages add up to the sum in the question?",
            ),
            Misconception(
                id="ages-gives-the-older",
                title="found the older age",
                solution="Add the difference: {s} + {d} = [rest]\nHalve the result: {rest} ÷ 2 = [older]",
                explanation="This is the age of the older one, but the question asks for the younger.",
                hint="Read the last sentence again. Whose age is wanted?",
                kind="careless",
            ),
        ),
    ),
    Skill(
        id="share-in-a-ratio",
        title="Sharing in a ratio",
        difficulty=2,
        number_choices={"t": range(20, 400), "p": range(2, 10), "q": range(3, 12)},
        accepts=_has_whole_ratio_shares,
        phrasings=(
            "{name} and {name2} share {t} {item} in the ratio {p} to {q}. How many {item} does {name} get?",
            "A ribbon of {t} cm is cut into two pieces whose lengths are in the ratio {p} to {q}. How many cm long is the shorter piece?",
            "A drink of {t} ml is made from syrup and water in the ratio {p} to {q}. How many ml of syrup are in it?",
            "A club of {t} people has children and adults in the ratio {p} to {q}. How many children are in the club?",
        ),
        transfer="To get {t} ml of pink paint, red and white are mixed in the ratio {p} to {q}. How many ml of red paint are needed?",
        solution=(
            "Add the parts: {p} + {q} = [parts]\nDivide to find one part: {t} ÷ {parts} = [one]\n"
            "Multiply by the first share: {one} × {p} = [share]"
        ),
        misconceptions=(
            Misconception(
                id="ratio-share-additive",
                title="read the ratio as a difference",
                solution=(
                    "Difference of the parts: {q} - {p} = [gap]\nSubtract it from the total: {t} - {gap} = [rest]\n"
                    "Halve what is left: {rest} ÷ 2 = [share]"
                ),
                explanation="The ratio was read as how many more one side has, although it tells how many equal parts each side gets.",
                hint="Into how many equal parts does the ratio split the total?",
            ),
            Misconception(
                id="ratio-share-of-the-other",
                title="gave the other share",
                solution=(
                    "Add the parts: {p} + {q} = [parts]\nDivide to find one part: {t} ÷ {parts} = [one]\n"
                    "Multiply by the second share: {one} × {q} = [share]"
                ),
                explanation="One part is right, but it was multiplied by the wrong number of the ratio.",
                hint="Which number of the ratio belongs to what the question asks for?",
                kind="careless",
            ),
        ),
    ),
    Skill(
        id="more-workers-fewer-days",
        title="Workers and days",
        difficulty=3,
        number_choices={"m": range(2, 31), "d": range(3, 61), "n": range(3, 41)},
        accepts=_has_whole_day_counts,
        phrasings=(
            "It takes {m} workers {d} days to repair a road. At the same pace, how many days do {n} workers need?",
            "The food in a camp lasts {m} people for {d} days. For how many days does it last {n} people who eat equally much?",
            "With {m} equal machines an order is finished in {d} days. In how many days is it finished with {n} of these machines?",
        ),
        transfer="{name} has hay that feeds {m} horses for {d} days. For how many days would the same hay feed {n} horses?",
        solution="Multiply to find the total: {m} × {d} = [total]\nDivide by the new number: {total} ÷ {n} = [days]",
        misconceptions=(
            Misconception(
                id="workers-direct-proportion",
                title="thought that more workers need more days",
                solution="Multiply days by new number: {d} × {n} = [product]\nDivide by the old number: {product} ÷ {m} = [days]",
                explanation="The days were made to grow with the number, although more sharing the same amount means fewer days.",
                hint="If there are more of them, should it take more days or fewer?",
            ),
            Misconception(
                id="workers-constant-difference",
                title="took one day off for each one more",
                solution="Difference of the numbers: {n} - {m} = [more]\nSubtract from the days: {d} - {more} = [days]",
                explanation="A day was taken off for each extra one, although the days go down by a factor and not by a fixed step.",
                hint="How many days would it be for just one? Start from there.",
            ),
            Misconception(
                id="workers-stops-at-total",
                title="stopped at the total for one",
                solution="Multiply to find the total: {m} × {d} = [total]",
                explanation="This is how many days it would be for just one, and it was not shared out.",
                hint="Your number is the days for just one. How many are there to share it now?",
                kind="careless",
            ),
        ),
    ),
    Skill(
        id="price-of-a-mixture",
        title="Price of a mixture",
        difficulty=3,
        number_choices={"m": range(2, 21), "a": range(3, 31), "n": range(2, 21), "b": range(3, 31)},
        accepts=_has_whole_mixture_price,
        phrasings=(
            "{name} mixes {m} kg of tea at ${a} a kg with {n} kg of tea at ${b} a kg. What is one kg of the mixture worth in dollars?",
            "A sack holds {m} kg of nuts at ${a} per kg and {n} kg at ${b} per kg. What is the price of the mix in dollars per kg?",
            "A roaster blends {m} kg of coffee at ${a} a kg and {n} kg at ${b} a kg. How many dollars does one kg of the blend cost?",
        ),
        transfer="A can holds {m} litres of oil at ${a} a litre and {n} litres at ${b} a litre. How many dollars is one litre in it worth?",
        solution=(
            "Cost of the first: {m} × {a} = [first]\nCost of the second: {n} × {b} = [second]\n"
            "Add the costs: {first} + {second} = [cost]\nDivide by the total amount: {cost} ÷ ({m} + {n}) = [price]"
        ),
        misconceptions=(
            Misconception(
                id="mixture-averages-the-prices",
                title="averaged the prices and ignored the amounts",
                solution="Add the prices: {a} + {b} = [sum]\nTake half of it: {sum} ÷ 2 = [price]",
                explanation="The two prices were averaged as if there were the same amount of each.",
                hint="There is more of one than of the other. Which price should count more?",
            ),
            Misconception(
                id="mixture-gives-total-cost",
                title="gave the cost of the whole mixture",
                solution=(
                    "Cost of the first: {m} × {a} = [first]\nCost of the second: {n} × {b} = [second]\n"
                    "Add the costs: {first} + {second} = [cost]"
                ),
                explanation="This is what the whole mixture costs, but the question asks about a single unit of it.",
                hint="How much mixture does that money buy?",
                kind="careless",
            ),
        ),
    ),
    Skill(
        id="number-from-remainder",
        title="Rebuilding a number from its remainder",
        difficulty=1,
        number_choices={"d": range(4, 31), "q": range(3, 41), "r": range(2, 30)},
        accepts=lambda n: n["r"] < n["d"],
        phrasings=(
            "{name} puts {item} into groups of {d}. That makes {q} full groups and leaves {r} {item} over. How many {item} are there?",
            "When a number is divided by {d}, the quotient is {q} and the remainder is {r}. What is the number?",
            "Pupils stand in rows of {d}. There are {q} full rows and {r} pupils are left over. How many pupils are there?",
        ),
        transfer="A rope is cut into pieces of {d} cm. That gives {q} pieces, and {r} cm of rope remain. How many cm long was the rope?",
        solution="Multiply for the full groups: {d} × {q} = [full]\nAdd what is left over: {full} + {r} = [number]",
        misconceptions=(
            Misconception(
                id="remainder-left-out",
                title="forgot what is left over",
                solution="Multiply for the full groups: {d} × {q} = [full]",
                explanation="Only the full groups were counted, and what is left over was forgotten.",
                hint="Does your number include what did not fit into a full group?",
                kind="careless",
            ),
            Misconception(
                id="remainder-multiplied-too",
                title="counted what is left over as full groups",
                solution="Add the groups and leftovers: {q} + {r} = [groups]\nMultiply by the group size: {d} × {groups} = [number]",
                explanation="What is left over was added to the number of groups, as if each one left over were a full group.",
                hint="What does one full group hold, and what is just one left over?",
            ),
            Misconception(
                id="remainder-taken-away",
                title="subtracted what is left over",
                solution="Multiply for the full groups: {d} × {q} = [full]\nSubtract what is left over: {full} - {r} = [number]",
                explanation="What is left over was taken away, although it belongs to the whole as well.",
                hint="Is the whole larger or smaller than the full groups together?",
            ),
        ),
    ),
)
