-- How many rows operations has.
-- Parameters: none.
-- Columns: count.
-- Index: none: counts all rows.
SELECT COUNT(*) FROM operations;
