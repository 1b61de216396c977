"""What the app answers to a GET request, below its address as hosts serve apps."""

from pipeline.verification.inspection import Inspection, Judgement, Rules
from pipeline.verification.prose.page import ask
from pipeline.verification.prose.sentences import QUOTED, told
from pipeline.verification.said import Said

_GETS = """
  const answer = await fetch(path), text = await answer.text();
  const isJson = () => { try { JSON.parse(text); return answer.ok; } catch { return false; } };
  return say(%s, `it answers ${answer.status}: ${shown(text)}`);
"""


def _answers(said: Said, _inspection: Inspection) -> Judgement:
    holds = "answer.status === status"
    if said["json"]:
        holds = "isJson()"
    elif said["text"]:
        holds = "text.includes(wanted)"
    values = {"path": f".{said['path']}", "status": int(said["status"] or 200), "wanted": told(said["text"])}
    return ask(_GETS % holds, values)


RULES: Rules = (
    (
        (
            r"(?:an? )?GET (?:request )?(?:to |of )?\"?(?P<path>/[^\s\"]*)\"? "
            r"(?:answers|returns|responds|replies|gives)"
            r"(?: with)?(?: an?)?(?: (?:HTTP )?(?:status )?(?:code )?(?P<status>[1-5]\d\d)(?: OK)?"
            rf"| (?:valid )?(?P<json>JSON)| {QUOTED.format('text')})?"
        ),
        _answers,
    ),
)
