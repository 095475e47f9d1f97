"""
What the documents say is so: requests are accepted, tables are the models', links and commands lead somewhere.

JSON in a fence of plain `json` is a lineage request; anything else says in the fence what it is.
"""

import ast
import json
import re
from datetime import timedelta
from itertools import chain
from pathlib import Path

import pytest
from pydantic.fields import FieldInfo

from lineage.answers import BY_CODE
from lineage.delivery import poison
from lineage.envelope import open_envelope, read_payload
from lineage.errors import Fate, InvalidSettings, LineageError, Mistake
from lineage.graph import Graph
from lineage.health import Check
from lineage.http import PROBLEM_TYPE
from lineage.openlineage import is_event
from lineage.outcomes import Outcome, Record
from lineage.request import (
    BATCH_LIMIT,
    COLUMNS_LIMIT,
    DATASETS_LIMIT,
    DIRECT_EDGES_LIMIT,
    NAME_LIMIT,
    LineageRequest,
    Process,
    read_request,
)
from lineage.settings import Settings, Storage
from local.stack import Addresses

ROOT = Path(__file__).parents[2]
OF_OTHERS = {"naming.md"}  # its JSON is naming rules, which tests/unit/naming/test_documentation.py holds
DOCUMENTS = sorted([ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("examples/**/*.md")])
GIVEN = {
    "PURVIEW_ACCOUNT_NAME": "contoso",
    "LINEAGE_QUEUE_NAME": "lineage",
    "LineageStorage": "UseDevelopmentStorage=true",
}


def text(name):
    return (ROOT / name).read_text("utf-8")


def fences(language):
    """Every fence of a language, as (what the fence says besides, its content), with a name for pytest."""
    fence = re.compile(rf"(?ms)^```{language}\b ?(.*?)\n(.*?)^```$")
    return [
        pytest.param(found[1], found[2], id=f"{document.name}-{number}")
        for document in DOCUMENTS
        if document.name not in OF_OTHERS
        for number, found in enumerate(fence.finditer(document.read_text("utf-8")), start=1)
    ]


def table(document, first_column):
    """The rows of every table whose first column is called so, as lists of cells."""
    tables = re.findall(r"(?:^\|.*\|\n)+", text(document), re.MULTILINE)
    rows = [[split(line) for line in part.splitlines()] for part in tables]
    return [row for head, _, *body in rows if head[0] == first_column for row in body]


def split(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def words(cell):
    return re.findall(r"`([^`]+)`", cell)


def request(content):
    read_request(content)


def cloud_event(content):
    read_request(read_payload(open_envelope(json.dumps(content).encode()).original))


def claim_check(content):
    assert open_envelope(json.dumps(content).encode()).claim == content["dataref"]


def dead(content):
    envelope = open_envelope(json.dumps(content).encode())
    assert envelope.kind == poison.DEAD
    assert envelope.attributes["problem"] in codes()
    assert envelope.original == content["data"].encode()


def problem(content):
    kind = codes()[content["type"].removeprefix(PROBLEM_TYPE)]
    assert (content["title"], content["status"]) == (kind.title, kind.status)


def log(content):
    assert content["event"] == "lineage.message"


def ready(content):
    for check in content["checks"]:
        Check(**check)


SHAPES = {
    "": request,
    "cloudevent": cloud_event,
    "claim-check": claim_check,
    "dead": dead,
    "answer": Outcome.model_validate,
    "graph": Graph.model_validate,
    "record": Record.model_validate,
    "problem": problem,
    "log": log,
    "ready": ready,
    "addresses": lambda content: Addresses(**content),
    "openlineage": is_event,
}


def codes():
    """Every class of the tree that has a code of its own, by it."""

    def below(kind):
        return chain([kind], *map(below, kind.__subclasses__()))

    return {kind.__dict__["code"]: kind for kind in below(LineageError) if "code" in kind.__dict__}


@pytest.mark.parametrize(("shape", "content"), fences("json"))
def test_json_is_what_its_fence_says(shape, content):
    SHAPES[shape](json.loads(content))


@pytest.mark.parametrize(("_", "content"), fences("python"))
def test_python_compiles(_, content):
    ast.parse(content)


@pytest.mark.parametrize(("_", "content"), fences("console"))
def test_requests_in_commands_are_accepted(_, content):
    bodies = re.findall(r"/api/lineage(?:/explain)?\".* -d '(.*?)'", content, re.DOTALL)

    for body in bodies:
        if "targets" not in body:  # the quickstart's mistake
            read_request(json.loads(body))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document):
    content = re.sub(r"(?ms)^```.*?^```$", "", document.read_text("utf-8"))

    for target in re.findall(r"\]\(([^)\s]+)\)", content):
        if not target.startswith("http"):
            path, _, anchor = target.partition("#")
            there = (document.parent / path).resolve() if path else document
            assert there.exists(), target
            assert not anchor or anchor in anchors(there), target


def anchors(document):
    headings = re.findall(r"(?m)^#+ (.+)$", document.read_text("utf-8"))
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_make_target_named_is_one(document):
    targets = set(re.findall(r"(?m)^([a-z0-9-]+):", text("Makefile")))
    code = re.findall(r"(?:^\$ |`)make ([a-z0-9-]+)", document.read_text("utf-8"), re.MULTILINE)

    assert set(code) <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_named_is_there(document):
    named = re.findall(r"`((?:lineage|local|tests|examples|docs)/[\w/.-]+)`", document.read_text("utf-8"))

    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_module_of_the_app_is_in_the_architecture():
    modules = {path.name for path in (ROOT / "lineage").glob("*.py")} - {"__init__.py"}
    packages = {path.parent.name + "/" for path in (ROOT / "lineage").glob("*/__init__.py")}

    named = {name for row in table("docs/architecture.md", "file") for name in words(row[0])}
    assert {f"lineage/{name}" for name in modules | packages} <= named


def fields(model):
    return {
        field.alias: field for field in model.model_fields.values() if field.alias not in {None, "storage"}
    }


def documented_settings():
    return {words(row[0])[0]: row[1] for row in table("docs/settings.md", "setting")}


def test_the_settings_table_has_every_setting_and_no_other():
    assert set(documented_settings()) == {*fields(Settings), *fields(Storage), "PURVIEW_ACCOUNT_NAME"}


@pytest.mark.parametrize(("name", "field"), [*fields(Settings).items(), *fields(Storage).items()])
def test_every_setting_is_documented_with_its_default(name, field: FieldInfo):
    written = documented_settings()[name]

    if value := words(written):
        assert read(**{name: value[0]}) == read()
    else:
        needed = field.is_required() and name not in read_from_elsewhere()
        assert (written == "needed") == needed
        assert needed or field.default is None or not isinstance(field.default, str | int | timedelta)


def read(**changes):
    return Settings.read(GIVEN | changes)


def read_from_elsewhere():
    return {name for name in fields(Settings) if name.startswith("AzureFunctionsJobHost__")}


def test_every_way_to_sign_in_is_documented():
    ways = [words(row[0])[0] for row in table("docs/settings.md", "`PURVIEW_AUTH`")]

    with pytest.raises(InvalidSettings) as caught:
        read(PURVIEW_AUTH="magic")

    assert re.findall(r"'([^']+)'", str(caught.value)) == ways


@pytest.mark.parametrize(("written", "said"), table("docs/settings.md", "written"))
def test_a_mistake_in_the_settings_says_what_is_documented(written, said):
    name, _, value = words(written)[0].partition("=")
    given = {key: item for key, item in GIVEN.items() if key != "PURVIEW_ACCOUNT_NAME"}
    given |= {"PURVIEW_ENDPOINT": "https://contoso.purview.azure.com", name: value}

    with pytest.raises(InvalidSettings) as caught:
        Settings.read(given)

    assert str(caught.value) == said


def test_the_error_table_is_the_tree():
    documented = {
        words(row[0])[0]: (row[1], row[2].split()[0])
        for row in table("docs/errors.md", "code")
        if row[1].isdigit()
    }

    expected = {code: (str(kind.status), fate(kind)) for code, kind in codes().items()}
    assert documented == expected


def fate(kind):
    """DatasetMissing decides by itself; nobody queues a question."""
    if kind.code.startswith("unknown-"):
        return "-"
    return kind(Mistake("", ""), final=False).fate if kind.code == "dataset-missing" else Fate(kind.fate)


def test_every_code_of_atlas_that_means_something_to_the_app_is_documented():
    documented = {code for row in table("docs/errors.md", "`errorCode`") for code in words(row[0])}

    assert set(BY_CODE) <= documented


def test_every_field_of_a_request_is_documented():
    sent_as = {field.alias or name for name, field in LineageRequest.model_fields.items()}
    of_process = {field.alias or name for name, field in Process.model_fields.items()}

    assert {words(row[0])[0] for row in table("docs/sending.md", "field")} == sent_as
    assert {words(row[0])[0] for row in table("docs/sending.md", "field of `process`")} == of_process


def test_every_form_of_a_dataset_is_accepted():
    for row in table("docs/sending.md", "form"):
        for form in words(row[1]):
            read_request(
                {"source": json.loads(form), "target": "https://lake.dfs.core.windows.net/silver/orders"}
            )


@pytest.mark.parametrize(
    "limit", [DATASETS_LIMIT, DIRECT_EDGES_LIMIT, COLUMNS_LIMIT, NAME_LIMIT, BATCH_LIMIT]
)
def test_every_limit_is_documented(limit):
    assert any(f"{limit:,}" in row[1] for row in table("docs/sending.md", "of"))


def test_every_route_is_documented():
    routes = re.findall(r'@app\.route\("([^"]+)"', text("function_app.py"))
    documented = "".join(document.read_text("utf-8") for document in DOCUMENTS)

    assert [
        route for route in routes if f"/api/{route}" not in documented and route != "v1/lineage/batch"
    ] == []


def test_every_check_of_readiness_is_documented():
    made = set(re.findall(r'(?:Check|_queue|_there)\(\s*f?"(\w+)', text("lineage/health.py")))
    documented = {name.split()[0] for row in table("docs/operating.md", "check") for name in words(row[0])}

    assert made == documented


def test_every_event_that_is_logged_is_documented():
    code = "".join(path.read_text("utf-8") for path in ROOT.glob("lineage/**/*.py"))
    logged = set(re.findall(r'"event": "(lineage\.[a-z.]+)"', code)) | set(
        re.findall(r'Outage\("(lineage\.[a-z.]+)"\)', code)
    )

    documented = {event for row in table("docs/operating.md", "`event`") for event in words(row[0])}
    assert logged == documented


def test_what_a_status_of_a_record_means_is_documented():
    fates = {row[0] for row in table("docs/operating.md", "fate")} - {"retried"}

    assert set(Record.model_json_schema()["properties"]["status"]["enum"]) == fates | {"queued"}
