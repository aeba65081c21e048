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

-- Nothing joins a turn that is stopped or withdrawn: its end would be theirs.

-- name: asks_to_join
SELECT ask.seq, ask.author, ask.parent, ask.alone
FROM turn JOIN ask ON ask.turn = turn.id
WHERE turn.id = :turn AND turn.state = 'running' AND NOT turn.stop AND NOT turn.withdrawn AND ask.state = 'asked';

-- name: use_notes
UPDATE ask SET state = 'context', turn = :turn WHERE conversation = :conversation AND state = 'note';

-- name: hand_back
UPDATE turn SET
    due = :now + :after,
    not_before = CASE WHEN :after > 0 THEN :now + :after ELSE 0 END,
    attempt = CASE WHEN :count OR state <> 'running' THEN attempt ELSE attempt_before END
WHERE id = :turn AND state <> 'delivered';
