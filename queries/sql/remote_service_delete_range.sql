-- Forgets the rows of remote_services with IDs within a range.
-- Parameters: :first, :last, both inclusive.
-- Columns: none.
-- Index: the primary key.
DELETE FROM remote_services WHERE id BETWEEN :first AND :last;
