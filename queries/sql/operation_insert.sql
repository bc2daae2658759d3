-- Enters an operation of a service that is not there yet.
-- Parameters: :service_id, :name, :kind.
-- Columns: none.
-- Index: sqlite_autoindex_operations_1 (the table's UNIQUE).
INSERT INTO operations (service_id, name, kind) VALUES (:service_id, :name, :kind);
