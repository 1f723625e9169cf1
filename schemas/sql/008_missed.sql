-- What was missed is overdue while it is suspended, too.
DROP INDEX cases_overdue;
CREATE INDEX cases_overdue ON cases (overdue_at) WHERE state IN ('open', 'suspended') AND overdue_at IS NOT NULL;
