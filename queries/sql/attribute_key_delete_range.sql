-- Forgets the rows of attribute_keys with IDs within a range.
-- Parameters: :first, :last, both inclusive.
-- Columns: none.
-- Index: the primary key.
DELETE FROM attribute_keys WHERE id BETWEEN :first AND :last;
