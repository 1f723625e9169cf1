"""Assigned tasks (nhiệm vụ được giao), which several systems report: programmes, projects, pilots."""

from pydantic import Field

from schemas.events.effects import Case, Closed, Code, Event, Extended, Opened, Progressed, Reopened, Resumed, Suspended

Reason = Field(default=None, max_length=500, description="Why; never personal data.")


class Task(Case):
    """A task that an agency has been given; on time or late is decided by day."""

    kind = "task"
    by_day = True


class TaskAssigned(Task, Opened, name="task.assigned"):
    """An agency was given a task; `agency` is the one that leads it."""

    dimensions = ("programme",)

    programme: Code = Field(description="What the task belongs to: resolution-57, project, pilot, green.")
    title: str | None = Field(
        default=None, max_length=300, description="What is to be done, in a few words; never personal data."
    )


class TaskProgressed(Task, Progressed, name="task.progressed"):
    """The agency says how far it has come."""

    note: str | None = Field(default=None, max_length=500, description="What was done; never personal data.")


class TaskSuspended(Task, Suspended, name="task.suspended"):
    """The agency waits for somebody else."""

    reason: str | None = Reason


class TaskResumed(Task, Resumed, name="task.resumed"):
    """What was waited for has come."""


class TaskExtended(Task, Extended, name="task.extended"):
    """A new due time was agreed."""

    reason: str | None = Reason


class TaskCompleted(Task, Closed, name="task.completed"):
    """The task is done."""


class TaskCancelled(Task, Closed, name="task.cancelled"):
    """The task was taken back: closed, neither on time nor late."""

    timed = False

    reason: str | None = Reason


class TaskReopened(Task, Reopened, name="task.reopened"):
    """The task is owed again: what was done does not do."""

    reason: str | None = Reason


EVENTS: tuple[type[Event], ...] = (
    TaskAssigned,
    TaskProgressed,
    TaskSuspended,
    TaskResumed,
    TaskExtended,
    TaskCompleted,
    TaskCancelled,
    TaskReopened,
)
