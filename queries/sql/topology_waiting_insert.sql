-- Enters calls that wait for the rest of their traces, behind those that are there.
-- Parameters: :cutoff, :content.
-- Columns: none.
-- Index: the primary key.
INSERT INTO topology_waiting (cutoff, content) VALUES (:cutoff, :content);
