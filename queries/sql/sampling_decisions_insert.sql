-- Enters what was decided of some traces.
-- Parameters: :id, :content.
-- Columns: none.
-- Index: the primary key.
INSERT INTO sampling_decisions (id, content) VALUES (:id, :content);
