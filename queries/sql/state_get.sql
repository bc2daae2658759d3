-- A value of the catalog as a whole.
-- Parameters: :key.
-- Columns: value.
-- Index: the primary key.
SELECT value FROM state WHERE key = :key;
