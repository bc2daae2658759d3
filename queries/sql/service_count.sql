-- How many services there are.
-- Parameters: none.
-- Columns: count.
-- Index: sqlite_autoindex_services_1 (the table's UNIQUE).
SELECT COUNT(*) FROM services;
