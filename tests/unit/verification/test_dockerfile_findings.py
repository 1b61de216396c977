"""What is found in Dockerfiles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.verdict import Severity
from pipeline.verification.files.dockerfile import read_dockerfile, substituted
from pipeline.verification.files.dockerfile_findings import dockerfile_findings
from tests.builders import make_files

USER = "RUN useradd -m -u 1000 user\nUSER user\n"
START = 'CMD ["uvicorn", "app:app", "--host", "0.0.0.0", "--port", "7860"]\n'
PORT = 7860


def found(
    text: str, files: dict[str, bytes | str] | None = None, port: int | None = PORT
) -> list[tuple[str, int | None]]:
    """Rule and line of each finding; warnings are marked by a question mark."""
    app = make_files({"app.py": "", "requirements.txt": "", "data/a.csv": "", **(files or {})})
    return [
        (finding.rule + "?" * (finding.severity is Severity.WARNING), finding.line)
        for finding in dockerfile_findings(text, app, port)
    ]


def server(command: str, port: int | None = PORT, files: dict[str, bytes | str] | None = None) -> list[str]:
    """Rules that a container breaks that is right but for how it starts."""
    return [rule for rule, _ in found(f"FROM python:3.12\n{USER}{command}\n", files, port)]


def test_continuations_comments_and_here_documents_are_read() -> None:
    text = (
        "# escape=`\n\nFROM python:3.12\nRUN one `\n  # between\n\n  two\n"
        'RUN <<-EOF\n\tCMD inside\n\tEOF\nCOPY --chown=1:1 --link <<A <<"B" /x/\na\nA\nb\nB\ncmd echo x\n'
    )
    read = read_dockerfile(text)
    assert [(i.name, i.line, i.bodies) for i in read.instructions] == [
        ("FROM", 3, ()),
        ("RUN", 4, ()),
        ("RUN", 8, ("CMD inside",)),
        ("COPY", 11, ("a", "b")),
        ("CMD", 16, ()),
    ]
    assert read.instructions[1].value.split() == ["one", "two"]
    assert dict(read.instructions[3].flags) == {"chown": "1:1", "link": ""}
    assert read.problems == ()


def test_a_stage_takes_over_what_the_stage_before_it_set() -> None:
    text = "ARG V=3\nFROM python:${V}-slim AS Base\nENV PORT=1\nUSER x\nFROM other\nFROM base\n"
    text += "ENV A=$PORT B=${GONE}\nENV C d e\n"
    stage = read_dockerfile(text).stages[-1]
    assert (stage.base, stage.official_image, stage.own) == ("python:3-slim", "python", 2)
    assert stage.variables() == {"PORT": "1", "A": "1", "C": "d e"}
    assert stage.last("USER") is not None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a$X/${X}", "a1/1"),
        (r"\$X", "$X"),
        ("${Y:-2}${X:-2}${X:+3}${Y:+3}", "213"),
        ("$Y", None),
        ("${Y}", None),
    ],
)
def test_variables_are_put_in_where_they_are_known(text: str, value: str | None) -> None:
    assert substituted(text, {"X": "1"}) == value


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("", ("dockerfile-from", None)),
        ("# nothing\n", ("dockerfile-from", None)),
        ("WORKDIR /x\nFROM a\n", ("dockerfile-from", 1)),
        ("```dockerfile\nFROM a\n", ("dockerfile-syntax", 1)),
        ("FROM a\nRUN x &&\n  apt-get update\n", ("dockerfile-syntax", 3)),
        ("FROM a\nCOPY\n", ("dockerfile-syntax", 2)),
        ("FROM a\nRUN <<EOF\nx\n", ("dockerfile-syntax", 2)),
    ],
)
def test_what_docker_refuses_is_told_with_its_line(text: str, finding: tuple[str, int | None]) -> None:
    assert finding in found(text)


@pytest.mark.parametrize(
    ("instruction", "rules"),
    [
        ("COPY gone.txt .", ["dockerfile-copy"]),
        ("ADD gone/ /x/", ["dockerfile-copy"]),
        ('COPY ["app.py", "gone.txt", "/x/"]', ["dockerfile-copy"]),
        ("COPY ../x /x", ["dockerfile-copy"]),
        ("COPY app.py", ["dockerfile-copy"]),
        ("COPY *.gone /x/", ["dockerfile-copy?"]),
        ("ARG F=gone\nCOPY $F /x/", ["dockerfile-copy"]),
        ("COPY app.py *.gone ./data data/a.csv /app.py /x/", []),
        ("COPY data/*.csv /x/", []),
        ("ADD https://example.com/x.tgz /x/", []),
        ("COPY --from=other gone /x/", []),
        ("COPY $UNKNOWN /x/", []),
        ("COPY . /x/", []),
    ],
)
def test_sources_that_the_app_lacks_are_found(instruction: str, rules: list[str]) -> None:
    assert [rule for rule, _ in found(f"FROM a\n{instruction}\n")] == rules


@pytest.mark.parametrize(
    ("instruction", "is_found"),
    [
        *(("ENV API_KEY=sk-12345678", True), ("ENV A=1 DB_PASSWORD='x y z'", True), ("ARG HF_TOKEN=hf_abc", True)),
        *(("ENV SECRET_KEY changeme", True), ("ENV HF_TOKEN=", False), ("ARG HF_TOKEN", False)),
        *(("ENV TOKEN=$TOKEN", False), ("ENV MAX_TOKENS=512", False), ("ENV TOKENIZERS_PARALLELISM=false", False)),
        *(("ENV PASSWORD=/run/secrets/p", False), ("ENV SECRET_KEY_FILE=a.txt", False), ("ENV X=y", False)),
    ],
)
def test_secrets_with_a_value_are_found_and_never_repeated(instruction: str, *, is_found: bool) -> None:
    text = f"FROM a\n{instruction}\n"
    assert found(text) == ([("dockerfile-secret", 2)] if is_found else [])
    messages = "".join(finding.message for finding in dockerfile_findings(text, make_files({}), PORT))
    assert not any(value in messages for value in ("sk-1", "x y", "hf_abc", "changeme"))


def test_a_container_that_starts_nothing_is_found() -> None:
    assert ("dockerfile-cmd", 1) in found(f"FROM python:3.12\n{USER}")
    assert found("FROM example/server\n") == []
    assert found(f"FROM python:3.12 AS a\n{USER}{START}FROM a\n") == []


@pytest.mark.parametrize(
    "command",
    [
        "CMD ['python', 'app.py']",
        'CMD ["python", "gone.py"]',
        "CMD python -u src/gone.py",
        'CMD ["uvicorn", "gone:app", "--host", "0.0.0.0", "--port", "7860"]',
        "CMD streamlit run gone.py --server.port 7860",
        'CMD ["uvicorn", "app:app", "--host", "0.0.0.0", "--port", "$PORT"]',
    ],
)
def test_a_start_that_cannot_work_is_found(command: str) -> None:
    assert server(command) == ["dockerfile-cmd"]


@pytest.mark.parametrize(
    ("command", "rules"),
    [
        ("CMD uvicorn app:app --host 0.0.0.0 --port 8000", ["server-port"]),
        ("CMD uvicorn app:app --host=0.0.0.0 --port=7860", []),
        ("CMD uvicorn app:app --host 127.0.0.1 --port 7860", ["server-host"]),
        ("CMD uvicorn app:app", ["server-host", "server-port"]),
        ("ENV P=8000\nCMD uvicorn app:app --host 0.0.0.0 --port ${P:-7860}", ["server-port"]),
        ("CMD uvicorn app:app --host 0.0.0.0 --port ${P:-7860}", []),
        ("CMD uvicorn app:app --host 0.0.0.0 --port $P", []),
        ("CMD uvicorn app:app --uds /tmp/x", []),
        (
            'ENTRYPOINT ["python", "-m", "uvicorn"]\nCMD ["app:app", "--host", "0.0.0.0", "--port", "80"]',
            ["server-port"],
        ),
        ('CMD ["sh", "-c", "exec uvicorn app:app --host localhost --port 7860"]', ["server-host"]),
        ("CMD gunicorn app:app", ["server-host", "server-port"]),
        ("CMD gunicorn -b0.0.0.0:7860 app:app", []),
        ("CMD gunicorn -b :8000 app:app", ["server-port"]),
        ("CMD gunicorn -c gunicorn.conf.py app:app", []),
        ("ENV PORT=7860\nCMD gunicorn app:app", []),
        ("CMD flask --app app run --port 7860", ["server-host"]),
        ("CMD flask run -h 0.0.0.0 -p 5000", ["server-port"]),
        ("CMD streamlit run app.py", ["server-port"]),
        ("ENV STREAMLIT_SERVER_PORT=7860\nCMD streamlit run app.py", []),
        ("CMD fastapi run app.py", ["server-port"]),
        ("CMD fastapi dev app.py --port 7860", ["server-host"]),
        ("CMD python -m http.server", ["server-port"]),
        ("CMD python3 -m http.server 7860", []),
        ("CMD waitress-serve --listen=*:8080 app:app", ["server-port"]),
        ("CMD python manage.py runserver 7860", ["server-host"]),
        ("CMD PORT=1 uvicorn app:app --host 0.0.0.0 --port $PORT", ["server-port"]),
        ("CMD uvicorn app:app & streamlit run app.py", []),
        ("CMD uvicorn app:app --port 1 ; uvicorn app:app", []),
        ("CMD ./start.sh", []),
    ],
)
def test_where_a_server_listens_is_read_from_its_command(command: str, rules: list[str]) -> None:
    assert (
        server(
            command,
            files={"manage.py": "", "gunicorn.conf.py": ""} if "gunicorn.c" in command or "manage" in command else None,
        )
        == rules
    )


FLASK = "import os\nfrom flask import Flask\nPORT = int(os.environ.get('PORT', 5000))\napp = Flask(__name__)\n"


@pytest.mark.parametrize(
    ("code", "findings"),
    [
        (f"{FLASK}app.run()", [("server-host", 5), ("server-port", 5)]),
        (f"{FLASK}app.run('0.0.0.0', 7860)", []),
        (f"{FLASK}app.run(host='0.0.0.0', port=PORT)", [("server-port?", 5)]),
        (f"{FLASK}app.run(host='0.0.0.0', port=int(os.getenv('X') or 7860))", []),
        (f"{FLASK}app.run(**settings)", []),
        (f"{FLASK}app.run(host='0.0.0.0', port=find_port())", []),
        ("import uvicorn as u\nu.run('a:b', host='localhost', port=7860)", [("server-host", 2)]),
        ("from uvicorn import run\nrun('a:b', host='0.0.0.0')", [("server-port", 2)]),
        ("import gradio as gr\nwith gr.Blocks() as demo:\n    pass\ndemo.launch(server_port=80)", [("server-port", 4)]),
        ("from http.server import HTTPServer\nHTTPServer(('', 8000), H)", [("server-port", 2)]),
        ("from waitress import serve\nserve(app, listen='*:1')", []),
        ("class App:\n    def run(self): pass\napp = App()\napp.run()", []),
        ("app.run(", []),
    ],
)
def test_where_a_python_server_listens_is_read_from_its_source(code: str, findings: list[tuple[str, int]]) -> None:
    assert found(f"FROM python:3.12\n{USER}CMD python app.py\n", {"app.py": code}) == findings


def test_a_variable_that_the_dockerfile_sets_wins_over_the_default_in_the_source() -> None:
    files: dict[str, bytes | str] = {"app.py": f"{FLASK}app.run(host='0.0.0.0', port=PORT)"}
    assert found(f"FROM python:3.12\n{USER}ENV PORT=7860\nCMD python app.py\n", files) == []
    assert found(f"FROM python:3.12\n{USER}ENV PORT=80\nCMD python app.py\n", files) == [("server-port", 5)]


@pytest.mark.parametrize(
    ("expose", "start", "rules"),
    [
        ("EXPOSE 8000", "CMD ./start.sh", ["server-port"]),
        ("EXPOSE 8000", START, ["server-port?"]),
        ("EXPOSE 8000 7860/tcp", START, []),
        ("EXPOSE 7000-8000", START, []),
        ("EXPOSE $PORT", START, []),
    ],
)
def test_exposing_another_port_than_the_space_expects_is_found(expose: str, start: str, rules: list[str]) -> None:
    assert server(f"{expose}\n{start}") == rules
    assert server(f"{expose}\n{start}", port=None) == []


@pytest.mark.parametrize(
    ("image", "lines", "rules"),
    [
        ("python:3.12", "", ["dockerfile-user"]),
        ("registry.example.com/library/python", "", ["dockerfile-user"]),
        ("example/python", "", []),
        ("python:3.12", "USER 1000:1000\n", []),
        ("python:3.12", "USER root\n", ["dockerfile-user"]),
        ("python:3.12", "USER 1000\nUSER 0\n", ["dockerfile-user"]),
        ("python:3.12", "USER user\n", ["dockerfile-user"]),
        ("python:3.12", "RUN useradd -m user\nUSER user\n", []),
        ("python:3.12", "ARG U=me\nRUN adduser --uid 1000 $U\nUSER $U\n", []),
        ("python:3.12", "RUN useradd -mu 1001 user\nUSER user\n", ["dockerfile-user?"]),
        ("python:3.12", "RUN groupadd -r web && useradd -r -g web web\nUSER web\n", ["dockerfile-user?"]),
        ("python:3.12", "RUN ./make-user.sh\nUSER user\n", []),
        ("python:3.12", "USER $WHOEVER\n", []),
        ("node:22", "USER node\n", []),
        ("python:3.12", "USER node\n", ["dockerfile-user"]),
        ("python:3.12", "WORKDIR /app\nCOPY . .\nUSER 1000\n", ["dockerfile-user?"]),
        ("python:3.12", "WORKDIR /app\nCOPY . /app/\nUSER 1000\n", ["dockerfile-user?"]),
        ("python:3.12", "WORKDIR /app\nCOPY --chown=1000 . .\nUSER 1000\n", []),
        ("python:3.12", "WORKDIR /app\nCOPY . .\nRUN chown -R 1000 /app\nUSER 1000\n", []),
        ("python:3.12", "WORKDIR /home/user/app\nCOPY . .\nUSER 1000\n", []),
        ("python:3.12", "WORKDIR /app\nCOPY requirements.txt .\nUSER 1000\n", []),
    ],
)
def test_the_user_of_the_container_is_judged(image: str, lines: str, rules: list[str]) -> None:
    assert [rule for rule, _ in found(f"FROM {image}\n{lines}{START}")] == rules


def test_outside_the_hub_root_is_a_warning_and_any_uid_will_do() -> None:
    assert found(f"FROM python:3.12\n{START}", port=None) == [("dockerfile-user?", 1)]
    assert found(f"FROM python:3.12\nUSER 1234\n{START}", port=None) == []


def test_a_server_behind_another_one_may_listen_where_it_likes() -> None:
    assert server("CMD nginx & uvicorn app:app --port 8000") == []


def test_an_entrypoint_drops_the_command_of_the_stage_before_it() -> None:
    text = f'FROM python:3.12 AS base\n{USER}CMD ["uvicorn", "app:app"]\nFROM base\n'
    assert [rule for rule, _ in found(text)] == ["server-host", "server-port"]
    assert found(f'{text}ENTRYPOINT ["uvicorn", "app:app", "--host", "0.0.0.0", "--port", "7860"]\n') == []
    assert found(f'{text}ENTRYPOINT ["./start.sh"]\n') == []


def test_values_that_double_with_each_line_are_given_up() -> None:
    lines = "ENV A=xx\n" + "ENV A=$A$A\n" * 400
    assert len(read_dockerfile(f"FROM a\n{lines}").stages[-1].variables()["A"]) < 10_000


INSTRUCTIONS = st.sampled_from(
    [
        "FROM a AS b",
        "FROM b",
        "ENV A=${B:-",
        'CMD ["',
        "COPY [",
        "RUN <<X",
        "X",
        "USER $A",
        "EXPOSE 1-",
        "# escape=`",
        "\\",
    ]
)


@given(st.lists(INSTRUCTIONS | st.text(max_size=30), max_size=30))
def test_no_text_is_too_strange_to_be_read(lines: list[str]) -> None:
    text = "\n".join(lines)
    for finding in dockerfile_findings(text, make_files({"app.py": text}), PORT):
        assert finding.line is None or 1 <= finding.line <= text.count("\n") + 1


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "A",
            "A=",
            "ENV A='",
            "\\\n",
            "FROM a AS b\nFROM b\n",
            "COPY *?[ ",
            "RUN <<X\n",
            "$A${",
            "EXPOSE 1 ",
            "'",
            '"',
        ),
        *("ENV A=$A$A\n", "CMD -b ", "RUN useradd -u ", "USER a\n", "CMD [", " ", "#\n", "COPY a b\n"),
    ],
)
@pytest.mark.parametrize("start", ["", "FROM python\nENV ", "FROM python\nCMD ", "FROM python\nRUN "])
def test_long_repetitions_end(start: str, piece: str) -> None:
    assert len(list(dockerfile_findings(start + piece * (64 * 1024 // len(piece)), make_files({"a": ""}), PORT))) < 100
