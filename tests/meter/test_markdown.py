"""Names as Markdown: what a name can do there, and that usual names are left alone."""

from hypothesis import given, strategies as st
import pytest

from custom_components.cosem.meter.markdown import escaped

USUAL = [
    "Landis+Gyr 12345678",
    "Itron (Actaris) 1.2-3/4",
    "12345678_16",
    "SIM1030012345678",
    "Kromschröder # 7",
    "Keller, links: 230 V ~"[:-2],
    "3.5 kW!",
    "C:/meter",
    "",
]


@pytest.mark.parametrize("name", USUAL)
def test_usual_names_stay_as_they_are(name: str):
    assert escaped(name) == name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("[Meter](http://evil.example)", r"\[Meter\](http:\//evil.example)"),
        ("![](https://evil.example/x.png)", r"!\[\](https:\//evil.example/x.png)"),
        ("http://evil.example", r"http:\//evil.example"),
        ("see www.evil.example", r"see www\.evil.example"),
        ("WWW.evil.example", r"WWW\.evil.example"),
        ("a@evil.example", r"a\@evil.example"),
        ("*a* _b_ __c__ ~~d~~ `e`", r"\*a\* \_b\_ \_\_c\_\_ \~\~d\~\~ \`e\`"),
        ("_a", r"\_a"),
        ("a_", r"a\_"),
        ("<img src=x> &lt;", r"\<img src=x\> \&lt;"),
        ("# Meter", r"\# Meter"),
        ("- Meter", r"\- Meter"),
        ("+ Meter", r"\+ Meter"),
        ("=", r"\="),
        ("| a", r"\| a"),
        ("1. Meter", r"1\. Meter"),
        ("1) Meter", r"1\) Meter"),
        ("12.", r"12\."),
        ("1.2 Meter", "1.2 Meter"),
        ("123456789. Meter", r"123456789\. Meter"),
        ("1234567890. Meter", "1234567890. Meter"),
        ("one\n# two\r\n\tthree ", "one # two three"),
        ("a\\b", r"a\\b"),
        ("a\\", "a\\\\"),
        ("\\[x](y)", r"\[x\](y)"),
        ("\\\\[x](y)", r"\\\[x\](y)"),
    ],
)
def test_s38_what_means_something_in_markdown_is_escaped(name: str, expected: str):
    assert escaped(name) == expected
    assert escaped(expected) == expected


@given(st.text(st.sampled_from("\\`*_[]()<>~!#&@:/.-+=|12 wab\n"), max_size=12))
def test_escaping_twice_is_escaping_once(text: str):
    once = escaped(text)
    assert escaped(once) == once
    assert "\n" not in once
