-- Sets a value of the catalog as a whole.
-- Parameters: :key, :value.
-- Columns: none.
-- Index: the primary key.
UPDATE state SET value = :value WHERE key = :key;
