"""What is accepted as an order of Spaces, before the Hub is asked."""

from collections.abc import Iterator

from pipeline.domain.errors import FieldProblem
from pipeline.domain.files import AppFiles
from pipeline.domain.provision import AppTemplate, ProvisionOrder, WantedSpace
from pipeline.domain.space import space_id_problem
from pipeline.domain.space_rules import hardware_problem, setting_problems, sleep_problem, space_name_problem

MAX_SPACES = 200
MAX_TEMPLATE_FILES = 1_000
"""What the Hub judges in one go before a commit."""

MAX_TEMPLATE_BYTES = 10 * 1024 * 1024
"""Sent once for every Space."""

MAX_SECRETS = 2_000
"""Of all Spaces together: each is looked for in the template's files."""

_SHORTEST_SECRET = 8  # shorter values stand in files by chance


def order_problems(order: ProvisionOrder) -> Iterator[FieldProblem]:
    """Every rule that ``order`` breaks, by field and without values, but for those of its files' contents."""
    if isinstance(order.template, str):
        if problem := space_id_problem(order.template):
            yield FieldProblem("template", problem)
    else:
        yield from _template_problems(order.template)
    if not order.spaces:
        yield FieldProblem("spaces", "is required and must not be empty")
    if len(order.spaces) > MAX_SPACES:
        yield FieldProblem("spaces", f"has more than {MAX_SPACES} items")
        return
    names: dict[str, int] = {}
    for index, wanted in enumerate(order.spaces):
        yield from _space_problems(f"spaces[{index}]", wanted)
        # The Hub takes names that differ in case for one.
        first = names.setdefault(wanted.name.lower(), index)
        if first != index:
            yield FieldProblem(f"spaces[{index}].name", f"is that of spaces[{first}] too")
    if sum(len(wanted.secrets) for wanted in order.spaces) > MAX_SECRETS:
        yield FieldProblem("spaces", f"have more than {MAX_SECRETS} secrets in all")
    elif isinstance(order.template, AppTemplate):
        yield from _published_secrets(order.template.files, order.spaces)


def _template_problems(template: AppTemplate) -> Iterator[FieldProblem]:
    if not template.files:
        yield FieldProblem("template.files", "is required and must not be empty")
    if len(template.files) > MAX_TEMPLATE_FILES:
        yield FieldProblem("template.files", f"has more than {MAX_TEMPLATE_FILES} items")
    if template.files.size > MAX_TEMPLATE_BYTES:
        yield FieldProblem("template.files", f"has more than {MAX_TEMPLATE_BYTES} bytes in all")


def _space_problems(place: str, wanted: WantedSpace) -> Iterator[FieldProblem]:
    found = {
        "name": space_name_problem(wanted.name),
        "hardware": hardware_problem(wanted.hardware),
        "sleep_time": sleep_problem(wanted.sleep_seconds),
    }
    yield from (FieldProblem(f"{place}.{name}", problem) for name, problem in found.items() if problem)
    for problem in setting_problems(wanted.secrets, wanted.variables):
        yield FieldProblem(f"{place}.{problem.field}", problem.problem)


def _published_secrets(files: AppFiles, spaces: tuple[WantedSpace, ...]) -> Iterator[FieldProblem]:
    if files.size > MAX_TEMPLATE_BYTES:
        return
    everything = b"\0".join(files.values())
    is_published: dict[str, bool] = {}
    for index, wanted in enumerate(spaces):
        for value in wanted.secrets.values():
            if value not in is_published:
                raw = value.encode("utf-8", "surrogatepass")
                is_published[value] = len(raw) >= _SHORTEST_SECRET and raw in everything
        if any(is_published[value] for value in wanted.secrets.values()):
            problem = "has a value that stands in the template's files too, where it would be published"
            yield FieldProblem(f"spaces[{index}].secrets", problem)
