"""What is asked in the page about a check: its script, or for some sentences a script of ours."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from pipeline.domain.brief import Check
from pipeline.verification.prose import on_pages
from pipeline.verification.prose.sentences import plainer

PROBE_URL = "https://images.example/sample-7f3a19c4.png"
"""Passed at ``?url=``. No such host exists (RFC 2606): seeing it proves that the page shows what it was given."""

PROBE_QUERY = f"?url={quote(PROBE_URL, safe='')}"

_SHOWS = r"(?:displays?|shows?|renders?)"
_PASSED = r"(?:passed|given|provided) (?:at|as|in|via|through|with|by)"

# What visitors can read, also where it stands in a field.
_VISIBLE = (
    "[document.body.innerText, ...[...document.querySelectorAll('input, textarea')].map(e => e.value)]"
    ".join('\\n').replace(/\\s+/g, ' ')"
)
# Links are followed within the app; null = there are others, which nobody can try here.
_LINKS_WORK = """(async () => {{
  const links = [...new Set([...document.links].map(a => a.href.split("#")[0]))].filter(h => /^https?:/.test(h));
  const own = links.filter(h => new URL(h).origin === location.origin);
  for (const link of own) if (!(await fetch(link)).ok) throw new Error(`${{link}} leads to nothing`);
  return {others_count} && own.length < links.length ? null : links.length > 0;
}})()"""
# Below the app's address, as hosts serve apps.
_GETS = """(async () => {{
  const answer = await fetch({path}), text = await answer.text();
  if ({holds}) return true;
  throw new Error(`it answers ${{answer.status}}: ${{text.slice(0, 80)}}`);
}})()"""
_GET = (
    r"(?:an? |the )?GET (?:request )?(?:to |of )?\"?(?P<path>/[^\s\"]*)\"? (?:answers|returns|responds|replies|gives)"
    r"(?: with)?(?: an?)?(?: (?:HTTP )?(?:status )?(?:code )?(?P<status>[1-5]\d\d)(?: OK)?| (?:valid )?(?P<json>JSON)"
    r"| \"(?P<text>[^\"]+)\")?"
)


@dataclass(frozen=True, slots=True)
class Question:
    """A script whose value decides a check: truthy = it holds; for a check in prose null = that cannot be said.

    With ``query``, PROBE_URL is passed at ``?url=``.
    """

    script: str
    query: bool = False


def questions_about(checks: Iterable[Check]) -> dict[Check, Question]:
    """Those of ``checks`` that are decided in the browser, and how."""
    return {check: question for check in checks if (question := question_about(check))}


def question_about(check: Check) -> Question | None:
    """How ``check`` is decided in the browser; None for sentences that no rule covers as a whole."""
    if check.script is not None:
        return Question(check.script)
    sentence = plainer(check.text)
    for pattern, ask in _RULES:
        if said := re.fullmatch(pattern, sentence, re.IGNORECASE):
            return ask(said)
    return None


def _title_is(said: re.Match[str]) -> Question:
    return Question(f"document.title.trim() === {json.dumps(said['text'])}")


def _has_id(said: re.Match[str]) -> Question:
    tag = (said["tag"] or "element").lower()
    found = f"document.getElementById({json.dumps(said['id'])})"
    return Question(f"!!{found}" if tag in on_pages.ANY_ELEMENT else f"{found}?.localName === {json.dumps(tag)}")


def _shows_text(said: re.Match[str]) -> Question:
    return Question(f"{_VISIBLE}.includes({json.dumps(' '.join(said['text'].split()))})")


def _shows_url(_said: re.Match[str]) -> Question:
    return Question(f"{_VISIBLE}.includes({json.dumps(PROBE_URL)})", query=True)


def _answers(said: re.Match[str]) -> Question:
    holds = "answer.status === 200"
    if said["status"]:
        holds = f"answer.status === {said['status']}"
    elif said["json"]:
        holds = "answer.ok && (JSON.parse(text), true)"
    elif said["text"]:
        holds = f"text.includes({json.dumps(said['text'])})"
    return Question(_GETS.format(path=json.dumps(f".{said['path']}"), holds=holds))


def _links_work(said: re.Match[str]) -> Question:
    return Question(_LINKS_WORK.format(others_count="false" if said["local"] else "true"))


_RULES = (
    (on_pages.TITLE_IS, _title_is),
    (on_pages.HAS_ID, _has_id),
    (on_pages.ID_EXISTS, _has_id),
    (rf"{on_pages.PAGE} {_SHOWS} (?:text |words? |phrase |message )?\"(?P<text>[^\"]+)\"", _shows_text),
    (
        rf"{on_pages.PAGE} {_SHOWS} (?:[\w-]+ ){{0,2}}(?:url|address|link)(?: that is)? {_PASSED} \"?\?url=[^\s\"]*\"?",
        _shows_url,
    ),
    (_GET, _answers),
    (on_pages.LINKS_WORK, _links_work),
    (on_pages.NO_BROKEN_LINKS, _links_work),
)
