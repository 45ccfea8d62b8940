"""Units of measurement: one name for each, however it is written. Nothing is converted: 5 km is not 5000 m."""

import re
from collections import Counter

from langgraph_tumix.core.notation import FUNCTIONS, GREEK

_TABLE = """
m meter metre; cm centimeter centimetre; mm millimeter millimetre; km kilometer kilometre; nm nanometer nanometre;
μm um micrometer micrometre micron; in inch inches; ft foot feet; yd yard; mi mile; ly lightyear; au AU; pc parsec;
ha hectare; acre; L l liter litre; mL ml milliliter millilitre; gal gallon; g gram gramme; kg kilogram kilo;
mg milligram; μg ug microgram; tonne ton; lb lbs pound; oz ounce; s sec second; ms millisecond; μs us microsecond;
ns nanosecond; min minute mins; h hr hrs hour; day; wk week; month; yr year; am a.m; pm p.m; N newton;
kN kilonewton; J joule; kJ kilojoule; MJ megajoule; cal calorie; kcal kilocalorie; eV electronvolt; keV; MeV; GeV;
W watt; kW kilowatt; MW megawatt; GW gigawatt; kWh; Pa pascal; kPa kilopascal; MPa megapascal; GPa gigapascal;
atm atmosphere; bar; mmHg; psi; K kelvin; °C celsius; °F fahrenheit; ° deg degree; rad radian; A amp ampere;
mA milliampere milliamp; V volt; kV kilovolt; mV millivolt; Ω ohm; F farad; C coulomb; T tesla; Wb weber;
H henry henries; Hz hertz; kHz kilohertz; MHz megahertz; GHz gigahertz; mol mole; mmol millimole; M molar; B byte;
kB KB kilobyte; MB megabyte; GB gigabyte; TB terabyte; bit; dB decibel; rpm; mi/h mph; km/h kmh kph;
USD $ US$ dollar; EUR € euro; GBP £; JPY ¥ yen; INR ₹ rupee; CNY yuan renminbi; cent ¢
"""
_UNITS = {spelling: entry.split()[0] for entry in _TABLE.split(";") for spelling in entry.split()}
_CONNECTIVES = (
    "a and as at but by choose for from if in into is mod not of or out over plus minus than the then times to vs"
)
_NOT_UNITS = FUNCTIONS | GREEK.keys() | set(_CONNECTIVES.split())
_DEGREES = re.compile(r"(?:°|\bdeg(?:ree)?s?)\s*(?:(c)(?:elsius)?|(f)(?:ahrenheit)?)\b", re.IGNORECASE)
_SQUARED = re.compile(r"\b(?:square|sq\.?)\s+([A-Za-z]+)|\b([A-Za-z]+)\s+squared\b")
_CUBED = re.compile(r"\b(?:cubic|cu\.?)\s+([A-Za-z]+)|\b([A-Za-z]+)\s+cubed\b")
_PART = re.compile(r"\s*(?:([/*])|([A-Za-zμΩ°$€£¥₹¢.]+)(?:\s*\^\s*\{?\s*(-?\d)\s*\}?|(?<=[mt])([23])(?!\d))?)")
_MOST_WORDS = 4


def read_unit(text: str) -> str | None:
    r"""Return the name of a unit, a product or quotient of units, or a thing that is counted; None if it is neither.

    The name of nothing is empty.

    >>> read_unit("kilometers per hour"), read_unit("m s^{-2}"), read_unit("sq. ft"), read_unit("Apples")
    ('km/h', 'm/s^2', 'ft^2', 'apple')
    """
    text = _DEGREES.sub(lambda match: " °C " if match[1] else " °F ", text)
    text = _CUBED.sub(r"\1\2^3", _SQUARED.sub(r"\1\2^2", text))
    text = re.sub(r"\bper\b", "/", text).replace("(", " ").replace(")", " ").strip()
    powers, sign, at = Counter[str](), 1, 0
    while at < len(text):
        part = _PART.match(text, at)
        name = _name(part[2]) if part and part[2] else ""
        if part is None or name is None or len(powers) >= _MOST_WORDS:
            return None
        if name:
            powers[name] += sign * int(part[3] or part[4] or 1)
        elif part[1] == "/":
            sign = -1  # J/kg K means J/(kg K), as people write it
        at = part.end()
    return _write(powers)


def is_known(unit: str) -> bool:
    """Whether `unit` is in the table, so that it may stand right behind its number, as in ``5km``.

    >>> is_known("km"), is_known("apple")
    (True, False)
    """
    return all(name.partition("^")[0] in _UNITS for name in re.split("[*/]", unit) if name)


def _name(word: str) -> str | None:
    """Return the name of one unit; a word that is none counts things, in the singular."""
    lower = word.lower()
    singular = lower[:-1] if lower.endswith("s") and not lower.endswith("ss") else lower
    for spelling in (word, word.rstrip("."), lower if len(word) > 2 else word, singular if len(word) > 3 else word):
        if spelling in _UNITS:
            return _UNITS[spelling]
    return singular if len(word) > 2 and word.isalpha() and lower not in _NOT_UNITS else None


def _write(powers: Counter[str]) -> str:
    def write(sign: int) -> str:
        return "*".join(
            name if abs(power) == 1 else f"{name}^{abs(power)}" for name, power in powers.items() if power * sign > 0
        )

    return write(1) + ("/" + write(-1) if any(power < 0 for power in powers.values()) else "")
