-- The ID of a remote service of a service.
-- Parameters: :service_id, :name.
-- Columns: id.
-- Index: sqlite_autoindex_remote_services_1 (the table's UNIQUE).
SELECT id FROM remote_services WHERE service_id = :service_id AND name = :name;
