-- name: ask_by_key
SELECT
    ask.*,
    COALESCE(turn.forgotten, 0) AS forgotten,
    ask.state = 'waiting' OR (ask.state = 'asked' AND turn.state = 'running' AND NOT turn.withdrawn) AS unanswered
FROM ask LEFT JOIN turn ON turn.id = ask.turn
WHERE ask.key = :key;

-- name: reply_target
SELECT turn.id, turn.conversation
FROM post JOIN turn ON turn.id = post.turn
WHERE post.ref = :ref AND post.ref <> '' AND post.platform = :platform
ORDER BY turn.id DESC LIMIT 1;

-- name: know_conversation
INSERT INTO conversation (id) VALUES (:conversation) ON CONFLICT DO NOTHING;

-- name: knows
SELECT 1 FROM conversation WHERE id = :conversation;

-- name: queue
SELECT
    (SELECT count(*) FROM ask WHERE conversation = :conversation AND state = 'waiting') AS waiting,
    EXISTS (SELECT 1 FROM turn WHERE conversation = :conversation AND state <> 'delivered') AS busy;

-- name: insert_ask
INSERT INTO ask (
    key, conversation, platform, workspace, channel, author, at, accepted, wakes, alone, state, parent, body
) VALUES (
    :key, :conversation, :platform, :workspace, :channel, :author, :at, :now, :wakes, :alone, :state, :parent, :body
);

-- name: rewrite_ask
UPDATE ask SET body = :body, alone = json_extract(:body, '$.alone') WHERE seq = :seq;

-- name: trim_notes
UPDATE ask SET state = 'dropped', body = NULL
WHERE seq IN (
    SELECT seq FROM ask WHERE conversation = :conversation AND state = 'note'
    ORDER BY at DESC, seq DESC LIMIT -1 OFFSET :keep
);

-- name: has_asked
SELECT 1 FROM ask WHERE conversation = :conversation AND author = :author AND wakes LIMIT 1;

-- name: insert_control
INSERT INTO control (key, body) VALUES (:key, :body) ON CONFLICT DO NOTHING;

-- name: control_settled
SELECT settled FROM control WHERE key = :key;

-- name: settle
UPDATE control SET settled = 1, body = '' WHERE key = :key;

-- name: unsettled
SELECT body FROM control WHERE NOT settled ORDER BY seq;
