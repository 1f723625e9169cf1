"""What the models cannot see for themselves: whether what one part of a catalogue says fits the others.

Each check notes the mistakes in the file that it is about. `codes` and `numbers` give the number of the table in which
each code stands, of faulty tables too, so that one mistake is not told again by everything that names the table.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo, available_timezones

from schemas.catalogue.model import Agency, Kind, Procedure, Province
from schemas.catalogue.rules import CalendarEntry
from schemas.catalogue.toml_files import TomlFile, guess, quoted
from schemas.events import SYSTEMS

Codes = Mapping[str, int]


def check_zone(file: TomlFile, zone: str) -> None:
    """Days begin and end in a time zone that exists."""
    try:
        ZoneInfo(zone)
    # ZoneInfo raises a KeyError, a ValueError or an OSError, depending on what is wrong with the name.
    except (KeyError, ValueError, OSError):
        close = guess(zone, sorted(available_timezones()), otherwise='; an example: "Asia/Ho_Chi_Minh"')
        file.problem(("zone",), f'"{zone}" is not an IANA time zone{close}')


def check_agencies(file: TomlFile, agencies: Mapping[str, Agency], numbers: Codes, province: Province | None) -> None:
    """Every agency must come under the province, and nothing under itself."""
    if province and province.code not in numbers:
        file.problem((), f'there is no agency "{province.code}": the province itself, by its code in province.toml')
    in_cycles: set[str] = set()
    for code, agency in agencies.items():
        path = ("agency", numbers[code], "parent")
        if agency.parent is None:
            if province and code != province.code:
                file.problem(path, f'is missing; only the province, "{province.code}", has none')
        elif province and code == province.code:
            file.problem(path, f'"{agency.parent}" is one too many: nothing stands above the province')
        elif agency.parent not in numbers:
            file.problem(path, no_agency(agency.parent, numbers))
        elif code not in in_cycles and (cycle := _cycle(code, agencies)):
            in_cycles.update(cycle)
            file.problem(path, f"the agency comes under itself: {' → '.join([*cycle, code])}")


def no_agency(code: str, codes: Iterable[str]) -> str:
    """What to say of a code that is none."""
    return f'"{code}" is not the code of an agency{guess(code, codes)}'


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


def check_validity(file: TomlFile, agencies: Mapping[str, Agency], numbers: Codes) -> None:
    """An agency begins before it ends, and what takes over from it stands on the day after."""
    for code, agency in agencies.items():
        where, end = ("agency", numbers[code]), agency.valid_to
        if agency.valid_from and end and agency.valid_from > end:
            file.problem((*where, "valid_to"), f"{end} is before valid_from, {agency.valid_from}")
        if agency.successor is None:
            continue
        if end is None:
            file.problem((*where, "successor"), "without valid_to, the agency's own last day, nobody can take over")
        if agency.successor == code:
            file.problem((*where, "successor"), f'"{code}" is the agency itself')
        elif agency.successor not in numbers:
            file.problem((*where, "successor"), no_agency(agency.successor, numbers))
        elif end and (after := agencies.get(agency.successor)) and not after.stands(end + timedelta(days=1)):
            message = f'"{after.code}" does not stand on {end + timedelta(days=1)}, the day after valid_to'
            file.problem((*where, "successor"), message)


def check_calendar(file: TomlFile, entries: Mapping[tuple[str, int], CalendarEntry], codes: Codes | None) -> None:
    """A day is said to be off, or worked on, once only: for the same agencies and from the same day on."""
    seen: dict[tuple[date, date | None, str], tuple[str, int]] = {}
    for path, entry in entries.items():
        if entry.since and entry.since > entry.date:
            file.problem((*path, "since"), f"{entry.since} is after the day itself, {entry.date}")
        for code in entry.agencies:
            if codes is not None and code not in codes:
                file.problem((*path, "agencies"), no_agency(code, codes), code)
        for scope in entry.agencies or [""]:
            first = seen.setdefault((entry.date, entry.since, scope), path)
            if first != path:
                kind = first[0].replace("_", " ")
                whose = f' of "{scope}"' if scope else ""
                file.problem((*path, "date"), f"{entry.date} is a {kind}{whose} already, at line {file.line(first)}")


def check_limits(
    file: TomlFile, procedures: Mapping[str, Procedure], numbers: Codes, field_codes: Codes | None
) -> None:
    """A procedure belongs to a field that there is, and no two of its limits count from the same day."""
    for code, procedure in procedures.items():
        where = ("procedure", numbers[code])
        if field_codes is not None and procedure.field not in field_codes:
            close = guess(procedure.field, field_codes)
            file.problem((*where, "field"), f'"{procedure.field}" is not the code of a field{close}')
        days = [limits.since for limits in procedure.limits]
        for since in sorted({day for day in days if days.count(day) > 1}, key=str):
            file.problem((*where, "limits"), f"two of them count from the same day: {_since(since)}")


def _since(day: date | None) -> str:
    return f"since = {day}" if day else "neither says since when"


def check_events(file: TomlFile, system_id: str) -> None:
    """A system may be granted only what its own event classes are."""
    own = [event.name for event in SYSTEMS[system_id]]
    for name in _texts(file.content, "events"):
        if name in own:
            continue
        publishers = [id_ for id_, events in SYSTEMS.items() if name in {event.name for event in events}]
        if publishers:
            message = f"is an event type of {', '.join(publishers)}, not of {system_id}"
        else:
            message = f"is not an event type of {system_id}{guess(name, own, f'; allowed: {quoted(own)}')}"
        file.problem(("events",), f'"{name}" {message}', name)


def check_owner(file: TomlFile, codes: Codes) -> None:
    """A system's owner is an agency."""
    owner = file.content.get("owner")
    if isinstance(owner, str) and owner not in codes:
        file.problem(("owner",), no_agency(owner, codes))


def check_grants(file: TomlFile, codes: Codes) -> None:
    """A system speaks for agencies that there are."""
    kinds = get_args(Kind)
    for grant in _texts(file.content, "agencies"):
        if grant != "*" and grant not in kinds and grant not in codes:
            close = guess(grant, [*kinds, *codes])
            message = f'"{grant}" is neither "*" nor a kind of agency nor the code of one{close}'
            file.problem(("agencies",), message, grant)


def _texts(content: Mapping[str, Any], key: str) -> Iterator[str]:
    """The texts of a list as it stands in the file, whatever else is wrong there."""
    values = content.get(key)
    return (value for value in values if isinstance(value, str)) if isinstance(values, list) else iter(())
