"""Which part an element becomes, from its id, tag and sentence and the columns of the files at hand."""

from typing import Any

import pytest

from pipeline.domain.brief import Check
from pipeline.generation.scaffold.parts import Part
from pipeline.generation.scaffold.planning import Plan, plan
from pipeline.generation.scaffold.reading import Request, read
from pipeline.generation.scaffold.sources import read_source

SALES = read_source("data.csv", "", b"product,region,sales\nPen,North,1\nPen,South,2\nInk,South,3\n")
CITIES = read_source("cities.csv", "", b"city,local,pop\nPune,x,1\nKochi,y,2\n")
ITEMS = read_source("items.json", "", b'[{"id":1,"name":"Mug","price":2,"tags":["a"]},{"id":2,"name":"Pen","price":3}]')
RATES = read_source("rates.json", "", b'{"base":"EUR","rates":{"EUR":1,"USD":1.1}}')
QUIZ = read_source("quiz.json", "", b'{"questions":[{"q":"?","options":["a","b"],"answer":0}]}')
NOTES = read_source("notes.md", "", b"# Notes")
PHOTO = read_source("photo.png", "", b"")
LETTER = read_source("letter.txt", "", b"Dear")


def plan_of(brief: str, *sources: Any, checks: tuple[str, ...] = (), files: tuple[str, ...] = ()) -> Plan:
    reading = read([Request(brief, tuple(Check.from_text(check) for check in checks))])
    return plan(reading, sources, [*(source.name for source in sources), *files])


def part_of(brief: str, *sources: Any, id_: str = "x", **more: Any) -> Part:
    return next(part for part in plan_of(brief, *sources, **more).parts if part.id == id_)


@pytest.mark.parametrize(
    ("id_", "how", "column"),
    [
        ("total-sales", "sum", "sales"),
        ("sales", "sum", "sales"),
        ("grandTotal", "sum", "sales"),
        ("average-sales", "average", "sales"),
        ("max-sales", "highest", "sales"),
        ("row-count", "count", ""),
        ("total-rows", "count", ""),
        ("total-products", "distinct", "product"),
    ],
)
def test_a_figure_is_told_by_the_words_of_its_id(id_: str, how: str, column: str) -> None:
    part = part_of(f"Show it in #{id_}.", SALES, id_=id_)
    assert (part.role, part.settings["how"], part.settings["column"]) == ("figure", how, column)


def test_a_figure_is_told_by_its_sentence_when_the_id_is_silent() -> None:
    part = part_of("Put the sum of the pop column into #x.", CITIES)
    assert (part.role, part.settings["how"], part.settings["column"]) == ("figure", "sum", "pop")


def test_the_column_named_nearest_before_the_id_is_meant() -> None:
    source = read_source("stock.csv", "", b"cost,weight\n1,2\n")
    brief = "Show the total cost in #total-a and the total weight in #total-b."
    assert part_of(brief, source, id_="total-a").settings["column"] == "cost"
    assert part_of(brief, source, id_="total-b").settings["column"] == "weight"


def test_keys_and_years_are_not_added_up_when_there_is_an_amount() -> None:
    source = read_source("a.csv", "", b"amount,year\n5,2024\n")
    assert part_of("The total goes into #total.", source, id_="total").settings["column"] == "amount"


def test_the_category_with_the_largest_sum_is_a_figure_too() -> None:
    part = part_of("Name the best product in #top-product.", SALES, id_="top-product")
    assert (part.settings["category"], part.settings["column"], part.settings["how"]) == ("product", "sales", "first")


@pytest.mark.parametrize("brief", ["A table #product-sales.", "A table #x lists the sum for each product."])
def test_a_table_is_grouped_by_the_category_that_repeats(brief: str) -> None:
    part = next(part for part in plan_of(brief, SALES).parts if part.role == "groups")
    assert (part.tag, part.settings["category"], part.settings["column"]) == ("table", "product", "sales")


@pytest.mark.parametrize("brief", ["Show a table #x, one row per city.", "Show a table #city-table."])
def test_a_table_with_one_row_per_key_shows_all_columns(brief: str) -> None:
    assert plan_of(brief, CITIES).parts[0].role == "table"


def test_a_select_filters_by_the_column_in_its_id_and_marks_the_figures() -> None:
    the_plan = plan_of("Filter with #region-filter; the sum is in #total-sales.", SALES)
    control, figure = the_plan.parts[:2]
    assert (control.role, control.tag, control.settings["column"]) == ("filter", "select", "region")
    assert figure.settings["marks"] == [{"attribute": "region", "column": "region"}]
    assert figure.attributes["data-region"] == "all"


def test_a_currency_picker_converts_the_table_and_its_label_follows() -> None:
    the_plan = plan_of("A select #currency-picker and #total-currency.", SALES, RATES)
    picker, label = the_plan.parts[:2]
    assert (picker.role, picker.settings) == ("currency", {"source": "rates.json", "converts": "data.csv"})
    assert "data-shows-currency" in label.attributes


def test_a_search_box_looks_where_the_brief_says() -> None:
    part = part_of("A search box #x filters by name or tag as you type.", ITEMS)
    assert (part.role, part.settings["columns"]) == ("search", ["name", "tags"])


def test_the_search_text_lives_in_the_address_when_the_brief_says_so() -> None:
    part = part_of("A search box #search. Keep its text in the address as #q=...", ITEMS, id_="search")
    assert part.settings["hash"] == "q"


def test_a_sort_select_has_the_values_and_the_default_of_the_brief() -> None:
    part = part_of("A #sort select with values name and value. Default is value, highest first.", CITIES, id_="sort")
    options = [(option["value"], option["column"], option["descending"]) for option in part.settings["options"]]
    assert options == [("name", "city", False), ("value", "pop", True)]
    assert part.settings["chosen"] == "value"


def test_a_sort_value_may_name_its_direction() -> None:
    part = part_of("A #sort-by select with the values price-asc, price-desc and name.", ITEMS, id_="sort-by")
    options = [(option["column"], option["descending"]) for option in part.settings["options"]]
    assert options == [("price", False), ("price", True), ("name", False)]


def test_a_chart_takes_columns_class_and_attributes_from_its_sentence() -> None:
    brief = 'Draw pop by city in #chart, one <rect class="tower"> per row with data-city and data-value.'
    settings = part_of(brief, CITIES, id_="chart").settings
    assert (settings["column"], settings["category"], settings["mark"]) == ("pop", "city", "tower")
    assert settings["marks"] == [{"attribute": "city", "column": "city"}, {"attribute": "value", "column": "pop"}]
    assert settings["grouped"] is False


def test_a_chart_adds_up_categories_that_repeat() -> None:
    assert part_of("A bar chart of sales by region in #chart.", SALES, id_="chart").settings["grouped"] is True


def test_a_list_shows_the_column_that_its_sentence_names() -> None:
    part = part_of("List the local names in #local-names.", CITIES, id_="local-names")
    assert (part.role, part.tag, part.settings["column"]) == ("values", "ul", "local")


def test_cards_carry_the_class_that_the_brief_names_and_are_shown_without_an_id() -> None:
    the_plan = plan_of("Show items.json as cards (.item).", ITEMS)
    assert [(part.role, part.settings["classes"]) for part in the_plan.parts] == [("records", ["item"])]


def test_a_quiz_is_given_the_buttons_that_the_brief_does_not_name() -> None:
    the_plan = plan_of("A quiz: one fieldset.round per question and #score.", QUIZ)
    quiz = next(part for part in the_plan.parts if part.role == "quiz")
    ids = [part.id for part in the_plan.parts]
    assert quiz.settings["classes"] == ["round"]
    assert quiz.settings["score"] == "score"
    assert quiz.settings["submit"] in ids
    assert quiz.settings["retry"] == ""


@pytest.mark.parametrize(
    ("brief", "role"),
    [
        ("Render it in #markdown-output.", "rendered"),
        ("The original goes into #markdown-source.", "raw"),
        ("Say where it comes from in #markdown-source-label.", "origin"),
        ("Count the words in #markdown-word-count.", "measure"),
        ("Show it in #notes.", "rendered"),
    ],
)
def test_a_document_is_shown_in_the_ways_that_ids_name(brief: str, role: str) -> None:
    assert plan_of(brief, NOTES).parts[0].role == role


def test_numbers_are_grouped_only_when_the_brief_asks_for_it() -> None:
    assert part_of("Count words in #word-count.", NOTES, id_="word-count").settings["grouped"] is False
    brief = "Count words in #word-count with Intl.NumberFormat."
    assert part_of(brief, NOTES, id_="word-count").settings["grouped"] is True


def test_tabs_switch_between_the_panes_of_their_sentence() -> None:
    brief = "Render in #output. Tabs #tabs switch between #output and #source."
    the_plan = plan_of(brief, NOTES)
    tabs = next(part for part in the_plan.parts if part.role == "tabs")
    assert [pane["id"] for pane in tabs.settings["panes"]] == ["output", "source"]
    assert the_plan.parts.index(tabs) < [part.id for part in the_plan.parts].index("output")


@pytest.mark.parametrize(
    ("brief", "override"),
    [
        ("Show the image at ?url=https://.../a.png.", ("url", "photo.png")),
        ("Load Markdown from ?url= when present.", ("url", "notes.md")),
        ("Use ?token= for the service.", None),
    ],
)
def test_a_resource_parameter_replaces_the_file_of_its_kind(brief: str, override: tuple[str, str] | None) -> None:
    assert plan_of(brief, NOTES, PHOTO).override == override


def test_without_a_file_the_parameter_alone_names_what_to_open() -> None:
    the_plan = plan_of("A viewer for the CSV given with ?csv=.")
    assert [(source.name, source.kind) for source in the_plan.sources] == [("", "csv")]


def test_what_a_solver_would_answer_is_said_to_be_unsolved() -> None:
    the_plan = plan_of("Create a captcha solver. Show the text in #captcha-text.", PHOTO)
    part = next(part for part in the_plan.parts if part.id == "captcha-text")
    assert part.text.startswith("Not solved")
    assert part.role == ""


@pytest.mark.parametrize("source", [SALES, ITEMS, RATES, QUIZ, NOTES, PHOTO, LETTER], ids=lambda source: source.name)
def test_every_attached_file_is_shown_even_when_no_element_asks_for_it(source: Any) -> None:
    the_plan = plan_of("Show what is attached.", source)
    assert source.name in {part.settings.get("source") for part in the_plan.parts}


def test_ids_are_unique_whatever_the_brief_calls_its_own() -> None:
    ids = [part.id for part in plan_of("Put it in #part-1 and #part-2.", SALES, NOTES, QUIZ).parts]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("brief", "roles"),
    [
        ("Buttons #increment and #reset change #count.", ["counter:button", "counter:button", "counter"]),
        ("An input #new-todo, a button #add-todo and the list #todo-list.", ["adder:input", "adder:button", "adder"]),
        ("A dark mode toggle #theme.", ["theme"]),
        ("Show the visits in #visits.", ["visits"]),
        ("The current time in #clock.", ["clock"]),
        ("A form #login with an input #name. Say so in #status.", ["", "", "form", "form:button"]),
        ("A button #launch.", ["idle"]),
    ],
)
def test_elements_without_a_file_are_told_by_their_ids(brief: str, roles: list[str]) -> None:
    assert sorted(part.role for part in plan_of(brief).parts) == sorted(roles)


@pytest.mark.parametrize("id_", ["status", "lookup-status", "error-message", "loginAlert"])
def test_an_element_for_messages_gets_them(id_: str) -> None:
    brief = f"A form #find looks up a GitHub user. Say in #{id_} how it goes."
    attributes = part_of(brief, id_=id_).attributes
    assert (attributes["aria-live"], attributes["data-messages"]) == ("polite", "")


def test_a_lookup_form_learns_its_fields_and_what_it_remembers() -> None:
    brief = (
        'A form id="find" looks up a GitHub user with ?token=; #created-at, #account-age. Keep it in localStorage "k".'
    )
    form = part_of(brief, id_="find")
    assert form.settings["address"] == "https://api.github.com/users/"
    assert [(field["id"], field["what"]) for field in form.settings["fields"]] == [
        ("created-at", "value"),
        ("account-age", "age"),
    ]
    assert (form.settings["token"], form.settings["remembers"]) == ("token", True)


def test_an_element_that_no_rule_knows_is_still_there_and_says_so() -> None:
    part = part_of("There is #x.")
    assert part.is_guess
    assert "Not filled in" in part.text


def test_a_page_by_another_hand_keeps_its_figures_and_they_follow_new_controls() -> None:
    reading = read([Request("Filter with #region-filter and update #total-sales.")])
    the_plan = plan(reading, [SALES], ["data.csv"], existing=["total-sales"], new_files=())
    assert [(part.role, part.settings.get("existing", False)) for part in the_plan.parts] == [
        ("filter", False),
        ("figure", True),
    ]
