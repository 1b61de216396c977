"""The repository is under the MIT licence."""

from pipeline.domain.documents import is_mit_licence
from pipeline.domain.files import AppFiles
from pipeline.verification.inspection import Inspection, Rules, Ruling, failed, passed
from pipeline.verification.said import Said


def licence_problem(files: AppFiles) -> str | None:
    """Why the app is not under the MIT licence; None when it is."""
    text = files.text("LICENSE")
    if text is None:
        return "there is no LICENSE in the root that could be read"
    return None if is_mit_licence(text) else "LICENSE is not the text of the MIT licence"


def _licence_is_mit(_said: Said, inspection: Inspection) -> Ruling:
    problem = licence_problem(inspection.files)
    return failed(problem) if problem else passed("LICENSE in the root is the text of the MIT licence")


_MIT = r"(?:(?:valid |standard |full |proper )*MIT[ -]licensed?(?: (?:file|text))?)"
_NAME = r"MIT\"?(?: license)?(?: text| file)?"
RULES: Rules = (
    (rf"(?:repo|code|app) (?:has|uses|is under|is licensed under|comes with) {_MIT}(?: file)?", _licence_is_mit),
    (rf"repo is {_MIT}", _licence_is_mit),
    (rf"(?:there is )?{_MIT}(?: (?:exists|is (?:present|there|used|has)))?", _licence_is_mit),
    (rf"\"?license\"?(?: file)? (?:has|is|uses|matches) (?:full |valid |standard |\")*{_NAME}", _licence_is_mit),
    (r"(?:repo has )?license file with (?:full |standard )?MIT license(?: text)?", _licence_is_mit),
)
