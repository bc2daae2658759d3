-- Forgets the rows of operations with IDs within a range.
-- Parameters: :first, :last, both inclusive.
-- Columns: none.
-- Index: the primary key.
DELETE FROM operations WHERE id BETWEEN :first AND :last;
