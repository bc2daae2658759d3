-- The IDs of all rows of operations, ascending.
-- Parameters: none.
-- Columns: id.
-- Index: the primary key.
SELECT id FROM operations ORDER BY id;
