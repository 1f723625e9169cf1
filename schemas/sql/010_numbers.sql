-- How often a case's number was used for another one: by another agency, or in another year.
ALTER TABLE cases ADD COLUMN number_reused smallint NOT NULL DEFAULT 0;
CREATE INDEX cases_number_reused ON cases (system, kind, subject) WHERE number_reused > 0;
