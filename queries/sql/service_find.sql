-- The ID of a service.
-- Parameters: :name.
-- Columns: id.
-- Index: sqlite_autoindex_services_1 (the table's UNIQUE).
SELECT id FROM services WHERE name = :name;
