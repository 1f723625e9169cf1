"""What a viewer chooses, as Grafana's variables."""

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as models

from dashboards.grafana.context import Context
from dashboards.grafana.queries import data_source, given, rows
from dashboards.model import Choice
from dashboards.parameters import PERIOD, named

Variable = dashboard.QueryVariable | dashboard.TextBoxVariable


def variable(context: Context, choice: Choice) -> Variable:
    """A list, from which one or several are chosen, or a box to type in."""
    label = context.say(choice.label)
    if not choice.query:
        # Without an id of its own only the last variable of a dashboard works on Grafana 9.
        return dashboard.TextBoxVariable(choice.parameter).id(choice.parameter).label(label).default_value("")
    follows = set(named(choice.query)) & set(PERIOD)
    refresh = models.VariableRefresh.ON_TIME_RANGE_CHANGED if follows else models.VariableRefresh.ON_DASHBOARD_LOAD
    cells = {"__text": f"{given('name')}::text", "__value": f"{given('value')}::text"}
    built = (
        dashboard.QueryVariable(choice.parameter)
        .id(choice.parameter)
        .label(label)
        .datasource(data_source())
        .query(rows(context.asked(choice.query), cells))
        .refresh(refresh)
    )
    if choice.many:
        everything = models.VariableOption(selected=True, text=["All"], value=["$__all"])
        built.multi(True).include_all(True).all_value("'*'").current(everything)
    return built
