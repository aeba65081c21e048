"""What /metrics shows."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

asks = Counter("glimmer_asks_total", "Messages taken in, by what became of them", ["reception"])
controls = Counter("glimmer_controls_total", "Commands, buttons, edits and deletions", ["kind"])
ratings = Counter("glimmer_ratings_total", "What people think of answers", ["kind"])
files = Counter("glimmer_files_total", "Attachments that were fetched, or why not", ["result"])
turns = Counter("glimmer_turns_total", "Turns that ended, by how", ["outcome"])
turns_running = Gauge("glimmer_turns_running", "Turns being answered now")
first_text = Histogram(
    "glimmer_first_text_seconds",
    "From the claim of a turn to its first visible text",
    buckets=(0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60),
)
tokens = Counter("glimmer_tokens_total", "Tokens that the providers counted", ["model", "kind"])
model_failures = Counter("glimmer_model_failures_total", "Turns that the model did not answer, by text", ["text"])
platform_calls = Counter("glimmer_platform_calls_total", "Requests to a platform, by answer", ["platform", "status"])
platform_failures = Counter("glimmer_platform_failures_total", "Calls of a reply that had to be tried again")
platform_refusals = Counter("glimmer_platform_refusals_total", "Replies that a platform refused", ["text"])
