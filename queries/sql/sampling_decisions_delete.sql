-- Forgets what was decided up to a row.
-- Parameters: :last_id.
-- Columns: none.
-- Index: the primary key.
DELETE FROM sampling_decisions WHERE id <= :last_id;
