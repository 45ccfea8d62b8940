"""The calendar: days between dates, weekdays, dates so many days away, years between years."""

from datetime import date, timedelta

from langgraph_tumix.offline.phrasing import family
from langgraph_tumix.offline.problem import Problem

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@family(
    r"how many days (?:are |lie |pass(?:ed)? )?(?:there )?(?:between|from) <a:date> (?:and|to|until) <b:date>",
    r"number of days (?:between|from) <a:date> (?:and|to|until) <b:date>",
)
def days_between(a: date, b: date) -> Problem:
    """Days from one date to another; the first day does not count."""
    a, b = sorted((a, b))
    return Problem(
        method=f"From {a} to {b} I go year by year, then month by month, with an eye on leap years.",
        solve=lambda: (b - a).days,
        programs=(
            f"from datetime import date\nresult = (date.fromisoformat('{b}') - date.fromisoformat('{a}')).days",
            f"""
            from datetime import date, timedelta
            day, result = date.fromisoformat("{a}"), 0
            while day < date.fromisoformat("{b}"):
                day += timedelta(days=1)
                result += 1
            """,
        ),
        hardness=0.4 + (b - a).days / 1500,
        misreadings=(lambda: (b - a).days + 1, lambda: (b - a).days - 1),
    )


@family(
    r"(?:on )?(?:which|what) (?:day of the week|weekday) (?:is|was|did|does|will|falls|fell) <day:date>"
    r"(?: fall on| fall| be)?",
    r"(?:day of the week|weekday) (?:of|on) <day:date>",
)
def weekday(day: date) -> Problem:
    """The weekday of a date."""
    return Problem(
        method=f"I count the days from a Monday that I know to {day}, and take the remainder by 7.",
        solve=lambda: _WEEKDAYS[day.weekday()],
        programs=(
            f"from datetime import date\nresult = date.fromisoformat('{day}').strftime('%A')",
            f"""
            y, m, d = {day.year}, {day.month}, {day.day}  # Sakamoto's method
            y -= m < 3
            number = (y + y // 4 - y // 100 + y // 400 + [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4][m - 1] + d) % 7
            result = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"][number]
            """,
        ),
        hardness=1.5,
        misreadings=(lambda: _WEEKDAYS[(day.weekday() + 1) % 7], lambda: _WEEKDAYS[day.weekday() - 1]),
    )


@family(r"(?:which |what )?(?:date|day) (?:is |was |lies |comes )?<n:int> days (?P<way>after|before) <day:date>")
def shifted(n: int, way: str, day: date) -> Problem:
    """The date so many days before or after another."""
    sign = 1 if way.lower() == "after" else -1

    def solve(n: int = n) -> str:
        return (day + timedelta(days=sign * n)).isoformat()

    return Problem(
        method=f"From {day} I go {n} days {way.lower()}, month by month.",
        solve=solve,
        programs=(
            f"""
            from datetime import date, timedelta
            result = (date.fromisoformat("{day}") + timedelta(days={sign * n})).isoformat()
            """,
            f"""
            from datetime import date
            result = date.fromordinal(date.fromisoformat("{day}").toordinal() + {sign * n}).isoformat()
            """,
        ),
        hardness=0.3 + n / 200,
        misreadings=(lambda: solve(n + 1), lambda: solve(n - 1)),
    )


@family(
    r"how many years (?:are |lie |pass(?:ed)? )?(?:there )?(?:between|from) <a:int> (?:and|to|until) <b:int>",
    r"number of years (?:between|from) <a:int> (?:and|to|until) <b:int>",
    r"how many years (?:after|before) <a:int> (?:was|is|came|comes|lies?) <b:int>",
)
def years_between(a: int, b: int) -> Problem:
    """Years from one year to another."""
    a, b = sorted((a, b))
    return Problem(
        method=f"I take {a} from {b}.",
        solve=lambda: b - a,
        programs=(f"result = {b} - {a}", f"result = len(range({a}, {b}))"),
        hardness=0.3,
        misreadings=(lambda: b - a + 1,),
    )
