"""Whatever clients do, and however many at once, the catalogue stays sound."""

import asyncio
from collections import Counter

from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from hypothesis import given, settings
from hypothesis import strategies as st

from local.datamap import create_app
from local.datamap.catalogue import Catalogue
from local.datamap.errors import Refused
from local.datamap.identity import SIGN_IN
from local.datamap.tokens import PURVIEW
from local.datamap.views import entity_body, relationship_body

CLIENTS = 20
INVERSE = {
    "inputs": "inputToProcesses",
    "outputs": "outputFromProcesses",
    "sinks": "sources",
}
INVERSE |= {other: own for own, other in INVERSE.items()}

DATASETS = [f"property://d{n}" for n in range(5)]
PROCESSES = [f"property://p{n}" for n in range(3)]
dataset_names = st.sampled_from(DATASETS)
process_names = st.sampled_from(PROCESSES)
references = st.none() | st.lists(dataset_names, max_size=4)


def named(type_name, name, **attributes):
    return {"typeName": type_name, "attributes": {"name": name, "qualifiedName": name} | attributes}


def by_name(type_name, name):
    return {"typeName": type_name, "uniqueAttributes": {"qualifiedName": name}}


def bulk(entities):
    return "POST", "/entity/bulk", {"json": {"entities": entities}}


def relationship(type_name, end1, end2):
    return "POST", "/relationship", {"json": {"typeName": type_name, "end1": end1, "end2": end2}}


def deletion(type_name, name):
    return "DELETE", f"/entity/uniqueAttribute/type/{type_name}", {"params": {"attr:qualifiedName": name}}


def process(name, inputs, outputs):
    ends = {"inputs": inputs, "outputs": outputs}
    found = {k: None if v is None else [by_name("DataSet", n) for n in v] for k, v in ends.items()}
    return named("Process", name, **found)


datasets = st.builds(named, st.just("DataSet"), dataset_names, description=st.sampled_from("abc"))
processes = st.builds(process, process_names, references, references)
payloads = st.lists(datasets | processes, min_size=1, max_size=5)
process_ends = st.builds(by_name, st.just("Process"), process_names)
dataset_ends = st.builds(by_name, st.just("DataSet"), dataset_names)
process_types = st.sampled_from(["dataset_process_inputs", "process_dataset_outputs"])

operations = st.one_of(
    st.builds(bulk, payloads),
    st.builds(relationship, process_types, process_ends, dataset_ends),
    st.builds(relationship, st.just("direct_lineage_dataset_dataset"), dataset_ends, dataset_ends),
    st.builds(deletion, st.just("DataSet"), dataset_names),
    st.just(("DELETE", "an edge", {})),
)


class Api:
    """A session with the stand-in that keeps the statuses it got."""

    def __init__(self, session, base):
        self.session = session
        self.base = base
        self.statuses = Counter()

    async def call(self, method, path, **how):
        async with self.session.request(method, self.base + path, **how) as response:
            self.statuses[response.status] += 1
            return await response.json() if response.content_type == "application/json" else None

    async def entities(self):
        found = await self.call("POST", "/../../search/query", json={"limit": 1000})
        return [(await self.call("GET", f"/entity/guid/{item['id']}"))["entity"] for item in found["value"]]

    async def delete_some_edge(self):
        for entity in await self.entities():
            for _, edge in edges(entity):
                await self.call("DELETE", f"/relationship/guid/{edge['relationshipGuid']}")
                return

    async def run(self, script):
        for method, path, how in script:
            if path == "an edge":
                await self.delete_some_edge()
            else:
                await self.call(method, path, **how)


def edges(entity):
    shown = entity["relationshipAttributes"]
    return [(name, edge) for name in INVERSE for edge in shown.get(name, ())]


def assert_sound(entities):
    names = Counter((e["typeName"], e["attributes"]["qualifiedName"]) for e in entities)
    assert set(names.values()) <= {1}, "one guid per type and qualifiedName"
    seen = {
        (e["guid"], name, edge["guid"], edge["relationshipGuid"]) for e in entities for name, edge in edges(e)
    }
    for guid, name, other, relationship_guid in seen:
        assert (other, INVERSE[name], guid, relationship_guid) in seen, "an edge has two ends that agree"
    ends = Counter((guid, name, other) for guid, name, other, _ in seen)
    assert set(ends.values()) <= {1}, "no duplicate active edge"


async def run_together(scripts):
    async with TestServer(create_app()) as server, ClientSession() as session:
        asked = {"params": {"resource": PURVIEW}, "headers": {"X-IDENTITY-HEADER": SIGN_IN.identity_header}}
        async with session.get(server.make_url("/identity/token"), **asked) as answer:
            token = (await answer.json())["access_token"]
        session.headers["Authorization"] = f"Bearer {token}"
        api = Api(session, str(server.make_url("/datamap/api/atlas/v2")))
        everybody = [named("DataSet", n) for n in DATASETS] + [named("Process", n) for n in PROCESSES]
        await api.run([bulk(everybody)])
        await asyncio.gather(*(api.run(script) for script in scripts))
        assert_sound(await api.entities())
        assert set(api.statuses) <= {200, 204, 400, 404, 409}


@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(operations, min_size=1, max_size=4), min_size=CLIENTS, max_size=CLIENTS))
def test_twenty_clients_at_once_leave_a_sound_graph(scripts):
    asyncio.run(run_together(scripts))


def everything(catalogue):
    graph = catalogue.graph
    entities = [entity_body(graph, entity) for entity in graph.entities.values()]
    return entities, [relationship_body(row) for row in graph.relationships.values()]


def upsert(catalogue, payload):
    """Whether the payload was taken."""
    try:
        catalogue.upsert({"entities": payload})
    except Refused:
        return False
    return True


@settings(deadline=None)
@given(st.lists(payloads, max_size=6), payloads, st.integers(min_value=0))
def test_a_refused_batch_changes_nothing(before, payload, place):
    catalogue = Catalogue()
    for earlier in before:
        upsert(catalogue, earlier)
    was = everything(catalogue)
    bad = named("Process", "property://bad", inputs=[{"guid": "-404"}])
    payload.insert(place % (len(payload) + 1), bad)

    assert not upsert(catalogue, payload)

    assert everything(catalogue) == was


@settings(deadline=None)
@given(st.lists(payloads, max_size=6))
def test_the_same_batch_again_changes_nothing(batches):
    catalogue = Catalogue()
    for payload in batches:
        if upsert(catalogue, payload):
            once = everything(catalogue)
            consistent = len({entity["attributes"]["qualifiedName"] for entity in payload}) == len(payload)
            done = catalogue.upsert({"entities": payload})

            assert not done.created
            assert not (consistent and done.updated)
            assert not consistent or everything(catalogue) == once
