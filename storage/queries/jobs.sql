-- name: make_job
INSERT OR REPLACE INTO job (turn, handle, since) VALUES (:turn, :handle, :now);

-- name: jobs
SELECT * FROM job WHERE state IN ('open', 'ended') ORDER BY since, turn;

-- name: job
SELECT * FROM job WHERE turn = :turn;

-- name: end_job
UPDATE job SET state = 'ended', question = :question, answer = :answer, outcome = :outcome
WHERE turn = :turn AND state = 'open';

-- name: close_job
UPDATE job SET state = 'closed' WHERE turn = :turn AND state IN ('open', 'ended');

-- name: cancel_job
UPDATE job SET state = 'cancelled' WHERE turn = :turn AND state IN ('open', 'ended');
