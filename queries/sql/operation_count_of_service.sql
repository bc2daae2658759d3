-- How many rows of operations a service has.
-- Parameters: :service_id.
-- Columns: count.
-- Index: sqlite_autoindex_operations_1 (the table's UNIQUE).
SELECT COUNT(*) FROM operations WHERE service_id = :service_id;
