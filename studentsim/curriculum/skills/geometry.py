"""The built-in curriculum, category "geometry": angles, perimeters, areas, volumes and circles."""

from __future__ import annotations

from studentsim.curriculum.schema import Misconception, Skill, in_category

SKILLS = in_category(
    "geometry",
    Skill(
        id="third-angle",
        title="Third angle of a triangle",
        difficulty=1,
        number_choices={"a": range(20, 110), "b": range(20, 110)},
        accepts=lambda n: 60 <= n["a"] + n["b"] <= 160 and n["a"] + n["b"] != 90,
        phrasings=(
            "Two angles of a triangle measure {a} degrees and {b} degrees. How many degrees is the third angle?",
            "In a triangle, one angle is {a} degrees and another is {b} degrees. What is the size of the remaining angle in degrees?",
            "{name} draws a triangle and measures angles of {a} degrees and {b} degrees. How large is the last angle, in degrees?",
        ),
        transfer="A triangular sail has corners of {a} degrees and {b} degrees. What angle, in degrees, is at its other corner?",
        solution="Add the two angles: {a} + {b} = [sum]\nTake from a straight angle: 180 - {sum} = [third]",
        misconceptions=(
            Misconception(
                id="third-angle-full-turn",
                title="took the angles of a triangle to make a full turn",
                solution="Add the two angles: {a} + {b} = [sum]\nTake from a full turn: 360 - {sum} = [third]",
                explanation="The angles were taken to make a full turn, which is true of a four-sided shape but not of a triangle.",
                hint="Tear off the three corners of a paper triangle and lay them side by side: what do they make?",
            ),
            Misconception(
                id="third-angle-stops-at-sum",
                title="stopped at the sum of the two angles",
                solution="Add the two angles: {a} + {b} = [sum]",
                explanation="The two known angles were added, but the third angle was not worked out from them.",
                hint="You know what two angles make together. What do all three make?",
                kind="careless",
            ),
        ),
    ),
    Skill(
        id="rectangle-perimeter",
        title="Perimeter of a rectangle",
        difficulty=1,
        number_choices={"l": range(8, 95), "w": range(5, 60)},
        accepts=lambda n: n["w"] < n["l"] <= 4 * n["w"],
        phrasings=(
            "A rectangular garden is {l} m long and {w} m wide. How many metres of fence are needed to go all the way round it?",
            "What is the perimeter, in metres, of a rectangle with a length of {l} m and a width of {w} m?",
            "{name} walks once around the edge of a rectangular field measuring {l} m by {w} m. How many metres does {name} walk?",
        ),
        transfer="A rectangular tablecloth is {l} cm long and {w} cm wide. How many cm of ribbon are needed to trim all its edges?",
        solution="Add length and width: {l} + {w} = [half]\nDouble it: {half} × 2 = [perimeter]",
        misconceptions=(
            Misconception(
                id="rectangle-perimeter-as-area",
                title="found the area instead of the perimeter",
                solution="Multiply length by width: {l} × {w} = [area]",
                explanation="The area inside was worked out, although the distance round the edge was asked for.",
                hint="Do you want the space inside or the way round the outside?",
            ),
            Misconception(
                id="rectangle-perimeter-two-sides",
                title="added only two sides",
                solution="Add length and width: {l} + {w} = [half]",
                explanation="Only one length and one width were added, although a rectangle has two of each.",
                hint="Trace the whole edge with a finger: how many sides do you pass?",
                kind="careless",
            ),
        ),
    ),
    Skill(
        id="triangle-area",
        title="Area of a triangle",
        difficulty=1,
        number_choices={"b": range(6, 60), "h": range(5, 50)},
        accepts=lambda n: n["b"] * n["h"] % 2 == 0 and n["b"] != n["h"],
        phrasings=(
            "A triangle has a base of {b} cm and a height of {h} cm. What is its area in square cm?",
            "{name} cuts out a paper triangle with a base of {b} cm and a height of {h} cm. How many square cm of paper does it cover?",
            "A triangular flag is {b} cm wide at its base, and its height is {h} cm. How many square cm of cloth are in the flag?",
        ),
        transfer="One side of a triangular field is {b} m long, and the opposite corner is {h} m away, measured at right angles. "
        "What is the area of the field in square metres?",
        solution="Multiply base by height: {b} × {h} = [product]\nTake half of it: {product} ÷ 2 = [area]",
        misconceptions=(
            Misconception(
                id="triangle-area-not-halved",
                title="forgot to halve",
                solution="Multiply base by height: {b} × {h} = [product]",
                explanation="Base times height gives a whole rectangle, and the triangle is only half of it.",
                hint="Draw the rectangle around the triangle: how much of it does the triangle fill?",
                kind="careless",
            ),
            Misconception(
                id="triangle-area-adds",
                title="added base and height",
                solution="Add base and height: {b} + {h} = [sum]\nTake half of it: {sum} ÷ 2 = [area]",
                explanation="Base and height were added, although an area comes from multiplying two lengths.",
                hint="How do you find the area of a rectangle with the same base and height?",
            ),
        ),
    ),
    Skill(
        id="box-volume",
        title="Volume of a box",
        difficulty=2,
        number_choices={"l": range(6, 40), "w": range(4, 25), "h": range(3, 20)},
        accepts=lambda n: n["w"] < n["l"] and n["h"] != n["w"],
        phrasings=(
            "A box is {l} cm long, {w} cm wide and {h} cm high. What is its volume in cubic cm?",
            "{name} fills a rectangular tin of length {l} cm, width {w} cm and height {h} cm to the top with sand. "
            "How many cubic cm of sand is that?",
            "What is the volume, in cubic cm, of a rectangular block measuring {l} cm by {w} cm by {h} cm?",
        ),
        transfer="The inside of a fish tank is {l} cm long and {w} cm wide, and the tank is filled with water to a depth of {h} cm. "
        "How many cubic cm of water are in it?",
        solution="Multiply length by width: {l} × {w} = [base]\nMultiply by the height: {base} × {h} = [volume]",
        misconceptions=(
            Misconception(
                id="box-volume-as-surface",
                title="found the surface instead of the volume",
                solution="Add three different faces: {l} × {w} + {l} × {h} + {w} × {h} = [faces]\nDouble it: {faces} × 2 = [surface]",
                explanation="The area of the outside was worked out, although the space inside was asked for.",
                hint="Are you wrapping the box or filling it?",
            ),
            Misconception(
                id="box-volume-base-only",
                title="left out the height",
                solution="Multiply length by width: {l} × {w} = [base]",
                explanation="Only the area of the base was found, so the height was not used.",
                hint="One layer on the bottom is not enough. How many layers does the box hold?",
                kind="careless",
            ),
        ),
    ),
    Skill(
        id="rolling-wheel",
        title="Distance a wheel rolls",
        difficulty=2,
        number_choices={"d": range(20, 80), "n": range(3, 40)},
        phrasings=(
            "A wheel with a diameter of {d} cm makes {n} full turns. Taking pi as 3.14, how many cm does it roll?",
            "{name} rolls a hoop of diameter {d} cm along the ground for {n} full turns. Using 3.14 for pi, what distance in cm is that?",
            "A cart wheel has a diameter of {d} cm. How far does it travel in {n} turns, in cm, if pi is taken as 3.14?",
        ),
        transfer="A round reel with a diameter of {d} cm is turned {n} times to wind up a thin cable in one layer. "
        "If pi is 3.14, how many cm of cable go onto it?",
        solution="Multiply diameter by pi: {d} × 3.14 = [round]\nMultiply by the turns: {round} × {n} = [distance]",
        misconceptions=(
            Misconception(
                id="rolling-wheel-diameter-as-radius",
                title="treated the diameter as the radius",
                solution="Double the diameter: {d} × 2 = [double]\nMultiply by pi: {double} × 3.14 = [round]\n"
                "Multiply by the turns: {round} × {n} = [distance]",
                explanation="The diameter was doubled as if it were the radius, although it already goes right across the wheel.",
                hint="Does the given length reach from the centre to the rim, or right across the wheel?",
            ),
            Misconception(
                id="rolling-wheel-one-turn",
                title="found only one turn",
                solution="Multiply diameter by pi: {d} × 3.14 = [round]",
                explanation="The distance for a single turn was given, although the wheel turns many times.",
                hint="How often does the wheel turn?",
                kind="careless",
            ),
        ),
    ),
    Skill(
        id="square-tiles",
        title="How many square tiles cover a rectangle",
        difficulty=3,
        number_choices={"l": range(120, 485, 5), "w": range(80, 405, 5), "c": (10, 15, 20, 25, 30, 40)},
        accepts=lambda n: n["w"] <= n["l"] and n["l"] % n["c"] == 0 and n["w"] % n["c"] == 0,
        phrasings=(
            "A bathroom floor is {l} cm long and {w} cm wide. How many square tiles with sides of {c} cm are needed to cover it?",
            "{name} wants to cover a wall area of {l} cm by {w} cm with square tiles. A tile has a side of {c} cm. How many are needed?",
            "How many square tiles fit exactly on a rectangle measuring {l} cm by {w} cm if the side of each tile is {c} cm?",
        ),
        transfer="A sheet of cloth {l} cm long and {w} cm wide is cut into equal squares with no waste. "
        "If each square has a side of {c} cm, how many squares are there?",
        solution="Find the whole area: {l} × {w} = [whole]\nSquare the tile side: {c} × {c} = [tile]\n"
        "Divide by the tile area: {whole} ÷ {tile} = [tiles]",
        misconceptions=(
            Misconception(
                id="square-tiles-doubles-side",
                title="doubled the side instead of squaring it",
                solution="Find the whole area: {l} × {w} = [whole]\nDouble the tile side: {c} × 2 = [tile]\n"
                "Divide by the result: {whole} ÷ {tile} = [tiles]",
                explanation="The side of the tile was doubled, although the area of a square is its side times itself.",
                hint="Draw one tile with a grid on it: how many small squares are in it?",
            ),
            Misconception(
                id="square-tiles-divides-by-side",
                title="forgot to square the side of a tile",
                solution="Find the whole area: {l} × {w} = [whole]\nDivide by the tile side: {whole} ÷ {c} = [tiles]",
                explanation="The side of a tile was not squared, so the whole area was divided by a length.",
                hint="How much area does one tile cover?",
                kind="careless",
            ),
        ),
    ),
    Skill(
        id="ring-area",
        title="Area of a ring",
        difficulty=3,
        number_choices={"a": range(6, 45), "b": range(3, 40)},
        accepts=lambda n: n["b"] + 2 <= n["a"] <= 4 * n["b"],
        phrasings=(
            "A ring has an outer radius of {a} cm and an inner radius of {b} cm. Taking pi as 3.14, what is its area in square cm?",
            "From a paper disc of radius {a} cm, {name} cuts out a round hole of radius {b} cm in the middle. "
            "Using 3.14 for pi, how many square cm are left?",
            "Two circles with the same centre have radii of {a} cm and {b} cm. If pi is 3.14, how many square cm lie between them?",
        ),
        transfer="A round park of radius {a} m has a round pond of radius {b} m in it, and all the rest is grass. "
        "Using 3.14 for pi, how many square metres are grass?",
        solution="Square the outer radius: {a} × {a} = [outer]\nSquare the inner radius: {b} × {b} = [inner]\n"
        "Find the difference: {outer} - {inner} = [gap]\nMultiply by pi: {gap} × 3.14 = [area]",
        misconceptions=(
            Misconception(
                id="ring-area-subtracts-radii-first",
                title="subtracted the radii before squaring",
                solution="Subtract the radii: {a} - {b} = [gap]\nSquare the difference: {gap} × {gap} = [square]\n"
                "Multiply by pi: {square} × 3.14 = [area]",
                explanation="The radii were subtracted and then squared, but that gives the area of a small circle and not of the ring.",
                hint="What is the area of each whole circle before anything is taken away?",
            ),
            Misconception(
                id="ring-area-forgets-pi",
                title="forgot to multiply by pi",
                solution="Square the outer radius: {a} × {a} = [outer]\nSquare the inner radius: {b} × {b} = [inner]\n"
                "Find the difference: {outer} - {inner} = [gap]",
                explanation="The squares of the radii were subtracted, but the result was not multiplied by pi.",
                hint="What do you multiply the square of the radius by to get the area of a circle?",
                kind="careless",
            ),
        ),
    ),
)
