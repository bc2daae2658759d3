-- How many rows remote_services has.
-- Parameters: none.
-- Columns: count.
-- Index: none: counts all rows.
SELECT COUNT(*) FROM remote_services;
