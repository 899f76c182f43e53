"""The built-in curriculum, category "physics": speed, distance and time, trains, boats, pipes and tanks."""

from __future__ import annotations

from studentsim.curriculum.schema import Misconception, NamedNumbers, Skill, in_category


def _has_whole_meeting_time(n: NamedNumbers) -> bool:
    """Hours to meet are whole; hours by the difference of the speeds are exact and not absurd."""
    d, a, b = n["d"], n["a"], n["b"]
    return a > b and d % (a + b) == 0 and d >= 2 * (a + b) and d * 10 % (a - b) == 0 and d <= 40 * (a - b)


def _has_whole_speeds(n: NamedNumbers) -> bool:
    """Both parts are driven at whole, sensible, different speeds for different times; the overall speed is whole."""
    d, s, e, t = n["d"], n["s"], n["e"], n["t"]
    if s == t or d % s or e % t or (d + e) % (s + t) or (d + e) * 10 % t:
        return False
    return 30 <= d // s <= 100 and 30 <= e // t <= 100 and d // s != e // t


def _has_whole_current_speed(n: NamedNumbers) -> bool:
    """A boat's speeds both ways are whole and sensible, and the current is at most 8 km/h."""
    d, p, q = n["d"], n["p"], n["q"]
    if p >= q or d % p or d % q:
        return False
    down, up = d // p, d // q
    return down <= 45 and up >= 2 and down != 3 * up and down - up <= 16


def _has_exact_crossing_time(n: NamedNumbers) -> bool:
    """The bridge is longer than the train, the seconds are whole, and the wrong divisions come out within two places."""
    metres, speed = n["l"] + n["b"], n["v"] * 5 // 18
    return n["b"] > n["l"] and metres % speed == 0 and n["b"] * 10 % speed == 0 and metres * 100 % n["v"] == 0


SKILLS = in_category(
    "physics",
    Skill(
        id="distance-in-minutes",
        title="Distance when the time is in minutes",
        difficulty=1,
        number_choices={"v": range(24, 105), "m": range(4, 59)},
        accepts=lambda n: n["v"] * n["m"] % 60 == 0,
        phrasings=(
            "A train travels at {v} km/h. How many km does it cover in {m} minutes?",
            "{name} drives at a steady {v} km/h for {m} minutes. How many km long is the drive?",
            "A bus keeps a speed of {v} km per hour. What distance in km does it go in {m} minutes?",
        ),
        transfer="A motorbike goes {v} km every hour. How many km away is a town that it reaches after {m} minutes?",
        solution="Multiply speed by minutes: {v} × {m} = [product]\nDivide by minutes in an hour: {product} ÷ 60 = [distance]",
        misconceptions=(
            Misconception(
                id="distance-minutes-not-converted",
                title="forgot that the time is in minutes",
                solution="Multiply speed by minutes: {v} × {m} = [product]",
                explanation="The speed is per hour, but it was multiplied by the minutes as if they were hours.",
                hint="Is the time given in the same unit as the one in the speed?",
                kind="careless",
            ),
            Misconception(
                id="distance-hundred-minutes-an-hour",
                title="counted a hundred minutes to the hour",
                solution="Write minutes as a decimal: {m} ÷ 100 = [hours]\nMultiply by the speed: {v} × {hours} = [distance]",
                explanation="The minutes were turned into hours as if an hour had a hundred minutes.",
                hint="How many minutes make one hour?",
            ),
        ),
    ),
    Skill(
        id="tank-with-a-leak",
        title="Filling a tank that leaks",
        difficulty=1,
        number_choices={"a": range(10, 61), "b": range(2, 25), "m": range(3, 41)},
        accepts=lambda n: n["a"] > n["b"] + 3,
        phrasings=(
            "A pump puts {a} litres a minute into an empty tank, but {b} litres a minute leak out. "
            "How many litres are in it after {m} minutes?",
            "Each minute {a} litres flow into an empty cistern and {b} litres flow out. How many litres does it hold after {m} minutes?",
            "{name} fills an empty pool at {a} litres a minute, but it loses {b} litres a minute. "
            "How many litres does it hold after {m} minutes?",
        ),
        transfer=(
            "A pond is dry. A stream brings {a} litres of water a minute and a drain takes away {b} litres a minute. "
            "How many litres are in the pond {m} minutes later?"
        ),
        solution="Subtract what flows out: {a} - {b} = [rate]\nMultiply by the minutes: {rate} × {m} = [litres]",
        misconceptions=(
            Misconception(
                id="leak-added",
                title="added the leak to the inflow",
                solution="Add the two flows: {a} + {b} = [rate]\nMultiply by the minutes: {rate} × {m} = [litres]",
                explanation="The two flows were added, although one fills and the other empties.",
                hint="Does the water that flows out make the level rise faster or more slowly?",
            ),
            Misconception(
                id="leak-ignored",
                title="forgot the leak",
                solution="Multiply inflow by the minutes: {a} × {m} = [litres]",
                explanation="Only the water that flows in was counted, and what flows out was forgotten.",
                hint="Look again: does all the water stay in?",
                kind="careless",
            ),
        ),
    ),
    Skill(
        id="time-until-they-meet",
        title="Moving towards each other",
        difficulty=2,
        number_choices={"d": range(60, 961, 12), "a": range(18, 73, 3), "b": range(12, 61, 3)},
        accepts=_has_whole_meeting_time,
        phrasings=(
            "Two buses {d} km apart start at the same time towards each other at {a} km/h and {b} km/h. After how many hours do they meet?",
            "{name} and {name2} live {d} km apart. They drive towards each other at {a} km/h and {b} km/h, starting together. "
            "After how many hours do they meet?",
            "Two ferries leave ports {d} km apart and head for each other at {a} km/h and {b} km/h. How many hours pass until they meet?",
        ),
        transfer=(
            "A railway line is {d} km long. From its two ends two trains set off together, one at {a} km/h and the other at {b} km/h. "
            "In how many hours do they pass each other?"
        ),
        solution="Add the speeds: {a} + {b} = [closing]\nDivide distance by this speed: {d} ÷ {closing} = [hours]",
        misconceptions=(
            Misconception(
                id="meeting-averages-the-speeds",
                title="used the average of the speeds",
                solution="Average of the speeds: ({a} + {b}) ÷ 2 = [mean]\nDivide distance by this speed: {d} ÷ {mean} = [hours]",
                explanation="The average speed was used, as if only one of them were moving.",
                hint="In one hour both move. By how much does the gap between them shrink?",
            ),
            Misconception(
                id="meeting-subtracts-the-speeds",
                title="mixed up meeting with catching up",
                solution="Difference of the speeds: {a} - {b} = [closing]\nDivide distance by this speed: {d} ÷ {closing} = [hours]",
                explanation="The speeds were subtracted, which fits one chasing the other and not two coming together.",
                hint="Draw an arrow for each of them. Do the arrows point the same way?",
                kind="careless",
            ),
        ),
    ),
    Skill(
        id="average-speed-of-two-parts",
        title="Average speed of a trip in two parts",
        difficulty=2,
        number_choices={"d": range(60, 541, 20), "s": range(2, 7), "e": range(60, 541, 20), "t": range(2, 7)},
        accepts=_has_whole_speeds,
        phrasings=(
            "{name} drives {d} km in {s} hours and then {e} km in {t} hours. What is the average speed of the whole trip in km/h?",
            "A coach covers the first {d} km in {s} hours and the next {e} km in {t} hours. What is its average speed in km/h?",
            "A train runs {d} km in {s} hours, then {e} km more in {t} hours. What is its average speed in km/h over the whole way?",
        ),
        transfer="A lorry covers {d} km in {s} hours one day and {e} km in {t} hours the next. How many km/h is that on average overall?",
        solution=(
            "Add the distances: {d} + {e} = [distance]\nAdd the times: {s} + {t} = [time]\n"
            "Divide distance by time: {distance} ÷ {time} = [speed]"
        ),
        misconceptions=(
            Misconception(
                id="average-speed-is-mean-of-speeds",
                title="averaged the two speeds",
                solution=(
                    "Speed of the first part: {d} ÷ {s} = [first]\nSpeed of the second part: {e} ÷ {t} = [second]\n"
                    "Average of the speeds: ({first} + {second}) ÷ 2 = [speed]"
                ),
                explanation="The two speeds were averaged, although the two parts did not take the same time.",
                hint="How far is the whole way, and how long did all of it take?",
            ),
            Misconception(
                id="average-speed-first-time-forgotten",
                title="divided by the second time only",
                solution="Add the distances: {d} + {e} = [distance]\nDivide by the second time: {distance} ÷ {t} = [speed]",
                explanation="The whole distance was divided by the time of the second part, and the first part's time was left out.",
                hint="Did the whole way take only as long as its second part?",
                kind="careless",
            ),
        ),
    ),
    Skill(
        id="speed-of-the-current",
        title="Speed of a river's current",
        difficulty=3,
        number_choices={"d": range(12, 361, 6), "p": range(2, 13), "q": range(3, 16)},
        accepts=_has_whole_current_speed,
        phrasings=(
            "A boat goes {d} km downstream in {p} hours and returns upstream in {q} hours. What is the speed of the current in km/h?",
            "{name} steers a boat {d} km with the stream in {p} hours and back against it in {q} hours. How fast is the stream in km/h?",
            "Two piers on a river are {d} km apart. A ferry takes {p} hours with the current and {q} hours against it. "
            "At how many km/h does the river flow?",
        ),
        transfer=(
            "A raft with a motor covers {d} km downriver in {p} hours, but the same distance upriver takes {q} hours. "
            "How many km/h does the water itself move?"
        ),
        solution=(
            "Speed downstream: {d} ÷ {p} = [down]\nSpeed upstream: {d} ÷ {q} = [up]\n"
            "Difference of the speeds: {down} - {up} = [gap]\nTake half of it: {gap} ÷ 2 = [current]"
        ),
        misconceptions=(
            Misconception(
                id="current-not-halved",
                title="forgot to halve the difference",
                solution=(
                    "Speed downstream: {d} ÷ {p} = [down]\nSpeed upstream: {d} ÷ {q} = [up]\n"
                    "Difference of the speeds: {down} - {up} = [gap]"
                ),
                explanation="The difference holds the current twice, once helping and once slowing the boat, and it was not halved.",
                hint="The current speeds the boat up one way and slows it down the other. How often is it in your difference?",
                kind="careless",
            ),
            Misconception(
                id="current-is-still-water-speed",
                title="found the boat's own speed",
                solution=(
                    "Speed downstream: {d} ÷ {p} = [down]\nSpeed upstream: {d} ÷ {q} = [up]\n"
                    "Add the speeds: {down} + {up} = [sum]\nTake half of it: {sum} ÷ 2 = [boat]"
                ),
                explanation="The average of the two speeds is the boat's speed in still water and not the speed of the current.",
                hint="Your number lies midway between the two speeds. Is that how fast the water moves, or the boat on a calm lake?",
            ),
        ),
    ),
    Skill(
        id="train-over-a-bridge",
        title="A train crossing a bridge",
        difficulty=3,
        number_choices={"l": range(60, 401, 10), "b": range(100, 981, 10), "v": range(36, 145, 18)},
        accepts=_has_exact_crossing_time,
        phrasings=(
            "A train {l} m long crosses a bridge {b} m long at {v} km/h. How many seconds does it take to clear the bridge completely?",
            "How many seconds does a train of length {l} m need to pass right through a tunnel of length {b} m at {v} km/h?",
            "The {l} m long express enters a {b} m long station at {v} km/h without slowing. "
            "How many seconds until its last carriage leaves the station?",
        ),
        transfer=(
            "A goods train measures {l} m and a viaduct {b} m. The train rolls over it at {v} km/h. "
            "For how many seconds is any part of the train on the viaduct?"
        ),
        solution=(
            "Add the lengths: {l} + {b} = [metres]\nSpeed in metres per second: {v} × 1000 ÷ 3600 = [speed]\n"
            "Divide distance by speed: {metres} ÷ {speed} = [seconds]"
        ),
        misconceptions=(
            Misconception(
                id="train-own-length-forgotten",
                title="left out the length of the train",
                solution=(
                    "Speed in metres per second: {v} × 1000 ÷ 3600 = [speed]\nDivide given length by speed: {b} ÷ {speed} = [seconds]"
                ),
                explanation="Only the length to be crossed was used, but the train's own length has to pass as well.",
                hint="When the front of the train gets to the far end, where is its back?",
            ),
            Misconception(
                id="train-speed-not-converted",
                title="forgot to convert km/h",
                solution="Add the lengths: {l} + {b} = [metres]\nDivide by speed as given: {metres} ÷ {v} = [seconds]",
                explanation="Metres were divided by a speed in kilometres per hour, so the result is not in seconds.",
                hint="The lengths are in metres and the time is wanted in seconds. What unit must the speed have?",
                kind="careless",
            ),
        ),
    ),
    Skill(
        id="two-pipes-together",
        title="Two pipes filling a tank together",
        difficulty=3,
        number_choices={"a": range(6, 121), "b": range(8, 181)},
        accepts=lambda n: n["a"] < n["b"] and n["a"] * n["b"] * 10 % (n["a"] + n["b"]) == 0,
        phrasings=(
            "One pipe fills a tank in {a} minutes, another fills it in {b} minutes. How many minutes do both pipes need together?",
            "{name} can fill a paddling pool in {a} minutes with the large hose or in {b} minutes with the small one. "
            "How many minutes does it take with both hoses?",
            "One pump alone empties a cellar in {a} minutes, another in {b} minutes. In how many minutes do both pumps empty it?",
        ),
        transfer="The hot tap fills a bath in {a} minutes, the cold tap in {b} minutes. With both open, in how many minutes is it full?",
        solution=(
            "Split the job into parts: {a} × {b} = [parts]\nParts done each minute: {a} + {b} = [rate]\n"
            "Divide parts by rate: {parts} ÷ {rate} = [minutes]"
        ),
        misconceptions=(
            Misconception(
                id="pipes-averages-the-times",
                title="took the average of the times",
                solution="Add the times: {a} + {b} = [sum]\nTake half of it: {sum} ÷ 2 = [minutes]",
                explanation="The times were averaged, but two working together are faster than either of them alone.",
                hint="Compare your answer with the time of the faster one alone. Can it be longer?",
            ),
            Misconception(
                id="pipes-adds-the-times",
                title="added the times",
                solution="Sum of both times: {a} + {b} = [minutes]",
                explanation="The times were added, as if each did the whole job, one after the other.",
                hint="Does a second helper make the job take longer?",
            ),
        ),
    ),
)
