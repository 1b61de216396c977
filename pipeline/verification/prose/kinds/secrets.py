"""No secrets are published."""

from pipeline.verification.inspection import Inspection, Rules, Ruling, failed, passed
from pipeline.verification.said import Said
from pipeline.verification.secret_shapes import credentials

_CREDENTIAL = r"(?:hard-?coded )?(?:secrets?|api[ -]?keys?|tokens?|credentials?|passwords?)"
_CREDENTIALS = rf"{_CREDENTIAL}(?:(?:, |,? and |,? or ){_CREDENTIAL})*"


def _no_secrets(_said: Said, inspection: Inspection) -> Ruling:
    for path, content in inspection.files.items():
        if credential := next(credentials(content), None):
            return failed(f"{path} holds {credential.name}")
    return passed(f"no key or token of a known provider in {len(inspection.files)} files")


RULES: Rules = (
    (rf"(?:there is )?no {_CREDENTIALS}(?: is (?:committed|present|leaked|exposed))?", _no_secrets),
    (rf"(?:repo|app|code|page|site) (?:has|leaks|exposes) no {_CREDENTIALS}", _no_secrets),
    (rf"(?:repo|app|code|page|site) does not (?:has|leak|expose)(?: any)? {_CREDENTIALS}", _no_secrets),
)
