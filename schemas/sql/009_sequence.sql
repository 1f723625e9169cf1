-- The order that a system gives to events of one instant (CloudEvents' extension `sequence`), as a text that sorts so;
-- empty where it gives none.
ALTER TABLE events ADD COLUMN sequence text NOT NULL DEFAULT '';
