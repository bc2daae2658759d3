-- Names of all services but the empty one, sorted by their bytes.
-- Parameters: none.
-- Columns: name.
-- Index: sqlite_autoindex_services_1 (the table's UNIQUE).
SELECT name
FROM services
WHERE name > x''
ORDER BY name;
