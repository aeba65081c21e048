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

-- name: last_turn
SELECT max(id) AS turn FROM turn WHERE conversation = :value;

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

-- Also what stands for other branches of the conversation is forgotten: it is only made again.

-- name: forget_summaries
UPDATE turn SET summary = ''
WHERE conversation = (SELECT conversation FROM turn AS first WHERE first.id = :turn) AND id >= :turn AND summary <> '';

-- name: request_stop
UPDATE turn SET
    stop = 1,
    not_before = CASE
        WHEN state = 'running' AND EXISTS (
            SELECT 1 FROM call WHERE call.turn = turn.id AND verdict = 'asked' AND result IS NULL
        ) THEN 0
        ELSE not_before
    END
WHERE id = :turn
RETURNING conversation;

-- name: stop_requested
SELECT stop FROM turn WHERE id = :turn;

-- name: reset
UPDATE conversation
SET reset = COALESCE((SELECT max(turn.id) FROM turn WHERE turn.conversation = :conversation), 0)
WHERE id = :conversation;

-- name: reopen
UPDATE turn SET
    state = 'running', since = :now, due = :now, not_before = 0, attempt = 0, attempt_before = 0, stop = 0,
    kind = NULL, question = '', answer = '', outcome = NULL, summary = ''
WHERE id = :turn AND state = 'delivered' AND NOT forgotten
    AND id = (SELECT max(other.id) FROM turn AS other WHERE other.conversation = turn.conversation)
RETURNING conversation;
