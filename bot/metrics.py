"""What /metrics shows."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from bot.completion import Usage

asks = Counter("glimmer_asks_total", "Messages taken in, by what became of them", ["reception"])
refusals = Counter("glimmer_refusals_total", "Questions and commands that were refused, by why", ["reason"])
controls = Counter("glimmer_controls_total", "Commands, buttons, edits and deletions", ["kind"])
ratings = Counter("glimmer_ratings_total", "What people think of answers", ["kind"])
files = Counter("glimmer_files_total", "Attachments that were fetched, or why not", ["result"])
turns = Counter("glimmer_turns_total", "Turns that ended, by how", ["outcome"])
turns_running = Gauge("glimmer_turns_running", "Turns being answered now")
jobs_running = Gauge("glimmer_jobs_running", "Questions being answered in the background now")
first_text = Histogram(
    "glimmer_first_text_seconds",
    "From the claim of a turn to its first visible text",
    buckets=(0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60),
)
tokens = Counter("glimmer_tokens_total", "Tokens that the providers counted", ["model", "kind"])
summaries = Counter("glimmer_summaries_total", "Summaries of what was said before, by what became of them", ["result"])
model_failures = Counter("glimmer_model_failures_total", "Turns that the model did not answer, by text", ["text"])
approvals = Counter("glimmer_approvals_total", "What people have said of calls that somebody must allow", ["verdict"])
tool_calls = Counter("glimmer_tool_calls_total", "Calls of tools, by how they ended", ["tool", "result"])
platform_calls = Counter("glimmer_platform_calls_total", "Requests to a platform, by answer", ["platform", "status"])
platform_failures = Counter("glimmer_platform_failures_total", "Calls of a reply that had to be tried again")
platform_refusals = Counter("glimmer_platform_refusals_total", "Replies that a platform refused", ["text"])


def count_tokens(model: str, usage: Usage) -> None:
    """Count what one answer has used."""
    for kind in ("prompt", "completion", "cached", "reasoning"):
        tokens.labels(model, kind).inc(getattr(usage, kind))


glm_requests = Counter(
    "glimmer_glm_requests_total", "Requests to a GLM provider, by how they ended", ["provider", "model", "result"]
)
glm_circuit_open = Gauge(
    "glimmer_glm_circuit_open",
    "Whether a model is left alone for now, or with no model a provider",
    ["provider", "model"],
)
glm_waiting = Gauge("glimmer_glm_waiting", "Requests that wait for their turn at a GLM provider")
