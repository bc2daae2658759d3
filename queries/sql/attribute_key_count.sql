-- How many rows attribute_keys has.
-- Parameters: none.
-- Columns: count.
-- Index: none: counts all rows.
SELECT COUNT(*) FROM attribute_keys;
