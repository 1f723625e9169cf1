"""What of the catalogue indicators are told by in SQL: the agencies' tree, working days, targets. Pure text."""

from collections.abc import Iterable, Mapping
from datetime import date

from schemas.catalogue.indicators import Indicator, Score
from schemas.catalogue.model import Agency, Catalogue
from schemas.catalogue.office import weekly, working_time
from schemas.views.quoting import insert, literal

_TABLES = """
-- Each agency, itself and all below it.
CREATE TABLE indicators.tree (
    ancestor text COLLATE "C" NOT NULL,
    agency   text COLLATE "C" NOT NULL,
    PRIMARY KEY (ancestor, agency)
);

-- The province's, from 2000 to 2060.
CREATE TABLE indicators.working_days (day date PRIMARY KEY);

CREATE TABLE indicators.catalogue (
    indicator      text COLLATE "C" PRIMARY KEY,
    system         text COLLATE "C" NOT NULL,
    unit           text NOT NULL,
    period         text NOT NULL,
    name_vi        text NOT NULL,
    name_en        text NOT NULL,
    formula        text NOT NULL,
    description_vi text,
    description_en text
);

-- The systems that an indicator is worked out from: several of a score.
CREATE TABLE indicators.systems (
    indicator text COLLATE "C" NOT NULL,
    system    text COLLATE "C" NOT NULL,
    PRIMARY KEY (indicator, system)
);

CREATE TABLE indicators.targets (
    indicator text COLLATE "C" NOT NULL,
    agency    text COLLATE "C" NOT NULL,
    due       date NOT NULL,
    at_least  double precision,
    at_most   double precision,
    assumed   boolean NOT NULL,
    PRIMARY KEY (indicator, agency, due)
);
"""


def tables_sql(catalogue: Catalogue) -> str:
    """The tables, filled."""
    indicators = catalogue.indicators.values()
    filled = [
        insert("indicators.tree", _tree(catalogue.agencies)),
        insert("indicators.catalogue", (_described(one) for one in indicators)),
        insert(
            "indicators.systems",
            ((one.id, system) for one in indicators for system in systems_of(one, catalogue.indicators)),
        ),
        insert(
            "indicators.targets", (target for one in indicators for target in _targets(one, catalogue.province.code))
        ),
    ]
    names = ("tree", "working_days", "catalogue", "systems", "targets")
    analyse = "".join(f"ANALYZE indicators.{name};\n" for name in names)
    return _TABLES + "".join(filled) + _working_days(catalogue) + analyse


def _tree(agencies: Mapping[str, Agency]) -> Iterable[tuple[str, str]]:
    for code in agencies:
        above: str | None = code
        while above is not None:
            yield above, code
            above = agencies[above].parent


def _described(indicator: Indicator) -> tuple[str | None, ...]:
    file, description = indicator.file, indicator.file.description
    return (
        indicator.id,
        file.system,
        file.unit,
        file.period,
        file.name.vi,
        file.name.en,
        file.formula.kind,
        description.vi if description else None,
        description.en if description else None,
    )


def systems_of(indicator: Indicator, indicators: Mapping[str, Indicator]) -> list[str]:
    """The systems whose events an indicator is worked out from."""
    if not isinstance(indicator.file.formula, Score):
        return [indicator.file.system]
    named = [one.indicator for one in indicator.file.formula.components if one.indicator is not None]
    return sorted({system for id_ in named for system in systems_of(indicators[id_], indicators)})


def _targets(indicator: Indicator, province: str) -> Iterable[tuple[str | float | None, ...]]:
    for target in indicator.file.target:
        for agency in target.agencies or [province]:
            yield (
                indicator.id,
                agency,
                target.due.isoformat(),
                target.at_least,
                target.at_most,
                target.assumed,
            )


def _working_days(catalogue: Catalogue) -> str:
    """Of several entries about one day the one that came to count last decides, as in a fold of cases."""
    whole = [entry for entry in catalogue.rules.calendar if not entry.agencies]
    days = {entry.date: entry for entry in sorted(whole, key=lambda one: one.since or date.min)}
    office = working_time(catalogue.zone, catalogue.office_hours, days)
    off = {day: not office.is_working(day) for day in days}
    return f"""INSERT INTO indicators.working_days
    SELECT day::date FROM generate_series('2000-01-01'::timestamp, '2060-12-31', '1 day') AS day
    WHERE (({_in_week(catalogue)}) AND day::date <> ALL ({_dates(off, True)}))
        OR day::date = ANY ({_dates(off, False)});
"""


def _in_week(catalogue: Catalogue) -> str:
    """Whether the weekday of `day` is worked, by the week that stands on it."""
    weeks = sorted(weekly(catalogue.office_hours).items())
    ends = [since for since, _ in weeks[1:]] + [date.max]
    return " OR ".join(
        f"day >= '{since}' AND day < '{end}' AND extract(isodow FROM day) IN "
        f"({', '.join(str(weekday + 1) for weekday in sorted(week))})"
        for (since, week), end in zip(weeks, ends, strict=True)
    )


def _dates(days: Mapping[date, bool], off: bool) -> str:
    return (
        literal("{" + ",".join(sorted(day.isoformat() for day, is_off in days.items() if is_off is off)) + "}")
        + "::date[]"
    )
