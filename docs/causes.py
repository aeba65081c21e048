"""What docs/reference/errors.md says of trouble: the causes of our sentences, what is done about providers' errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from bot.glm import codes
from bot.glm.codes import Action, Remedy, Rule
from bot.vocabulary import COMMANDS

CAUSES: Final[Mapping[str, str]] = {
    "busy": "The provider was overloaded, unreachable or broke off, and asking again a few times did not help.",
    "wait": "The provider limits how many requests this key may make at a time.",
    "quota": "The account behind the key has no balance or quota left.",
    "config": "The key or the address of the provider is wrong, or the account cannot be used.",
    "model": "The provider does not offer this model to this key, or not any more.",
    "long": "Question and history are longer than the model takes, also after the older half was left out.",
    "safety": "The provider refused the question, or withdrew its answer; what was shown of it is removed.",
    "safety_history": "The same, because of an earlier message of the conversation.",
    "no_image": "The provider refused the request because of a picture, twice.",
    "image_unread": "The provider refused a picture, twice: it could not fetch its address, or not read what is there.",
    "nobody_sees": "A picture or a video, and no configured provider has a model that takes it.",
    "seen_by": "The chosen model takes no pictures or videos: for this question `GLM_VISION_MODEL` was asked, or the "
    "first that does.",
    "not_together": "Models take pictures or videos in one request, not both.",
    "not_public": "It lies at an address of a private network, or of none: a provider cannot get it there.",
    "too_heavy": "All pictures and videos of one request may have 64 MiB together.",
    "not_taken": "A video that no model of the configured providers takes; which do is in the table of models.",
    "some_pictures": "The model that looked takes no more pictures in one request.",
    "some_videos": "The model that looked takes no more videos in one request.",
    "only_png": "The address of a picture of another kind stands in the question: models take PNG and JPEG.",
    "answered_by": "The chosen model or its first provider did not answer: the next provider or one of `GLM_FALLBACKS` "
    "did.",
    "tool_unknown": "The process ended while a tool was changing something that had been called by its own command.",
    "was_done": "The turn came to no answer, and a tool had changed something before. Regenerate does not do it again.",
    "may_be_done": "The same, and the tool was interrupted while it worked.",
    "tool_failed": "A tool that was called by its own command had nothing to give; what follows is what it says.",
    "no_text_yet": "The model thinks for long, or is silent: the answer may still come, else the reason why not.",
    "in_line": "As many requests as the provider allows at a time are being answered; this one comes after them.",
    "deferred_here": "`/background` with a model or a provider that has no asynchronous call.",
    "bug": "The provider did not understand the request. The reference is the request's id in the log.",
    "empty": "The model ended without a word, twice.",
    "thought_out": "The model reached the length limit before its first visible word.",
    "too_late": "The answer had begun, and its question is older than 30 minutes by now.",
    "gave_up": "Answering was begun three times and did not end: the process died, or failed in an unforeseen way.",
    "away": "The bot was offline when this was written, more than 30 minutes ago.",
    "cut_off": "The model reached its length limit; Continue asks it to go on.",
    "damaged": "The provider sent two pieces of a stream as one, broken in the middle: only the second could be read.",
    "context_full": "Question, history and answer together fill what the model can hold.",
    "interrupted": "The connection to the provider broke in mid-answer, and so did the second attempt.",
    "stopped": "Somebody pressed Stop, used /stop or /reset, or deleted a page of the answer.",
    "too_many_pages": "The answer is longer than eight messages (six for an app that is not in the server).",
    "restarting": "The process was told to end (SIGTERM); the next one finishes the answer.",
    "resuming": "The process died while it was posting; the answer follows in this message.",
    "automod": "A rule of the server's AutoMod blocks the text.",
    "refused": "The bot lacks a permission there, or the thread is locked.",
    "nothing_asked": "A mention without words, and no reply to a message that could be read.",
    "only_attachment": "A file without words, of a kind that the bot does not read: it reads text, PDF, pictures and "
    "videos.",
    "file_too_big": "A file above `FILE_MEGABYTES`.",
    "file_gone": "The file was deleted, or its link has expired; Discord's are good for a day.",
    "file_forbidden": "Slack gave its login page in place of the file: the bot's token lacks the scope `files:read`. "
    "Add it under OAuth & Permissions and install the app again.",
    "file_elsewhere": "The file's address, or what it redirects to, is not the platform's: nothing is fetched there.",
    "file_picture": "A picture in a format that cannot be read (HEIC, for instance), damaged, or too large.",
    "file_unread": "A file of a kind that the bot does not read (it reads text, PDF, pictures, videos), beside words.",
    "text_cut": "A pasted text or a file of which no more than the beginning fits into `PROMPT_TOKENS`.",
    "file_scanned": "A PDF whose pages are pictures: there is no text in it to read.",
    "file_locked": "A PDF that asks for a password.",
    "file_damaged": "A PDF that cannot be read, or takes more than 15 seconds.",
    "file_failed": "The platform reported an error, or the file had not come after ten seconds.",
    "only_sticker": "A sticker without words.",
    "only_voice": "A voice message. The bot does not listen yet.",
    "queue_full": "More than `QUEUE_LIMIT` messages wait in this conversation.",
    "not_stored": "The database could not be written: a full disk, for instance. The log says why.",
    "nothing_to_stop": "No answer of this person is being written here.",
    "not_yours": "A button or a command about somebody else's answer, by somebody without Manage Messages.",
    "may_i_settled": "Allow or Deny on a call that was decided on before, or whose time is over.",
    "not_last": "A button of an answer that is not the conversation's last.",
    "still_answering": "Regenerate while the answer is still being written or delivered.",
    "no_conversation": "A command for a conversation, outside of any.",
    "model_unknown": "No configured provider has a model of that name.",
    "may_not_manage": "What is chosen for a channel needs Manage Channels, for a server Manage Server.",
    "thinking_unknown": "No such level of thinking exists.",
    "persona_unknown": "There is no persona of that name.",
    "tools_unknown": "`/tools off` with a name that no tool has.",
    "export_unknown": "`/export` with a format that it does not know.",
    "export_nothing": "`/export` where nothing of this person is stored, or not any more.",
    "export_too_big": "`/export` of more than 10 MB.",
    "export_failed": "The platform did not take the file. On Slack the app may lack the scope `files:write` or "
    "`im:write`.",
    "forgotten_left": "`/forget` while an answer was being delivered that did not end within ten seconds.",
    "no_such_job": "No job of this person in the background has this number, or it is over.",
    "unpostable": "Discord refused what was sent as malformed: an error in the bot. The log has its code.",
    "only_member": "Continue or `/background` where the app is installed by the user only, and the bot is no member.",
    "uninvited": "A question was asked by a command in a channel where the bot is no member or may not write.",
    "strangers": "Somebody of another organisation asked in a shared channel, and `SLACK_STRANGERS` is off.",
    "not_installed": "A command, a shortcut or a button in a workspace that the app was removed from, or never was in.",
    "refused_person": "A rule denies the user or one of their roles (`/access`). Said once an hour.",
    "refused_place": "A rule denies the channel, its category or the server. A mention there gets no answer at all; a "
    "command gets this.",
    "refused_unlisted": "The default is deny (`DEFAULT_DENY` or `/access default deny`), and no rule allows the place "
    "or the person. Said like the two above.",
    "refused_tool": "A rule about that tool denies it (`/access deny … tool:name`).",
    "refused_parallel": "A quota in `parallel`: so many answers are being written for this person in other "
    "conversations.",
    "refused_loop": "Another bot that is allowed said more than 20 things to this one within a minute.",
    "quota_user": "A quota for this person or one of their roles, in `QUOTAS` or by `/access quota`.",
    "quota_channel": "The same for all who ask in this channel.",
    "quota_server": "The same for all who ask in this server.",
    "access_forbidden": "`/access` by somebody who is not in `ADMINS` and may not manage the server.",
    "access_unclear": "`/access` with words that it does not know, or an id that is missing.",
    "access_too_many": "500 rules are kept for a server, and as many for everywhere.",
    "operator": "A direct message to the application's owner: only they can mend this.",
}

# Sentences that report no trouble.
ORDINARY: Final = frozenset(
    {
        *("told", "reset_at", "thinking", "deferred", "at_tools", "with_tools", "at_work", "help"),
        *("sources", "may_i", "may_i_how"),
        *("stopped_it", "reset_done", "model_set", "model_unset", "model_now", "rated"),
        *("thinking_set", "thinking_unset", "thinking_now", "thinking_free", "thinking_nearest"),
        *("reasoning_show", "reasoning_hide", "reasoning_shown", "reasoning_hidden"),
        *("retrying", "persona_set", "persona_unset", "persona_now"),
        *("tools_list", "tools_none", "tools_how", "tools_on", "tools_on_here", "tools_off"),
        *("export_done", "export_given", "forget_how", "forget_here", "forget_everything"),
        *("forgotten", "forgotten_nothing", "forgotten_rounds", "forgotten_notes", "forgotten_waiting"),
        *("forgotten_files", "forgotten_calls", "forgotten_summaries", "forgotten_ratings", "forgotten_settings"),
        "forgotten_jobs",
        *("usage_head", "usage_today", "usage_month", "usage_note"),
        *("access_unchanged", "access_everywhere", "access_nothing", "access_log", "access_usage"),
        *("unit_requests", "unit_tokens", "unit_usd", "unit_cny"),
        *("no_jobs", "jobs_open", "job_line", "jobs_how", "job_cancelled"),
        *(command.text for command in COMMANDS),
        "command_tools",
        *("scope_conversation", "scope_me", "scope_channel", "scope_server"),
        *("prompt_explain", "prompt_explain_asked", "prompt_draft", "prompt_draft_asked"),
        *("prompt_code", "prompt_code_asked", "prompt_help", "prompt_help_asked"),
        *("home_title", "home_welcome", "home_model", "home_me", "home_server", "home_default"),
        *("home_stored_title", "home_stored", "home_privacy_title", "home_privacy"),
        *("button_stop", "button_regenerate", "button_continue", "button_upvote", "button_downvote"),
        *("button_allow", "button_deny"),
    }
)

# What is changed in a request before it is made once more.
REMEDIES: Final[Mapping[Remedy, str]] = {
    Remedy.SHORTEN: "asked again without the older half of the history",
    Remedy.FOLD_SYSTEM: "asked again without a system message of its own",
    Remedy.THINK_FREELY: "asked again without the fields about thinking",
    Remedy.THINK_LESS: "asked again with less thinking",
    Remedy.WHOLE: "asked again for the whole answer at once",
    Remedy.DATA_URL: "asked again with pictures written as data: addresses",
    Remedy.FORGET: "asked again without the history",
}


def provider_errors() -> Iterator[Sequence[str]]:
    """For each code of a provider: provider, code, what is done, which sentence users read, what the owner is told."""
    tables = {
        "bigmodel, zai": codes.ZHIPU,
        **{name: table for name, table in codes.DIALECTS.items() if table is not codes.ZHIPU},
        "any (HTTP status)": codes.STATUS,
        "any (connection)": {name: [rule] for name, rule in codes.CONNECTION.items()},
    }
    for provider, table in tables.items():
        for rule, keys in _by_rule(table).items():
            known_by = " ".join(f"`{key}`" for key in keys) + (f" saying `{rule.pattern}`" if rule.pattern else "")
            yield provider, known_by, _done(rule), f"`{rule.text}`", rule.operator


def _by_rule(table: Mapping[str, Sequence[Rule]]) -> Mapping[Rule, list[str]]:
    found: dict[Rule, list[str]] = {}
    for key, rules in table.items():
        for rule in rules:
            found.setdefault(rule, []).append(key)
    return found


def _done(rule: Rule) -> str:
    """What the client does about an error, in its order."""
    remedies = [said for remedy, said in REMEDIES.items() if remedy in rule.remedy]
    again = [f"asked again, {rule.attempts} times in all"] if rule.retries and rule.attempts > 1 else []
    if rule.crowded:
        again = ["asked again after pauses that grow"]
    elsewhere = ["asked at the next provider"] if rule.moves_on else []
    return "; ".join([*remedies, *again, *elsewhere, *_left_alone(rule)]) or "nothing helps"


def _left_alone(rule: Rule) -> Iterator[str]:
    breaker = rule.breaker
    if breaker is not None and (rule.opens or Action.CIRCUIT in rule.actions):
        what = "the provider is" if breaker.account else "this model is"
        how_long = "until midnight in Beijing" if breaker.daily else f"for {breaker.seconds:,g} s"
        often = f", after {breaker.streak} in a row" if breaker.streak > 1 else ""
        yield f"{what} left alone {how_long}{often}"
