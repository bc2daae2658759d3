-- How many services there are.
-- Parameters: none.
-- Columns: count.
-- Index: none: counts all rows.
SELECT COUNT(*) FROM services;
