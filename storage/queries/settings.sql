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
SELECT name, scope, value FROM setting
WHERE name IN (SELECT value FROM json_each(:names)) AND scope IN (SELECT value FROM json_each(:scopes));

-- name: set_setting
INSERT OR REPLACE INTO setting (name, scope, value) VALUES (:name, :scope, :value);

-- name: unset_setting
DELETE FROM setting WHERE name = :name AND scope = :scope;

-- name: setting
SELECT value FROM setting WHERE name = :name AND scope = :scope;

-- name: note_change
INSERT INTO change (at, actor, scope, name, before, after) VALUES (:now, :actor, :scope, :name, :before, :after);

-- name: changes
SELECT at, actor, scope, name, before, after FROM change
WHERE substr(scope, 1, length(:scope)) = :scope
ORDER BY seq DESC LIMIT :limit;

-- name: recall
SELECT value FROM memory WHERE name = :name;

-- name: remember
INSERT OR REPLACE INTO memory (name, value) VALUES (:name, :value);

-- name: active_channels
SELECT channel FROM ask
WHERE platform = :platform AND workspace = '' AND at >= :since
GROUP BY channel ORDER BY max(at) DESC, channel;
