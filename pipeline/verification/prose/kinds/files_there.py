"""Files are there, or are not."""

from pipeline.domain.verdict import Outcome
from pipeline.verification.files.workflows import made_in_ci
from pipeline.verification.inspection import Inspection, Rules, Ruling, failed, passed, undecided
from pipeline.verification.prose.files import located
from pipeline.verification.prose.sentences import FILE, NAMES, listed_files, names_in, usual_name
from pipeline.verification.said import Said

_THERE = (
    r"(?:(?:is )?exists?|is (?:present|committed|included|there|available|in place|added|published"
    r"|created|provided|uploaded))"
)
_FOLDER = r"(?P<folder>[\w.-]+)(?: folder| directory)"


def _exist(said: Said, inspection: Inspection) -> Ruling:
    return _all_there(names_in(said["files"]), inspection, is_named_as_file="file" in said.text.split('"')[0])


def _listed_exist(_said: Said, inspection: Inspection) -> Ruling:
    names = listed_files(inspection.brief.text)
    return _all_there(names, inspection) if names else undecided("the brief has no list of files to go by")


def _all_there(names: list[str], inspection: Inspection, *, is_named_as_file: bool = False) -> Ruling:
    places = [located(name, inspection, is_named_as_file=is_named_as_file) for name in names]
    lacking = [place for place in places if isinstance(place, Ruling)]
    certain = [
        name
        for name, place in zip(names, places, strict=True)
        if isinstance(place, Ruling) and place.outcome is Outcome.FAIL
    ]
    if certain:
        return failed(f"not in the app: {', '.join(certain)}")
    return lacking[0] if lacking else passed(f"in the app: {', '.join(map(str, places))}")


def _is_absent(said: Said, inspection: Inspection) -> Ruling:
    name = usual_name(said["file"])
    return failed(f"{name} is in the app") if name in inspection.files else passed(f"there is no {name}")


def _is_made_in_ci(said: Said, inspection: Inspection) -> Ruling:
    name = usual_name(said["file"])
    if name in inspection.files:
        return failed(f"{name} is in the app: no workflow makes it")
    if name in made_in_ci(inspection.files):
        return passed(f"a workflow of the app makes {name}, and it is not committed")
    return undecided(f"no command that plainly writes {name} was found in a workflow of the app")


def _folder_is_there(said: Said, inspection: Inspection) -> Ruling:
    folder = said["folder"]
    found = next((path for path in inspection.files if path.startswith(f"{folder}/")), None)
    return passed(f"{found} is in it") if found else failed(f"there is nothing in a folder {folder}")


_ALL = (
    r"(?:each|every|all)(?: of)?(?: (?:required|requested|named|listed|necessary|mentioned|above"
    r"|these|nine|following))*"
)
RULES: Rules = (
    (
        (
            rf"(?:files? |workflow )?(?:named |called |at |both )*{NAMES}(?: files?| workflow)? (?:all |both "
            rf")?{_THERE}(?: (?:in|at|under) (?:root|top level))?"
        ),
        _exist,
    ),
    (
        (
            rf"(?:repo|app|site) (?:has|with) (?:both )?(?:files? |workflow )?(?:named |called |at )"
            rf"?{NAMES}(?: files?| workflow)?"
        ),
        _exist,
    ),
    (rf"there is (?:file |workflow )?(?:named |called |at )?{NAMES}(?: file| workflow)?", _exist),
    (
        (
            rf"{FILE} (?:is not(?: in repo| (?:present|committed|included|there|checked in|in|tracked)(?: to "
            rf"git| to repo| by git)?)?|does not exist)"
        ),
        _is_absent,
    ),
    (rf"there is no (?:file )?(?:named |called )?{FILE}", _is_absent),
    (rf"(?:repo|app|site) does not has (?:file )?{FILE}", _is_absent),
    (
        (
            rf"{FILE} is (?:not committed (?:but|and) (?:is )?)?(?:generated|created|made|built|produced) "
            rf"(?:in|by|during) (?:CI|github actions|workflow|CI workflow)"
        ),
        _is_made_in_ci,
    ),
    (rf"(?:CI|github actions|workflow) (?:generates|creates|makes|builds|produces) {FILE}", _is_made_in_ci),
    (rf"{_ALL} (?:files?|assets?) {_THERE}", _listed_exist),
    (rf"(?:repo|app|site) has {_ALL} (?:files?|assets?)", _listed_exist),
    (rf"(?:repo has |there is ){_FOLDER}", _folder_is_there),
    (rf"{_FOLDER} exists", _folder_is_there),
)
