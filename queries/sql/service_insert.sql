-- Enters a service that is not there yet.
-- Parameters: :name.
-- Columns: none.
-- Index: sqlite_autoindex_services_1 (the table's UNIQUE).
INSERT INTO services (name) VALUES (:name);
