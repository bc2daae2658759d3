-- Forgets a destination, and what it lacks.
-- Parameters: :name.
-- Columns: none.
-- Index: the index of the UNIQUE; forward_pending and forward_calls by their primary keys.
DELETE FROM forward_destinations WHERE name = :name;
