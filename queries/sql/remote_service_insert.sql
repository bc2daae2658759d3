-- Enters a remote service of a service that is not there yet.
-- Parameters: :service_id, :name.
-- Columns: none.
-- Index: sqlite_autoindex_remote_services_1 (the table's UNIQUE).
INSERT INTO remote_services (service_id, name) VALUES (:service_id, :name);
