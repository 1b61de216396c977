import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.brief import Check
from pipeline.generation.scaffold.reading import Reading, Request, read
from pipeline.generation.scaffold.scripts import read_script
from pipeline.generation.scaffold.selectors import Compound, parse_selector


def reading_of(*scripts: str, brief: str = "A page.") -> Reading:
    return read([Request(brief, tuple(Check.from_script(script) for script in scripts))])


def tags_of(reading: Reading) -> dict[str, str]:
    return {element.id: element.tag for element in reading.elements}


def test_a_selector_is_read_into_its_compounds() -> None:
    assert parse_selector("form#login > input[name='email'].wide:checked, a[href$='b.md']") == (
        (
            Compound(tag="form", id="login"),
            Compound(tag="input", classes=("wide",), attributes=(("name", "=", "email"),)),
        ),
        (Compound(tag="a", attributes=(("href", "$=", "b.md"),)),),
    )


@pytest.mark.parametrize(
    ("script", "tag"),
    [
        ('document.querySelector("#x").tagName === "SELECT"', "select"),
        ("document.getElementById('x').nodeName.toLowerCase() == 'form'", "form"),
        ("document.querySelectorAll('#x tbody tr').length > 2", "table"),
        ("!!document.querySelector(\"#x option[value='USD']\")", "select"),
        ("document.querySelector('button#x') !== null", "button"),
        ("document.querySelector('#x').click(), true", "button"),
        ("document.querySelector('#x').naturalWidth > 0", "img"),
        ("const s = document.querySelector('#x'); s.value = 'a'; s.dispatchEvent(new Event('change'))", "select"),
        ("const s = document.querySelector('#x'); s.value = 'a'; s.dispatchEvent(new Event('input'))", "input"),
        ("document.querySelector('#x').textContent.length > 0", ""),
    ],
)
def test_the_tag_is_read_from_what_a_check_does_with_the_element(script: str, tag: str) -> None:
    assert tags_of(reading_of(script)) == {"x": tag}


def test_what_a_check_does_is_weaker_than_what_the_brief_says() -> None:
    script = "c.value='a'; c.dispatchEvent(new Event('change')); const f = document.querySelector('#f'); f.value = 'b';"
    assert tags_of(reading_of(script, brief="There is a text box #f to search in."))["f"] == "input"


@pytest.mark.parametrize(
    "script",
    [
        "!document.querySelector('#gone')",
        "document.querySelector('#gone') === null",
        "document.querySelectorAll('#gone').length === 0",
    ],
)
def test_elements_that_must_not_be_there_are_not_wanted(script: str) -> None:
    assert reading_of(script).elements == ()


def test_a_double_negation_wants_the_element() -> None:
    assert tags_of(reading_of("!!document.querySelector('#here')")) == {"here": ""}


def test_attributes_are_read_but_no_answers() -> None:
    reading = reading_of(
        "document.querySelector('#a').getAttribute('aria-live') === 'polite'",
        "document.querySelector('#b').dataset.activeRegion === 'North'",
        "document.querySelector('#c').textContent === '42'",
        "document.querySelector('#d').getAttribute('data-answer') === 'H4TRW'",
        "document.querySelector('#e').getAttribute('onclick') === 'x()'",
    )
    attributes = {element.id: dict(element.attributes) for element in reading.elements}
    assert attributes == {
        "a": {"aria-live": "polite"},
        "b": {"data-active-region": ""},
        "c": {},
        "d": {"data-answer": ""},
        "e": {},
    }


def test_title_and_texts_wanted_in_the_code_are_read() -> None:
    facts = read_script("document.title === `Sales \\`1\\`` && $('script').x")
    assert facts.title == "Sales `1`"
    in_code = read_script('!!document.querySelector("script").textContent.includes("fetch(\\"a\\")")').in_code
    assert in_code == ('fetch("a")',)


def test_a_later_title_counts_and_a_check_is_more_exact_than_a_sentence() -> None:
    first = Request('The title is "One".', (Check.from_script("document.title === 'One!'"),))
    assert read([first]).title == "One!"
    assert read([first, Request('Change the title to "Two".')]).title == "Two"


def test_classes_inside_an_element_are_known_to_be_there() -> None:
    found = reading_of("document.querySelectorAll('#chart svg rect.bar').length === 4").classes[0]
    assert (found.name, found.tag, found.inside) == ("bar", "rect", "chart")


def test_the_sentence_after_a_name_belongs_to_it_when_it_goes_on() -> None:
    reading = read([Request("Add a #sort select. Default is price. The footer is blue.")])
    assert reading.elements[0].context == "Add a #sort select. Default is price."


@given(st.text(alphabet=st.sampled_from("document.querySelector('\"`#.x)=!; \\[]:{}n"), max_size=200))
def test_no_script_makes_the_reading_fail(script: str) -> None:
    reading_of("document.querySelector('" + script + "')", script)
