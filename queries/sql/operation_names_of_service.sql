-- Names of a service's operations, each once, sorted by their bytes.
-- Parameters: :service (name).
-- Columns: name.
-- Index: sqlite_autoindex_operations_1 (the table's UNIQUE); sqlite_autoindex_services_1.
SELECT DISTINCT name
FROM operations
WHERE service_id = (SELECT id FROM services WHERE name = :service)
ORDER BY name;
