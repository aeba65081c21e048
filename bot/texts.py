"""All sentences that the bot says of its own accord, in English and Chinese."""

from __future__ import annotations

from typing import Final

from bot.command_texts import COMMAND_TEXTS

_TEXTS: Final[dict[str, tuple[str, str]]] = {
    # Why there is no answer --------------------------------------------------------------------------------------
    "busy": (
        "The model is overloaded right now. I tried a few times; please try again in a minute.",
        "模型现在负载过高。我已重试了几次,请一分钟后再试。",
    ),
    "wait": (
        "I'm getting too many requests right now. Please try again shortly.",
        "现在请求太多,请稍后再试。",
    ),
    "quota": (
        "This bot has used up its quota for now.{told}{reset}",
        "本机器人的额度暂时用完了。{told}{reset}",
    ),
    "config": (
        "I can't reach the model because of a configuration problem.{told}",
        "由于配置问题,我无法连接到模型。{told}",
    ),
    "told": (" An admin has been told.", "已通知管理员。"),
    "reset_at": (" Resets at {reset} (Beijing time).", "将于北京时间 {reset} 重置。"),
    "model": (
        "`{model}` isn't available right now. Pick another with /model.",
        "`{model}` 目前不可用。请用 /model 选择其他模型。",
    ),
    "long": (
        "That's too long for `{model}`. Shorten your message or start fresh with /reset.",
        "内容超出了 `{model}` 的长度上限。请缩短消息,或用 /reset 重新开始。",
    ),
    "safety": (
        "The provider's safety filter stopped this answer. Try rephrasing.",
        "服务商的安全过滤器拦截了这个回答。请换一种说法。",
    ),
    "safety_history": (
        "The provider's safety filter stopped this answer because of something earlier in this conversation. "
        "Start fresh with /reset.",
        "由于本次对话中较早的内容,服务商的安全过滤器拦截了这个回答。请用 /reset 重新开始。",
    ),
    "image_unread": (
        "`{model}` could not read the picture: its format, or its address, was refused.",
        "`{model}` 无法读取图片:格式或地址未被接受。",
    ),
    "no_image": (
        "`{model}` can't look at images. Switch to a vision model with /model.",
        "`{model}` 无法查看图片。请用 /model 切换到视觉模型。",
    ),
    "nobody_sees": (
        "None of the models here can look at pictures or videos.",
        "这里没有能查看图片或视频的模型。",
    ),
    "seen_by": (
        "_(`{seer}` looked at it; `{model}` can't)_",
        "_(由 `{seer}` 查看;`{model}` 无法查看)_",
    ),
    "not_together": (
        "I did not look at {name}: pictures and videos only go separately.",
        "我没有查看 {name}:图片和视频只能分开查看。",
    ),
    "not_public": (
        "I can't look at {name}: its address is inside a private network.",
        "我无法查看 {name}:该网址位于内部网络。",
    ),
    "too_heavy": ("I did not look at {name}: too large for one request.", "我没有查看 {name}:超出一次请求的容量。"),
    "not_taken": ("I can't look at {name}; send videos as MP4.", "我无法查看 {name};请以 MP4 格式发送视频。"),
    "some_pictures": (
        "I looked at the first {count} of {total} pictures.",
        "我只查看了 {total} 张图片中的前 {count} 张。",
    ),
    "some_videos": ("I looked at the first {count} of {total} videos.", "我只查看了 {total} 个视频中的前 {count} 个。"),
    "only_png": (
        "At addresses I can only look at PNG and JPEG pictures.",
        "对于网址,我只能查看 PNG 和 JPEG 图片。",
    ),
    "answered_by": ("_(answered by `{model}` at {provider})_", "_(由 {provider} 的 `{model}` 回答)_"),
    "at_tools": ("🔧 {tools}…", "🔧 正在使用 {tools}…"),
    "may_i": ("May I use **{tool}**?", "我可以使用 **{tool}** 吗？"),
    "may_i_how": (
        "_Whoever asked, or a moderator, can allow or deny this within {minutes} minutes._",
        "_提问者或管理员可在 {minutes} 分钟内允许或拒绝。_",
    ),
    "may_i_settled": ("That is settled already.", "这件事已经有结果了。"),
    "was_done": ("_(🔧 done all the same: {tools})_", "_(🔧 仍已执行：{tools})_"),
    "may_be_done": ("_(🔧 nobody knows whether this was done: {tools})_", "_(🔧 无法确认是否已执行：{tools})_"),
    "with_tools": ("_(🔧 {tools})_", "_(🔧 使用了 {tools})_"),
    "tool_unknown": (
        "`{tool}` was interrupted: I don't know whether it was done, so I did not do it again.",
        "`{tool}` 被中断:我不知道是否已执行,因此没有再次执行。",
    ),
    "tool_failed": ("`{tool}`: {why}", "工具 `{tool}`:{why}"),
    "in_line": ("⏳ you're number {position} in line…", "⏳ 排队中,第 {position} 位…"),
    "deferred": (
        "I'm working on it in the background and will mention you here when it is done. /jobs shows it.",
        "我正在后台处理,完成后会在这里提及你。用 /jobs 查看。",
    ),
    "deferred_here": (
        "This model has no background mode, so I ask it now and post the whole answer here when it is done. "
        "/jobs shows it.",
        "该模型没有后台模式,我现在就提问,完成后在这里发布完整回答。用 /jobs 查看。",
    ),
    "bug": (
        "Something went wrong on my side with this request (ref {trace}).",
        "处理这个请求时我这边出错了(编号 {trace})。",
    ),
    "empty": (
        "The model returned an empty answer. Please try again.",
        "模型返回了空的回答,请再试一次。",
    ),
    "thought_out": (
        "The model spent its whole budget thinking. Please try again, or ask for something smaller.",
        "模型把全部额度都用在了思考上。请再试一次,或把问题拆小。",
    ),
    "too_late": (
        "I could not answer this in time. Press Regenerate to ask again.",
        "我没能及时回答。点击“重新生成”可再次提问。",
    ),
    "gave_up": (
        "I tried this three times and was interrupted each time. Press Regenerate to ask again.",
        "我试了三次,每次都被中断。点击“重新生成”可再次提问。",
    ),
    "away": (
        "I was away when you wrote this. Press Regenerate and I will answer it now.",
        "你写这条消息时我不在线。点击“重新生成”,我现在就回答。",
    ),
    # Beside an answer --------------------------------------------------------------------------------------------
    "sources": ("Sources:", "来源:"),
    "cut_off": ("_(answer cut off at the length limit)_", "_(回答因长度限制被截断)_"),
    "context_full": (
        "_(too long for this model; /reset starts afresh)_",
        "_(对话对该模型来说过长;用 /reset 重新开始)_",
    ),
    "damaged": ("_(came damaged; a piece may be missing)_", "_(传输损坏,可能缺少一段)_"),
    "interrupted": ("_(connection lost, answer incomplete)_", "_(连接中断,回答不完整)_"),
    "stopped": ("_(stopped)_", "_(已停止)_"),
    "too_many_pages": ("_(the whole answer is in the file)_", "_(完整回答见附件)_"),
    "restarting": ("_(I'm restarting and will finish this in a moment)_", "_(我正在重启,马上会接着完成)_"),
    "resuming": ("_(one moment, I'm taking this up again)_", "_(请稍候,我正在继续)_"),
    "at_work": ("is working on it…", "正在处理…"),
    "thinking": ("💭 thinking… {seconds} s", "💭 思考中… {seconds} 秒"),
    "no_text_yet": (
        "⏳ no answer from the model yet after {seconds} s; I keep waiting…",
        "⏳ 已过 {seconds} 秒,模型还没有回答;我继续等待…",
    ),
    "automod": (
        "This server's AutoMod does not let me post the answer.",
        "本服务器的 AutoMod 不允许我发布这个回答。",
    ),
    "refused": (
        "I'm not allowed to answer there. Someone who manages the channel can check my permissions.",
        "我没有权限在那里回答。请频道管理者检查我的权限。",
    ),
    "unpostable": (
        "The answer could not be posted here because of a problem on my side. Press Regenerate to try again.",
        "由于我这边的问题,无法在这里发布回答。点击“重新生成”可再试一次。",
    ),
    # What was asked ----------------------------------------------------------------------------------------------
    "nothing_asked": (
        "You mentioned me without a question. Write it after the mention, or reply to a message and mention me.",
        "你提到了我,但没有提问。请在提及后写下问题,或回复一条消息并提及我。",
    ),
    "only_attachment": (
        "I can't read attachments like this one. Write your question as text and I'll answer it.",
        "我无法读取这类附件。请用文字写下你的问题。",
    ),
    "file_too_big": ("{name} is too big: I read up to {megabytes} MB.", "{name} 太大:我最多读取 {megabytes} MB。"),
    "file_gone": ("{name} is no longer there; I could not read it.", "{name} 已不存在,我无法读取。"),
    "file_forbidden": (
        "I lack the right to read {name} (scope files:read).",
        "我无权读取 {name}(缺少权限 files:read)。",
    ),
    "file_elsewhere": (
        "{name} lies on another site; I don't go there.",
        "{name} 位于其他网站,我不会打开。",
    ),
    "file_failed": ("I could not fetch {name}; Regenerate tries again.", "我没能获取 {name};“重新生成”会再试一次。"),
    "file_picture": (
        "I can't look at {name}; send it as PNG or JPEG.",
        "我无法查看 {name};请以 PNG 或 JPEG 格式发送。",
    ),
    "file_unread": ("I can't read files like {name}.", "我无法读取 {name} 这类文件。"),
    "text_cut": ("It was too long to read whole; I read the beginning.", "内容太长,我只读了开头部分。"),
    "file_scanned": ("{name} has no text in it; are its pages scanned?", "{name} 中没有文字;是扫描件吗?"),
    "file_locked": ("{name} is locked; send it without protection.", "{name} 已加密;请发送未加密的文件。"),
    "file_damaged": ("I could not read {name}: it seems damaged.", "我无法读取 {name}:文件似乎已损坏。"),
    "only_sticker": (
        "Nice sticker! I can only read text, so write me a question.",
        "贴纸不错!不过我只能读文字,请写下你的问题。",
    ),
    "only_voice": (
        "I can't listen to voice messages yet. Write your question as text and I'll answer it.",
        "我还听不了语音消息。请用文字写下你的问题。",
    ),
    "queue_full": (
        "Too many messages are waiting in this conversation, so I did not take this one. Please send it again later.",
        "这个对话中等待的消息太多,我没有收下这一条。请稍后再发。",
    ),
    "not_stored": (
        "I could not take your message because of a problem on my side. Please send it again in a minute.",
        "由于我这边的问题,没能收下你的消息。请一分钟后再发。",
    ),
    **COMMAND_TEXTS,
    # Buttons -----------------------------------------------------------------------------------------------------
    "rated": ("Thanks, that is noted.", "谢谢,已记下。"),
    "button_upvote": ("👍 Good", "👍 有用"),
    "button_downvote": ("👎 Bad", "👎 没用"),
    "button_stop": ("Stop", "停止"),
    "button_regenerate": ("Regenerate", "重新生成"),
    "button_continue": ("Continue", "继续"),
    "button_allow": ("Allow", "允许"),
    "button_deny": ("Deny", "拒绝"),
    # What a conversation may begin with -------------------------------------------------------------------------
    "prompt_explain": ("Explain something", "解释一件事"),
    "prompt_explain_asked": (
        "Explain to me in simple words how a search engine finds its pages.",
        "用简单的话给我解释搜索引擎是怎样找到网页的。",
    ),
    "prompt_draft": ("Draft a message", "起草一条消息"),
    "prompt_draft_asked": (
        "Draft a short, friendly message that moves a meeting to next week. Ask me for what you need to know.",
        "帮我起草一条简短友好的消息,把会议改到下周。需要了解什么请问我。",
    ),
    "prompt_code": ("Help with code", "帮忙看代码"),
    "prompt_code_asked": (
        "Help me with a piece of code. Ask me to paste it and to say what is wrong with it.",
        "帮我看一段代码。请让我粘贴代码并说明问题。",
    ),
    "prompt_help": ("What can you do?", "你能做什么?"),
    "prompt_help_asked": (
        "What can you help me with? Answer with a few examples.",
        "你能帮我做什么?请举几个例子。",
    ),
    # The bot's own page -----------------------------------------------------------------------------------------
    "home_title": ("Hello!", "你好!"),
    "home_welcome": (
        "I answer with GLM models. Mention me in a channel, write to me under Messages, use /glm, or choose Ask about "
        "this in a message's menu. Under an answer you find Stop, Regenerate and Continue.",
        "我用 GLM 模型回答问题。可以在频道里提及我、在“消息”中给我写信、使用 /glm,或在消息菜单中选择 Ask about this。"
        "回答下方有停止、重新生成和继续。",
    ),
    "home_model": ("Model", "模型"),
    "home_me": ("For you, where nothing else was chosen", "用于你(未另行选择时)"),
    "home_server": ("For everybody in this workspace who chose none", "用于本工作区中没有自行选择的人"),
    "home_default": ("Default", "默认"),
    "home_stored_title": ("What is stored", "存储内容"),
    "home_stored": (
        "Your questions with their files, my answers, your user id and name, the channel's id and your settings, in a "
        "database of whoever runs this bot. In threads in which I take part I also keep what others write there, as "
        "context.",
        "你的问题及其附件、我的回答、你的用户 ID 和名字、频道 ID 以及你的设置,保存在机器人运营者的数据库中。"
        "在我参与的讨论串里,我也会把其他人的发言作为上下文保存。",
    ),
    "home_privacy_title": ("Privacy", "隐私"),
    "home_privacy": (
        "Questions and context are sent to the model's provider. Deleting a question takes it out of what I use; "
        "/glm reset, or !reset in a thread, makes me start afresh.",
        "问题和上下文会发送给模型服务商。删除问题后我将不再使用它;/glm reset 或讨论串中的 !reset 会让我重新开始。",
    ),
    # To the operator ---------------------------------------------------------------------------------------------
    "operator": ("Glimmer needs you: {problem}", "Glimmer 需要你处理:{problem}"),
}

# What the Continue button asks the model; the model answers in the language of the conversation.
CONTINUE_PROMPT: Final = "Continue exactly where your last answer was cut off."


def say(text: str, locale: str = "", **facts: str) -> str:
    """A sentence in the platform's locale ("zh-CN", "en-US", …; else English) with its facts filled in."""
    english, chinese = _TEXTS[text]
    return (chinese if locale.lower().startswith("zh") else english).format(**facts)


def names() -> tuple[str, ...]:
    """The ids of all sentences."""
    return tuple(_TEXTS)
