-- name: rounds_of_author
SELECT id FROM turn
WHERE asker = :author AND state = 'delivered' AND NOT forgotten AND (:conversation = '' OR conversation = :conversation)
    AND EXISTS (SELECT 1 FROM ask WHERE ask.turn = turn.id AND ask.state = 'asked' AND ask.platform = :platform)
LIMIT :limit;

-- name: rounds_under_way
SELECT count(*) AS rounds FROM turn
WHERE asker = :author AND state <> 'delivered' AND NOT forgotten
    AND (:conversation = '' OR conversation = :conversation)
    AND EXISTS (SELECT 1 FROM ask WHERE ask.turn = turn.id AND ask.state = 'asked' AND ask.platform = :platform);

-- name: forget_round
UPDATE turn SET
    forgotten = 1, withdrawn = 1, kind = 'retracted', question = '', answer = '', summary = '', outcome = :outcome
WHERE id = :turn;

-- The turn's asks keep their keys, and where they were said.

-- name: blank_asks
UPDATE ask SET body = json_set(
    body, '$.text', '', '$.author.name', '', '$.address.title', '',
    '$.call', json('null'), '$.quotes', json('[]'), '$.attachments', json('[]'), '$.origin', json('{}')
)
WHERE turn = :turn AND state = 'asked';

-- name: drop_context
UPDATE ask SET state = 'dropped', body = NULL WHERE turn = :turn AND state = 'context';

-- name: forget_files_of_round
DELETE FROM file WHERE ask IN (SELECT key FROM ask WHERE turn = :turn) RETURNING digest;

-- name: forget_ratings_of_round
DELETE FROM rating WHERE turn = :turn;

-- name: forget_job
UPDATE job SET state = 'closed', handle = '', question = '', answer = '', outcome = NULL WHERE turn = :turn;

-- name: loose_of_author
SELECT seq, key, conversation, turn, state, body
FROM ask
WHERE state IN ('waiting', 'note', 'context') AND author = :author AND platform = :platform
    AND (:conversation = '' OR conversation = :conversation)
ORDER BY conversation, seq LIMIT :limit;

-- name: question
SELECT question FROM turn WHERE id = :turn;

-- name: reword_question
UPDATE turn SET question = :question WHERE id = :turn;

-- name: forget_ratings
DELETE FROM rating
WHERE author = :author AND EXISTS (
    SELECT 1 FROM turn JOIN ask ON ask.turn = turn.id
    WHERE turn.id = rating.turn AND ask.platform = :platform
        AND (:conversation = '' OR turn.conversation = :conversation)
);

-- What somebody else has set for them last is not theirs.

-- name: forget_settings
DELETE FROM setting
WHERE scope = :scope AND :actor = COALESCE(
    (
        SELECT actor FROM change
        WHERE change.scope = setting.scope AND change.name = setting.name
        ORDER BY seq DESC LIMIT 1
    ),
    :actor
);

-- name: forget_changes
DELETE FROM change WHERE scope = :scope AND actor = :actor;
