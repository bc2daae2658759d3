-- Segments whose sets of names are missing.
-- Parameters: none.
-- Columns: id.
-- Index: the primary keys.
SELECT id
FROM segments
WHERE NOT EXISTS (SELECT 1 FROM segment_names WHERE segment_id = segments.id);
