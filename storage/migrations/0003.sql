-- The calls that a turn has made; one without a result was interrupted, or is being made.
CREATE TABLE call (
    turn INTEGER NOT NULL REFERENCES turn (id),
    number INTEGER NOT NULL,
    round INTEGER NOT NULL,
    text TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    arguments TEXT NOT NULL,
    result TEXT,
    PRIMARY KEY (turn, number)
) STRICT, WITHOUT ROWID;

-- Who changed what; NULL is no value.
CREATE TABLE change (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    actor TEXT NOT NULL,
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    before TEXT,
    after TEXT
) STRICT;

CREATE INDEX change_scope ON change (scope, name, seq);

-- A turn that is forgotten keeps its numbers and keys, and no word of what was said.
ALTER TABLE turn ADD COLUMN forgotten INTEGER NOT NULL DEFAULT 0;

CREATE INDEX turn_asker ON turn (asker, conversation, id) WHERE NOT forgotten;
CREATE INDEX ask_loose ON ask (conversation, seq) WHERE state IN ('waiting', 'note', 'context');
CREATE INDEX ask_loose_author ON ask (author, conversation, seq) WHERE state IN ('waiting', 'note', 'context');
CREATE INDEX rating_author ON rating (author);
CREATE INDEX setting_scope ON setting (scope);

ALTER TABLE usage ADD COLUMN channel TEXT NOT NULL DEFAULT '';

UPDATE usage SET channel = COALESCE(
    (SELECT channel FROM ask WHERE ask.turn = usage.turn AND state = 'asked' ORDER BY seq DESC LIMIT 1), ''
);

CREATE INDEX usage_channel ON usage (platform, channel, at);

-- What a control said is kept until it has been acted on.
UPDATE control SET body = '' WHERE settled;
