-- name: export_turns
SELECT turn.*
FROM turn
WHERE (conversation, id) > (:conversation, :after) AND conversation <= :until AND NOT forgotten
    AND EXISTS (SELECT 1 FROM ask WHERE ask.turn = turn.id AND ask.state = 'asked' AND ask.platform = :platform)
ORDER BY conversation, id LIMIT :limit;

-- name: export_turns_of_author
SELECT turn.*
FROM turn
WHERE asker = :author AND (conversation, id) > (:conversation, :after) AND conversation <= :until AND NOT forgotten
    AND EXISTS (SELECT 1 FROM ask WHERE ask.turn = turn.id AND ask.state = 'asked' AND ask.platform = :platform)
ORDER BY conversation, id LIMIT :limit;

-- name: earlier_turns
SELECT turn.*
FROM turn JOIN conversation ON conversation.id = turn.conversation
WHERE turn.conversation = :conversation AND turn.id < :before AND turn.id > conversation.reset
ORDER BY turn.id DESC LIMIT :limit;

-- name: export_loose
SELECT seq AS id, conversation, body
FROM ask
WHERE state IN ('waiting', 'note', 'context') AND platform = :platform
    AND (conversation, seq) > (:conversation, :after) AND conversation <= :until
ORDER BY conversation, seq LIMIT :limit;

-- name: export_loose_of_author
SELECT seq AS id, conversation, body
FROM ask
WHERE state IN ('waiting', 'note', 'context') AND author = :author AND platform = :platform
    AND (conversation, seq) > (:conversation, :after) AND conversation <= :until
ORDER BY conversation, seq LIMIT :limit;
