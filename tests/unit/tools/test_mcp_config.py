from __future__ import annotations

import importlib.util

import pytest

from bot.errors import OperatorError
from bot.tools.mcp_config import McpServer, configured


def test_a_command_and_an_address_fit_on_a_line() -> None:
    files, wiki = configured("files=stdio:uvx mcp-server-files /data, wiki=https://mcp.example/mcp")
    assert files == McpServer("files", ("uvx", "mcp-server-files", "/data"))
    assert wiki == McpServer("wiki", url="https://mcp.example/mcp")


@pytest.mark.parametrize("text", ["", " ", ",", " ,\n, "])
def test_nothing_set_is_no_server(text: str) -> None:
    assert configured(text) == []


def test_only_the_tools_in_brackets_are_wanted_and_marked_ones_are_trusted() -> None:
    (server,) = configured("wiki[search, edit! ,read ] = https://mcp.example/mcp")
    assert server.tools == {"search", "edit", "read"}
    assert server.trusted == {"edit"}


def test_a_comma_in_quotes_belongs_to_the_command() -> None:
    one, two = configured("""a=stdio:serve --only "x, b=c" 'd,e', b=stdio:serve""")
    assert one.command == ("serve", "--only", "x, b=c", "d,e")
    assert two.command == ("serve",)


def test_an_address_may_be_one_of_ipv6() -> None:
    (server,) = configured("a=http://[::1]:8000/mcp?x=[1]")
    assert server.url == "http://[::1]:8000/mcp?x=[1]"
    assert server.tools == frozenset()


def test_each_secret_goes_to_its_server_only() -> None:
    files, wiki = configured(
        "files=stdio:serve, wiki=https://mcp.example",
        "wiki.Authorization=Bearer a.b=c, files.API_KEY='x, y',wiki.X-Team=",
    )
    assert files.secrets == {"API_KEY": "x, y"}
    assert wiki.secrets == {"Authorization": "Bearer a.b=c", "X-Team": ""}


def test_secrets_and_addresses_are_in_no_representation() -> None:
    (server,) = configured("wiki=https://mcp.example/CANARY", "wiki.Authorization=CANARY")
    assert "CANARY" not in repr(server)


@pytest.mark.parametrize(
    ("servers", "said"),
    [
        ("wiki", "'wiki': write"),
        ("wiki=mcp.example/CANARY", "'wiki': write"),
        ("wiki=https://", "'wiki': write"),
        ("wiki=stdio:", "'wiki': write"),
        ("wiki=stdio:''", "'wiki': write"),
        ("wiki=stdio: \\", "'wiki': write"),
        ("my wiki=stdio:serve", "'my wiki': write"),
        (f"{'w' * 25}=stdio:serve", "write"),
        ("wiki=ftp://mcp.example", "'wiki': write"),
        ("a=stdio:serve, wiki=mcp.example", "'wiki': write"),
        ("a=stdio:one, a=stdio:two", "two servers are called 'a'"),
        ("a=stdio:say 'hello", "not closed"),
        ("a[b=stdio:serve", "not closed"),
    ],
)
def test_what_cannot_be_read_is_one_line_that_names_the_variable(servers: str, said: str) -> None:
    with pytest.raises(OperatorError) as error:
        configured(servers)
    assert str(error.value).startswith("MCP_SERVERS: ")
    assert said in str(error.value)
    assert "\n" not in str(error.value)
    assert "CANARY" not in str(error.value)


@pytest.mark.parametrize(
    "secrets",
    ["CANARY", "wiki.CANARY", "wiki.=CANARY", "x.KEY=CANARY", "wiki.K=CANARY\nX: y", "wiki.K=CANARYé", "'CANARY"],
)
def test_a_secret_that_cannot_be_used_is_not_shown(secrets: str) -> None:
    with pytest.raises(OperatorError, match=r"^MCP_SECRETS: [^\n]+$") as error:
        configured("wiki=https://mcp.example", secrets)
    assert "CANARY" not in str(error.value)


def test_each_problem_has_its_line() -> None:
    with pytest.raises(OperatorError) as error:
        configured("a, b", "c")
    assert len(str(error.value).splitlines()) == 3


def test_without_the_package_the_operator_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def finds_nothing(_: str) -> None: ...

    monkeypatch.setattr(importlib.util, "find_spec", finds_nothing)
    assert configured("") == []
    with pytest.raises(OperatorError, match=r"glimmer\[mcp\]"):
        configured("a=stdio:serve")
