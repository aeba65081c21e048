-- name: write_usage
INSERT OR REPLACE INTO usage (
    turn, fence, at, platform, workspace, conversation, author, model, provider, prompt, completion, cached, reasoning,
    cost, currency, first_text, channel
)
SELECT
    :turn, :fence, :now, :platform, :workspace, :conversation, :author, :model, :provider, :prompt, :completion,
    :cached, :reasoning, :cost, CASE WHEN :cost IS NULL THEN '' ELSE :currency END, :first_text, :channel
WHERE :model <> '';

-- name: write_usage_of_summary
INSERT INTO usage (
    turn, at, platform, workspace, conversation, author, model, provider, prompt, completion, cached, reasoning,
    cost, currency, channel
)
SELECT
    turn.id, :now, ask.platform, ask.workspace, turn.conversation, '', :model, '', :prompt, :completion,
    :cached, :reasoning, :cost, CASE WHEN :cost IS NULL THEN '' ELSE :currency END, ask.channel
FROM turn JOIN ask ON ask.turn = turn.id AND ask.state = 'asked'
WHERE turn.id = :turn
ORDER BY ask.at DESC, ask.seq DESC LIMIT 1;

-- Only one of the five arms is walked: each begins with what does not depend on a row.

-- name: spending
WITH chosen (seq) AS (
    SELECT seq FROM usage WHERE :conversation <> '' AND conversation = :conversation AND at >= :since
    UNION ALL
    SELECT seq FROM usage
    WHERE :conversation = '' AND :author <> '' AND platform = :platform AND author = :author AND at >= :since
    UNION ALL
    SELECT seq FROM usage
    WHERE :conversation = '' AND :author = '' AND :channel <> ''
        AND platform = :platform AND channel = :channel AND at >= :since
    UNION ALL
    SELECT seq FROM usage
    WHERE :conversation = '' AND :author = '' AND :channel = '' AND :workspace <> ''
        AND platform = :platform AND workspace = :workspace AND at >= :since
    UNION ALL
    SELECT seq FROM usage
    WHERE :conversation = '' AND :author = '' AND :channel = '' AND :workspace = ''
        AND platform = :platform AND at >= :since
)
SELECT
    model, count(*) AS answers, sum(prompt) AS prompt, sum(completion) AS completion, sum(cached) AS cached,
    sum(reasoning) AS reasoning, total(cost) AS cost, currency
FROM chosen JOIN usage ON usage.seq = chosen.seq
WHERE platform = :platform AND (:author = '' OR author = :author) AND (:workspace = '' OR workspace = :workspace)
    AND (:channel = '' OR channel = :channel)
GROUP BY model, currency;
