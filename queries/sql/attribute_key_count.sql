-- How many rows attribute_keys has.
-- Parameters: none.
-- Columns: count.
-- Index: sqlite_autoindex_attribute_keys_1 (the table's UNIQUE).
SELECT COUNT(*) FROM attribute_keys;
