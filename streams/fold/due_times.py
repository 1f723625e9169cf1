"""When a case is due: by the agency's own word, else by its procedure's limit and the calendar. Pure.

Either due time moves by the office time for which the case is suspended, unless the resumption brings its own. One
that follows from a limit moves with the calendar, too. What was missed by then stays missed: neither a suspension nor a
resumption nor the calendar moves it any more, only an extension that the agency grants. A closed case that is reopened
has left what it had when it was closed, unless the reopening brings a due time of its own.
"""

from collections.abc import Callable
from datetime import date

from streams.fold.rules import CaseRules


class DueState:
    """What a due time depends on, as part of a case's state. Moments are microseconds since 1970, UTC.

    Most cases set few of these: what stands here is read from the class, so that a new state costs nothing.
    """

    opened_at: int | None = None
    opened_by: str = ""
    dimensions: str = ""
    due: int | None = None
    procedure: str | None = None
    """Whose limit the due time follows from; None where the agency has said one itself, or missed the last one."""
    calendar: int = 0
    """Number of the last change of the calendar that was in force when the due time was computed."""
    due_moved_by_day: date | None = None
    """The day of the calendar whose change moved the due time last."""
    paused_at: int | None = None
    given_at: int = 0
    """When the agency said the due time: a pause that began before moves it only from then on."""
    pauses: tuple[tuple[int, int], ...] = ()
    """When nobody worked on it: from suspension to resumption, and from closing to reopening."""
    paused: tuple[int, int, int] = (0, 0, 0)
    """Of how many of the pauses the office time is known, by which calendar, and how much it is."""


class DueTimes:
    """Sets and moves the due times of one kind of case."""

    def __init__(self, rules: CaseRules, by_day: bool) -> None:
        """`by_day` says whether what is due is late from the next day on, or from the next moment."""
        self._rules = rules
        self.overdue_at: Callable[[int], int] = rules.calendar.end_of_day if by_day else _after
        """Due time → the moment at which what is still open becomes overdue."""

    def follow_limit(self, state: DueState, procedure: str, moment: int) -> None:
        """Of a case opened at a moment: it is due by its procedure's limit, where that has one."""
        state.procedure = procedure
        state.calendar = self._rules.calendar_at(moment)
        state.due = self._computed(state)

    def resume(self, state: DueState, moment: int, due: int | None) -> None:
        """End a pause, if there is one; `due` is the due time that the agency says with it."""
        missed, paused_at, state.paused_at = self.missed(state), state.paused_at, None
        if paused_at is None or state.opened_at is None:
            ran_out = state.opened_at is not None and state.due is not None and self.overdue_at(state.due) <= moment
            if due is not None and not ran_out:
                give_due(state, due, moment)
            return
        state.pauses = (*state.pauses, (paused_at, moment))
        if missed:
            state.procedure = None
        elif due is not None:
            give_due(state, due, moment)
        else:
            self._shift(state, paused_at, moment)

    def reopen(self, state: DueState, closed_at: int, moment: int, due: int | None) -> None:
        """A closed case is owed once more: the time since it was closed is no work, and is not taken from it."""
        if state.opened_at is None:
            return
        begin = max(closed_at, state.opened_at)
        state.pauses = (*state.pauses, (begin, moment))
        if due is not None:
            give_due(state, due, moment)
        elif state.due is None:
            return
        elif self.overdue_at(state.due) <= begin:
            state.procedure = None
        elif self._rules.working(state.opened_by, self._rules.calendar_at(moment)).left(begin, state.due) > 0:
            self._shift(state, begin, moment)
        else:  # after hours, or on a day off: no office time was left, and yet it was not late
            give_due(state, moment + max(0, state.due - begin), moment)

    def _shift(self, state: DueState, begin: int, moment: int) -> None:
        """Move the due time by the last of the pauses, from its beginning to this moment."""
        if state.procedure is not None:
            state.due = self._computed(state)
        elif state.due is not None:
            working = self._rules.working(state.opened_by, self._rules.calendar_at(moment))
            since = max(begin, state.given_at)  # said while the case was suspended, it knew of the pause so far
            state.due = working.shifted(state.due, working.between(since, moment))

    def missed(self, state: DueState) -> bool:
        """Of a suspended case: whether its due time was missed when it was suspended."""
        return state.due is not None and state.paused_at is not None and self.overdue_at(state.due) <= state.paused_at

    def paused(self, state: DueState, calendar: int) -> int:
        """Office time of all pauses so far, by a calendar; remembered, for it is asked again and again."""
        if not state.pauses:
            return 0
        count, by, total = state.paused
        if by != calendar:
            count = total = 0
        working = self._rules.working(state.opened_by, calendar)
        for begin, end in state.pauses[count:]:
            total += working.between(begin, end)
        state.paused = (len(state.pauses), calendar, total)
        return total

    def change_calendar(self, state: DueState, moment: int) -> None:
        """Let a change of the calendar move what follows from a limit."""
        if state.procedure is None or state.due is None:
            return
        if self.overdue_at(state.due) <= (moment if state.paused_at is None else state.paused_at):
            state.procedure = None  # what was missed by then, or when it was suspended, stays missed
            return
        before, state.calendar = state.due, self._rules.calendar_at(moment)
        state.due = self._computed(state)
        if state.due is not None and state.due != before and state.opened_at is not None:
            last = max(before, state.due)
            state.due_moved_by_day = self._rules.due_moved_by_day(
                state.calendar, state.opened_by, state.opened_at, last
            )

    def _computed(self, state: DueState) -> int | None:
        assert state.opened_at is not None  # only an opening names a procedure
        assert state.procedure is not None
        limit = self._rules.limit(state.procedure, state.dimensions.partition(" ")[0], state.opened_at)
        if limit is None:
            return None
        working = self._rules.working(state.opened_by, state.calendar)
        return working.shifted(working.due(state.opened_at, limit), self.paused(state, state.calendar))


def give_due(state: DueState, due: int | None, moment: int) -> None:
    """The agency has said a due time itself: no limit and no calendar moves it any more."""
    state.due, state.given_at, state.procedure, state.due_moved_by_day = due, moment, None, None


def _after(due: int) -> int:
    return due + 1
