"""When a case is due, said once more in the plainest way: see `expected`."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from opscentre.simulation.ground_truth import Statement
from opscentre.simulation.histories import (
    History,
    Pause,
    finish,
    has_effect,
    last_due,
    opening,
    pauses,
    suspended,
    suspended_since,
)
from schemas.catalogue.office import working_time
from schemas.catalogue.rules import Rules
from schemas.events import BY_TYPE
from schemas.events.effects import Case, Closed, Reopened, Resumed
from schemas.timekeeping.moments import MINUTE, moment_of, time_of
from schemas.timekeeping.working_time import Limit, WorkingTime

_INSTANT = timedelta(microseconds=1)


class DueTimes:
    """Due times by the rules of one catalogue.

    The agency's own due time moves by each time for which the case is suspended later. One that follows from the
    procedure's limit is worked out by the calendar that was known when the case was opened, and anew by each that
    became known on a day on which it was open and not overdue. What was missed when it was suspended stays missed. From
    the finish to a reopening the clock stands still, as if the case were suspended.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.zone = ZoneInfo(rules.zone)
        hours = [one for week in (rules.office_hours, *rules.agency_hours.values()) for one in week]
        said = {entry.since for entry in rules.calendar} | {one.since for one in hours}
        self._since = sorted(since for since in said if since)
        self._offices: dict[tuple[str, date | None], WorkingTime] = {}

    def overdue_at(self, history: History, until: datetime) -> datetime | None:
        """The first moment that is too late, as known just before `until`; None where there is no limit."""
        opened = opening(history)
        if opened is None:
            return None
        due = self._due(opened, self._heard(opened, history), until)
        return None if due is None else self._after(opened, due)

    def _heard(self, opened: Statement, history: History) -> History:
        """The history without the due times that count for nothing, since they would give time for having done so."""
        heard: list[Statement] = []
        for stated in history:
            one = self._reopening(opened, heard, stated) if has_effect(stated, Reopened) else stated
            counts = one.due is None or self._counts(opened, heard, one)
            heard.append(one if counts else one._replace(due=None))
        return heard

    def _counts(self, opened: Statement, before: History, one: Statement) -> bool:
        """Whether a due time counts: with a resumption not after a miss, with a closing only an earlier one."""
        if has_effect(one, Closed) and opening(before) is None:  # no limit yet, only what the agency gave
            given = last_due(before)
            return given is None or _said(one) < _said(before[given])
        if has_effect(one, Closed):
            due = self._due(opened, [*before, one._replace(due=None)], one.time + _INSTANT)
            return due is None or moment_of(_said(one)) < due
        if not has_effect(one, Resumed) or opening(before) is None:
            return True
        since = suspended_since(before) if _stands_still(before) else one.time
        due = self._due(opened, before, since + _INSTANT)
        return due is None or self._after(opened, due) > since

    def _reopening(self, opened: Statement, before: History, one: Statement) -> Statement:
        """A reopening with the due time that it gives: none of what was not closed.

        Where it says none and no office time was left, though the case was not late, what was left by the clock is.
        """
        ended = finish(before)
        if ended is None or opening(before) is None:
            return one._replace(due=None)
        begin = max(ended.time, opened.time)
        due = self._due(opened, before, begin + _INSTANT)
        if one.due or due is None or self._after(opened, due) <= begin:
            return one
        if self._office(opened.agency, self._day(one.time)).left(moment_of(begin), due) > 0:
            return one
        return one._replace(due=max(one.time, one.time + (time_of(due) - begin)))

    def _due(self, opened: Statement, history: History, until: datetime) -> int | None:
        """The due time; of a case that was missed when it was suspended, that of then."""
        given, stops = last_due(history), list(pauses(history))
        if _stands_still(history):
            stops.append(Pause(suspended_since(history), until, len(history)))
        for stop in stops:
            if given is None or stop.end_index > given:
                known = self._as_known(opened, history[: stop.end_index], stop.begin + _INSTANT)
                if known is not None and self._after(opened, known) <= stop.begin:
                    return known
        return self._as_known(opened, history, until)

    def _as_known(self, opened: Statement, history: History, until: datetime) -> int | None:
        """The due time as the agency gave it, or by the limit, whether it is missed or not."""
        given = last_due(history)
        return self._by_limit(opened, history, until) if given is None else self._own(opened, history, given)

    def worked_minutes(self, history: History, opened: Statement, ended: Statement) -> int:
        """Whole minutes of office time from the opening to the finish, without those for which it was suspended."""
        office = self._office(opened.agency, self._day(ended.time))
        spans = [(opened.time, ended.time), *((pause.end, pause.begin) for pause in pauses(history))]
        return max(0, sum(office.between(moment_of(begin), moment_of(end)) for begin, end in spans)) // MINUTE

    def _after(self, one: Statement, due: int) -> datetime:
        kind = BY_TYPE[one.type]
        assert issubclass(kind, Case)  # what has a due time is a case
        if not kind.by_day:
            return time_of(due + 1)
        return self._midnight(self._day(time_of(due)) + timedelta(days=1))

    def _own(self, opened: Statement, history: History, given: int) -> int:
        """The due time that the agency gave last, moved by what was suspended after it had been given."""
        stated = history[given]
        assert stated.due is not None  # `given` is where one is
        due = moment_of(stated.due)
        for pause in pauses(history):
            if pause.end_index > given:
                office = self._office(opened.agency, self._day(pause.end))
                begin = max(pause.begin, stated.time)
                due = office.shifted(due, office.between(moment_of(begin), moment_of(pause.end)))
        return due

    def _by_limit(self, opened: Statement, history: History, until: datetime) -> int | None:
        """The due time that follows from the limit, where the procedure has one."""
        limit = self._limit(opened)
        if limit is None:
            return None
        known = self._day(opened.time)
        for day in self._since:
            midnight = self._midnight(day)
            if day <= known or midnight >= until:
                continue
            before = [one for one in history if one.time < midnight]
            missed = self._after(opened, self._worked_out(opened, before, limit, known)) <= midnight
            if finish(before) is None and (suspended(before) or not missed):
                known = day
        return self._worked_out(opened, history, limit, known)

    def _worked_out(self, opened: Statement, history: History, limit: Limit, known: date) -> int:
        """By the calendar as it was known on a day, with all the office time that was suspended."""
        office = self._office(opened.agency, known)
        stood = sum(office.between(moment_of(pause.begin), moment_of(pause.end)) for pause in pauses(history))
        return office.shifted(office.due(moment_of(opened.time), limit), stood)

    def _limit(self, opened: Statement) -> Limit | None:
        """The limit in force on the day of the opening, for the channel; else for any."""
        day, channel = self._day(opened.time), opened.dimensions.partition(" ")[0]
        known = [one for one in self._rules.limits.get(opened.procedure or "", []) if not one.since or one.since <= day]
        if not known:
            return None
        by_channel = max(known, key=lambda one: one.since or date.min).model_dump(exclude={"since"})
        text = by_channel.get(channel) or by_channel["any"]
        return Limit.parse(text) if text else None

    def _office(self, agency: str, day: date) -> WorkingTime:
        """The working time of an agency by the calendar as it was known on a day."""
        key = agency, max((since for since in self._since if since <= day), default=None)
        if key not in self._offices:
            self._offices[key] = self._working_time(*key)
        return self._offices[key]

    def _working_time(self, agency: str, known: date | None) -> WorkingTime:
        entries = [
            entry
            for entry in self._rules.calendar
            if (not entry.agencies or agency in entry.agencies)
            and (entry.since is None or (known is not None and entry.since <= known))
        ]
        # What is said of one day for an agency itself goes before what is said for all, then what was said last.
        entries.sort(key=lambda entry: (bool(entry.agencies), entry.since or date.min))
        hours = [
            one
            for one in self._rules.agency_hours.get(agency, self._rules.office_hours)
            if one.since is None or (known is not None and one.since <= known)
        ]
        return working_time(self.zone, hours, {entry.date: entry for entry in entries})

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    def _midnight(self, day: date) -> datetime:
        """Where a local day begins. In UTC: two times of one zone are compared by their clocks alone."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)


def _stands_still(history: History) -> bool:
    return opening(history) is not None and finish(history) is None and suspended(history)


def _said(one: Statement) -> datetime:
    assert one.due is not None  # asked of what gives one
    return one.due
