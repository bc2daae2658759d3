-- The ID of an operation of a service.
-- Parameters: :service_id, :name, :kind.
-- Columns: id.
-- Index: sqlite_autoindex_operations_1 (the table's UNIQUE).
SELECT id FROM operations WHERE service_id = :service_id AND name = :name AND kind = :kind;
