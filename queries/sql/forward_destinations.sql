-- All destinations, by when they were first followed for.
-- Parameters: none.
-- Columns: id, name.
-- Index: the primary key.
SELECT id, name FROM forward_destinations ORDER BY id;
