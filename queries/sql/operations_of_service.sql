-- Operations of a service, sorted by the bytes of their names, then by kind.
-- Parameters: :service (name).
-- Columns: name, kind.
-- Index: sqlite_autoindex_operations_1 (the table's UNIQUE); sqlite_autoindex_services_1.
SELECT name, kind
FROM operations
WHERE service_id = (SELECT id FROM services WHERE name = :service)
ORDER BY name, kind;
