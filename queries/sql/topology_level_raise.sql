-- Sets from when on the buckets of a level are kept, unless it is later already.
-- Parameters: :level, :kept_from.
-- Columns: none.
-- Index: the primary key.
INSERT INTO topology_levels (level, kept_from) VALUES (:level, :kept_from)
ON CONFLICT (level) DO UPDATE SET kept_from = MAX(kept_from, excluded.kept_from);
