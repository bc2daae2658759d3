-- How many rows remote_services has.
-- Parameters: none.
-- Columns: count.
-- Index: sqlite_autoindex_remote_services_1 (the table's UNIQUE).
SELECT COUNT(*) FROM remote_services;
