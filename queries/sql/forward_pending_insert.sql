-- Says that a destination lacks a segment.
-- Parameters: :destination_id, :segment_id.
-- Columns: none.
-- Index: the primary key.
INSERT INTO forward_pending (destination_id, segment_id, done_span_count) VALUES (:destination_id, :segment_id, 0);
