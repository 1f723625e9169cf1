"""What of a catalogue enters the fold of a case: limits, office hours, and the calendar as of each of its changes."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.catalogue.office import working_time
from schemas.catalogue.rules import CalendarRule, Limits, OfficeHours, Rules
from schemas.timekeeping.moments import Calendar
from schemas.timekeeping.working_time import Limit, WorkingTime


class TakingOver(NamedTuple):
    """From this moment on the successor owes what an agency owed."""

    begin: int
    successor: str


class CaseRules:
    """The rules of one catalogue, ready to be asked of millions of cases.

    The calendar is numbered: 0 is the one that has always been, each `since` of an entry or of
    office hours begins another. Moments are
    microseconds since 1970, UTC.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        zone = ZoneInfo(rules.zone)
        self.calendar = Calendar(zone)
        weeks = (rules.office_hours, *rules.agency_hours.values())
        said = {entry.since for entry in rules.calendar} | {one.since for hours in weeks for one in hours}
        self._since = sorted(since for since in said if since is not None)
        self._moments = [self.calendar.midnight(day) for day in self._since]
        self.last_change = self._moments[-1] if self._moments else 0
        self._own = set(rules.agency_hours) | {code for entry in rules.calendar for code in entry.agencies}
        self.successions = {
            one.agency: TakingOver(self.calendar.midnight(one.since), one.successor) for one in rules.successions
        }
        """By the code of the agency that ends."""
        self._working: dict[tuple[str, int], WorkingTime] = {}
        self._limits = {
            code: [(0 if one.since is None else self.calendar.midnight(one.since), _by_channel(one)) for one in limits]
            for code, limits in rules.limits.items()
        }

    def owner(self, agency: str, moment: int) -> str:
        """Who owes at a moment what is said of an agency: itself, or whoever has taken over from it by then."""
        while (after := self.successions.get(agency)) and moment >= after.begin:
            agency = after.successor
        return agency

    def calendar_at(self, moment: int) -> int:
        """Number of the calendar in force at a moment."""
        return len(self._moments) if moment >= self.last_change else bisect_right(self._moments, moment)

    def changes_after(self, moment: int) -> Sequence[int]:
        """The moments after this one at which the calendar changes."""
        return self._moments[self.calendar_at(moment) :]

    def working(self, agency: str, calendar: int) -> WorkingTime:
        """The working time of an agency under a calendar."""
        key = agency if agency in self._own else "", calendar
        found = self._working.get(key)
        if found is None:
            found = self._working[key] = self._make(*key)
        return found

    def limit(self, procedure: str, channel: str, opened: int) -> Limit | None:
        """The limit in force when a case was opened; None where there is none."""
        in_force = None
        for since, by_channel in self._limits.get(procedure, ()):
            if since <= opened:
                in_force = by_channel
        return None if in_force is None else in_force.get(channel) or in_force.get("any")

    def latest_due(self, opened: int) -> int:
        """The latest due time that any limit gives any agency for what is opened at a moment; without limits, that."""
        in_force = {
            limit
            for limits in self._limits.values()
            for _, by_channel in [one for one in limits if one[0] <= opened][-1:]
            for limit in by_channel.values()
        }
        calendar = self.calendar_at(opened)
        offices = [self.working(agency, calendar) for agency in ("", *sorted(self._own))]
        return max((office.due(opened, limit) for office in offices for limit in in_force), default=opened)

    def due_moved_by_day(self, calendar: int, agency: str, start: int, end: int) -> date | None:
        """The first day between two moments that the change to this calendar is about."""
        first, last, since = self.calendar.day(start), self.calendar.day(end), self._since[calendar - 1]
        days = [entry.date for entry in self._entries(agency) if entry.since == since]
        days += [since for hours in self._hours(agency) if hours.since == since]
        return min((day for day in days if first <= day <= last), default=None)

    def _entries(self, agency: str) -> list[CalendarRule]:
        return [entry for entry in self._rules.calendar if not entry.agencies or agency in entry.agencies]

    def _hours(self, agency: str) -> list[OfficeHours]:
        return self._rules.agency_hours.get(agency, self._rules.office_hours)

    def _make(self, agency: str, calendar: int) -> WorkingTime:
        in_force = self._since[:calendar]
        # Of several entries about one day the latest in force decides, and one for the agency before one for all.
        entries = sorted(self._entries(agency), key=lambda one: (bool(one.agencies), one.since or date.min))
        days = {entry.date: entry for entry in entries if entry.since is None or entry.since in in_force}
        hours = [one for one in self._hours(agency) if one.since is None or one.since in in_force]
        return working_time(self.calendar.zone, hours, days)


def _by_channel(limits: Limits) -> dict[str, Limit]:
    return {channel: Limit.parse(text) for channel, text in limits.model_dump(exclude={"since"}).items() if text}
