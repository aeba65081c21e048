-- Both arms walk an index that is as short as there is work to do.

-- name: pending
SELECT key, conversation FROM ask
WHERE state = 'waiting' AND platform = :platform AND (:author = '' OR author = :author)
    AND (:workspace = '' OR workspace = :workspace) AND (:channel = '' OR channel = :channel)
UNION ALL
SELECT ask.key, ask.conversation
FROM turn INDEXED BY turn_open JOIN ask ON ask.turn = turn.id
WHERE turn.state <> 'delivered' AND turn.state = 'running' AND ask.state = 'asked' AND ask.platform = :platform
    AND (:author = '' OR ask.author = :author)
    AND (:workspace = '' OR ask.workspace = :workspace) AND (:channel = '' OR ask.channel = :channel);
