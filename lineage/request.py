"""
What a caller may ask: the lineage request, as it lies on the queue and is posted.

The models are the contract: the JSON Schema in `docs/` is generated from them, and every error they raise
carries the path of the field. Datasets stay as the caller wrote them; `naming` and `resolver` say later what
they are in the catalogue.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AliasChoices,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    JsonValue,
    StringConstraints,
    Tag,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError, from_json

from lineage.errors import InvalidRequest, Mistake

# Limits of the Data Map (names and qualifiedNames at most 4 KB) and of one request.
NAME_LIMIT = 4096
DATASETS_LIMIT = 2_000
COLUMNS_LIMIT = 50_000
DIRECT_EDGES_LIMIT = 1_000
CLOCKS_DIFFER = timedelta(hours=1)
BATCH_LIMIT = 1_000  # OpenLineage events of one HTTP request

# What a request says elsewhere than in `process.attributes`.
RESERVED_ATTRIBUTES = frozenset({"qualifiedName", "name", "inputs", "outputs", "columnMapping"})

GUID = r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"

GUID_PATTERN = re.compile(GUID)


def _of_4_kb(name: str) -> str:
    if len(name.encode()) > NAME_LIMIT:
        raise PydanticCustomError("name_too_long", f"longer than the Data Map's {NAME_LIMIT} bytes")
    return name


type_name = StringConstraints(min_length=1, max_length=255, pattern=r"^[A-Za-z][A-Za-z0-9_ .-]*$")
Guid = Annotated[str, StringConstraints(pattern=GUID, to_lower=True)]
TypeName = Annotated[str, type_name]


def _not_ahead(moment: datetime) -> datetime:
    """A time far in the future would keep every later request about the process from being written."""
    if moment > datetime.now(UTC) + CLOCKS_DIFFER:
        raise PydanticCustomError("event_time", "lies in the future: no later request would count")
    return moment


Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=NAME_LIMIT, strip_whitespace=True),
    AfterValidator(_of_4_kb),
]
OnMissing = Literal["wait", "create", "fail"]


class Model(BaseModel):
    """camelCase on the wire, as Purview's API is; unknown fields are mistakes, not noise."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True, validate_by_name=True)


class DatasetByGuid(Model):
    """A dataset by the guid Purview gave it."""

    guid: Guid
    type_name: TypeName | None = Field(
        default=None,
        description="for whoever reads the request; the type that the Data Map knows it by counts",
    )


class DatasetByQualifiedName(Model):
    """A dataset by type and qualifiedName; Atlas' own `uniqueAttributes` form is understood as well."""

    type_name: TypeName
    qualified_name: Name
    display_name: Name | None = Field(default=None, description="the name it gets if it has to be created")

    @model_validator(mode="before")
    @classmethod
    def _lift_unique_attributes(cls, value: Any) -> Any:
        if not isinstance(value, dict) or "uniqueAttributes" not in value:
            return value
        unique = value["uniqueAttributes"]
        if not isinstance(unique, dict) or unique.keys() != {"qualifiedName"}:
            raise mistake('uniqueAttributes: write {"qualifiedName": "..."}')
        return {key: item for key, item in value.items() if key != "uniqueAttributes"} | unique


class DatasetByName(Model):
    """A dataset as OpenLineage names it."""

    namespace: Name
    name: Name


def _dataset_form(value: Any) -> str | None:
    """Which of the forms a value is meant to be, so that its errors are of that form alone."""
    if isinstance(value, str):
        return "<text>"
    if isinstance(value, BaseModel):
        value = value.model_dump(by_alias=True)
    if not isinstance(value, dict):
        return None
    if "guid" in value:
        return "<guid>"
    if value.keys() & {"typeName", "type_name", "qualifiedName", "qualified_name", "uniqueAttributes"}:
        return "<typed>"
    return "<named>" if value.keys() & {"namespace", "name"} else None


Dataset = Annotated[
    Annotated[Name, Tag("<text>")]
    | Annotated[DatasetByGuid, Tag("<guid>")]
    | Annotated[DatasetByQualifiedName, Tag("<typed>")]
    | Annotated[DatasetByName, Tag("<named>")],
    Discriminator(
        _dataset_form,
        custom_error_type="dataset_form",
        custom_error_message=(
            "write a guid, a name (a qualifiedName or a storage, JDBC or abfss URL), "
            "{guid}, {typeName, qualifiedName} or {namespace, name}"
        ),
    ),
    Field(description="a guid, a name, {guid}, {typeName, qualifiedName} or {namespace, name}"),
]


def _as_list(value: Any) -> Any:
    """`source` and `target` name one dataset where `inputs` and `outputs` list several."""
    return value if isinstance(value, list | tuple) or value is None else [value]


Datasets = Annotated[tuple[Dataset, ...], BeforeValidator(_as_list), Field(max_length=DATASETS_LIMIT)]


class Process(Model):
    """The job between inputs and outputs. The same namespace and name always mean the same node in Purview."""

    name: Name
    namespace: Name = "default"
    type_name: TypeName | None = Field(default=None, description="a Process subtype; ours if it is left out")
    qualified_name: Name | None = Field(
        default=None, description="instead of the one made of namespace and name"
    )
    description: Annotated[str, Field(max_length=32_768)] | None = None
    attributes: dict[str, JsonValue] = Field(
        default_factory=dict, description="further attributes of the type"
    )

    @model_validator(mode="after")
    def _can_be_written(self) -> Self:
        if taken := RESERVED_ATTRIBUTES & self.attributes.keys():
            raise mistake(f"attributes.{min(taken)}: the request itself says this one")
        try:
            json.dumps(self.attributes, allow_nan=False)
        except ValueError:
            raise mistake("attributes: holds a number that JSON cannot") from None
        if len(self.key.encode()) > NAME_LIMIT:
            raise mistake(f"name: with its namespace it is longer than the Data Map's {NAME_LIMIT} bytes")
        return self

    @property
    def key(self) -> str:
        """The qualifiedName: from the job's identity, never from its inputs, so that a job is one node for ever."""
        if self.qualified_name:
            return self.qualified_name
        namespace = self.namespace.rstrip("/")
        return f"{namespace}/{self.name}" if "://" in namespace else f"lineage://{namespace}/{self.name}"


class ColumnOfDataset(Model):
    """One end of a column pair where its side has several datasets."""

    dataset: Dataset
    column: Name


def _column_form(value: Any) -> str | None:
    return (
        "<text>"
        if isinstance(value, str)
        else "<of dataset>"
        if isinstance(value, dict | ColumnOfDataset)
        else None
    )


ColumnEnd = Annotated[
    Annotated[Name, Tag("<text>")] | Annotated[ColumnOfDataset, Tag("<of dataset>")],
    Discriminator(
        _column_form,
        custom_error_type="column_form",
        custom_error_message="write a column's name or {dataset, column}",
    ),
]


class ColumnMapping(Model):
    """One column of an input feeds one column of an output. Several sources of one column are several pairs."""

    source: ColumnEnd
    target: ColumnEnd


class LineageRequest(Model):
    """
    Lineage to write or to remove.

    With `process`: inputs -> process -> outputs. Without: direct lineage from each input to each output.
    """

    id: Annotated[str, StringConstraints(min_length=1, max_length=256)] | None = Field(
        default=None, description="your idempotency key; derived from the content if left out"
    )
    action: Literal["write", "remove"] = "write"
    mode: Literal["replace", "append"] = Field(
        default="replace",
        description="replace: what is declared is the whole truth about the process (or, in direct lineage, "
        "about the columns of its edges); append: it is added to what is there",
    )
    on_missing: OnMissing | None = Field(
        default=None, description="what to do about a dataset that is not in the catalogue"
    )
    event_time: Annotated[AwareDatetime, AfterValidator(_not_ahead)] | None = Field(
        default=None,
        description="when it happened: an older request never overwrites a newer one about its process",
    )
    inputs: Datasets | None = Field(default=None, validation_alias=AliasChoices("inputs", "source", "end1"))
    outputs: Datasets | None = Field(default=None, validation_alias=AliasChoices("outputs", "target", "end2"))
    process: Process | None = None
    columns: Annotated[tuple[ColumnMapping, ...], Field(max_length=COLUMNS_LIMIT)] | None = None
    relationship_type: Literal["DataFlow"] | None = Field(
        default=None, exclude=True, description="accepted from old notebooks; it means direct lineage"
    )

    @model_validator(mode="after")
    def _sides_are_there(self) -> Self:
        if self.process is None:
            for side, datasets in (("inputs", self.inputs), ("outputs", self.outputs)):
                if not datasets:
                    raise mistake(
                        f"{side}: direct lineage needs at least one dataset here (or name a process)"
                    )
            if len(self.inputs or ()) * len(self.outputs or ()) > DIRECT_EDGES_LIMIT:
                raise mistake(
                    f"inputs: more than {DIRECT_EDGES_LIMIT} direct edges: name the process between them"
                )
        elif self.action == "write" and self.inputs is None and self.outputs is None:
            raise mistake("inputs: a process needs inputs or outputs (an empty list says that it has none)")
        return self

    @model_validator(mode="after")
    def _columns_have_datasets(self) -> Self:
        for index, pair in enumerate(self.columns or ()):
            for end, side, datasets in (
                ("source", "inputs", self.inputs or ()),
                ("target", "outputs", self.outputs or ()),
            ):
                if isinstance(getattr(pair, end), str) and len(datasets) != 1:
                    raise mistake(
                        f"columns.{index}.{end}: the request has {len(datasets)} {side}: "
                        'write {"dataset": ..., "column": ...}'
                    )
        return self

    @cached_property  # asked for several times, and it may be a long request
    def key(self) -> str:
        """The idempotency key: the caller's own, or a digest of what is asked."""
        if self.id:
            return self.id
        content = json.dumps(self.model_dump(mode="json", exclude_none=True), sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:32]

    def datasets(self) -> Iterator[tuple[str, "Dataset"]]:
        """Every dataset the request names, with the path it is named at."""
        for side, datasets in (("inputs", self.inputs or ()), ("outputs", self.outputs or ())):
            for index, dataset in enumerate(datasets):
                yield f"{side}.{index}", dataset
        for index, pair in enumerate(self.columns or ()):
            for side, end in (("source", pair.source), ("target", pair.target)):
                if isinstance(end, ColumnOfDataset):
                    yield f"columns.{index}.{side}.dataset", end.dataset


def read_json(body: bytes | str) -> Any:
    """JSON to Python, or `InvalidRequest`. Bounded in depth, and strict about numbers and characters."""
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise InvalidRequest(Mistake("", f"not JSON: {error}")) from error


def read_request(payload: Any) -> LineageRequest:
    """A parsed payload to a request, or `InvalidRequest` with every mistake and its path."""
    if not isinstance(payload, dict):
        raise InvalidRequest(Mistake("", f"a lineage request is a JSON object, this is {json_kind(payload)}"))
    try:
        return LineageRequest.model_validate(payload, by_name=False, by_alias=True)
    except ValidationError as error:
        raise invalid(error) from None


def invalid(error: ValidationError) -> InvalidRequest:
    """What a model says to its input, in our words."""
    return InvalidRequest(*map(_to_mistake, error.errors(include_url=False, include_input=False)))


def json_schema() -> dict[str, Any]:
    """The request as JSON Schema (draft 2020-12), with the spellings for one dataset beside those for several."""
    schema = LineageRequest.model_json_schema()
    one = {"allOf": [schema["properties"]["inputs"]["anyOf"][0]["items"]]}
    for name, side in (("source", "inputs"), ("target", "outputs"), ("end1", "inputs"), ("end2", "outputs")):
        schema["properties"][name] = {**one, "description": f"one dataset, instead of `{side}`"}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def mistake(message: str) -> PydanticCustomError:
    return PydanticCustomError("lineage_request", "{text}", {"text": message})


def _to_mistake(error: Any) -> Mistake:
    """Pydantic's location without the names of our unions' branches, and its words in ours."""
    path = [str(part) for part in error["loc"] if part not in _FORMS]
    if path[:1] and path[0] in _SPELLINGS and path[1:2] == ["0"]:
        del path[1]
    message = _WORDS.get(error["type"], error["msg"])
    if error["type"] == "lineage_request":
        at, _, message = error["msg"].partition(": ")
        path.append(at)
    elif error["type"] == "extra_forbidden" and len(path) == 1 and path[0] in _SPELLINGS:
        message = "says the same as another field of the request: give one of them"
    elif error["type"] == "string_pattern_mismatch" and error["ctx"]["pattern"] == GUID:
        message = "not a guid: 8-4-4-4-12 hexadecimal digits"
    return Mistake(".".join(path), message)


_FORMS = frozenset({"<text>", "<guid>", "<typed>", "<named>", "<of dataset>"})
_SPELLINGS = frozenset({"source", "target", "end1", "end2"})
_WORDS = {
    "extra_forbidden": "no such field",
    "missing": "this field is needed",
    "model_type": "write a JSON object",
    "tuple_type": "write a JSON array",
    "dict_type": "write a JSON object",
}


def json_kind(value: Any) -> str:
    """A JSON value's kind, in words."""
    kinds = {
        bool: "a boolean",
        int: "a number",
        float: "a number",
        str: "a string",
        list: "an array",
        dict: "an object",
    }
    return kinds.get(type(value), "null")


if __name__ == "__main__":
    print(json.dumps(json_schema(), indent=2))  # noqa: T201 - `make schema`
