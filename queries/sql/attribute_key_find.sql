-- The ID of an attribute key.
-- Parameters: :name.
-- Columns: id.
-- Index: sqlite_autoindex_attribute_keys_1 (the table's UNIQUE).
SELECT id FROM attribute_keys WHERE name = :name;
