-- name: begin_call
INSERT INTO call (turn, number, round, text, id, name, arguments, verdict, until)
SELECT :turn, COALESCE(max(number), 0) + 1, :round, :text, :id, :name, :arguments, :verdict, :until
FROM call WHERE turn = :turn;

-- name: start_call
UPDATE call SET verdict = NULL
WHERE turn = :turn AND number = (
    SELECT number FROM call
    WHERE turn = :turn AND id = :id AND result IS NULL AND verdict IN ('asked', 'allowed')
    ORDER BY round DESC, number LIMIT 1
);

-- name: end_call
UPDATE call SET result = :result
WHERE turn = :turn AND number = (
    SELECT number FROM call WHERE turn = :turn AND id = :id AND result IS NULL ORDER BY round DESC, number LIMIT 1
);

-- name: calls
SELECT * FROM call WHERE turn = :turn ORDER BY number;

-- name: keep_calls
DELETE FROM call
WHERE turn = :turn AND (verdict IS NOT NULL OR name NOT IN (SELECT value FROM json_each(:tools)));

-- name: forget_calls
DELETE FROM call WHERE turn = :turn;

-- name: decide
UPDATE call SET verdict = :verdict
WHERE turn = :turn AND round = :round AND verdict = 'asked' AND result IS NULL AND until > :now
    AND EXISTS (SELECT 1 FROM turn WHERE turn.id = call.turn AND turn.state = 'running')
RETURNING *;

-- name: pass_over
UPDATE call SET verdict = 'passed_over'
WHERE verdict = 'asked' AND result IS NULL AND until > :now AND turn = (
    SELECT id FROM turn WHERE conversation = :conversation AND state <> 'delivered' AND state = 'running'
)
RETURNING turn;

-- A stop that came before is not to wait for anybody.

-- name: park
UPDATE turn SET
    since = :now, due = :now, attempt = attempt_before,
    not_before = CASE
        WHEN stop THEN 0
        ELSE COALESCE(
            (SELECT max(until) FROM call WHERE call.turn = turn.id AND verdict = 'asked' AND result IS NULL), 0
        )
    END
WHERE id = :turn AND state = 'running';

-- name: wait_less
UPDATE turn SET not_before = min(
    not_before,
    COALESCE((SELECT max(until) FROM call WHERE call.turn = turn.id AND verdict = 'asked' AND result IS NULL), 0)
)
WHERE id = :turn
RETURNING conversation;
