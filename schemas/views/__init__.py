"""The SQL of a catalogue: schemas `indicators` and `screens`, made anew from the catalogue by `opscentre migrate`.

Functions work with their owner's rights, so that whoever reads the views needs none on the tables. Of each indicator
there is a function, `at_<id>(starts, ends)`, of its values for any period, and a view by its id, of the last 24 months,
8 quarters and 5 years, and of all there has ever been. Running periods end now.
"""

from schemas.catalogue.indicators import Indicator
from schemas.catalogue.model import Catalogue
from schemas.views.base import EMPTY, base_sql
from schemas.views.formulas import formula_sql, function_of
from schemas.views.quoting import identifier, literal
from schemas.views.screens import screens_sql
from schemas.views.status import status_sql
from schemas.views.tables import tables_sql

__all__ = ["views_sql"]


def views_sql(catalogue: Catalogue) -> str:
    """The statements that make the schema what the catalogue says, whatever is in it; to be run in one transaction."""
    indicators = catalogue.indicators.values()
    return (
        # A score's function may ask one that is made after it.
        "SET LOCAL check_function_bodies = off;\n"
        + EMPTY
        + tables_sql(catalogue)
        + base_sql(catalogue.province.zone)
        + "".join(_function(one) for one in indicators)
        + "".join(_view(one) for one in indicators)
        + status_sql()
        + screens_sql(catalogue)
    )


def _function(indicator: Indicator) -> str:
    body = formula_sql(indicator.file.system, indicator.file.formula, indicator.file.by)
    return f"""
CREATE FUNCTION {function_of(indicator.id)}(starts date, ends date)
RETURNS TABLE (agency text, dimensions text, numerator float8, denominator float8, value float8)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS {literal(body)};
"""


def _view(indicator: Indicator) -> str:
    return f"""
CREATE VIEW indicators.{identifier(indicator.id)} AS
SELECT p.period, p.starts, p.ends, v.agency, v.dimensions, v.numerator, v.denominator, v.value
FROM indicators.periods AS p, LATERAL {function_of(indicator.id)}(p.starts, p.ends) AS v;
"""
