-- Segments with an ID that may be given out again.
-- Parameters: none.
-- Columns: id.
-- Index: the primary keys of segments and of state.
SELECT id
FROM segments
WHERE id >= (SELECT value FROM state WHERE key = 'next_segment_id');
