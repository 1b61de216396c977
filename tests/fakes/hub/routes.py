"""Which function answers which request."""

import re
from collections.abc import Callable

from tests.fakes.hub import apps, contents_api, repos_api, settings_api
from tests.fakes.hub.exchange import Answer, Request, refusal
from tests.fakes.hub.hub import Hub

_ID = r"(?P<space_id>[^/]+/[^/]+?)"
_REV = r"(?P<revision>[^/]+)"
_OID = r"(?P<oid>[0-9a-f]{64})"
_SUB = r"(?P<subdomain>[^/]+)"

_TABLE: tuple[tuple[str, str, Callable[..., Answer]], ...] = (
    ("GET", r"/api/whoami-v2", repos_api.whoami),
    ("POST", r"/api/validate-yaml", repos_api.validate_yaml),
    ("POST", r"/api/repos/create", repos_api.create),
    ("DELETE", r"/api/repos/delete", repos_api.delete),
    ("GET", r"/api/spaces", repos_api.list_spaces),
    ("GET", r"/api/spaces/templates", repos_api.templates),
    ("GET", r"/api/spaces/hardware", repos_api.hardware_list),
    ("GET", rf"/api/spaces/by-subdomain/{_SUB}", apps.by_subdomain),
    ("GET", rf"/api/spaces/{_ID}", contents_api.info),
    ("GET", rf"/api/spaces/{_ID}/revision/{_REV}", contents_api.info),
    ("GET", rf"/api/spaces/{_ID}/tree/{_REV}(?:/(?P<folder>.+))?", contents_api.tree),
    ("POST", rf"/api/spaces/{_ID}/paths-info/{_REV}", contents_api.paths_info),
    ("GET", rf"/api/spaces/{_ID}/commits/{_REV}", contents_api.history),
    ("GET", rf"/api/spaces/{_ID}/refs", contents_api.refs),
    ("POST", rf"/api/spaces/{_ID}/preupload/{_REV}", contents_api.preupload),
    ("POST", rf"/api/spaces/{_ID}/commit/{_REV}", contents_api.commit),
    ("GET|HEAD", rf"/spaces/{_ID}/resolve/{_REV}/(?P<path>.+)", contents_api.resolve),
    ("POST", rf"/spaces/{_ID}\.git/info/lfs/objects/batch", contents_api.lfs_batch),
    ("POST", rf"/spaces/{_ID}\.git/info/lfs/objects/verify", contents_api.lfs_verify),
    ("PUT|GET|HEAD", rf"/large-files/{_OID}", contents_api.large_file),
    ("GET|POST|DELETE", rf"/api/spaces/{_ID}/(?P<kind>secrets|variables)", settings_api.settings),
    ("GET", rf"/api/spaces/{_ID}/runtime", settings_api.runtime),
    ("POST", rf"/api/spaces/{_ID}/hardware", settings_api.hardware),
    ("POST", rf"/api/spaces/{_ID}/sleeptime", settings_api.sleep_time),
    ("POST", rf"/api/spaces/{_ID}/pause", settings_api.pause),
    ("POST", rf"/api/spaces/{_ID}/restart", settings_api.restart),
    ("POST", rf"/api/spaces/{_ID}/dev-mode", settings_api.dev_mode),
    ("PUT|DELETE", rf"/api/spaces/{_ID}/volumes", settings_api.volumes),
    ("PUT", rf"/api/spaces/{_ID}/settings", settings_api.visibility),
    ("GET", rf"/api/spaces/{_ID}/logs/(?P<kind>build|run)", settings_api.logs),
    ("POST", rf"/api/spaces/{_ID}/duplicate", repos_api.duplicate),
    ("GET", rf"/api/spaces/{_ID}/host", apps.host),
    ("GET", rf"/api/spaces/{_ID}/jwt", apps.jwt),
    ("GET|HEAD", rf"/spaces/{_ID}", apps.page),
    ("GET|HEAD", rf"/app/{_SUB}(?:/(?P<path>.*))?", apps.app),
    ("GET|HEAD", rf"/static/{_SUB}(?:/(?P<path>.*))?", apps.static_app),
)
_ROUTES = [(methods.split("|"), re.compile(pattern), answer) for methods, pattern, answer in _TABLE]


def route(hub: Hub, request: Request) -> Answer:
    """The Hub's answer. Raises Refused."""
    if request.headers.get("authorization") and request.account is None:
        raise refusal(401, "Invalid credentials in Authorization header")
    for methods, pattern, answer in _ROUTES:
        if request.method in methods and (found := pattern.fullmatch(request.path)):
            parts = {name: value for name, value in found.groupdict().items() if value is not None}
            return answer(hub, request, **parts)
    raise refusal(404, "Sorry, we can't find the page you are looking for.")
