from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.tools.read_page.download import Download
from bot.tools.read_page.extract import TEXT, extracted
from bot.tools.read_page.reader import Text, read


def body(html: str) -> str:
    return extracted(html).partition("\n")[2]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("plain", "plain"),
        ("a <b>bold</b> <i>word</i>, <a href=x>link</a>.", "a bold word, link."),
        ("un<b>broken</b>", "unbroken"),
        ("<p>one\n two</p><p>three</p>", "one two\n\nthree"),
        ("<div>a<p>b</p>c</div>", "a\n\nb\nc"),
        ("<h1>T</h1> <a>x</a> y", "T\nx y"),
        ("<h1>T</h1><b>x</b>", "T\nx"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<ul><li>a<li>b</ul>", "a\nb"),
        ("<table><tr><th>A</th> <th>B</th></tr><tr><td>1<td>2</tr></table>", "A | B\n1 | 2"),
        ("<pre><code>if <span>x</span>:\n    y</code></pre>", "if x:\n    y"),
        ("&lt;b&gt; &amp; &eacute;&nbsp;x", "<b> & é x"),
        ("a\0b", "ab"),
        ("<h1>T</h1>\n\n\n<div></div><div> </div><p>x</p>", "T\n\nx"),
    ],
)
def test_text_is_laid_out_as_on_the_page(html: str, text: str) -> None:
    assert body(html) == text


@pytest.mark.parametrize(
    "hidden",
    [
        "<script>no</script>",
        "<style>no</style>",
        "<noscript>no</noscript>",
        "<template>no</template>",
        "<!-- no -->",
        "<p hidden>no</p>",
        "<p aria-hidden=true>no</p>",
        "<p style='color:red; display:none'>no</p>",
        "<p style='visibility: hidden'>no</p>",
        "<nav>no</nav>",
        "<svg><text>no</text></svg>",
        "<select><option>no</select>",
        "<iframe>no</iframe>",
    ],
)
def test_what_no_reader_sees_is_left_out(hidden: str) -> None:
    assert body(f"<p>yes</p>{hidden}<p>yes</p>") == "yes\n\nyes"


def test_the_title_is_the_first_line() -> None:
    assert extracted("<title>A\n title &amp; more</title><p>x") == "A title & more\nx"
    assert extracted("x") == "\nx"


@pytest.mark.parametrize("tag", ["main", "article", "div role=main"])
def test_the_main_part_is_read_alone(tag: str) -> None:
    html = f"<header>Menu</header><{tag}>{'word ' * 60}</{tag.split()[0]}><footer>Terms</footer>"
    assert body(html) == ("word " * 60).strip()


def test_a_main_part_of_a_few_words_is_not_the_page() -> None:
    assert "Text" in body("<article>Teaser</article><div>Text</div>")


def test_a_text_is_bounded() -> None:
    assert len(body("x" * (TEXT + 1_000))) == TEXT


@given(st.text("<>/apdivtr'\"=! -&;\n\x00é", max_size=300))
@settings(max_examples=200)
def test_whatever_a_page_is_made_of_it_has_a_title_line(html: str) -> None:
    assert "\n" in extracted(html)
    assert "\x00" not in extracted(html)


def page(data: bytes, charset: str = "", kind: str = "text/html") -> Download:
    return Download("http://example.test/", kind, charset, data, cut=False)


@pytest.mark.parametrize(
    ("data", "charset"),
    [
        ("<p>你好".encode(), "utf-8"),
        ("<p>你好".encode("gbk"), "gb2312"),
        ("<p>你好".encode("gb18030"), ""),
        ("<meta charset=big5><p>你好".encode("big5"), ""),
        ("<meta http-equiv=x content='text/html; charset=gbk'><p>你好".encode("gbk"), ""),
        ("\ufeff<p>你好".encode(), "utf-8"),
        ("<p>你好".encode(), "no-such-charset"),
        ("<p>你好".encode(), "punycode"),
    ],
)
async def test_the_encoding_is_what_the_server_or_the_page_says_or_what_fits(data: bytes, charset: str) -> None:
    assert await read(page(data, charset), "en") == Text("", "你好")


async def test_what_is_in_no_encoding_is_read_as_far_as_it_goes() -> None:
    assert "ok" in (await read(page(b"<p>ok \xff\xfe\x00", "utf-8"), "en")).body


async def test_plain_text_is_left_as_it_is() -> None:
    assert await read(page(b"a  <b>\n\n\n  c\n", kind="text/plain"), "en") == Text("", "a  <b>\n\n\n  c")
