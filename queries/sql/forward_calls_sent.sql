-- Says that a destination was told of an interval, unless that says something else by now.
-- Parameters: :destination_id, :start, :hash.
-- Columns: none.
-- Index: the primary key.
UPDATE forward_calls SET content = NULL
WHERE destination_id = :destination_id AND start = :start AND hash = :hash;
