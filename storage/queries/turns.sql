-- name: asks_of_turn
SELECT state, body FROM ask WHERE turn = :turn AND state IN ('asked', 'context') ORDER BY at, seq;

-- name: posts_of_turn
SELECT turn, number, page, at, ref, seal FROM post WHERE turn = :turn ORDER BY number;

-- name: place
UPDATE turn SET place = :place WHERE id = :turn;

-- A summary ends the walk, and so does one round more than is wanted: a summary may follow directly.

-- name: history
WITH RECURSIVE chain (id, parent, remembered, summarised, depth, found) AS (
    SELECT turn.id, turn.parent, turn.remembered, turn.summary <> '', 1, turn.remembered
    FROM turn JOIN conversation ON conversation.id = turn.conversation
    WHERE turn.id = :parent AND turn.id > conversation.reset
    UNION ALL
    SELECT
        turn.id, turn.parent, turn.remembered, turn.summary <> '', chain.depth + 1, chain.found + turn.remembered
    FROM chain
    JOIN turn ON turn.id = chain.parent
    JOIN conversation ON conversation.id = turn.conversation
    WHERE turn.id > conversation.reset AND NOT chain.summarised AND chain.found <= :rounds AND chain.depth < :steps
)
SELECT turn.id, turn.asker, turn.question, turn.answer, turn.summary
FROM chain JOIN turn ON turn.id = chain.id
WHERE chain.remembered OR chain.summarised
ORDER BY chain.depth LIMIT :rounds + 1;

-- name: files_of_turns
SELECT ask.turn, file.digest
FROM json_each(:turns)
JOIN ask ON ask.turn = json_each.value
JOIN file ON file.ask = ask.key
WHERE ask.state = 'asked'
ORDER BY ask.turn, ask.at, ask.seq, file.number;

-- name: summarise
UPDATE turn SET summary = :text WHERE id = :turn AND remembered;

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

-- name: delivered
UPDATE turn SET state = 'delivered' WHERE id = :turn;
