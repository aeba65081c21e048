-- name: keep_file
INSERT INTO file (ask, number, digest, at)
SELECT ask.key, :number, :digest, :now
FROM ask LEFT JOIN turn ON turn.id = ask.turn
WHERE ask.key = :ask AND ask.state IN ('waiting', 'asked') AND NOT COALESCE(turn.withdrawn, 0)
ON CONFLICT DO UPDATE SET digest = excluded.digest, at = excluded.at;

-- name: files
SELECT number, digest FROM file WHERE ask = :ask ORDER BY number;

-- name: forget_files
DELETE FROM file WHERE ask = :ask RETURNING digest;

-- name: forget_old_files
DELETE FROM file
WHERE at < :now - :age OR NOT EXISTS (
    SELECT 1 FROM ask LEFT JOIN turn ON turn.id = ask.turn
    WHERE ask.key = file.ask AND ask.state IN ('waiting', 'asked') AND NOT COALESCE(turn.withdrawn, 0)
);

-- name: wanted_files
SELECT DISTINCT digest FROM file WHERE digest IN (SELECT value FROM json_each(:digests));
