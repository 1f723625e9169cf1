"""A panel's figures as files: CSV and JSON with the values themselves, Excel with cells of numbers and dates. Pure."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import xlsxwriter

from dashboards.formats import shown
from dashboards.model import Column, Kind, Panel, Table
from dashboards.statuses import STATUSES
from dashboards.texts import Language, Text
from web.cache import Result
from web.tables import Row

_EXCEL_FORMATS: Mapping[Kind, str] = {
    "whole": "#,##0",
    "decimal": "#,##0.0",
    "percent": '#,##0.0" %"',
    "figure": "#,##0.##",
    "seconds": "#,##0",
    "day": "dd/mm/yyyy",
    "moment": "dd/mm/yyyy hh:mm",
    "clock": "hh:mm:ss dd/mm/yyyy",
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A text that begins so is reckoned with by spreadsheets that open a CSV file."""


def columns_of(panel: Panel, names: Sequence[str]) -> list[Column]:
    """What a file of a panel has: a table's columns as it heads them, else all that the query gives."""
    if isinstance(panel, Table):
        return [column for column in panel.columns if column.name in names]
    return [Column(name, Text(name, name)) for name in names]


def csv_text(columns: Sequence[Column], rows: Sequence[Row], language: Language, zone: ZoneInfo) -> str:
    """RFC 4180: numbers with a point, moments with their offset, statuses by their word."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow([_harmless(column.heading.of(language)) for column in columns])
    writer.writerows(
        [_harmless(_plain(row.get(column.name), column, language, zone)) for column in columns] for row in rows
    )
    return file.getvalue()


def xlsx_bytes(title: str, columns: Sequence[Column], rows: Sequence[Row], language: Language, zone: ZoneInfo) -> bytes:
    """A workbook of one sheet: numbers and dates as Excel's own, texts never as formulas or addresses."""
    file = io.BytesIO()
    options = {"in_memory": True, "remove_timezone": True, "nan_inf_to_errors": True}
    with xlsxwriter.Workbook(file, options) as book:
        sheet = book.add_worksheet()
        bold = book.add_format({"bold": True, "bottom": 1})
        formats = {kind: book.add_format({"num_format": form}) for kind, form in _EXCEL_FORMATS.items()}
        by_type = {datetime: formats["moment"], date: formats["day"]}
        book.set_properties({"title": title})
        sheet.freeze_panes(1, 0)
        for place, column in enumerate(columns):
            sheet.write_string(0, place, column.heading.of(language), bold)
            sheet.set_column(place, place, 32 if column.kind == "text" else 18)
            for line, row in enumerate(rows, 1):
                value = row.get(column.name)
                if isinstance(value, datetime):
                    sheet.write_datetime(line, place, value.astimezone(zone).replace(tzinfo=None), by_type[datetime])
                elif isinstance(value, date):
                    sheet.write_datetime(line, place, datetime.combine(value, datetime.min.time()), by_type[date])
                elif isinstance(value, int | float | Decimal) and not isinstance(value, bool):
                    sheet.write_number(line, place, float(value), formats.get(column.kind))
                elif value is not None:
                    sheet.write_string(line, place, str(_plain(value, column, language, zone)))
        if rows:
            sheet.autofilter(0, 0, len(rows), len(columns) - 1)
    return file.getvalue()


def json_bytes(title: str, result: Result, rows: Sequence[Row], zone: ZoneInfo) -> bytes:
    """Title, when it was asked, why there is nothing newer, the columns' names and the rows by them."""
    answer = result.answer
    document = {
        "title": title,
        "as_of": result.as_of.astimezone(zone),
        "error": result.error or None,
        "columns": answer.columns if answer else [],
        "more": answer.more if answer else False,
        "rows": [{name: _local(value, zone) for name, value in row.items()} for row in rows],
    }
    return orjson.dumps(document, default=_number_or_text)


def _local(value: Any, zone: ZoneInfo) -> Any:
    return value.astimezone(zone) if isinstance(value, datetime) else value


def _number_or_text(value: Any) -> Any:
    if not isinstance(value, Decimal):
        return str(value)
    return int(value) if value == value.to_integral_value() else float(value)


def _plain(value: Any, column: Column, language: Language, zone: ZoneInfo) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if column.kind == "status" and value in STATUSES:
        return shown(value, "status", language, zone)
    return value


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
