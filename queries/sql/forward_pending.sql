-- What all destinations lack.
-- Parameters: none.
-- Columns: destination_id, segment_id, done_span_count.
-- Index: none: every row is wanted.
SELECT destination_id, segment_id, done_span_count FROM forward_pending;
