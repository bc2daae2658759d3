-- Says that a destination has all of a segment.
-- Parameters: :destination_id, :segment_id.
-- Columns: none.
-- Index: the primary key.
DELETE FROM forward_pending WHERE destination_id = :destination_id AND segment_id = :segment_id;
