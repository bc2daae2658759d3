-- The IDs of all rows of attribute_keys, ascending.
-- Parameters: none.
-- Columns: id.
-- Index: the primary key.
SELECT id FROM attribute_keys ORDER BY id;
