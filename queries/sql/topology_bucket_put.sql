-- Enters a bucket of the topology, in the place of the one that was there.
-- Parameters: :level, :start, :content.
-- Columns: none.
-- Index: the primary key.
INSERT OR REPLACE INTO topology_buckets (level, start, content) VALUES (:level, :start, :content);
