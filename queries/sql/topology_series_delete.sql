-- Forgets a series of the topology.
-- Parameters: :id.
-- Columns: none.
-- Index: the primary key.
DELETE FROM topology_series WHERE id = :id;
