-- Forgets intervals before a time of which a destination was told.
-- Parameters: :destination_id, :before.
-- Columns: none.
-- Index: the primary key.
DELETE FROM forward_calls
WHERE destination_id = :destination_id AND start < :before AND content IS NULL;
