-- Says that a destination lacks every segment that there is.
-- Parameters: :destination_id.
-- Columns: none.
-- Index: none: every segment is wanted.
INSERT OR IGNORE INTO forward_pending (destination_id, segment_id, done_span_count)
SELECT :destination_id, id, 0 FROM segments;
