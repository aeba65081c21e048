-- What stands for the round of a turn and all rounds before it, "" where nothing does.
ALTER TABLE turn ADD COLUMN summary TEXT NOT NULL DEFAULT '';

CREATE INDEX turn_summary ON turn (conversation, id) WHERE summary <> '';

-- A question that is answered in the background: open → ended with an outcome → closed, once its ask was made.
CREATE TABLE job (
    turn INTEGER PRIMARY KEY REFERENCES turn (id),
    handle TEXT NOT NULL,
    since REAL NOT NULL,
    state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'ended', 'closed', 'cancelled')),
    question TEXT NOT NULL DEFAULT '',
    answer TEXT NOT NULL DEFAULT '',
    outcome TEXT,
    CHECK (outcome IS NOT NULL OR state <> 'ended')
) STRICT;

CREATE INDEX job_pending ON job (since, turn) WHERE state IN ('open', 'ended');

-- What was spent: by claim, so that a turn that is asked again counts twice and a repeated finish once; on a summary
-- without a claim and without an author. A price that is not known is NULL, and its currency "".
ALTER TABLE usage RENAME TO usage_before;

CREATE TABLE usage (
    seq INTEGER PRIMARY KEY,
    turn INTEGER NOT NULL REFERENCES turn (id),
    fence INTEGER,
    at REAL NOT NULL,
    platform TEXT NOT NULL,
    workspace TEXT NOT NULL,
    conversation TEXT NOT NULL,
    author TEXT NOT NULL,
    model TEXT NOT NULL,
    provider TEXT NOT NULL,
    prompt INTEGER NOT NULL,
    completion INTEGER NOT NULL,
    cached INTEGER NOT NULL,
    reasoning INTEGER NOT NULL,
    cost REAL,
    currency TEXT NOT NULL,
    first_text REAL
) STRICT;

INSERT INTO usage (
    turn, fence, at, platform, workspace, conversation, author, model, provider, prompt, completion, cached, reasoning,
    currency
)
SELECT
    known.turn, known.fence, known.at, ask.platform, ask.workspace, turn.conversation, turn.asker, known.model,
    known.provider, known.prompt, known.completion, known.cached, known.reasoning, ''
FROM usage_before AS known
JOIN turn ON turn.id = known.turn
JOIN ask ON ask.seq = (SELECT max(seq) FROM ask AS asked WHERE asked.turn = turn.id AND asked.state = 'asked')
WHERE known.model <> '';

DROP TABLE usage_before;

CREATE UNIQUE INDEX usage_claim ON usage (turn, fence);
CREATE INDEX usage_conversation ON usage (conversation, at);
CREATE INDEX usage_author ON usage (platform, author, at);
CREATE INDEX usage_workspace ON usage (platform, workspace, at);
CREATE INDEX usage_platform ON usage (platform, at);
