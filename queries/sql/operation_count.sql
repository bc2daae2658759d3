-- How many rows operations has.
-- Parameters: none.
-- Columns: count.
-- Index: sqlite_autoindex_operations_1 (the table's UNIQUE).
SELECT COUNT(*) FROM operations;
