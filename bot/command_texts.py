"""What the bot says about commands, in English and Chinese; `bot.texts` has it with all else."""

from __future__ import annotations

from typing import Final

COMMAND_TEXTS: Final[dict[str, tuple[str, str]]] = {
    "stopped_it": ("Stopped.", "已停止。"),
    "nothing_to_stop": ("There is nothing of yours to stop here.", "这里没有属于你的进行中的回答。"),
    "not_yours": (
        "Only the person who asked, or a moderator, can do that.",
        "只有提问者或版主可以这样做。",
    ),
    "not_last": (
        "The conversation has moved on; only its last answer can be changed.",
        "对话已经继续,只能更改最后一个回答。",
    ),
    "still_answering": ("I'm still working on that.", "我还在处理中。"),
    "reset_done": (
        "Done: I start afresh here. Earlier messages stay visible but I no longer use them.",
        "好了:我在这里重新开始。之前的消息仍可见,但我不再使用。",
    ),
    "no_conversation": (
        "There is no conversation here yet. Use this inside one of my threads or in a direct message.",
        "这里还没有对话。请在我的讨论串或私信中使用。",
    ),
    "uninvited": (
        "I can't write there. Invite me to the channel and ask again, or write to me directly.",
        "我无法在那里发言。请邀请我加入频道后再问,或直接给我发私信。",
    ),
    "strangers": (
        "In shared channels I only answer people of the organisation that runs me.",
        "在共享频道中,我只回答运行我的组织的成员。",
    ),
    "not_installed": (
        "I am no longer installed in this workspace; ask whoever runs me.",
        "我已不再安装于本工作区;请联系我的运营者。",
    ),
    "only_member": (
        "I can only do that where I am a member. Ask again with /ask.",
        "只有在我是成员的地方才能这样做。请用 /ask 重新提问。",
    ),
    "model_set": ("{scope}: `{model}` from the next question on.", "{scope}:从下一个问题起使用 `{model}`。"),
    "model_unset": ("{scope}: back to the default, `{model}`.", "{scope}:恢复默认的 `{model}`。"),
    "model_now": (
        "This conversation uses `{model}`. You can choose: {models}.",
        "当前对话使用 `{model}`。可选:{models}。",
    ),
    "model_unknown": (
        "I don't know a model called `{model}`. You can choose: {models}.",
        "没有名为 `{model}` 的模型。可选:{models}。",
    ),
    "may_not_manage": (
        "{scope}: changing this is for those who may manage it.",
        "{scope}:更改此项需要管理权限。",
    ),
    "thinking_set": (
        "{scope}: thinking `{level}` from the next question on.",
        "{scope}:从下一个问题起思考程度为 `{level}`。",
    ),
    "thinking_unset": ("{scope}: thinking is back to the default.", "{scope}:思考程度已恢复默认。"),
    "thinking_now": (
        "`{model}` thinks `{level}` here. It knows: {levels}.",
        "`{model}` 在这里的思考程度为 `{level}`。可选:{levels}。",
    ),
    "thinking_free": (
        "`{model}` can't be told how much to think.",
        "`{model}` 的思考程度无法设定。",
    ),
    "thinking_nearest": (
        "`{model}` does not know that level and takes `{level}`.",
        "`{model}` 没有这一档,将采用 `{level}`。",
    ),
    "thinking_unknown": (
        "I don't know a level called `{level}`. You can choose: {levels}.",
        "没有名为 `{level}` 的思考程度。可选:{levels}。",
    ),
    "reasoning_show": (
        "{scope}: what the model thought comes as a file below the answer.",
        "{scope}:模型的思考过程会以文件形式附在回答下方。",
    ),
    "reasoning_hide": ("{scope}: what the model thought is not shown.", "{scope}:不显示模型的思考过程。"),
    "reasoning_shown": (
        "What it thought comes as a file below the answer (`hide` to change that).",
        "思考过程会以文件形式附在回答下方(用 `hide` 关闭)。",
    ),
    "reasoning_hidden": (
        "What it thought is not shown (`show` to change that).",
        "不显示思考过程(用 `show` 开启)。",
    ),
    "retrying": ("I answer that again.", "我重新回答。"),
    "persona_set": (
        "{scope}: I am `{persona}` from the next question on.",
        "{scope}:从下一个问题起我是 `{persona}`。",
    ),
    "persona_unset": ("{scope}: the persona is back to the default.", "{scope}:角色已恢复默认。"),
    "persona_now": ("Here I am `{persona}`. You can choose:", "我在这里是 `{persona}`。可选:"),
    "persona_unknown": (
        "I don't know a persona called `{persona}`. You can choose: {personas}.",
        "没有名为 `{persona}` 的角色。可选:{personas}。",
    ),
    "tools_list": ("What I can use here for your questions:", "我在这里回答你时可用的工具:"),
    "tools_none": ("I have no tools.", "我没有工具。"),
    "tools_how": (
        "`/tools off` and a name switches one off here, `/tools on` and a name on again.",
        "用 `/tools off` 加名称可在这里关闭一个工具,用 `/tools on` 加名称可重新开启。",
    ),
    "tools_on": (
        "{scope}: `{tool}` is not switched off any more. `/tools` shows what is on.",
        "{scope}:`{tool}` 不再关闭。用 `/tools` 查看已开启的工具。",
    ),
    "tools_on_here": (
        "{scope}: `{tool}` is on from the next question on, unless it is switched off elsewhere. `/tools` shows it.",
        "{scope}:从下一个问题起开启 `{tool}`,除非在别处被关闭。用 `/tools` 查看。",
    ),
    "tools_off": ("{scope}: `{tool}` is off from the next question on.", "{scope}:从下一个问题起不再使用 `{tool}`。"),
    "tools_unknown": (
        "I have no tool called `{tool}`; `/tools` lists them.",
        "没有名为 `{tool}` 的工具;用 `/tools` 查看。",
    ),
    "export_done": (
        "What I keep of what you asked and said, with my answers, is in this file.",
        "我保存的你的提问和发言以及我的回答都在这个文件里。",
    ),
    "export_given": ("The file is in our direct messages.", "文件已发到我们的私信里。"),
    "export_failed": ("I could not give you the file. Try again later.", "无法把文件发给你,请稍后再试。"),
    "export_nothing": ("I keep nothing of yours here.", "这里没有保存你的任何内容。"),
    "export_unknown": ("I can write `md` (Markdown) or `json`.", "可选格式:`md`(Markdown)或 `json`。"),
    "export_too_big": (
        "That is more than fits into a file here. Whoever runs me can export it with `glimmer export`.",
        "内容超出了这里的文件大小限制。我的运营者可以用 `glimmer export` 导出。",
    ),
    "forget_how": (
        "`/forget here` is about this conversation, `/forget everything` about all that I keep of you on this "
        "platform.",
        "`/forget here` 只针对本对话,`/forget everything` 针对我在本平台上保存的你的全部内容。",
    ),
    "forget_here": (
        "I shall remove what you asked and said in this conversation, my answers to you, and your files. It cannot be "
        "undone. `/forget here yes` does it.",
        "我将删除你在本对话中的提问和发言、我给你的回答以及你的文件,无法恢复。确认请用 `/forget here yes`。",
    ),
    "forget_everything": (
        "I shall remove all that you asked and said on this platform, my answers to you, your files and your settings. "
        "It cannot be undone. `/forget everything yes` does it.",
        "我将删除你在本平台上的全部提问和发言、我给你的回答、你的文件和设置,无法恢复。确认请用 "
        "`/forget everything yes`。",
    ),
    "forgotten": (
        "Removed: {parts}. Messages in the channels themselves stay; delete those there.",
        "已删除:{parts}。频道里的消息本身仍在,请自行在那里删除。",
    ),
    "forgotten_nothing": ("There was nothing of yours to remove.", "没有可以删除的你的内容。"),
    "forgotten_left": (
        "Still being answered and not removed: {count}. Repeat the command in a moment.",
        "仍在处理、尚未删除:{count}。请稍后重复该命令。",
    ),
    "forgotten_rounds": ("{count} questions with their answers", "{count} 个问题及其回答"),
    "forgotten_notes": ("{count} other messages", "{count} 条其他消息"),
    "forgotten_waiting": ("{count} that waited", "{count} 个等待中的问题"),
    "forgotten_files": ("{count} files", "{count} 个文件"),
    "forgotten_calls": ("{count} calls of tools", "{count} 次工具调用"),
    "forgotten_summaries": ("{count} summaries", "{count} 份摘要"),
    "forgotten_ratings": ("{count} ratings", "{count} 个评价"),
    "forgotten_settings": ("{count} settings", "{count} 项设置"),
    "forgotten_jobs": ("{count} background questions", "{count} 个后台问题"),
    "usage_head": (
        "| | answers | in | cached | out | thinking | cost |",
        "| | 回答 | 输入 | 缓存 | 输出 | 思考 | 费用 |",
    ),
    "usage_today": ("today", "今天"),
    "usage_month": ("30 days", "30 天"),
    "usage_note": (
        "In tokens; cached is a part of in, thinking a part of out. Today began at 00:00 UTC. Only known prices count.",
        "以 token 计;缓存包含在输入中,思考包含在输出中。今天从 UTC 0 点算起。仅计入已知价格。",
    ),
    "no_jobs": ("Nothing of yours is being answered in the background here.", "这里没有正在后台处理的你的问题。"),
    "jobs_open": ("In the background for you:", "正在后台为你处理:"),
    "job_line": ("`{number}` “{question}”, for {minutes} min", "`{number}` “{question}”,已 {minutes} 分钟"),
    "jobs_how": (
        "`/jobs cancel` and its number cancels one.",
        "用 `/jobs cancel` 加编号可取消。",
    ),
    "job_cancelled": ("Cancelled `{number}`.", "已取消 `{number}`。"),
    "no_such_job": (
        "There is no such job here that could be cancelled; /jobs lists yours.",
        "这里没有可以取消的该任务;用 /jobs 查看你的任务。",
    ),
    "refused_person": (
        "You may not use me here. Whoever manages this place can change that.",
        "你无权在这里使用我。这里的管理者可以更改。",
    ),
    "refused_place": ("I may not answer in this channel.", "我不能在这个频道里回答。"),
    "refused_tool": ("You may not use this tool here.", "你不能在这里使用这个工具。"),
    "refused_unlisted": (
        "I only answer where and whom I was told to, and that is not here. Whoever manages this place can change that.",
        "我只在获准的地方回答获准的人,这里不在其中。这里的管理者可以更改。",
    ),
    "refused_loop": (
        "We are going round in circles: I stop answering this bot until it has been quiet for a minute.",
        "我们在来回打转:在该机器人安静一分钟之前,我不再回答它。",
    ),
    "refused_parallel": (
        "That is as much as I answer for you at a time ({amount}). Ask again when one of your answers is done.",
        "我同时最多为你处理 {amount} 个回答。请等其中一个完成后再问。",
    ),
    "quota_user": (
        "Your quota for today is used up ({counted}). It starts again at 00:00 UTC, in {hours} h {minutes} min.",
        "你今天的配额已用完({counted})。将于 UTC 0 点重置,还有 {hours} 小时 {minutes} 分钟。",
    ),
    "quota_channel": (
        "This channel's quota for today is used up ({counted}). It starts again at 00:00 UTC, in {hours} h "
        "{minutes} min.",
        "本频道今天的配额已用完({counted})。将于 UTC 0 点重置,还有 {hours} 小时 {minutes} 分钟。",
    ),
    "quota_server": (
        "This server's quota for today is used up ({counted}). It starts again at 00:00 UTC, in {hours} h "
        "{minutes} min.",
        "本服务器今天的配额已用完({counted})。将于 UTC 0 点重置,还有 {hours} 小时 {minutes} 分钟。",
    ),
    "unit_requests": ("requests", "次提问"),
    "unit_tokens": ("tokens", "个 token"),
    "unit_usd": ("USD", "美元"),
    "unit_cny": ("CNY", "元"),
    "access_forbidden": (
        "That is for my admins and for those who may manage this server.",
        "只有我的管理员和有权管理本服务器的人可以这样做。",
    ),
    "access_unclear": (
        "I did not understand that. For instance: `/access allow channel:here`, `/access deny user:` and an id, "
        "`/access default deny`, `/access quota user 50 requests`, `/access clear user:` and an id.",
        "没有看懂。例如:`/access allow channel:here`、`/access deny user:` 加 ID、`/access default deny`、"
        "`/access quota user 50 requests`、`/access clear user:` 加 ID。",
    ),
    "access_unchanged": ("Nothing has changed by that.", "没有任何变化。"),
    "access_too_many": ("No more than {most} rules are kept.", "最多保存 {most} 条规则。"),
    "access_everywhere": ("Everywhere", "所有地方"),
    "access_nothing": ("no rules", "没有规则"),
    "access_log": ("The last changes (UTC)", "最近的更改(UTC)"),
    "access_usage": (
        "`/access allow|deny|clear` takes `channel:`, `category:`, `role:`, `user:` or `server:` with an id or `here`, "
        "and after it `tool:` with a name for that tool alone; `/access default allow|deny|off`; "
        "`/access quota user 50 requests`, with `user`, `channel` or `server` for each of them, an id for one, and "
        "`requests`, `tokens`, `usd`, `cny` a day or answers in `parallel`; `/access quota user off`; `/access log`.",
        "`/access allow|deny|clear` 后跟 `channel:`、`category:`、`role:`、`user:` 或 `server:` 加 ID 或 `here`,"
        "再加 `tool:` 和名称则只针对该工具;`/access default allow|deny|off`;`/access quota user 50 requests`,"
        "`user`、`channel` 或 `server` 表示每一个,加 ID 表示某一个,单位为每天的 `requests`、`tokens`、`usd`、`cny`,"
        "或同时进行的 `parallel`;`/access quota user off`;`/access log`。",
    ),
    "command_ask": ("Ask a question; the answer appears here", "提问,回答会出现在这里"),
    "command_background": (
        "Ask something that takes long; I mention you when it is answered",
        "提一个耗时较长的问题,回答好后会提及你",
    ),
    "command_model": ("Show or switch the model", "查看或切换模型"),
    "command_thinking": ("Show or set how much the model thinks", "查看或设置模型的思考程度"),
    "command_persona": ("Show or switch who I am", "查看或切换我的角色"),
    "command_switch": ("Show the tools that I use, or switch one", "查看或开关我使用的工具"),
    "command_retry": ("Answer the last question again", "重新回答上一个问题"),
    "command_export": ("Get what I keep of you, as a file", "以文件形式获取我保存的你的内容"),
    "command_forget": ("Remove what I keep of you", "删除我保存的你的内容"),
    "command_usage": ("What was used: answers, tokens and their cost", "查看用量:回答、token 和费用"),
    "command_jobs": ("What I answer for you in the background; cancel it", "查看或取消正在后台处理的问题"),
    "command_access": (
        "Who may use me, and how much; for those who manage",
        "查看或更改谁可以使用我、用多少(仅限管理者)",
    ),
    "command_stop": ("Stop the answer that is being written", "停止正在写的回答"),
    "command_reset": ("Start this conversation afresh", "重新开始本对话"),
    "command_help": ("What I can do and what is stored", "我能做什么、存储什么"),
    "command_tools": ("Tools that you can call: {names}", "可直接调用的工具:{names}"),
    "scope_conversation": ("This conversation", "本对话"),
    "scope_me": ("You", "你"),
    "scope_channel": ("This channel", "本频道"),
    "scope_server": ("This server or workspace", "本服务器或工作区"),
    "help": (
        "**Ask**: mention me in a channel, write to me directly, reply to one of my answers, or use a command.\n"
        "{commands}\n"
        "Model, persona and thinking are chosen for this conversation, for you, or (if you may manage it) for the "
        "channel or the server.\n"
        "Under an answer: Stop, Regenerate, Continue. Editing your question before I begin changes it; deleting it "
        "withdraws it.\n\n"
        "**What is stored**: your questions with their files, my answers, your user id and name, the channel's id and "
        "your settings, in a database of whoever runs this bot. In my threads I also keep what others write there, as "
        "context. Questions and context are sent to the model's provider. Deleting a question takes it out of what I "
        "use; /export gives you what is stored of you, /forget removes it.",
        "**提问**:在频道里提及我、给我发私信、回复我的回答,或使用命令。\n"
        "{commands}\n"
        "模型、角色和思考程度可针对本对话、你自己,或(有管理权限时)频道和服务器选择。\n"
        "回答下方的按钮:停止、重新生成、继续。在我开始之前编辑问题会生效;删除问题即撤回。\n\n"
        "**存储内容**:你的问题及其附件、我的回答、你的用户 ID 和名字、频道 ID 和你的设置,保存在机器人运营者的数据库中。"
        "在我的讨论串里,我也会把其他人的发言作为上下文保存。问题和上下文会发送给模型服务商。删除问题后我将不再使用它;"
        "/export 可获取你的数据,/forget 可将其删除。",
    ),
}
