"""Reading the catalogue, and telling every mistake in it.

`schemas/catalogue/` is the one that is shipped; another province brings a folder of its own with the same files.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from schemas.catalogue.checks import (
    check_agencies,
    check_calendar,
    check_events,
    check_grants,
    check_limits,
    check_owner,
    check_validity,
    check_zone,
)
from schemas.catalogue.indicator_checks import Known, check_id, check_indicator
from schemas.catalogue.indicators import Indicator, IndicatorFile
from schemas.catalogue.model import (
    Agency,
    Catalogue,
    Derivation,
    DerivedSystem,
    Grants,
    Procedure,
    ProcedureField,
    Province,
    System,
    Validity,
)
from schemas.catalogue.rules import CalendarEntry
from schemas.catalogue.toml_files import Problem, TomlFile, guess, quoted
from schemas.events import SYSTEMS
from schemas.timekeeping.moments import Calendar

__all__ = ["Agency", "Catalogue", "CatalogueError", "Problem", "Province", "System", "load_catalogue"]

SHIPPED = Path(__file__).parent / "shipped"
TEMPLATE = Path(__file__).parent / "template"
"""What another province starts from; `opscentre catalogue new` writes a copy of it."""

Coded = TypeVar("Coded", Agency, ProcedureField, Procedure)


class CatalogueError(Exception):
    """The catalogue has mistakes; `problems` has all of them, by file and line."""

    def __init__(self, folder: Path, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems, key=lambda found: (found.file, found.line or 0))
        lines = "\n".join(str(problem) for problem in self.problems)
        super().__init__(f"the catalogue in {folder} has mistakes:\n{lines}")


def load_catalogue(folder: Path | None = None) -> Catalogue:
    """Read a catalogue; without a folder, the shipped one.

    Raises:
        CatalogueError: with every mistake there is.
    """
    folder = folder or SHIPPED
    files = [TomlFile.read(folder, f"{name}.toml") for name in ("province", "agencies", "calendar", "procedures")]
    province_file, agencies_file, calendar_file, procedures_file = files
    province = _province(province_file)
    agencies, codes = _agencies(agencies_file, province)
    days_off, working_days = _calendar(calendar_file, codes)
    fields, procedures = _procedures(procedures_file)
    system_files, indicator_files = (_folder(folder, name) for name in ("systems", "indicators"))
    systems = {id_: _system(id_, file, agencies, codes) for id_, file in system_files.items()}
    sound = {id_: None if system_files[id_].problems else system for id_, system in systems.items()}
    indicators = _indicators(indicator_files, sound, codes, province.code if province else None)
    read = (*files, *system_files.values(), *indicator_files.values())
    problems = [found for file in read for found in file.problems]
    if not system_files:
        problems.append(Problem("systems", None, "", f"there is no file <system>.toml in {folder / 'systems'}"))
    if problems or province is None:
        raise CatalogueError(folder, problems)
    validity = _validity(agencies, Calendar(ZoneInfo(province.zone)))
    return Catalogue(
        province,
        agencies,
        {id_: replace(system, validity=validity) for id_, system in systems.items() if isinstance(system, System)},
        {id_: system for id_, system in systems.items() if isinstance(system, DerivedSystem)},
        days_off,
        working_days,
        fields,
        procedures,
        indicators,
    )


def _folder(folder: Path, name: str) -> dict[str, TomlFile]:
    """The files of a folder within the catalogue's, by id; none where there is no such folder."""
    return {path.stem: TomlFile.read(folder, f"{name}/{path.name}") for path in sorted((folder / name).glob("*.toml"))}


def _province(file: TomlFile) -> Province | None:
    province = file.parse(Province, file.content) if file.readable else None
    if province:
        check_zone(file, province.zone)
    return province


def _agencies(file: TomlFile, province: Province | None) -> tuple[dict[str, Agency], Mapping[str, int] | None]:
    """The agencies by code, and where each code stands, those of faulty agencies too; None where none can be read."""
    if not file.readable:
        return {}, None
    file.only("agency")
    agencies, numbers = _coded(file, "agency", Agency, required=True)
    if numbers is not None:
        check_agencies(file, agencies, numbers, province)
        check_validity(file, agencies, numbers)
    return agencies, numbers


def _validity(agencies: Mapping[str, Agency], calendar: Calendar) -> dict[str, Validity]:
    """When the agencies stand that do not always: their first and last days are whole local days."""
    return {
        code: Validity(
            calendar.midnight(agency.valid_from) if agency.valid_from else None,
            calendar.midnight(agency.valid_to + timedelta(days=1)) if agency.valid_to else None,
            agency.successor,
        )
        for code, agency in agencies.items()
        if agency.valid_from or agency.valid_to
    }


def _coded(
    file: TomlFile, heading: str, model: type[Coded], *, required: bool = False
) -> tuple[dict[str, Coded], dict[str, int] | None]:
    """The tables of a heading by their code, and the number of each code's table, of faulty ones too."""
    tables = file.tables(heading, required=required)
    if tables is None:
        return {}, None
    found: dict[str, Coded] = {}
    numbers: dict[str, int] = {}
    for number, table in enumerate(tables):
        entry = file.parse(model, table, (heading, number))
        code = table.get("code")
        if not isinstance(code, str):
            continue
        if code in numbers:
            first = file.line((heading, numbers[code], "code"))
            file.problem((heading, number, "code"), f'"{code}" is already the code of the {heading} at line {first}')
        numbers.setdefault(code, number)
        if entry:
            found.setdefault(code, entry)
    return found, numbers


def _calendar(file: TomlFile, codes: Mapping[str, int] | None) -> tuple[list[CalendarEntry], list[CalendarEntry]]:
    """The days off and the working days."""
    if not file.readable:
        return [], []
    file.only("day_off", "working_day")
    entries = {
        (heading, number): entry
        for heading in ("day_off", "working_day")
        for number, table in enumerate(file.tables(heading) or [])
        if (entry := file.parse(CalendarEntry, table, (heading, number)))
    }
    check_calendar(file, entries, codes)
    days_off, working_days = (
        [entry for (found, _), entry in entries.items() if found == heading] for heading in ("day_off", "working_day")
    )
    return days_off, working_days


def _procedures(file: TomlFile) -> tuple[dict[str, ProcedureField], dict[str, Procedure]]:
    if not file.readable:
        return {}, {}
    file.only("field", "procedure")
    fields, field_codes = _coded(file, "field", ProcedureField)
    procedures, numbers = _coded(file, "procedure", Procedure)
    check_limits(file, procedures, numbers or {}, field_codes)
    return fields, procedures


def _system(
    id_: str, file: TomlFile, agencies: Mapping[str, Agency], codes: Mapping[str, int] | None
) -> System | DerivedSystem | None:
    """The system of a file; where `codes` cannot be read, the codes that it names are not checked."""
    if not file.readable:
        return None
    if codes is not None:
        check_owner(file, codes)
    if "derived" in file.content:
        return _derived(file, id_)
    if id_ in SYSTEMS:
        check_events(file, id_)
    else:
        close = guess(id_, SYSTEMS, f"; allowed: {quoted(SYSTEMS)}")
        file.problem((), f'there is no system "{id_}" in schemas/events{close}')
    if codes is not None:
        check_grants(file, codes)
    grants = file.parse(Grants, file.content)
    if not grants:
        return None
    granted = _resolve(grants.agencies, agencies)
    return System(id_, grants.name, grants.owner, frozenset(grants.events), granted, grants.partitions, grants.cadence)


def _derived(file: TomlFile, id_: str) -> DerivedSystem | None:
    publishing = Grants.model_fields.keys() - Derivation.model_fields.keys()
    for key in file.content.keys() & publishing:
        file.problem((key,), "a derived system publishes nothing: leave out this key, or derived")
    rest = {key: value for key, value in file.content.items() if key not in publishing}
    derivation = file.parse(Derivation, rest)
    return DerivedSystem(id_, derivation.name, derivation.owner) if derivation else None


def _indicators(
    files: Mapping[str, TomlFile],
    systems: Mapping[str, System | DerivedSystem | None],
    codes: Mapping[str, int] | None,
    province: str | None,
) -> dict[str, Indicator]:
    """The indicators by id. One mistake is told once: a system with mistakes is None and not looked into."""
    found = {id_: file.parse(IndicatorFile, file.content) if file.readable else None for id_, file in files.items()}
    known = Known(systems, found, codes, province)
    for id_, file in files.items():
        check_id(file, id_)
        if indicator := found[id_]:
            check_indicator(file, id_, indicator, known)
    return {id_: Indicator(id_, indicator) for id_, indicator in found.items() if indicator}


def _resolve(grants: Iterable[str], agencies: Mapping[str, Agency]) -> frozenset[str]:
    """Codes of the agencies that the entries of a grant mean: `*`, a kind, or a code."""
    wanted = set(grants)
    return frozenset(
        code for code, agency in agencies.items() if "*" in wanted or agency.kind in wanted or code in wanted
    )
