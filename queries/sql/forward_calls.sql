-- The intervals of which a destination was told, ascending.
-- Parameters: :destination_id.
-- Columns: start, hash, content.
-- Index: the primary key.
SELECT start, hash, content FROM forward_calls WHERE destination_id = :destination_id ORDER BY start;
