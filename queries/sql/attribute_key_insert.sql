-- Enters an attribute key that is not there yet.
-- Parameters: :name.
-- Columns: none.
-- Index: sqlite_autoindex_attribute_keys_1 (the table's UNIQUE).
INSERT INTO attribute_keys (name) VALUES (:name);
