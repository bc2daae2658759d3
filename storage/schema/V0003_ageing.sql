-- The age, in nanoseconds, that the traces of a segment were thinned for; 0: all that was stored of them is there.
ALTER TABLE segments ADD COLUMN thinned_for_age INTEGER NOT NULL DEFAULT 0;
