"""
The Data Map client: one pooled session, one token, and errors that know their fate.

Only what lineage needs of Purview's Data Map API (Apache Atlas v2, api-version `2023-09-01`). Calls block in a
bounded pool of threads, never on the event loop. Nothing is retried here but a connection that broke before an
answer came: whether and when to try again is `delivery`'s business. Every write is idempotent, so it is safe.
"""

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import quote, urlencode

import requests
from azure.core import PipelineClient
from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError
from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import (
    BearerTokenCredentialPolicy,
    HeadersPolicy,
    RequestIdPolicy,
    RetryPolicy,
    UserAgentPolicy,
)
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest, HttpResponse
from requests.adapters import HTTPAdapter

from lineage import __version__
from lineage.answers import Json, answer_of, error_of, retry_after, text_of
from lineage.batching import batched
from lineage.errors import (
    AlreadyExists,
    DataMapError,
    NotFound,
    Refused,
    SignInFailed,
    TypeMissing,
    Unavailable,
    first_line,
)
from lineage.identity import claims_of, principal_of
from lineage.pace import Pace, Turn
from lineage.settings import is_loopback
from lineage.telemetry import telemetry

API_VERSION = "2023-09-01"
CONNECT_TIMEOUT = 10  # seconds
READ_TIMEOUT = 60  # seconds; twice that, for the one retry, is still far below the host's functionTimeout
PATIENCE = 20.0  # seconds that a call waits and is tried again while the Data Map throttles or is down
GUIDS_PER_CALL = 100
QUERY_LIMIT = 6_000  # characters; gateways commonly refuse a request line beyond 8 KB

TYPE_BY_NAME = "/atlas/v2/types/typedef/name/{name}"
ACCOUNT = "/{account}"  # whatever is beside the Data Map: collections and their policies, a few calls by `lineage setup`

METHODS = frozenset({"GET", "POST", "PUT", "DELETE"})


class DataMap:
    """One Purview account's Data Map. Safe to use from many tasks at once; made once per process."""

    def __init__(
        self, endpoint: str, credential: TokenCredential, *, scope: str, max_concurrency: int
    ) -> None:
        self._credential, self._scope = credential, scope
        self._client = _pipeline(endpoint, credential, scope, max_concurrency)
        self._endpoint = endpoint
        self._base = f"{endpoint}/datamap/api"
        self._options: Json = {"retry_on_methods": METHODS, "enforce_https": not is_loopback(endpoint)}
        self._threads = ThreadPoolExecutor(max_concurrency, thread_name_prefix="datamap")
        self._connections = asyncio.Semaphore(max_concurrency)
        self._pace = Pace()

    async def upsert(self, entities: Sequence[Json], *, collection: str | None = None) -> Json:
        """
        Creates or updates entities in one call, all or none; answers Atlas' EntityMutationResult.

        `collection` *moves* what it touches, so it is given only with entities of our own.
        """
        query = {"api-version": API_VERSION} | ({"collectionId": collection} if collection else {})
        body = {"referredEntities": {}, "entities": list(entities)}
        return await self._call("POST", "/atlas/v2/entity/bulk", query, body)

    async def entities_by_guid(self, guids: Iterable[str]) -> list[Json]:
        """The entities of these guids, with their relationships."""
        found: list[Json] = []
        for page in batched(guids, GUIDS_PER_CALL):
            query = [("guid", guid) for guid in page]
            answer = await self._call("GET", "/atlas/v2/entity/bulk", [*query, ("api-version", API_VERSION)])
            found += answer.get("entities") or ()
        return found

    async def entities_by_qualified_name(self, type_name: str, names: Sequence[str]) -> list[Json]:
        """The entities of one type with these qualifiedNames; those that do not exist are left out."""
        found: list[Json] = []
        route = "/atlas/v2/entity/bulk/uniqueAttribute/type/{typeName}"
        for query in _unique_attribute_queries(names):
            by_name = [*query, ("ignoreRelationships", "true")]
            answer = await self._call("GET", route, by_name, typeName=type_name)
            found += answer.get("entities") or ()
        return found

    async def entity_by_qualified_name(self, type_name: str, name: str) -> Json | None:
        """One entity with its relationships, or None."""
        route = "/atlas/v2/entity/uniqueAttribute/type/{typeName}"
        try:
            answer = await self._call("GET", route, {"attr:qualifiedName": name}, typeName=type_name)
        except (NotFound, TypeMissing):
            return None
        entity: Json | None = answer.get("entity")
        return entity

    async def delete_entity(self, guid: str) -> None:
        """Deletes an entity; one that is gone already is fine."""
        try:
            await self._call("DELETE", "/atlas/v2/entity/guid/{guid}", guid=guid)
        except NotFound:
            return

    async def create_relationship(self, relationship: Json) -> str:
        """Creates a relationship and answers its guid; `AlreadyExists` if an active one is there."""
        answer = await self._call("POST", "/atlas/v2/relationship", body=relationship)
        return str(answer.get("guid", ""))

    async def relationship(self, guid: str) -> Json:
        """A relationship with its attributes."""
        answer = await self._call("GET", "/atlas/v2/relationship/guid/{guid}", guid=guid)
        return dict(answer.get("relationship") or answer)

    async def update_relationship(self, guid: str, type_name: str, attributes: Json) -> None:
        """Sets attributes of a relationship; those not given keep their values."""
        await self._call(
            "PUT",
            "/atlas/v2/relationship",
            body={"guid": guid, "typeName": type_name, "attributes": attributes},
        )

    async def delete_relationship(self, guid: str) -> None:
        """Deletes a relationship; one that is gone already is fine."""
        try:
            await self._call("DELETE", "/atlas/v2/relationship/guid/{guid}", guid=guid)
        except NotFound:
            return

    async def lineage(self, guid: str, *, direction: str, depth: int, width: int) -> Json:
        """The lineage around a dataset or process: Atlas' AtlasLineageInfo."""
        query = {"direction": direction, "depth": str(depth), "width": str(width)}
        return await self._call("GET", "/atlas/v2/lineage/{guid}", query, guid=guid)

    async def type_definition(self, name: str) -> Json | None:
        """A type's definition, or None."""
        try:
            return await self._call("GET", TYPE_BY_NAME, name=name)
        except (NotFound, TypeMissing):
            return None

    async def create_entity_type(self, definition: Json) -> None:
        """Registers an entity type; one that is there already is fine."""
        try:
            await self._call("POST", "/atlas/v2/types/typedefs", body={"entityDefs": [definition]})
        except AlreadyExists:
            return

    @property
    def pause(self) -> float:
        """Seconds for which calls are held back because the Data Map throttles or is down; 0 if it is not."""
        return self._pace.pause

    async def clock_offset(self) -> float:
        """
        Asks once, whatever the pace, and answers how many seconds the Data Map's clock is ahead of ours.

        Raises `TypeMissing` or `NotFound` where there is no base type: that is no Data Map.
        """
        request = HttpRequest("GET", self._base + TYPE_BY_NAME.format(name="DataSet"))
        response, _ = await self._send(request, TYPE_BY_NAME)
        try:
            said = parsedate_to_datetime(response.headers.get("Date", "")).astimezone(UTC)
        except ValueError:  # no date, or none that can be read
            return 0.0
        return (said - datetime.now(UTC)).total_seconds()

    async def account(self, method: str, path: str, api_version: str, body: Json | None = None) -> Json:
        """
        A call to another service of the account, beside the Data Map: its collections and their policies.

        These have codes of their own, none of Atlas', with which they say no: `Refused`.
        """
        url = f"{self._endpoint}{path}?{urlencode({'api-version': api_version})}"
        try:
            return await self._paced(HttpRequest(method, url, json=body), ACCOUNT)
        except Unavailable as error:
            if error.is_foreign and error.error_code:
                raise Refused(
                    error.detail, http_status=error.http_status, error_code=error.error_code
                ) from error
            raise

    async def claims(self) -> Json:
        """What the token for the Data Map says of itself, or `SignInFailed`."""
        return claims_of(await self.token())

    async def sign_in(self) -> str:
        """Gets a token and says whom it speaks for, or raises `SignInFailed`. Calls do so by themselves."""
        return principal_of(await self.token())

    async def token(self) -> str:
        """A token for the Data Map, or `SignInFailed`."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._get_token)

    def _get_token(self) -> str:
        try:
            return self._credential.get_token(self._scope).token
        except (AzureError, OSError, ValueError) as error:
            raise SignInFailed(first_line(error)) from error

    async def _call(
        self,
        method: str,
        route: str,
        query: dict[str, str] | list[tuple[str, str]] | None = None,
        body: Json | None = None,
        **in_path: str,
    ) -> Json:
        path = route.format(**{name: quote(value, safe="") for name, value in in_path.items()})
        # `attr:` stays literal, as Atlas' documentation writes it.
        url = f"{self._base}{path}" + (f"?{urlencode(query, safe=':')}" if query else "")
        return await self._paced(HttpRequest(method, url, json=body), route)

    async def _paced(self, request: HttpRequest, route: str) -> Json:
        """The call, when its turn has come, and again while patience lasts."""
        give_up = time.monotonic() + PATIENCE
        while True:
            turn = await self._pace.turn(give_up - time.monotonic())
            try:
                async with self._connections:
                    if self._pace.is_held_back(turn):  # since it waited for a connection
                        continue
                    return await self._observed(turn, request, route)
            except Unavailable as error:
                if not error.concerns_all or time.monotonic() + self._pace.pause > give_up:
                    raise
            except BaseException:  # also while it waited for a connection
                self._pace.ended(turn)
                raise

    async def _observed(self, turn: Turn, request: HttpRequest, route: str) -> Json:
        """The call; its answer tells the others how the Data Map is."""
        try:
            _, answer = await self._send(request, route)
        except Unavailable as error:
            if error.concerns_all:
                self._pace.failed(turn, error)
            else:
                self._pace.succeeded(turn)
            raise
        except DataMapError:
            self._pace.succeeded(turn)
            raise
        self._pace.succeeded(turn)
        return answer

    async def _send(self, request: HttpRequest, route: str) -> tuple[HttpResponse, Json]:
        loop = asyncio.get_running_loop()
        with telemetry().calling(request.method, route, self._base) as answered:
            response, answer = await loop.run_in_executor(self._threads, self._exchange, request)
            answered(response.status_code)
        return response, answer

    def _exchange(self, request: HttpRequest) -> tuple[HttpResponse, Json]:
        try:
            response = self._client.send_request(request, **self._options)
            text = text_of(response)
        except ClientAuthenticationError as error:
            raise SignInFailed(first_line(error)) from error
        except AzureError as error:
            raise Unavailable(f"no answer from the Data Map: {first_line(error)}") from error
        if not HTTPStatus.OK <= response.status_code < HTTPStatus.MULTIPLE_CHOICES:
            raise error_of(response.status_code, text, retry_after(response))
        return response, answer_of(response.status_code, text)

    def close(self) -> None:
        """Gives threads and connections back."""
        self._threads.shutdown(cancel_futures=True)
        self._client.close()


class _SignIn(BearerTokenCredentialPolicy[HttpRequest, HttpResponse]):
    """Whose every failure is one of signing in: also a token's file that is not there, or makes no sense."""

    def on_request(self, request: PipelineRequest[HttpRequest]) -> None:
        """Adds the token, or raises an `AzureError`."""
        try:
            super().on_request(request)
        except (OSError, ValueError) as error:
            raise ClientAuthenticationError(first_line(error)) from error


def _pipeline(
    endpoint: str, credential: TokenCredential, scope: str, connections: int
) -> PipelineClient[HttpRequest, HttpResponse]:
    session = requests.Session()
    session.mount(endpoint, HTTPAdapter(pool_connections=1, pool_maxsize=connections))
    policies = [
        RequestIdPolicy(),
        HeadersPolicy({"Accept": "application/json"}),
        UserAgentPolicy(f"purview-lineage/{__version__}"),
        RetryPolicy(retry_total=1, retry_status=0, retry_backoff_factor=0.1),
        _SignIn(credential, scope),
    ]
    transport = RequestsTransport(
        session=session, session_owner=True, connection_timeout=CONNECT_TIMEOUT, read_timeout=READ_TIMEOUT
    )
    return PipelineClient(endpoint, policies=policies, transport=transport)


def _unique_attribute_queries(names: Sequence[str]) -> Iterator[list[tuple[str, str]]]:
    """`attr_1:qualifiedName=...&attr_2:...`, cut where the request line would grow too long."""
    query: list[tuple[str, str]] = []
    length = 0
    for name in names:
        size = len(quote(name, safe=":")) + len("&attr_999:qualifiedName=")
        if query and length + size > QUERY_LIMIT:
            yield query
            query, length = [], 0
        query.append((f"attr_{len(query) + 1}:qualifiedName", name))
        length += size
    if query:
        yield query
