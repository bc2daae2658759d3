-- The calls that wait for the rest of their traces.
-- Parameters: none.
-- Columns: cutoff, content; in the order in which they were entered.
-- Index: the primary key.
SELECT cutoff, content FROM topology_waiting ORDER BY id;
