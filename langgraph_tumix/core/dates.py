"""Dates in the notations that are unambiguous."""

import re
from datetime import date

_NAMES = "january february march april may june july august september october november december"
_MONTHS = _NAMES.split()
_MONTH = rf"(?P<month>{'|'.join(f'{name[:3]}(?:{name[3:]})?' for name in _MONTHS)}|sept)\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>\d{4})"
_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s+)?"
_WRITTEN = [
    re.compile(_WEEKDAY + form, re.IGNORECASE)
    for form in (
        rf"{_MONTH}\s+{_DAY}(?:\s*,?\s+{_YEAR})?",
        rf"(?:the\s+)?{_DAY}(?:\s+of)?[\s-]+{_MONTH}(?:[\s,-]+{_YEAR})?",
        rf"{_MONTH}\s*,?\s+{_YEAR}",
        rf"{_YEAR}[-/.](?P<month>\d{{1,2}})[-/.]{_DAY}",
    )
]
_NUMERIC = re.compile(rf"(\d{{1,2}})([-/.])(\d{{1,2}})\2{_YEAR}")


def read_date(text: str) -> str | None:
    """Return a date in ISO 8601, with as many parts as `text` gives; None if it is no date or could be two.

    ``05/03/2024`` is May in one country and March in another; ``25/03/2024`` is not.

    >>> read_date("March 5th, 2024"), read_date("5 March"), read_date("Mar 2024"), read_date("05/03/2024")
    ('2024-03-05', '--03-05', '2024-03', None)
    """
    if numeric := _NUMERIC.fullmatch(text):
        first, second = int(numeric[1]), int(numeric[3])
        if first != second and max(first, second) <= 12:
            return None
        return _iso(numeric["year"], min(first, second), max(first, second))
    for pattern in _WRITTEN:
        if match := pattern.fullmatch(text):
            parts = match.groupdict()
            name = parts["month"].lower()
            month = int(name) if name.isdigit() else [each[:3] for each in _MONTHS].index(name[:3]) + 1
            return _iso(parts.get("year"), month, int(parts["day"]) if parts.get("day") else None)
    return None


def _iso(year: str | None, month: int, day: int | None) -> str | None:
    try:
        date(int(year or 2000), month, day or 1)  # 2000 was a leap year
    except ValueError:
        return None
    return f"{year or '-'}-{month:02}" + (f"-{day:02}" if day else "")
