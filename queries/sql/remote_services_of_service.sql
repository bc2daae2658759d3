-- Names of the services that a service's spans name as the other side, sorted by their bytes.
-- Parameters: :service (name).
-- Columns: name.
-- Index: sqlite_autoindex_remote_services_1 (the table's UNIQUE); sqlite_autoindex_services_1.
SELECT name
FROM remote_services
WHERE service_id = (SELECT id FROM services WHERE name = :service)
ORDER BY name;
