-- Enters a destination; one that has the name already is an error.
-- Parameters: :name.
-- Columns: none.
-- Index: the index of the UNIQUE.
INSERT INTO forward_destinations (name) VALUES (:name);
