-- How many rows of remote_services a service has.
-- Parameters: :service_id.
-- Columns: count.
-- Index: sqlite_autoindex_remote_services_1 (the table's UNIQUE).
SELECT COUNT(*) FROM remote_services WHERE service_id = :service_id;
