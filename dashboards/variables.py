"""What a viewer chooses on a dashboard."""

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as models

from dashboards.queries import DATA_SOURCE_TYPE, DATA_SOURCE_UID
from dashboards.texts import AGENCY, Language, Text

INDICATOR = "${indicator:sqlstring}"
"""The indicator chosen, as an SQL literal."""


def chosen(column: str) -> str:
    """The condition that an agency is among those chosen."""
    return f"('*' IN (${{agency:sqlstring}}) OR {column} IN (${{agency:sqlstring}}))"


def outermost(column: str) -> str:
    """The condition that an agency is among those chosen and none above it is, whose value has it already."""
    return (
        f"{chosen(column)} AND NOT EXISTS (SELECT FROM indicators.tree AS above WHERE above.agency = {column} "
        f"AND above.ancestor <> {column} AND {chosen('above.ancestor')})"
    )


def agencies(language: Language) -> dashboard.QueryVariable:
    """`agency`: one or several, or all."""
    query = (
        f"SELECT name_{language} AS __text, code AS __value FROM agencies "
        f"WHERE kind <> 'province' ORDER BY kind DESC, name_{language}"
    )
    return (
        _variable("agency", AGENCY, query, language)
        .multi(True)
        .include_all(True)
        .all_value("'*'")
        .current(models.VariableOption(selected=True, text=["All"], value=["$__all"]))
    )


def indicator(language: Language) -> dashboard.QueryVariable:
    """`indicator`: one that has a target."""
    query = (
        f"SELECT name_{language} AS __text, indicator AS __value FROM indicators.catalogue AS c "
        f"WHERE EXISTS (SELECT FROM indicators.targets AS t WHERE t.indicator = c.indicator) ORDER BY name_{language}"
    )
    return _variable("indicator", Text("Chỉ tiêu", "Target"), query, language)


def _variable(name: str, label: Text, query: str, language: Language) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(name)
        .id(name)
        .label(label.of(language))
        .datasource(models.DataSourceRef(type_val=DATA_SOURCE_TYPE, uid=DATA_SOURCE_UID))
        .query(query)
        .refresh(models.VariableRefresh.ON_DASHBOARD_LOAD)
    )
