-- Removes a segment, and by the foreign keys what it holds of services and its sets of names.
-- Parameters: :id.
-- Columns: none.
-- Index: the primary key; segment_services_by_segment.
DELETE FROM segments WHERE id = :id;
