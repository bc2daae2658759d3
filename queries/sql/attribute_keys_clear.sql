-- Forgets every attribute key.
-- Parameters: none.
-- Columns: none.
-- Index: none.
DELETE FROM attribute_keys;
