"""Units: their spellings, each with one canonical name. Nothing is converted: 5 m does not match 500 cm."""

from __future__ import annotations

_UNIT_TABLE = """
mm mms millimeter millimetre | cm cms centimeter centimetre | dm decimeter decimetre | m meter metre mtr mts
 km kilometer kilometre kms kilo
inch inches in | ft foot feet | yd yard | mi mile | acre | hectare ha | nm nanometer | μm micrometer
mg milligram | g gram gm gms | kg kilogram kgs kilogramme | lb lbs | oz ounce | t ton tonne | pound_or_lb pound
s sec second secs | min minute mins | h hr hour hrs | day | week wk | month | year yr yrs | ms millisecond
ml milliliter millilitre | l liter litre ltr | gal gallon | pint | quart | cc
¢ cent | $ dollar usd us$ bucks | £ gbp | € euro eur | ₹ rs rupee inr re | paise paisa | ¥ yen | ₽ ruble
watt w | kw kilowatt | mw megawatt | joule j | kj kilojoule | cal calorie | kcal kilocalorie | ev | newton n | pa pascal
kpa | atm | volt v
amp ampere | ohm Ω | hz hertz | khz | mhz | mol mole | kelvin k | ° degree deg | rad radian | db | °c celsius | °f fahrenheit
% percent pct percentage | mb | gb | kb | tb | bit | byte | mi/h mph | km/h kmph kph | m/s mps
""".replace("\n", " | ")
CANONICAL_UNITS: dict[str, str] = {
    alias: row.split()[0] for row in _UNIT_TABLE.split("|") if row.split() for alias in row.split()
}
"""Canonical unit by spelling."""
KNOWN_UNITS = frozenset(CANONICAL_UNITS.values())
CURRENCIES = frozenset("$£€₹¥¢₽") | {"paise"}
_MEGA_PREFIXABLE = frozenset("mw mhz mb mg mm ml".split())
"""Units whose capital M is mega-, 10⁹ times milli-."""
_SINGLE_LETTER_UNITS = dict(zip("msglhtLJNWVK", "m s g l h t l joule newton watt volt kelvin".split(), strict=True))
"""Units of one letter, case-sensitive: 5 M is no length."""
_AREA_UNITS = {"sqft": "ft^2", "sqm": "m^2", "sqcm": "cm^2", "sqkm": "km^2", "sqin": "inch^2"}
AMBIGUOUS_UNITS = frozenset("m s g l L h t J N W V K in re ha".split())
"""Units that are also words or letters: they count as units only after a number."""
COMPOUNDABLE_UNITS = frozenset("mm cm m km inch ft yd mi g kg lb l ml gal watt joule newton".split())
"""Units that form compounds, as km per hour; a price per day stays a price."""


def canonical_unit(word: str) -> str | None:
    """The canonical name of a unit; None if the word is none.

    >>> [canonical_unit(word) for word in ("Kilometres", "Rs", "apples", "sqft", "mW", "MW")]
    ['km', '₹', None, 'ft^2', 'mw', 'Mw']
    """
    if len(word) == 1 and word.isalpha() and word.isascii():
        return _SINGLE_LETTER_UNITS.get(word)
    mega = "M" if word[:1] == "M" and len(word) <= 3 else ""
    word = word.lower().rstrip(".")
    if mega and word in _MEGA_PREFIXABLE:
        return mega + word[1:]
    if word in _AREA_UNITS:
        return _AREA_UNITS[word]
    found = CANONICAL_UNITS.get(word)
    return found or (CANONICAL_UNITS.get(word[:-1]) if len(word) > 3 and word.endswith("s") else None)


def is_known_unit(word: str) -> bool:
    """Whether a token is a canonical unit, perhaps compound."""
    if word[:1] == "M" and word.lower() in _MEGA_PREFIXABLE:
        return True
    return word in KNOWN_UNITS or word.partition("^")[0].partition("/")[0] in KNOWN_UNITS


def units_match(one: str, other: str) -> bool:
    """Whether two units are the same; a pound may be money or weight.

    >>> units_match("£", "pound_or_lb"), units_match("km", "mi")
    (True, False)
    """
    return one == other or {one, other} in ({"£", "pound_or_lb"}, {"lb", "pound_or_lb"})
