"""The built-in curriculum, category "gain": profit, discount, interest and shared profit."""

from __future__ import annotations

from studentsim.curriculum.schema import Misconception, Skill, in_category

SKILLS = in_category(
    "gain",
    Skill(
        id="profit-on-a-batch",
        title="Total profit on a batch of goods",
        difficulty=1,
        number_choices={"a": range(12, 80), "b": range(2, 8), "c": range(4, 13)},
        accepts=lambda n: n["c"] >= n["b"] + 2,
        phrasings=(
            "{name} buys {a} {item} at ${b} each and sells them all at ${c} each. What is the total profit in dollars?",
            "A stall sells {a} mugs. Each mug costs the stall ${b} and is sold for ${c}. How many dollars of profit does the stall make?",
            "A shop stocks {a} notebooks for ${b} apiece, and customers buy all of them for ${c} apiece. "
            "What profit, in dollars, is made altogether?",
        ),
        transfer="The school club orders {a} badges. It pays ${b} for each badge and sells every one for ${c}. "
        "How much money, in dollars, does the club gain?",
        solution="Profit on one: {c} - {b} = [one]\nMultiply by how many: {one} × {a} = [profit]",
        misconceptions=(
            Misconception(
                id="batch-profit-on-one-only",
                title="stopped at the profit on one",
                solution="Profit on one: {c} - {b} = [one]",
                explanation="The profit on a single article was found, but not the profit on all of them.",
                hint="How many articles were sold at that profit?",
                kind="careless",
            ),
            Misconception(
                id="batch-takings-as-profit",
                title="took the money received for the profit",
                solution="Money from the sales: {a} × {c} = [takings]",
                explanation="All the money taken in was counted as profit, although the goods had to be paid for.",
                hint="What did the seller have to pay before selling anything?",
            ),
        ),
    ),
    Skill(
        id="sale-price",
        title="Price after a discount",
        difficulty=1,
        number_choices={"m": range(40, 500, 5), "p": range(5, 65, 5)},
        accepts=lambda n: n["m"] * n["p"] % 100 == 0 and n["m"] >= n["p"] + 10 and n["m"] != 100 and n["p"] != 50,
        phrasings=(
            "A coat is marked at ${m}, and the shop gives a discount of {p}%. What is the sale price in dollars?",
            "{name} wants a bicycle that normally costs ${m}. Today it is {p}% off. How many dollars does {name} have to pay?",
            "The usual price of a table is ${m}. In the sale it is reduced by {p}%. What does it cost now, in dollars?",
        ),
        transfer="A ticket has a full price of ${m}, but members pay {p}% less. What is the price for a member, in dollars?",
        solution="Work out the discount: {m} × {p} ÷ 100 = [discount]\nTake off the discount: {m} - {discount} = [price]",
        misconceptions=(
            Misconception(
                id="sale-price-discount-only",
                title="gave the discount instead of the price",
                solution="Work out the discount: {m} × {p} ÷ 100 = [discount]",
                explanation="The discount was worked out, but it was not taken off the price.",
                hint="Is that the money saved or the money paid?",
                kind="careless",
            ),
            Misconception(
                id="sale-price-percent-as-dollars",
                title="took the percentage off as if it were dollars",
                solution="Take off the percent number: {m} - {p} = [price]",
                explanation="The percentage was subtracted as an amount of money, although it means a part of the price.",
                hint="What amount of money is that percentage of the full price?",
            ),
        ),
    ),
    Skill(
        id="simple-interest",
        title="Simple interest over several years",
        difficulty=2,
        number_choices={"a": range(100, 1000, 50), "r": range(2, 13), "t": range(3, 10)},
        accepts=lambda n: n["a"] * n["r"] % 100 == 0,
        phrasings=(
            "{name} lends ${a} at {r}% simple interest a year. How many dollars of interest are due after {t} years?",
            "A sum of ${a} is saved at a simple interest rate of {r}% per year. What interest, in dollars, does it earn in {t} years?",
            "What is the simple interest, in dollars, on ${a} at {r}% a year for {t} years?",
        ),
        transfer="A bank account holds ${a} and pays {r}% simple interest every year. "
        "How much interest, in dollars, has it paid in all after {t} years?",
        solution="Interest for one year: {a} × {r} ÷ 100 = [year]\nMultiply by the years: {year} × {t} = [interest]",
        misconceptions=(
            Misconception(
                id="simple-interest-one-year",
                title="forgot the number of years",
                solution="Interest for one year: {a} × {r} ÷ 100 = [year]",
                explanation="The interest for a single year was given, although the money earns interest for longer.",
                hint="For how long does the money earn interest?",
                kind="careless",
            ),
            Misconception(
                id="simple-interest-adds-the-sum",
                title="confused the interest with the total amount",
                solution="Interest for one year: {a} × {r} ÷ 100 = [year]\nMultiply by the years: {year} × {t} = [interest]\n"
                "Add the starting amount: {a} + {interest} = [amount]",
                explanation="The money lent or saved was added to the interest, although only the interest was asked for.",
                hint="Which part of the money is interest, and which part was there from the start?",
            ),
        ),
    ),
    Skill(
        id="profit-percent",
        title="Profit as a percentage of the cost",
        difficulty=2,
        number_choices={"c": range(20, 400, 5), "s": range(24, 600, 2)},
        accepts=lambda n: (
            n["c"] * 21 <= n["s"] * 20 <= n["c"] * 32
            and (n["s"] - n["c"]) * 1000 % n["c"] == 0
            and 100 not in n.values()
        ),
        phrasings=(
            "{name} buys a guitar for ${c} and sells it for ${s}. What percent of the cost price is the profit?",
            "A dealer pays ${c} for a painting and sells it for ${s}. What is the profit percent, based on the cost?",
            "The cost price of a watch is ${c}, and its selling price is ${s}. What is the gain as a percent of the cost?",
        ),
        transfer="A trader spends ${c} on a rug and later gets ${s} for it. What percent of the money spent has the trader gained?",
        solution="Find the profit: {s} - {c} = [profit]\nMultiply by a hundred: {profit} × 100 = [hundred]\n"
        "Divide by the cost price: {hundred} ÷ {c} = [percent]",
        misconceptions=(
            Misconception(
                id="profit-percent-of-selling-price",
                title="took the percentage of the selling price",
                solution="Find the profit: {s} - {c} = [profit]\nMultiply by a hundred: {profit} × 100 = [hundred]\n"
                "Divide by the selling price: {hundred} ÷ {s} = [percent]",
                explanation="The profit was compared with the selling price instead of the cost price.",
                hint="Which price stands for the whole, the one paid first or the one received later?",
            ),
            Misconception(
                id="profit-percent-stops-at-dollars",
                title="gave the profit in dollars",
                solution="Find the profit: {s} - {c} = [profit]",
                explanation="The profit was found in dollars, but it was not turned into a percentage.",
                hint="Is that a number of dollars or a percentage of something?",
                kind="careless",
            ),
        ),
    ),
    Skill(
        id="partnership-share",
        title="Sharing a profit in the ratio of the money put in",
        difficulty=2,
        number_choices={"a": range(20, 200, 10), "b": range(20, 200, 10), "c": range(40, 600, 10)},
        accepts=lambda n: n["a"] != n["b"] and n["c"] * n["a"] % (n["a"] + n["b"]) == 0,
        phrasings=(
            "{name} puts ${a} and {name2} puts ${b} into a snack stall. They share the profit of ${c} in the same ratio. "
            "How many dollars does {name} get?",
            "Two partners invest ${a} and ${b} in a business. A profit of ${c} is divided in proportion to the investments. "
            "What is the first partner's share in dollars?",
            "{name} invested ${a}, {name2} invested ${b}, and together they gained ${c}. If the gain is shared in proportion "
            "to the investments, how many dollars belong to {name}?",
        ),
        transfer="To rent a market stand, {name} paid ${a} and {name2} paid ${b}. They make a profit of ${c} and split it in the ratio "
        "of their payments. What does {name} receive, in dollars?",
        solution="Total put in: {a} + {b} = [total]\nMultiply profit by own money: {c} × {a} = [product]\n"
        "Divide by the total: {product} ÷ {total} = [share]",
        misconceptions=(
            Misconception(
                id="partnership-shares-equally",
                title="shared the profit equally",
                solution="Share equally between two: {c} ÷ 2 = [share]",
                explanation="The profit was split into equal halves, although the partners put in different amounts.",
                hint="Should the person who put in more money receive more of the profit?",
            ),
            Misconception(
                id="partnership-other-partner",
                title="worked out the other partner's share",
                solution="Total put in: {a} + {b} = [total]\nMultiply profit by partner's money: {c} × {b} = [product]\n"
                "Divide by the total: {product} ÷ {total} = [share]",
                explanation="The method is right, but the share belongs to the other partner.",
                hint="Read again whose share is asked for.",
                kind="careless",
            ),
        ),
    ),
    Skill(
        id="price-before-discount",
        title="Original price, given the price after a discount",
        difficulty=3,
        number_choices={"p": (10, 15, 20, 25, 30, 35, 40, 60), "s": range(24, 500)},
        accepts=lambda n: n["s"] * 100 % (100 - n["p"]) == 0 and n["s"] * 100 % n["p"] == 0,
        phrasings=(
            "After a discount of {p}%, a radio costs ${s}. What was its price before the discount, in dollars?",
            "In a {p}% off sale, {name} pays ${s} for a tent. How many dollars did the tent cost before the sale?",
            "A shop cuts the price of a lamp by {p}%, and the new price is ${s}. What was the old price in dollars?",
        ),
        transfer="Students get {p}% off the normal fee for a course and pay ${s}. What is the normal fee in dollars?",
        solution="Percent left to pay: 100 - {p} = [left]\nDivide by the percent left: {s} ÷ {left} = [one]\n"
        "Multiply by a hundred: {one} × 100 = [price]",
        misconceptions=(
            Misconception(
                id="before-discount-adds-percent-back",
                title="added the percentage of the reduced price",
                solution="Percentage of the reduced price: {s} × {p} ÷ 100 = [part]\nAdd it back on: {s} + {part} = [price]",
                explanation="The percentage was taken of the reduced price, although the discount was a part of the old price.",
                hint="Which price was the discount a percentage of, the old one or the new one?",
            ),
            Misconception(
                id="before-discount-uses-discount-percent",
                title="divided by the percentage taken off",
                solution="Divide by the discount percent: {s} ÷ {p} = [one]\nMultiply by a hundred: {one} × 100 = [price]",
                explanation="The price paid was matched with the percentage taken off instead of the percentage left to pay.",
                hint="What percentage of the old price is still being paid?",
                kind="careless",
            ),
        ),
    ),
    Skill(
        id="compound-two-years",
        title="Amount after two years of compound interest",
        difficulty=3,
        number_choices={"a": range(100, 1000, 10), "r": range(2, 21)},
        accepts=lambda n: n["a"] * n["r"] % 100 == 0 and n["a"] * n["r"] * n["r"] % 500 == 0,
        phrasings=(
            "{name} saves ${a} at {r}% compound interest, added once a year. What is the amount, in dollars, after two years?",
            "A deposit of ${a} earns {r}% interest each year, compounded yearly. How many dollars is it worth at the end of two years?",
            "If ${a} is invested at {r}% a year and the interest is compounded annually, what is the total in dollars after two years?",
        ),
        transfer="A loan of ${a} grows by {r}% of what is owed at the end of each year. "
        "If nothing is paid back, how many dollars are owed after two years?",
        solution="Interest in year one: {a} × {r} ÷ 100 = [first]\nAmount after year one: {a} + {first} = [amount]\n"
        "Interest in year two: {amount} × {r} ÷ 100 = [second]\nAmount after year two: {amount} + {second} = [final]",
        misconceptions=(
            Misconception(
                id="compound-treated-as-simple",
                title="used simple interest",
                solution="Interest in year one: {a} × {r} ÷ 100 = [first]\nSame interest both years: {first} × 2 = [interest]\n"
                "Add the starting amount: {a} + {interest} = [final]",
                explanation="Both years were given the same interest, although in the second year the first interest earns interest too.",
                hint="How much money is in the account when the second year begins?",
            ),
            Misconception(
                id="compound-one-year-only",
                title="stopped after the first year",
                solution="Interest in year one: {a} × {r} ÷ 100 = [first]\nAmount after year one: {a} + {first} = [amount]",
                explanation="The amount after one year was given, although the second year still has to be worked out.",
                hint="How many times has interest been added so far?",
                kind="careless",
            ),
        ),
    ),
)
