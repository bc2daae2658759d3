-- All attribute keys, sorted by their bytes.
-- Parameters: none.
-- Columns: name.
-- Index: sqlite_autoindex_attribute_keys_1 (the table's UNIQUE).
SELECT name
FROM attribute_keys
ORDER BY name;
