"""What a case is, as a pure fold of its own events. No I/O, no clock, no order of arrival.

`CaseFold.contribution` says what a state counts for from a moment on (open, overdue …); `streams.fold.contributions`
turns the change of that into counters, `streams.fold.due_times` says when a case is due.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from schemas.events import BY_TYPE
from schemas.events.effects import Case, Closed, Extended, Opened, Progressed, Reopened, Resumed, Suspended
from schemas.timekeeping.moments import MINUTE
from streams.fold.due_times import DueState, DueTimes, give_due
from streams.fold.history import AGENCY_ENDED, CALENDAR_CHANGED, STEPS, Entry, Step, in_order
from streams.fold.rules import CaseRules

Key = tuple[str, str, str, str]
"""(system, measure, agency, dimensions)."""

Contribution = dict[Key, tuple[int, int]]
"""What is counted → the moment from which on, which may lie ahead of the entry that caused it, and how much."""

_CASES = [event for event in BY_TYPE.values() if issubclass(event, Case)]
_BY_DAY = {event.kind: event.by_day for event in _CASES}
_WITH_PROGRESS = {event.kind for event in _CASES if issubclass(event, Progressed)}


class UndoneFinish(NamedTuple):
    """A finish that a reopening has undone. Moments are microseconds since 1970, UTC."""

    closed_at: int
    on_time: bool | None
    """None where it was neither on time nor late."""
    reopened_at: int
    reopened_by: str


class CaseState(DueState):
    """Where a case stands after some of its events. Moments are microseconds since 1970, UTC."""

    agency: str = ""
    reused_by: tuple[str, ...] = ()
    """The agencies that opened another case under its number: they, or the year, are not those of its opening."""
    reopened_at: int = 0
    """Since when it is owed once more: it cannot be overdue from before that."""
    percent: int = 0
    closed_at: int | None = None
    closing: Step | None = None
    closing_dimensions: str = ""
    undone: tuple[UndoneFinish, ...] = ()
    worked: int | None = None
    """Minutes of office time from opening to finish, once they were asked for."""

    @property
    def name(self) -> str:
        """One word for the state: open, suspended, closed, incomplete, or void where nothing has begun."""
        if self.opened_at is None:
            return "void" if self.closed_at is None else "incomplete"
        if self.closed_at is not None:
            return "closed"
        return "open" if self.paused_at is None else "suspended"

    @property
    def finished(self) -> bool:
        """Whether it was brought to an end, in contrast to given up (withdrawn, cancelled)."""
        return self.closing is not None and self.closing.timed

    @property
    def done(self) -> int:
        """How much of it is done, in percent: all, once it is finished."""
        return 100 if self.finished else self.percent

    @property
    def contradictory(self) -> bool:
        """Ended before it began: closed all the same, and listed."""
        return self.opened_at is not None and self.closed_at is not None and self.closed_at < self.opened_at


class CaseMeasures(NamedTuple):
    """The counters of a kind of case of one agency, without dimensions: `dossier.open` and so on.

    What is finished is on time, late or, where it never had a due time, `without_due`; what is withdrawn is none of
    these. What is open and cannot become overdue, for it has no due time, is `open_without_due`. `number_reused` is how
    often the number of a case was used for another one, which counts nowhere else; `reopened` how often a finish was
    undone. `done`, of what has progress, is what stands finished at a moment, where `on_time` and its like are what was
    finished by then and stands now.

    These are amounts: `worked` is minutes of office time from opening to finish, of what is finished; `opened_at_sum`
    the minutes since 1970 at which what is open was opened, for its age; `progress` percent.
    """

    opened: Key
    number_reused: Key
    open: Key
    suspended: Key
    overdue: Key
    closed: Key
    on_time: Key
    late: Key
    without_due: Key
    open_without_due: Key
    reopened: Key
    incomplete: Key
    contradictory: Key
    worked: Key
    opened_at_sum: Key
    progress: Key
    done: Key

    @classmethod
    def of(cls, system: str, kind: str, agency: str) -> "CaseMeasures":
        """The counters of one kind of case of a system and an agency."""
        return cls(*((system, f"{kind}.{field}", agency, "") for field in cls._fields))


class CaseFold:
    """Folds histories of one kind of case of one system."""

    def __init__(self, system: str, kind: str, rules: CaseRules) -> None:
        self._system, self._kind = system, kind
        self._opened, self._closed = f"{kind}.opened", f"{kind}.closed"
        self._measures: dict[str, CaseMeasures] = {}
        self._progress = kind in _WITH_PROGRESS
        self._rules = rules
        self._due_times = DueTimes(rules, _BY_DAY[kind])
        self.overdue_at = self._due_times.overdue_at
        self.missed = self._due_times.missed

    def expand(self, history: Sequence[Entry]) -> Sequence[Entry]:
        """The history with what the catalogue does to it at its midnights, and with who owes where an agency has ended.

        The calendar may move a due time which follows from a limit; a successor takes over what is open.
        """
        if self._rules.successions:
            history = self._with_successors(history)
        if not history or history[0].time >= self._rules.last_change:
            return history
        limited = [entry for entry in history if entry.detail and STEPS[entry.name].effect is Opened]
        changes = self._rules.changes_after(limited[0].time) if limited else ()
        if not changes:
            return history
        changed = [Entry(moment, -1, "", CALENDAR_CHANGED, "") for moment in changes]
        return sorted([*history, *changed], key=in_order)

    def _with_successors(self, history: Sequence[Entry]) -> Sequence[Entry]:
        successions, ended = self._rules.successions, set[str]()
        for entry in history:
            agency = entry.agency
            while agency in successions and agency not in ended:
                ended.add(agency)
                agency = successions[agency].successor
        if not ended:
            return history
        named = [entry._replace(agency=self._rules.owner(entry.agency, entry.time)) for entry in history]
        handed = [
            Entry(successions[agency].begin, -1, "", AGENCY_ENDED, agency, detail=successions[agency].successor)
            for agency in ended
        ]
        return sorted([*named, *handed], key=in_order)

    def start(self) -> CaseState:
        """The state before any event."""
        return CaseState()

    def advance(self, state: CaseState, entry: Entry) -> None:
        """Let one entry act on the state."""
        step = STEPS[entry.name]
        effect = step.effect
        if effect is None:
            if state.closing is None:
                self._follow_catalogue(state, entry)
            return
        # Whoever the latest event names owes it now, until somebody finishes it; who opened it stays with the opening.
        if state.closing is None or effect is Reopened:
            state.agency = entry.agency
        if effect is Opened:
            self._open(state, entry)
        elif effect is Closed:
            self._close(state, entry, step)
        elif effect is Reopened:
            self._reopen(state, entry)
        elif state.closing is not None:
            return  # paperwork after the end moves nothing
        elif effect is Progressed:
            state.percent = entry.detail
        elif effect is Suspended:
            if state.paused_at is None:
                state.paused_at = entry.time
        elif effect is Resumed:
            self._due_times.resume(state, entry.time, entry.due)
        elif effect is Extended:
            give_due(state, entry.due, entry.time)

    def _follow_catalogue(self, state: CaseState, entry: Entry) -> None:
        if entry.name == CALENDAR_CHANGED:
            self._due_times.change_calendar(state, entry.time)
        elif state.agency == entry.agency:
            state.agency = entry.detail

    def _open(self, state: CaseState, entry: Entry) -> None:
        if state.opened_at is not None:
            day = self._rules.calendar.day
            if entry.agency != state.opened_by or day(entry.time).year != day(state.opened_at).year:
                state.reused_by = (*state.reused_by, entry.agency)
            return
        state.opened_at, state.opened_by, state.dimensions = entry.time, entry.agency, entry.dimensions or ""
        if state.paused_at is not None:
            state.paused_at = entry.time
        if entry.due is not None:
            give_due(state, entry.due, entry.time)
        elif state.due is None and entry.detail:
            self._due_times.follow_limit(state, entry.detail, entry.time)

    def _close(self, state: CaseState, entry: Entry, step: Step) -> None:
        if state.closing is not None and (step.precedence >= state.closing.precedence or not step.timed):
            return  # what had ended, late perhaps, cannot be withdrawn any more
        if state.closing is None:
            self._due_times.resume(state, entry.time, None)
        state.agency = entry.agency
        state.closed_at, state.closing, state.closing_dimensions = entry.time, step, entry.dimensions or ""
        state.worked = None
        # It may repeat the due time, or say an earlier one: nobody gets time by having finished.
        if entry.due is not None and (state.due is None or entry.due < state.due):
            give_due(state, entry.due, entry.time)

    def _reopen(self, state: CaseState, entry: Entry) -> None:
        if state.closed_at is not None:
            if state.opened_at is not None:
                finish = UndoneFinish(state.closed_at, self.on_time(state), entry.time, entry.agency)
                state.undone = (*state.undone, finish)
            self._due_times.reopen(state, state.closed_at, entry.time, entry.due)
        state.closed_at = state.closing = state.paused_at = state.worked = None
        state.closing_dimensions, state.reopened_at = "", entry.time

    def on_time(self, state: CaseState) -> bool | None:
        """Whether a closed case met its due time; None where it never had one, is open or was withdrawn."""
        if not state.finished or state.closed_at is None or state.due is None:
            return None
        return state.closed_at < self.overdue_at(state.due)

    def contribution(self, state: CaseState, moment: int) -> Contribution:
        """What a case counts for from `moment` on, as long as nothing else happens to it."""
        agency = state.agency
        counters = self._measures_of(agency)
        if state.opened_at is None:
            return {} if state.closed_at is None else {counters.incomplete: (state.closed_at, 1)}
        one = (moment, 1)
        held: Contribution = {(self._system, self._opened, state.opened_by, state.dimensions): one}
        if state.reused_by or state.undone:  # of hardly any case
            for key in self._repeated(state):
                held[key] = (moment, held.get(key, (moment, 0))[1] + 1)
        if state.closed_at is None:
            held[counters.open] = one
            held[counters.opened_at_sum] = (moment, state.opened_at // MINUTE)
            if state.paused_at is not None:
                held[counters.suspended] = one
                if self._due_times.missed(state):
                    held[counters.overdue] = one
            elif state.due is not None:
                overdue = self.overdue_at(state.due)
                held[counters.overdue] = (overdue, 1) if overdue > moment else one
            if state.due is None:
                held[counters.open_without_due] = one
            if self._progress and state.percent:
                held[counters.progress] = (moment, state.percent)
            return held
        finish = max(state.opened_at, state.closed_at)
        one = (finish, 1)
        held[self._system, self._closed, agency, state.closing_dimensions] = one
        if state.finished:
            met = self.on_time(state)
            held[counters.without_due if met is None else counters.on_time if met else counters.late] = one
            held[counters.worked] = (finish, self._worked_minutes(state))
            if self._progress:
                held[counters.progress] = (moment, 100)
                held[counters.done] = (moment, 1)
        if state.contradictory:
            held[counters.contradictory] = one
        return held

    def _repeated(self, state: CaseState) -> Iterator[Key]:
        """The counters of what may have happened to a case more than once."""
        for agency in state.reused_by:
            yield self._measures_of(agency).number_reused
        for undone in state.undone:
            yield self._measures_of(undone.reopened_by).reopened

    def _measures_of(self, agency: str) -> CaseMeasures:
        found = self._measures.get(agency)
        return found or self._measures.setdefault(agency, CaseMeasures.of(self._system, self._kind, agency))

    def _worked_minutes(self, state: CaseState) -> int:
        if state.worked is None:
            assert state.opened_at is not None  # asked of what was opened and closed only
            assert state.closed_at is not None
            calendar = self._rules.calendar_at(state.closed_at)
            working = self._rules.working(state.opened_by, calendar)
            office = working.between(state.opened_at, state.closed_at) - self._due_times.paused(state, calendar)
            state.worked = max(0, office) // MINUTE
        return state.worked
