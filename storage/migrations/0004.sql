-- A call that somebody must allow first has a verdict until it is begun, and people have `until` to give it.
ALTER TABLE call ADD COLUMN verdict TEXT CHECK (verdict IN ('asked', 'allowed', 'denied', 'passed_over', 'unanswered'));
ALTER TABLE call ADD COLUMN until REAL NOT NULL DEFAULT 0;
