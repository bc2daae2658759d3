-- Forgets the calls that wait for the rest of their traces.
-- Parameters: none.
-- Columns: none.
-- Index: none.
DELETE FROM topology_waiting;
