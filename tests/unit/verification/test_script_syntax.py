"""JavaScript is parsed, and never run."""

import pytest

from pipeline.verification.files.scripts import script_problem


@pytest.mark.parametrize(
    "code",
    [
        "",
        "let a = b?.c ?? 1_000; a ||= 2;",
        "async () => { for await (const x of y) {} }",
        "#!/usr/bin/env node\nvar a = 1",
        "<!-- old habits\nvar a = 1",
        "while (true) {}",
        "throw new Error('never thrown here')",
    ],
)
def test_code_that_parses_has_no_problem_and_is_not_run(code: str) -> None:
    assert script_problem(code, is_module=False) is None


@pytest.mark.parametrize(
    "code",
    [
        "import { a } from './nowhere.js'; export default a;",
        "const data = await (await fetch('data.json')).json();",
        "import {\n  a,\n  b,\n} from 'x';\nexport const c = await a();\nexport { b };",
        "import a from'a';import{b}from'b';const c=await b;export{c};export default class {}",
        "export default async function f() { await 1 }\nawait f();",
        "export * from './a.js';\nexport { x as y } from './y.js';\nfor await (const a of b) {}",
    ],
)
def test_modules_may_import_export_and_await(code: str) -> None:
    assert script_problem(code, is_module=True) is None


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("let a = 1;\n\nfoo(", 3),
        ("let a = 1;\nlet a = 2;", 2),
        ("var a;\nreturn a", 2),
        ("let x = <div/>", 1),
        ("const a = await fetch('x')", 1),
        ("import { a } from './a.js'", 1),
        ("export const a = 1", 1),
        ("a\n\0b", 2),
    ],
)
def test_a_syntax_error_in_a_script_is_found_with_its_line(code: str, line: int) -> None:
    problem = script_problem(code, is_module=False)
    assert problem
    assert problem.line == line
    assert problem.is_certain
    assert problem.message


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("import d from 'react'\nfoo(", 2),
        ("function f() {\n  await x\n}", 2),
        ("import {\n  a\n} from 'a';\nconst x = await a();\nlet = = 1", 5),
    ],
)
def test_a_syntax_error_in_a_module_is_found_with_its_line(code: str, line: int) -> None:
    problem = script_problem(code, is_module=True)
    assert problem
    assert problem.line == line
    assert problem.is_certain


@pytest.mark.parametrize(
    "code",
    [
        "class A { static { this.x = 1 } }",
        "class A { #x; has(o) { return #x in o } }",
        "/[\\p{L}--a]/v.test(x)",
        "/(?i:a)/.test(x)",
        "/(?<n>a)|(?<n>b)/.test(x)",
        "(" * 10_000,
    ],
)
def test_a_complaint_about_what_only_browsers_know_is_not_certain(code: str) -> None:
    problem = script_problem(code, is_module=False)
    assert problem
    assert not problem.is_certain
