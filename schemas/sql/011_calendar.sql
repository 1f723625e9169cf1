-- Whether it was the catalogue that is shipped, and not one of a folder; null: from before that was written down.
ALTER TABLE catalogues ADD COLUMN shipped boolean;
