-- Says what a destination is to be told of an interval.
-- Parameters: :destination_id, :start, :hash, :content.
-- Columns: none.
-- Index: the primary key.
INSERT OR REPLACE INTO forward_calls (destination_id, start, hash, content)
VALUES (:destination_id, :start, :hash, :content);
