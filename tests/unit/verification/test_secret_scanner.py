"""Nothing secret gets past the scanner, and nothing else is held up by it."""

import random
import string
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.errors import SecretFound
from pipeline.domain.files import AppFiles
from pipeline.verification.secrets import ConfiguredSecretScanner

SECRET = "Zq7_kP0x-Wm3Rt9LbN5v"
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\0"
TOKEN = st.text(string.ascii_letters + string.digits + "_-", min_size=8, max_size=60)
ANY_VALUE = st.text(min_size=8, max_size=40).filter(lambda text: not any("\ud800" <= c <= "\udfff" for c in text))
SURROUNDINGS = st.binary(max_size=60)


def found(content: bytes | str, *secrets: str) -> str | None:
    """The scanner's words, or None."""
    files = AppFiles({"a.txt": content.encode() if isinstance(content, str) else content})
    try:
        ConfiguredSecretScanner(secrets or (SECRET,)).scan(files)
    except SecretFound as refusal:
        return str(refusal)
    return None


@given(ANY_VALUE, SURROUNDINGS, SURROUNDINGS)
def test_a_value_is_found_in_plain(value: str, before: bytes, after: bytes) -> None:
    assert found(before + value.encode() + after, value)


@given(TOKEN, SURROUNDINGS, SURROUNDINGS)
def test_a_value_is_found_back_to_front(value: str, before: bytes, after: bytes) -> None:
    assert found(before + value[::-1].encode() + after, value)


@given(ANY_VALUE, SURROUNDINGS, SURROUNDINGS, st.sampled_from([b64encode, urlsafe_b64encode]), st.integers(20, 90))
def test_a_value_is_found_in_base64_at_any_offset_in_both_alphabets_and_wrapped(
    value: str, before: bytes, after: bytes, encode: Callable[[bytes], bytes], columns: int
) -> None:
    encoded = encode(before + value.encode() + after)
    assert found(b"\r\n".join(encoded[i : i + columns] for i in range(0, len(encoded), columns)), value)


@pytest.mark.parametrize(
    "disguised",
    [
        SECRET.upper(),
        SECRET.lower(),
        "".join(f"&#{ord(c)};" for c in SECRET),
        "".join(f"&#x{ord(c):04X};" for c in SECRET),
        SECRET.replace("_", "&lowbar;").replace("k", "&#107"),
        f"String.fromCharCode({', '.join(str(ord(c)) for c in SECRET)})",
        f"[{','.join(hex(ord(c)) for c in SECRET)}].map(String.fromCharCode)",
    ],
)
def test_a_value_is_found_in_another_case_as_entities_and_as_character_codes(disguised: str) -> None:
    assert found(f"<p>{disguised}</p>")
    assert not found(f"<p>{disguised}</p>", "another-secret-of-16")


@given(value=ANY_VALUE, before=SURROUNDINGS, after=SURROUNDINGS, upper=st.booleans())
def test_a_value_is_found_in_hexadecimal_of_either_case(
    value: str, before: bytes, after: bytes, *, upper: bool
) -> None:
    encoded = value.encode().hex()
    assert found(before + (encoded.upper() if upper else encoded).encode() + after, value)


@given(value=ANY_VALUE, choices=st.lists(st.booleans(), min_size=200, max_size=200), upper=st.booleans())
def test_a_value_is_found_percent_encoded_in_whole_or_in_part(value: str, choices: list[bool], *, upper: bool) -> None:
    style = "%{:02X}" if upper else "%{:02x}"
    encoded = b"".join(
        style.format(byte).encode() if chosen or byte in b"%\\" else bytes([byte])
        for byte, chosen in zip(value.encode(), choices, strict=False)
    )
    assert found(b"?key=" + encoded + b"&", value)
    assert found(f"?key={quote(value, safe='')}&", value)


@given(TOKEN, st.sampled_from([r"\x{:02x}", r"\u{:04x}"]))
def test_a_value_is_found_in_backslash_escapes(value: str, style: str) -> None:
    assert found("'" + "".join(style.format(ord(c)) for c in value) + "'", value)


@given(TOKEN, SURROUNDINGS, SURROUNDINGS, st.data())
def test_a_value_is_found_between_invisible_characters(
    value: str, before: bytes, after: bytes, data: st.DataObject
) -> None:
    fillers = data.draw(st.lists(st.text(INVISIBLE, max_size=3), min_size=len(value), max_size=len(value)))
    spread = "".join(c + filler for c, filler in zip(value, fillers, strict=True))
    assert found(before + spread.encode() + after, value)


@given(TOKEN)
def test_a_value_is_found_in_utf_16(value: str) -> None:
    assert found(value.encode("utf-16-le"), value)
    assert found(value.encode("utf-16-be"), value)


SEAMS = [
    *('" + "', "' '", "'\n    '", '", "', '" . "', '" +\n\t"', '" \\\n "', '") + ("'),
    *("`+`", "\" + '' + \"", '${""}', "${''}"),
]


@given(TOKEN, st.lists(st.sampled_from(SEAMS), min_size=1, max_size=5), st.data())
def test_a_value_is_found_split_over_literals_that_are_joined(
    value: str, seams: list[str], data: st.DataObject
) -> None:
    pieces, rest = [], value
    for seam in seams:
        cut = data.draw(st.integers(0, len(rest)))
        pieces += [rest[:cut], seam]
        rest = rest[cut:]
    assert found(f'key = "{"".join(pieces)}{rest}";', value)


@pytest.mark.parametrize(
    "code",
    [
        "const k = `Zq7_kP0x${'-Wm3Rt9L'}bN5v`",
        'k = "Zq7_kP0x-#{"Wm3Rt9LbN5v"}"',
        "k = f\"Zq7_kP0x{'-Wm3Rt9LbN5v'}\"",
        'k = ["Zq7_kP0x-", "Wm3Rt9LbN5v"].join("")',
        "k = '" + b64encode(SECRET.encode()).decode()[:9] + "' + '" + b64encode(SECRET.encode()).decode()[9:] + "'",
    ],
)
def test_a_value_is_found_split_over_a_template_a_list_or_an_encoded_literal(code: str) -> None:
    assert found(code)


@pytest.mark.parametrize("before", ["%4", "\\x4", "%", "\\u00", '"', "`${", "sk-"])
def test_nothing_put_in_front_hides_a_value(before: str) -> None:
    assert found(before + "\u200b".join("abcdef0123456789"), "abcdef0123456789")


@given(st.binary(max_size=2_000))
def test_bytes_without_the_value_pass(content: bytes) -> None:
    assert found(content) is None


@given(st.text(string.ascii_letters + string.digits + " \"'+{}$%\\\n", max_size=2_000))
def test_text_without_the_value_passes(content: str) -> None:
    assert found(content) is None


def test_words_of_a_value_in_a_sentence_are_not_the_value() -> None:
    assert found("They said: open the door now, please.", "openthedoornow") is None
    assert found("openthedoor\nnow", "openthedoornow") is None


def test_values_of_fewer_than_eight_characters_are_not_looked_for() -> None:
    assert found("the cat sat", "cat sat") is None
    assert found("the cat sat.", "cat sat.")


def test_a_value_of_signs_alone_is_looked_for() -> None:
    assert found("x" + "!?*/()=&" + "x", "!?*/()=&")
    assert found("x !?*()=& x", "!?*/()=&") is None


def test_a_value_is_found_as_json_and_html_escape_it() -> None:
    value = 'pa"ss&wörd<1>'
    assert found('{"key": "pa\\"ss&w\\u00f6rd<1>"}', value)
    assert found("<p>pa&quot;ss&amp;wörd&lt;1&gt;</p>", value)


def test_a_value_is_found_in_a_file_name_and_the_name_is_not_repeated() -> None:
    files = AppFiles({"a.txt": b"", f"img/{SECRET}.png": b""})
    with pytest.raises(
        SecretFound, match=r"the name of file 2 of 2, line 1, holds a configured secret, in plain"
    ) as refusal:
        ConfiguredSecretScanner((SECRET,)).scan(files)
    assert SECRET not in str(refusal.value)


def test_a_value_is_found_in_the_texts_that_go_with_the_app() -> None:
    with pytest.raises(SecretFound, match=r"^text 2, line 3, "):
        ConfiguredSecretScanner((SECRET,)).scan(AppFiles({}), "Add a page", f"Add\n\n{SECRET}")


def test_a_text_that_is_no_unicode_is_looked_through() -> None:
    with pytest.raises(SecretFound):
        ConfiguredSecretScanner((SECRET,)).scan(AppFiles({}), f"\ud800{SECRET}")


@pytest.mark.parametrize(
    ("line", "how"),
    [
        (SECRET, "in plain"),
        (SECRET[::-1], "reversed"),
        (b64encode(SECRET.encode()).decode(), "base64-encoded"),
        (SECRET.encode().hex(), "hex-encoded"),
        ('"' + SECRET[:8] + '" + "' + SECRET[8:] + '"', "in plain"),
    ],
)
def test_the_refusal_names_file_line_and_kind_but_never_the_value(line: str, how: str) -> None:
    refusal = found("one\ntwo\n" + line + "\nfour\n" * 3)
    assert refusal
    assert refusal.startswith(f"a.txt, line 3, holds a configured secret, {how}.")
    assert line not in refusal


def test_the_line_is_where_a_value_over_several_lines_is_complete() -> None:
    refusal = found('k = (\n"Zq7_kP0x-"\n"Wm3Rt9LbN5v")\n')
    assert refusal
    assert refusal.startswith("a.txt, line 3,")


def test_every_one_of_several_values_is_looked_for() -> None:
    secrets = tuple(f"secret-number-{i:04}" for i in range(20))
    assert all(found(f"a {secret} b", *secrets) for secret in secrets)


def test_an_app_without_secrets_passes() -> None:
    ConfiguredSecretScanner((SECRET, "")).scan(AppFiles({"index.html": b"<p>Hello</p>", "b.bin": bytes(range(256))}))


@pytest.mark.parametrize("disguise", [lambda value: value, lambda value: value[::-1], b64encode])
def test_a_value_is_found_in_a_large_binary_file_as_well(disguise: Callable[[bytes], bytes]) -> None:
    noise = random.Random(0).randbytes(200_000)
    assert found(noise + disguise(b"a-secret-of-the-operator") + noise, "a-secret-of-the-operator")
    assert found(noise, "a-secret-of-the-operator") is None
