-- The IDs of all rows of remote_services, ascending.
-- Parameters: none.
-- Columns: id.
-- Index: the primary key.
SELECT id FROM remote_services ORDER BY id;
