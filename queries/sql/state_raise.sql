-- Sets a number of the catalog as a whole, unless it is higher already.
-- Parameters: :key, :value.
-- Columns: none.
-- Index: the primary key.
UPDATE state SET value = :value WHERE key = :key AND value < :value;
