"""The Data Map client against a Data Map: what its calls do, what they cost, and what errors they end in."""

import asyncio
import re

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from azure.core.credentials import AccessToken
from azure.identity import ManagedIdentityCredential

from lineage.datamap import DataMap
from lineage.errors import (
    AlreadyExists,
    Fate,
    NotAuthorized,
    NotFound,
    ReferenceMissing,
    Refused,
    SignInFailed,
    TooLarge,
    TypeMissing,
    Unavailable,
)
from lineage.identity import principal_of, purview_credential, storage_credential
from lineage.settings import Settings
from local.datamap.identity import SIGN_IN
from local.datamap.process import running

SCOPE = "https://purview.azure.net/.default"
DIRECT = "direct_lineage_dataset_dataset"
BULK = "POST /entity/bulk"
# Everything that has a meaning in a URL, and characters beyond ASCII.
ODD = "a b/c?d=e&f=g#h+i%20j%2Fk:l@m;n,o'p\"q\\r{s}t|ü€😀"


def dataset(name, type_name="DataSet"):
    return {"typeName": type_name, "guid": "-1", "attributes": {"name": "x", "qualifiedName": name}}


def edge(upstream, downstream, type_name=DIRECT):
    return {"typeName": type_name, "end1": {"guid": upstream}, "end2": {"guid": downstream}}


# Entities


async def test_an_upsert_creates_and_then_updates_the_same_entity(client, account):
    name = account.name("orders")

    first = await client.upsert([dataset(name)])
    again = await client.upsert([dataset(name)])

    assert [entity["guid"] for entity in first["mutatedEntities"]["CREATE"]] == [
        first["guidAssignments"]["-1"]
    ]
    assert again == {"guidAssignments": first["guidAssignments"]}


async def test_an_upsert_is_all_or_nothing(client, account, nobody):
    good = dataset(account.name("good"))
    bad = dataset(account.name("bad"), "Process") | {"guid": "-2"}
    bad["attributes"]["inputs"] = [{"guid": nobody}]

    with pytest.raises(ReferenceMissing, match=nobody):
        await client.upsert([good, bad])

    assert account.find("good") == []


async def test_entities_go_to_the_collection_that_is_named(client, account):
    parent = {"type": "CollectionReference", "referenceName": "local"}
    account.ask("PUT", "/account/collections/silver", json={"parentCollection": parent})

    done = await client.upsert([dataset(account.name("orders"))], collection="silver")

    assert account.read(done["guidAssignments"]["-1"])["collectionId"] == "silver"


async def test_entities_are_read_by_guid_with_their_relationships(client, account):
    up, down = account.entities("up", "down")
    account.relate(DIRECT, up, down)

    found = await client.entities_by_guid([up, down])

    assert [entity["guid"] for entity in found] == [up, down]
    assert [sink["guid"] for sink in found[0]["relationshipAttributes"]["sinks"]] == [down]


async def test_hundreds_of_guids_are_read_in_as_few_calls_as_request_lines_allow(client, account):
    names = [f"n{number}" for number in range(250)]
    body = {"entities": [dataset(account.name(name)) | {"guid": f"-{i}"} for i, name in enumerate(names, 1)]}
    guids = list(account.atlas("POST", "/entity/bulk", json=body)["guidAssignments"].values())

    with account.counting() as counted:
        found = await client.entities_by_guid(guids)

    assert [entity["guid"] for entity in found] == guids
    assert counted == {"GET /entity/bulk": 3}
    assert await client.entities_by_guid([]) == []


async def test_one_guid_that_does_not_exist_fails_the_whole_read_and_is_named(client, account, nobody):
    known = account.entity("known")

    with pytest.raises(NotFound, match=nobody) as caught:
        await client.entities_by_guid([known, nobody])

    assert (caught.value.http_status, caught.value.error_code) == (404, "ATLAS-404-00-005")
    assert caught.value.request_id


async def test_entities_are_read_by_name_and_those_that_do_not_exist_are_left_out(client, account):
    first, second = account.entities("first", "second")
    names = [account.name(suffix) for suffix in ("first", "absent", "second")]

    found = await client.entities_by_qualified_name("DataSet", names)

    assert {entity["guid"] for entity in found} == {first, second}
    assert await client.entities_by_qualified_name("DataSet", [account.name("absent")]) == []
    assert await client.entities_by_qualified_name("DataSet", []) == []


async def test_a_name_reaches_the_data_map_as_it_is_whatever_is_in_it(client, account):
    guid = account.entity(ODD)
    name = account.name(ODD)

    (found,) = await client.entities_by_qualified_name("DataSet", [account.name("other"), name])
    alone = await client.entity_by_qualified_name("DataSet", name)

    assert (found["guid"], found["attributes"]["qualifiedName"]) == (guid, name)
    assert alone["guid"] == guid


async def test_many_names_are_asked_for_in_as_few_calls_as_request_lines_allow(client, account):
    suffixes = [f"{number:03}-{'x' * 80}" for number in range(150)]
    account.entities(*suffixes[::50])

    with account.counting() as counted:
        found = await client.entities_by_qualified_name("DataSet", list(map(account.name, suffixes)))

    assert {entity["attributes"]["name"] for entity in found} == set(suffixes[::50])
    assert 2 <= counted["GET /entity/bulk/uniqueAttribute/type/{typeName}"] <= 6


@pytest.mark.parametrize("letter", ["ü", "漢", "😀", "%", " ", "/"])
async def test_it_is_the_encoded_length_of_names_that_a_request_line_holds(client, account, letter):
    """Each letter takes up to twelve characters in a URL; the stand-in refuses lines beyond 8 KB, as gateways do."""
    suffixes = [f"{number:03}-{letter * 60}x" for number in range(60)]
    account.entity(suffixes[-1])

    found = await client.entities_by_qualified_name("DataSet", list(map(account.name, suffixes)))

    assert [entity["attributes"]["qualifiedName"] for entity in found] == [account.name(suffixes[-1])]


@pytest.mark.parametrize("type_name", ["no_such_type", "no such/type?x"])
async def test_a_type_that_does_not_exist_is_missing(client, account, type_name):
    with pytest.raises(TypeMissing, match=r"no.such.type"):
        await client.entities_by_qualified_name(type_name, [account.name("x")])

    with pytest.raises(TypeMissing):
        await client.upsert([dataset(account.name("x"), type_name)])

    assert await client.entity_by_qualified_name(type_name, account.name("x")) is None
    assert await client.type_definition(type_name) is None


async def test_an_entity_is_read_by_name_with_its_relationships_or_not_at_all(client, account):
    up, down = account.entities("up", "down")
    account.relate(DIRECT, up, down)

    found = await client.entity_by_qualified_name("DataSet", account.name("up"))

    assert [sink["guid"] for sink in found["relationshipAttributes"]["sinks"]] == [down]
    assert await client.entity_by_qualified_name("DataSet", account.name("absent")) is None


async def test_an_entity_is_deleted_once_and_the_second_time_is_fine(client, account, nobody):
    guid = account.entity("orders")

    await client.delete_entity(guid)
    await client.delete_entity(guid)
    await client.delete_entity(nobody)

    assert account.find("orders") == []


# Relationships


async def test_a_relationship_is_created_read_changed_and_deleted(client, account):
    up, down = account.entities("up", "down")

    guid = await client.create_relationship(edge(up, down) | {"attributes": {"columnMapping": "[]"}})
    created = await client.relationship(guid)
    await client.update_relationship(guid, DIRECT, {"columnMapping": '[{"Source":"a","Sink":"b"}]'})
    changed = await client.relationship(guid)
    await client.delete_relationship(guid)

    assert (created["end1"]["guid"], created["end2"]["guid"]) == (up, down)
    assert created["attributes"]["columnMapping"] == "[]"
    assert changed["attributes"]["columnMapping"] == '[{"Source":"a","Sink":"b"}]'
    assert account.arrows(up) == set()


async def test_a_relationship_that_is_there_already_exists(client, account):
    up, down = account.entities("up", "down")
    await client.create_relationship(edge(up, down))

    with pytest.raises(AlreadyExists) as caught:
        await client.create_relationship(edge(up, down))

    assert caught.value.facts()["errorCode"] == "ATLAS-409-00-004"


async def test_a_relationship_to_nothing_lacks_its_reference(client, account, nobody):
    with pytest.raises(ReferenceMissing, match="Expected DataSet but is NULL"):
        await client.create_relationship(edge(account.entity("up"), nobody))


async def test_a_relationship_of_the_wrong_ends_is_refused(client, account):
    process = account.entity("load", "Process")

    with pytest.raises(Refused) as caught:
        await client.create_relationship(edge(process, account.entity("down")))

    assert (type(caught.value), caught.value.error_code) == (Refused, "ATLAS-400-00-036")


async def test_a_relationship_that_is_gone_is_fine_to_delete_and_not_to_read(client, account, nobody):
    up, down = account.entities("up", "down")
    guid = await client.create_relationship(edge(up, down))

    await client.delete_relationship(guid)
    await client.delete_relationship(guid)
    await client.delete_relationship(nobody)

    with pytest.raises(NotFound):
        await client.relationship(nobody)


# Types


async def test_a_type_is_registered_once_and_the_second_time_is_fine(client, account):
    definition = {
        "category": "ENTITY",
        "name": f"t_{account.run}",
        "superTypes": ["Process"],
        "attributeDefs": [],
    }

    assert await client.type_definition(definition["name"]) is None
    await client.create_entity_type(definition)
    await client.create_entity_type(definition)

    assert (await client.type_definition(definition["name"]))["superTypes"] == ["Process"]


# Sign-in


class Counting:
    """A credential that counts how often it is asked."""

    def __init__(self, credential):
        self.credential = credential
        self.asked = 0

    def get_token(self, *scopes, **options):
        self.asked += 1
        return self.credential.get_token(*scopes, **options)


async def test_one_token_serves_many_calls(address, account, credential):
    counting = Counting(credential)
    client = DataMap(address, counting, scope=SCOPE, max_concurrency=4)
    name = account.name("x")

    await client.entity_by_qualified_name("DataSet", name)
    await asyncio.gather(*(client.entity_by_qualified_name("DataSet", name) for _ in range(10)))
    client.close()

    assert counting.asked == 1


async def test_a_sign_in_says_as_whom_and_costs_no_call(client, account):
    with account.counting() as counted:
        principal = await client.sign_in()

    assert counted == {}
    assert re.fullmatch(r"the identity with object id [0-9a-f-]{36} \(application [0-9a-f-]{36}\)", principal)


@pytest.fixture
def settings(address):
    """App settings for the account, with more of them or others."""

    def settings(**more):
        storage = {
            f"LineageStorage__{service}ServiceUri": "https://contoso.core.windows.net"
            for service in ("queue", "blob", "table")
        }
        return Settings.read(
            {"PURVIEW_ENDPOINT": address, "LINEAGE_QUEUE_NAME": "lineage", **storage, **more}
        )

    return settings


@pytest.mark.usefixtures("credential")
async def test_an_identity_of_several_is_chosen_by_its_client_id(address, account, settings):
    chosen = settings(PURVIEW_CLIENT_ID="for-purview", LineageStorage__clientId="for-storage")
    client = DataMap(address, purview_credential(chosen), scope=SCOPE, max_concurrency=1)

    principal = await client.sign_in()
    found = await client.entity_by_qualified_name("DataSet", account.name("x"))
    client.close()

    assert "application for-purview" in principal
    assert found is None
    storage = storage_credential(chosen.storage).get_token("https://storage.azure.com/.default")
    assert "application for-storage" in principal_of(storage.token)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return tmp_path_factory.mktemp("tls") / "datamap.pem"


@pytest.fixture(scope="module")
def entra(certificate):
    """The address of a Data Map with a token endpoint that speaks https, as client secrets need it."""
    with running("--self-signed", str(certificate)) as address:
        yield address


@pytest.fixture
def with_secret(entra, certificate, settings, monkeypatch):
    """Clients that sign in with a client secret."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    clients = []

    def with_secret(secret):
        chosen = settings(
            PURVIEW_AUTH="client-secret",
            PURVIEW_TENANT_ID="tenant",
            PURVIEW_CLIENT_ID="client",
            PURVIEW_CLIENT_SECRET=secret,
            PURVIEW_AUTHORITY_HOST=entra,
        )
        clients.append(DataMap(entra, purview_credential(chosen), scope=SCOPE, max_concurrency=1))
        return clients[-1]

    yield with_secret
    for client in clients:
        client.close()


async def test_a_client_secret_signs_in(with_secret):
    client = with_secret(SIGN_IN.client_secret)

    assert "application client" in await client.sign_in()
    assert await client.entity_by_qualified_name("DataSet", "nothing") is None


async def test_a_wrong_client_secret_is_said_to_be_so(with_secret):
    with pytest.raises(SignInFailed, match="Invalid client secret provided"):
        await with_secret("wrong").sign_in()


async def test_an_identity_that_gets_no_token_makes_no_call(address, account, monkeypatch):
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{address}/identity/token")
    monkeypatch.setenv("IDENTITY_HEADER", "wrong")
    with ManagedIdentityCredential() as credential, account.counting() as counted:
        client = DataMap(address, credential, scope=SCOPE, max_concurrency=1)
        with pytest.raises(SignInFailed) as checked:
            await client.sign_in()
        with pytest.raises(SignInFailed) as called:
            await client.upsert([dataset(account.name("x"))])
        client.close()

    assert counted == {}
    assert checked.value.fate is called.value.fate is Fate.DEFERRED
    assert "\n" not in str(called.value)
    assert client.pause == 0


async def test_a_token_for_another_audience_is_not_authorized(address, account, credential):
    client = DataMap(address, credential, scope="https://storage.azure.com/.default", max_concurrency=1)

    with pytest.raises(NotAuthorized, match="audience") as caught:
        await client.upsert([dataset(account.name("x"))])
    client.close()

    assert caught.value.http_status == 401


async def test_a_missing_role_is_not_authorized_and_not_tried_again(client, account):
    account.misbehave({"status": 403, "next": 5})

    with account.counting() as counted, pytest.raises(NotAuthorized) as caught:
        await client.upsert([dataset(account.name("x"))])

    assert counted == {BULK: 1}
    assert caught.value.facts() == {"dataMapStatus": 403, "errorCode": "Unauthorized"}
    assert caught.value.fate is Fate.DEFERRED


# A Data Map that is not well


@pytest.mark.parametrize("body", ["gateway", "atlas", "html", "empty"])
@pytest.mark.parametrize("status", [408, 413])
async def test_what_is_too_large_is_said_at_once(client, account, status, body):
    account.misbehave({"status": status, "next": 1, "body": body})

    with account.counting() as counted, pytest.raises(TooLarge) as caught:
        await client.upsert([dataset(account.name("x"))])

    assert (counted, caught.value.http_status) == ({BULK: 1}, status)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_throttled_call_is_tried_again_until_it_goes_through(client, account, status):
    account.misbehave({"status": status, "next": 2, "retryAfterSeconds": 0.1})

    with account.counting() as counted:
        done = await client.upsert([dataset(account.name("x"))])

    assert counted == {BULK: 3}
    assert account.find("x")[0]["guid"] == done["guidAssignments"]["-1"]
    assert client.pause == 0


async def test_a_call_that_would_have_to_wait_too_long_is_given_up_and_says_when_to_come_back(
    client, account
):
    account.misbehave({"status": 429, "next": 5, "retryAfterSeconds": 300})

    with account.counting() as counted, pytest.raises(Unavailable) as caught:
        await client.upsert([dataset(account.name("x"))])

    assert counted == {BULK: 1}
    assert caught.value.facts() == {
        "dataMapStatus": 429,
        "errorCode": "TooManyRequests",
        "retryAfterSeconds": 300.0,
    }
    assert 200 < client.pause <= 300


class Known:
    """A credential with a token of its own."""

    def get_token(self, *_scopes, **_options):
        return AccessToken("token", 9_999_999_999)


@pytest.fixture
async def instead():
    """A client of something that is no Data Map, and answers as it is told."""
    servers, clients = [], []

    async def start(answer, credential=None):
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", answer)
        servers.append(TestServer(app))
        await servers[-1].start_server()
        endpoint = str(servers[-1].make_url("")).rstrip("/")
        clients.append(DataMap(endpoint, credential or Known(), scope=SCOPE, max_concurrency=1))
        return clients[-1]

    yield start
    for client in clients:
        client.close()
    for server in servers:
        await server.close()


@pytest.mark.parametrize("page", ["<html>We will be back soon</html>", "[]", "null", '"ok"', '{"guid'])
async def test_a_page_in_place_of_an_answer_is_no_success(instead, page):
    async def maintenance(_request):
        return web.Response(text=page, content_type="text/html")

    client = await instead(maintenance)

    with pytest.raises(Unavailable, match="not as a Data Map") as caught:
        await client.upsert([dataset("x")])

    assert (caught.value.fate, caught.value.http_status) == (Fate.DEFERRED, 200)
    assert client.pause == 0


async def test_an_empty_answer_is_a_success_that_says_nothing(instead):
    async def nothing(_request):
        return web.Response(status=204)

    await (await instead(nothing)).delete_relationship("g")


@pytest.mark.parametrize("status", [200, 404, 502])
async def test_what_is_not_the_text_that_it_says_it_is_is_no_answer(instead, status):
    async def garbled(_request):
        return web.Response(
            status=status, body=b'{"a": "\xff"}', headers={"Content-Type": "application/json; charset=utf-8"}
        )

    with pytest.raises(Unavailable) as caught:
        await (await instead(garbled)).delete_relationship("g")

    assert caught.value.http_status == status


@pytest.mark.parametrize("date", ["soon", "", "Mon, 99 Nov 2026 99:00:00 GMT"])
async def test_a_clock_that_cannot_be_read_is_taken_to_be_right(instead, date):
    async def dated(_request):
        return web.json_response({}, headers={"Date": date})

    assert await (await instead(dated)).clock_offset() == 0


@pytest.mark.parametrize(("code", "kind"), [("Conflict", Refused), (None, Unavailable)])
async def test_a_service_beside_the_data_map_says_no_with_codes_of_its_own(instead, code, kind):
    async def changed(_request):
        return web.json_response({"error": {"code": code, "message": "changed meanwhile"}}, status=409)

    with pytest.raises(kind) as caught:
        await (await instead(changed)).account("PUT", "/policystore/x", "2021-07-01", {})

    assert (type(caught.value), caught.value.http_status, caught.value.error_code) == (kind, 409, code)


class Unreadable:
    """A credential whose token lies in a file that is not there, or not what it should be."""

    def __init__(self, error):
        self.error = error

    def get_token(self, *_scopes, **_options):
        raise self.error


@pytest.mark.parametrize("error", [FileNotFoundError("no such token"), ValueError("no token")])
async def test_a_credential_that_cannot_read_its_file_fails_to_sign_in(instead, error):
    async def nothing(_request):
        return web.Response(status=204)

    client = await instead(nothing, Unreadable(error))

    with pytest.raises(SignInFailed, match=r"no .*token"):
        await client.sign_in()
    with pytest.raises(SignInFailed, match=r"no .*token"):
        await client.upsert([dataset("x")])


async def test_a_probe_that_is_cancelled_while_it_waits_for_a_connection_blocks_nobody(
    client, account, monkeypatch
):
    """One connection, held by a slow call of before the outage; the call that was to try the Data Map goes away."""
    monkeypatch.setattr(client, "_connections", asyncio.Semaphore(1))
    await client._connections.acquire()
    client._pace.failed(await client._pace.turn(1), Unavailable("down"))
    client._pace._until = 0  # the pause is over
    probe = asyncio.create_task(client.type_definition("DataSet"))
    await asyncio.sleep(0)
    assert client._pace._probe

    probe.cancel()
    await asyncio.wait([probe])
    client._connections.release()

    assert await client.entity_by_qualified_name("DataSet", account.name("x")) is None


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("inf", 3600.0),
        ("1e999", 3600.0),
        ("86400", 3600.0),
        ("1.5", 1.5),
        ("0", 0.0),
        ("-5", 0.0),
        ("nan", 0.0),
        ("soon", None),
        ("", None),
    ],
)
async def test_when_to_come_back_is_at_most_an_hour_whatever_the_header_says(monkeypatch, header, seconds):
    monkeypatch.setattr("lineage.datamap.PATIENCE", 0)

    async def throttled(_request):
        return web.Response(status=429, headers={"Retry-After": header})

    app = web.Application()
    app.router.add_post("/{path:.*}", throttled)
    async with TestServer(app) as server:
        endpoint = str(server.make_url("")).rstrip("/")
        client = DataMap(endpoint, Known(), scope=SCOPE, max_concurrency=1)
        with pytest.raises(Unavailable) as caught:
            await client.upsert([dataset("x")])
        client.close()

    assert caught.value.retry_after == seconds
    assert client.pause <= 3600


async def test_while_the_data_map_rests_no_other_call_is_made(client, account):
    account.misbehave({"status": 503, "next": 5, "retryAfterSeconds": 300})
    with pytest.raises(Unavailable):
        await client.upsert([dataset(account.name("x"))])
    account.mend()

    with account.counting() as counted, pytest.raises(Unavailable, match="calls are held back") as caught:
        await client.entity_by_qualified_name("DataSet", account.name("x"))

    assert counted == {}
    assert 200 < caught.value.retry_after <= 300


async def test_an_outage_costs_one_call_per_pause_however_many_wait(client, account, monkeypatch):
    monkeypatch.setattr("lineage.datamap.PATIENCE", 1.5)
    account.misbehave({"status": 503, "probability": 1})

    with account.counting() as counted:
        calls = (client.upsert([dataset(account.name(f"{number}"))]) for number in range(8))
        ended = await asyncio.gather(*calls, return_exceptions=True)

    assert {type(error) for error in ended} == {Unavailable}
    assert 8 <= counted[BULK] <= 8 + 3


async def test_a_call_over_which_the_data_map_stumbles_is_not_tried_again(client, account):
    account.misbehave({"status": 500, "next": 5, "body": "atlas"})

    with account.counting() as counted, pytest.raises(Unavailable) as caught:
        await client.upsert([dataset(account.name("x"))])

    assert counted == {BULK: 1}
    assert (caught.value.error_code, caught.value.concerns_all) == ("ATLAS-500-00-001", False)
    assert client.pause == 0


async def test_a_connection_that_breaks_before_an_answer_is_tried_again_at_once(client, account, monkeypatch):
    monkeypatch.setattr("lineage.datamap.PATIENCE", 0)
    account.misbehave({"drop": True, "next": 1})

    with account.counting() as counted:
        done = await client.upsert([dataset(account.name("x"))])

    assert counted == {BULK: 2}
    assert account.find("x")[0]["guid"] == done["guidAssignments"]["-1"]


async def test_a_write_whose_answer_was_lost_is_done_once(client, account):
    up, down = account.entities("up", "down")
    account.misbehave({"drop": True, "next": 1, "afterWork": True})

    with pytest.raises(AlreadyExists):
        await client.create_relationship(edge(up, down))

    assert account.arrows(up) == {(up, down)}


async def test_a_proxys_page_is_quoted_in_short(client, account):
    account.misbehave({"status": 502, "next": 1, "body": "html", "retryAfterSeconds": 300})

    with pytest.raises(Unavailable, match=r"^HTTP 502: <html>"):
        await client.upsert([dataset(account.name("x"))])


async def test_many_calls_at_once_share_the_connections(client, account):
    names = [account.name(str(number)) for number in range(40)]

    done = await asyncio.gather(*(client.upsert([dataset(name)]) for name in names))

    assert len({answer["guidAssignments"]["-1"] for answer in done}) == 40
