-- An alert stands for as long as its agency owes the case: then it has ended, for a reason, and the case may be missed
-- anew or by somebody else.
ALTER TABLE alerts DROP CONSTRAINT alerts_pkey, DROP CONSTRAINT alerts_silent_check;
ALTER TABLE alerts
    ADD PRIMARY KEY (system, kind, subject, overdue_at, agency, sweep),
    ADD CONSTRAINT alerts_suppressed_check CHECK (suppressed IN ('settled', 'old', 'untellable')),
    ADD COLUMN ended text CHECK (ended IN ('settled', 'transferred', 'postponed', 'retracted')),
    ADD COLUMN ended_at timestamptz;
UPDATE alerts AS a SET ended_at = now(), ended = CASE a.suppressed WHEN 'settled' THEN 'settled' ELSE 'postponed' END
WHERE a.suppressed = 'settled' OR EXISTS (
    SELECT FROM alerts AS l WHERE l.system = a.system AND l.kind = a.kind AND l.subject = a.subject
        AND (l.raised_at, l.overdue_at) > (a.raised_at, a.overdue_at));
CREATE UNIQUE INDEX alerts_standing ON alerts (system, kind, subject) WHERE ended IS NULL;

-- `tried_at` is when it was tried first; a delivery to an address that is no longer to be told is removed.
ALTER TABLE deliveries ADD COLUMN tried_at timestamptz;
ALTER TABLE deliveries DROP CONSTRAINT deliveries_state_check;
ALTER TABLE deliveries
    ADD CONSTRAINT deliveries_state_check CHECK (state IN ('pending', 'delivered', 'failed', 'removed'));
UPDATE deliveries SET tried_at = created_at WHERE attempts > 0;
