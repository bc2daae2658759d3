-- Forgets every service, and by the foreign keys its operations and remote services.
-- Parameters: none.
-- Columns: none.
-- Index: the UNIQUE of operations and of remote_services.
DELETE FROM services;
