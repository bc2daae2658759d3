-- The destinations that lack a segment.
-- Parameters: :segment_id.
-- Columns: destination_id.
-- Index: forward_pending_by_segment.
SELECT destination_id FROM forward_pending WHERE segment_id = :segment_id;
