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
    "command_ask": ("Ask a question; the answer appears here", "提问,回答会出现在这里"),
    "command_background": (
        "Ask something that takes long; I mention you when it is answered",
        "提一个耗时较长的问题,回答好后会提及你",
    ),
    "command_model": ("Show or switch the model", "查看或切换模型"),
    "command_thinking": ("Show or set how much the model thinks", "查看或设置模型的思考程度"),
    "command_usage": ("What was used: answers, tokens and their cost", "查看用量:回答、token 和费用"),
    "command_jobs": ("What I answer for you in the background; cancel it", "查看或取消正在后台处理的问题"),
    "command_stop": ("Stop the answer that is being written", "停止正在写的回答"),
    "command_reset": ("Start this conversation afresh", "重新开始本对话"),
    "command_help": ("What I can do and what is stored", "我能做什么、存储什么"),
    "scope_conversation": ("This conversation", "本对话"),
    "scope_me": ("You", "你"),
    "scope_channel": ("This channel", "本频道"),
    "scope_server": ("This server or workspace", "本服务器或工作区"),
    "help": (
        "**Ask**: mention me in a channel, write to me directly, reply to one of my answers, or use a command.\n"
        "{commands}\n"
        "Model and thinking are chosen for this conversation, for you, or (if you may manage it) for the channel or "
        "the server.\n"
        "Under an answer: Stop, Regenerate, Continue. Editing your question before I begin changes it; deleting it "
        "withdraws it.\n\n"
        "**What is stored**: your questions with their files, my answers, your user id and name, the channel's id and "
        "your settings, in a database of whoever runs this bot. In my threads I also keep what others write there, as "
        "context. Questions and context are sent to the model's provider. Deleting a question takes it out of what I "
        "use.",
        "**提问**:在频道里提及我、给我发私信、回复我的回答,或使用命令。\n"
        "{commands}\n"
        "模型和思考程度可针对本对话、你自己,或(有管理权限时)频道和服务器选择。\n"
        "回答下方的按钮:停止、重新生成、继续。在我开始之前编辑问题会生效;删除问题即撤回。\n\n"
        "**存储内容**:你的问题及其附件、我的回答、你的用户 ID 和名字、频道 ID 和你的设置,保存在机器人运营者的数据库中。"
        "在我的讨论串里,我也会把其他人的发言作为上下文保存。问题和上下文会发送给模型服务商。删除问题后我将不再使用它。",
    ),
}
