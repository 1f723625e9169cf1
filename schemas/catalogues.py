"""Reading the catalogue, and telling every mistake in it.

`schemas/catalogue/` is the one that is shipped; another province brings a folder of its own with the same files.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo, available_timezones

from schemas.catalogue_model import Agency, Catalogue, Grants, Kind, Province, System
from schemas.events import SYSTEMS
from schemas.toml_files import Problem, TomlFile, choice, guess, quoted

__all__ = ["Agency", "Catalogue", "CatalogueError", "Problem", "Province", "System", "load_catalogue"]

SHIPPED = Path(__file__).parent / "catalogue"


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
    province_file = TomlFile.read(folder, "province.toml")
    province = _province(province_file)
    agencies_file = TomlFile.read(folder, "agencies.toml")
    agencies, codes = _agencies(agencies_file, province)
    system_files = [
        TomlFile.read(folder, f"systems/{path.name}") for path in sorted((folder / "systems").glob("*.toml"))
    ]
    systems = [_system(file, agencies, codes) for file in system_files]
    problems = [found for file in (province_file, agencies_file, *system_files) for found in file.problems]
    if not system_files:
        problems.append(Problem("systems", None, "", f"there is no file <system>.toml in {folder / 'systems'}"))
    if problems or province is None:
        raise CatalogueError(folder, problems)
    return Catalogue(province, agencies, {system.id: system for system in systems if system})


def _province(file: TomlFile) -> Province | None:
    province = file.parse(Province, file.content) if file.readable else None
    if province:
        try:
            ZoneInfo(province.zone)
        # ZoneInfo raises a KeyError, a ValueError or an OSError, depending on what is wrong with the name.
        except (KeyError, ValueError, OSError):
            file.problem(("zone",), f'"{province.zone}" is not an IANA time zone{_guess_zone(province.zone)}')
    return province


def _guess_zone(found: str) -> str:
    return guess(found, sorted(available_timezones()), otherwise='; an example: "Asia/Ho_Chi_Minh"')


def _agencies(file: TomlFile, province: Province | None) -> tuple[dict[str, Agency], Mapping[str, int] | None]:
    """The agencies by code, and where each code stands, those of faulty agencies too; None where none can be read."""
    if not file.readable:
        return {}, None
    for key in file.content.keys() - {"agency"}:
        file.problem((key,), f"is not a key of this file{choice(key, ['agency'])}")
    entries = file.content.get("agency")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        file.problem(("agency",), "must be tables, each under [[agency]]")
        return {}, None
    agencies: dict[str, Agency] = {}
    places: dict[str, int] = {}
    for number, entry in enumerate(entries):
        agency = file.parse(Agency, entry, ("agency", number))
        code = entry.get("code")
        if not isinstance(code, str):
            continue
        if code in places:
            first = file.line(("agency", places[code], "code"))
            file.problem(("agency", number, "code"), f'"{code}" is already the code of the agency at line {first}')
        places.setdefault(code, number)
        if agency:
            agencies.setdefault(code, agency)
    _check_tree(file, agencies, places, province)
    return agencies, places


def _check_tree(
    file: TomlFile, agencies: Mapping[str, Agency], places: Mapping[str, int], province: Province | None
) -> None:
    """Every agency must come under the province, and nothing under itself."""
    if province and province.code not in places:
        file.problem((), f'there is no agency "{province.code}": the province itself, by its code in province.toml')
    in_cycles: set[str] = set()
    for code, agency in agencies.items():
        place = ("agency", places[code], "parent")
        if agency.parent is None:
            if province and code != province.code:
                file.problem(place, f'is missing; only the province, "{province.code}", has none')
        elif province and code == province.code:
            file.problem(place, f'"{agency.parent}" is one too many: nothing stands above the province')
        elif agency.parent not in places:
            file.problem(place, f'"{agency.parent}" is not the code of an agency{guess(agency.parent, places)}')
        elif code not in in_cycles and (cycle := _cycle(code, agencies)):
            in_cycles.update(cycle)
            file.problem(place, f"the agency comes under itself: {' → '.join([*cycle, code])}")


def _cycle(code: str, agencies: Mapping[str, Agency]) -> list[str]:
    """The agencies from `code` up to itself; none where the way up ends or runs into another cycle."""
    above = [code]
    while (agency := agencies.get(above[-1])) and agency.parent:
        if agency.parent == code:
            return above
        if agency.parent in above:
            break
        above.append(agency.parent)
    return []


def _system(file: TomlFile, agencies: Mapping[str, Agency], codes: Mapping[str, int] | None) -> System | None:
    """The system of a file; where `codes` cannot be read, the codes that it names are not checked."""
    id_ = Path(file.name).stem
    if id_ in SYSTEMS:
        _check_events(file, id_)
    else:
        file.problem((), f'there is no system "{id_}" in schemas/events{choice(id_, SYSTEMS)}')
    if codes is not None:
        _check_codes(file, codes)
    grants = file.parse(Grants, file.content) if file.readable else None
    if not grants:
        return None
    granted = _resolve(grants.agencies, agencies)
    return System(id_, grants.name, grants.owner, frozenset(grants.events), granted, grants.partitions)


def _check_events(file: TomlFile, system_id: str) -> None:
    own = [event.name for event in SYSTEMS[system_id]]
    publishers = {event.name: id_ for id_, events in SYSTEMS.items() for event in events}
    for name in _texts(file, "events"):
        if name in own:
            continue
        if name in publishers:
            message = f"is an event type of {publishers[name]}, not of {system_id}"
        else:
            message = f"is not an event type of {system_id}{guess(name, own, f'; allowed: {quoted(own)}')}"
        file.problem(("events",), f'"{name}" {message}', name)


def _check_codes(file: TomlFile, codes: Mapping[str, int]) -> None:
    owner = file.content.get("owner")
    if isinstance(owner, str) and owner not in codes:
        file.problem(("owner",), f'"{owner}" is not the code of an agency{guess(owner, codes)}')
    for grant in _texts(file, "agencies"):
        if grant != "*" and grant not in get_args(Kind) and grant not in codes:
            close = guess(grant, [*get_args(Kind), *codes])
            message = f'"{grant}" is neither "*" nor a kind of agency nor the code of one{close}'
            file.problem(("agencies",), message, grant)


def _texts(file: TomlFile, key: str) -> list[str]:
    """The texts of a list as it stands in the file, whatever else is wrong there."""
    values = file.content.get(key)
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []


def _resolve(grants: Iterable[str], agencies: Mapping[str, Agency]) -> frozenset[str]:
    """Codes of the agencies that the entries of a grant mean: `*`, a kind, or a code."""
    wanted = set(grants)
    return frozenset(
        code for code, agency in agencies.items() if "*" in wanted or agency.kind in wanted or code in wanted
    )
