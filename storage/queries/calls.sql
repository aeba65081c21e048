-- name: begin_call
INSERT INTO call (turn, number, round, text, id, name, arguments)
SELECT :turn, COALESCE(max(number), 0) + 1, :round, :text, :id, :name, :arguments FROM call WHERE turn = :turn;

-- name: end_call
UPDATE call SET result = :result
WHERE turn = :turn AND number = (
    SELECT number FROM call WHERE turn = :turn AND id = :id AND result IS NULL ORDER BY round DESC, number LIMIT 1
);

-- name: calls
SELECT * FROM call WHERE turn = :turn ORDER BY number;

-- name: forget_calls
DELETE FROM call WHERE turn = :turn;
