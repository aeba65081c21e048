-- Each query begins at its name; parameters are named, and :now is the database's clock in Unix seconds.

-- The inbox

-- name: ask_by_key
SELECT
    ask.*,
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
UPDATE ask SET body = :body WHERE seq = :seq;

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
UPDATE control SET settled = 1 WHERE key = :key;

-- name: unsettled
SELECT body FROM control WHERE NOT settled ORDER BY seq;

-- The lane

-- name: schedule
UPDATE conversation SET
    due = COALESCE(
        (SELECT due FROM turn WHERE conversation = :conversation AND state <> 'delivered'),
        (SELECT min(accepted) FROM ask WHERE conversation = :conversation AND state = 'waiting')
    ),
    not_before = COALESCE(
        (SELECT not_before FROM turn WHERE conversation = :conversation AND state <> 'delivered'), 0
    )
WHERE id = :conversation;

-- name: lease
UPDATE conversation SET fence = fence + 1, owner = :owner, leased_until = :now + :lease
WHERE id = (
    SELECT id FROM conversation
    WHERE due IS NOT NULL AND not_before <= :now AND leased_until <= :now AND owner <> :owner
    ORDER BY due, id LIMIT 1
)
RETURNING id, fence;

-- name: continue_lease
UPDATE conversation SET fence = fence + 1
WHERE id = :conversation AND due IS NOT NULL
RETURNING fence;

-- name: release
UPDATE conversation SET fence = fence + 1, owner = '', leased_until = 0 WHERE id = :conversation;

-- name: release_all
UPDATE conversation SET fence = fence + 1, owner = '', leased_until = 0 WHERE owner <> '';

-- name: renew
UPDATE conversation SET leased_until = :now + :lease WHERE owner = :owner AND owner <> '';

-- name: fenced
SELECT 1 FROM conversation WHERE id = :conversation AND fence = :fence;

-- name: next_due
SELECT min(max(not_before, leased_until)) AS at FROM conversation WHERE due IS NOT NULL AND owner <> :owner;

-- name: resume_turn
UPDATE turn SET attempt_before = attempt, attempt = attempt + (state = 'running')
WHERE conversation = :conversation AND state <> 'delivered'
RETURNING *;

-- name: waiting
SELECT * FROM ask WHERE conversation = :conversation AND state = 'waiting' ORDER BY at, seq LIMIT :limit;

-- name: insert_turn
INSERT INTO turn (conversation, parent, asker, since, due, attempt, first)
SELECT :conversation, COALESCE(:parent, newest.id), :asker, :since, :due, 1, newest.id IS NULL
FROM (SELECT max(id) AS id FROM turn WHERE conversation = :conversation) AS newest
RETURNING *;

-- name: ask_begun
UPDATE ask SET state = 'asked', turn = :turn WHERE seq = :seq;

-- name: use_notes
UPDATE ask SET state = 'context', turn = :turn WHERE conversation = :conversation AND state = 'note';

-- name: hand_back
UPDATE turn SET
    due = :now + :after,
    not_before = CASE WHEN :after > 0 THEN :now + :after ELSE 0 END,
    attempt = CASE WHEN :count OR state <> 'running' THEN attempt ELSE attempt_before END
WHERE id = :turn AND state <> 'delivered';

-- A turn

-- name: asks_of_turn
SELECT state, body FROM ask WHERE turn = :turn AND state IN ('asked', 'context') ORDER BY at, seq;

-- name: posts_of_turn
SELECT turn, number, page, at, ref, seal FROM post WHERE turn = :turn ORDER BY number;

-- name: place
UPDATE turn SET place = :place WHERE id = :turn;

-- name: history
WITH RECURSIVE chain (id, parent, remembered, depth, found) AS (
    SELECT turn.id, turn.parent, turn.remembered, 1, turn.remembered
    FROM turn JOIN conversation ON conversation.id = turn.conversation
    WHERE turn.id = :parent AND turn.id > conversation.reset
    UNION ALL
    SELECT turn.id, turn.parent, turn.remembered, chain.depth + 1, chain.found + turn.remembered
    FROM chain
    JOIN turn ON turn.id = chain.parent
    JOIN conversation ON conversation.id = turn.conversation
    WHERE turn.id > conversation.reset AND chain.found < :rounds AND chain.depth < :steps
)
SELECT turn.id, turn.question, turn.answer
FROM chain JOIN turn ON turn.id = chain.id
WHERE chain.remembered
ORDER BY chain.depth LIMIT :rounds;

-- name: count_post
UPDATE turn SET posts = posts + 1 WHERE id = :turn RETURNING posts;

-- name: insert_post
INSERT INTO post (turn, number, page, at, platform) VALUES (:turn, :number, :page, :now, :platform)
RETURNING turn, number, page, at, ref, seal;

-- name: posted
UPDATE post SET ref = :ref WHERE turn = :turn AND number = :number;

-- name: sealed
UPDATE post SET seal = :seal WHERE turn = :turn AND number = :number;

-- name: unposted
DELETE FROM post WHERE turn = :turn AND number = :number;

-- name: forget_seals
UPDATE post SET seal = NULL WHERE turn = :turn;

-- name: count_attempt
UPDATE turn SET attempt = attempt + 1 WHERE id = :turn;

-- name: finish
UPDATE turn SET state = 'finished', kind = :kind, question = :question, answer = :answer, outcome = :outcome
WHERE id = :turn;

-- name: write_usage
INSERT OR REPLACE INTO usage (turn, fence, at, model, provider, prompt, completion, cached, reasoning)
VALUES (:turn, :fence, :now, :model, :provider, :prompt, :completion, :cached, :reasoning);

-- name: delivered
UPDATE turn SET state = 'delivered' WHERE id = :turn;

-- What controls do

-- name: turn
SELECT
    *,
    id = (SELECT max(id) FROM turn AS other WHERE other.conversation = turn.conversation) AS last,
    (SELECT count(*) FROM ask WHERE ask.turn = turn.id AND ask.state = 'asked') AS asks
FROM turn WHERE id = :turn;

-- name: turn_of_question
SELECT turn FROM ask WHERE key = :value AND state = 'asked';

-- name: turn_of_post
SELECT max(turn) AS turn FROM post WHERE ref = :value AND ref <> '';

-- name: open_turn
SELECT id AS turn FROM turn WHERE conversation = :value AND state <> 'delivered';

-- name: forget_post
DELETE FROM post
WHERE ref = :ref AND ref <> '' AND (SELECT state FROM turn WHERE turn.id = post.turn) = 'delivered';

-- name: waiting_of_author
SELECT seq, body FROM ask
WHERE conversation = :conversation AND state = 'waiting' AND author = :author
ORDER BY at, seq;

-- name: drop_ask
UPDATE ask SET state = 'dropped', body = NULL WHERE seq = :seq;

-- name: drop_one_of_several
UPDATE ask SET state = 'dropped', body = NULL
WHERE seq = :seq AND EXISTS (
    SELECT 1 FROM ask AS other WHERE other.turn = ask.turn AND other.state = 'asked' AND other.seq <> ask.seq
);

-- name: withdraw_turn
UPDATE turn SET withdrawn = 1 WHERE id = :turn;

-- name: request_stop
UPDATE turn SET stop = 1 WHERE id = :turn;

-- name: stop_requested
SELECT stop FROM turn WHERE id = :turn;

-- name: reset
UPDATE conversation
SET reset = COALESCE((SELECT max(turn.id) FROM turn WHERE turn.conversation = :conversation), 0)
WHERE id = :conversation;

-- name: reopen
UPDATE turn SET
    state = 'running', since = :now, due = :now, not_before = 0, attempt = 0, attempt_before = 0, stop = 0,
    kind = NULL, question = '', answer = '', outcome = NULL
WHERE id = :turn AND state = 'delivered'
    AND id = (SELECT max(other.id) FROM turn AS other WHERE other.conversation = turn.conversation)
RETURNING conversation;

-- Files

-- name: keep_file
INSERT INTO file (ask, number, digest, at)
SELECT ask.key, :number, :digest, :now
FROM ask LEFT JOIN turn ON turn.id = ask.turn
WHERE ask.key = :ask AND ask.state IN ('waiting', 'asked') AND NOT COALESCE(turn.withdrawn, 0)
ON CONFLICT DO UPDATE SET digest = excluded.digest, at = excluded.at;

-- name: files
SELECT number, digest FROM file WHERE ask = :ask ORDER BY number;

-- name: forget_files
DELETE FROM file WHERE ask = :ask RETURNING digest;

-- name: forget_old_files
DELETE FROM file
WHERE at < :now - :age OR NOT EXISTS (
    SELECT 1 FROM ask LEFT JOIN turn ON turn.id = ask.turn
    WHERE ask.key = file.ask AND ask.state IN ('waiting', 'asked') AND NOT COALESCE(turn.withdrawn, 0)
);

-- name: wanted_files
SELECT DISTINCT digest FROM file WHERE digest IN (SELECT value FROM json_each(:digests));

-- Settings and memory

-- name: newest_conversation
SELECT conversation FROM ask
WHERE channel = :channel AND author = :author AND platform = :platform AND wakes AND state IN ('waiting', 'asked')
ORDER BY seq DESC LIMIT 1;

-- name: rate
INSERT INTO rating (turn, author, score, at) VALUES (:turn, :author, :score, :now)
ON CONFLICT DO UPDATE SET score = excluded.score, at = excluded.at;

-- name: ratings
SELECT author, score FROM rating WHERE turn = :turn ORDER BY author;

-- name: settings
SELECT scope, value FROM setting WHERE name = :name AND scope IN (SELECT value FROM json_each(:scopes));

-- name: set_setting
INSERT OR REPLACE INTO setting (name, scope, value) VALUES (:name, :scope, :value);

-- name: unset_setting
DELETE FROM setting WHERE name = :name AND scope = :scope;

-- name: recall
SELECT value FROM memory WHERE name = :name;

-- name: remember
INSERT OR REPLACE INTO memory (name, value) VALUES (:name, :value);

-- name: active_channels
SELECT channel FROM ask
WHERE platform = :platform AND workspace = '' AND at >= :since
GROUP BY channel ORDER BY max(at) DESC, channel;
