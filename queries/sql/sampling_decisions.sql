-- What was decided of traces, the earliest first.
-- Parameters: none.
-- Columns: id, content.
-- Index: the primary key.
SELECT id, content FROM sampling_decisions ORDER BY id;
