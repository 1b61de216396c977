"""The page loads without errors."""

from dataclasses import replace

from pipeline.verification.inspection import Inspection, Judgement, Rules
from pipeline.verification.prose.page import PAGE, ask
from pipeline.verification.said import Said


def _is_quiet(_said: Said, _inspection: Inspection) -> Judgement:
    return replace(ask("return 'no errors in the console'"), is_quiet=True)


_ERRORS = (
    r"(?:any )?(?:(?:browser |developer )?console|javascript|js|script|uncaught|runtime)(?: console)"
    r"?(?: |/)?(?:or console |and console |or javascript )?errors?"
)
_LOADS = r"(?:loads?|runs?|opens?|renders?|works?)"
_WHEN = (
    r"(?: (?:on|at|during|when|while|upon|in) (?:page )?(?:load(?:ing|ed|s)?|page loads?|startup"
    r"|(?:browser )?console|it is opened|(?:is )?opened))*"
)
RULES: Rules = (
    (
        (
            rf"{PAGE} {_LOADS} (?:without|with no|free of|with zero) (?:any )?(?:{_ERRORS}|errors? in "
            rf"(?:browser )?console)"
        ),
        _is_quiet,
    ),
    (
        (
            rf"(?:there (?:is|exists) )?(?:no|zero) {_ERRORS}(?: is (?:thrown|logged|shown|present|raised)| "
            rf"occurs?)?{_WHEN}"
        ),
        _is_quiet,
    ),
    (
        (
            rf"(?:there is )?(?:no|zero) errors? (?:is )?(?:(?:logged|shown|thrown|printed) )?(?:in|to) "
            rf"(?:browser |javascript )?console{_WHEN}"
        ),
        _is_quiet,
    ),
    (
        (
            rf"(?:browser )?console (?:is (?:free of|clear of|clean|without)|has no|shows no)(?: "
            rf"(?:javascript )?errors?)?{_WHEN}"
        ),
        _is_quiet,
    ),
    (rf"{PAGE} is (?:free of|free from|without) {_ERRORS}{_WHEN}", _is_quiet),
    (rf"{PAGE} (?:has|throws|logs|produces|raises|causes|shows) (?:no|zero) {_ERRORS}{_WHEN}", _is_quiet),
    (rf"{PAGE} does not (?:throw|log|has|produce|cause)(?: any)? {_ERRORS}{_WHEN}", _is_quiet),
)
