-- Whatever is open, whether it has a due time or not: what screens list, without going through all that was ever closed.
CREATE INDEX cases_open ON cases (overdue_at) WHERE state IN ('open', 'suspended');
DROP INDEX cases_overdue;
