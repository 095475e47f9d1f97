"""How the Data Map refuses.

Two layers answer. Atlas errors carry an `errorCode` and a `requestId`; the gateway in front of Atlas (sign-in,
throttling) answers `{"error": {"code", "message"}}`. A client has to understand both.

Codes, statuses and message templates are those of Apache Atlas (AtlasErrorCode.java), which Purview kept: some 404s
carry a code that begins with ATLAS-400, and a missing mandatory attribute is a 404. So a client must branch on the code.
"""

from enum import Enum
from typing import Any
from uuid import uuid4


class Refused(Exception):
    """A request that gets an error answer: `status` and the JSON `body`."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(body)
        self.status = status
        self.body = body


def gateway_refusal(status: int, code: str, message: str) -> Refused:
    """The shape of the layer in front of Atlas, as seen in published 403 answers of real accounts."""
    return Refused(status, {"error": {"code": code, "message": message}})


class Code(Enum):
    """Atlas' error codes. `raise Code.X("argument")` fills the template and refuses."""

    CIRCULAR_REFERENCE = (
        400,
        "ATLAS-400-00-002",
        "{0}: invalid supertypes - circular reference back to self {1}",
    )
    INVALID_TYPE_DEFINITION = 400, "ATLAS-400-00-011", "Invalid type definition {0}"
    TYPE_NAME_INVALID = 400, "ATLAS-400-00-014", "Type {0} with name {1} does not exist"
    INVALID_PARAMETERS = 400, "ATLAS-400-00-01A", "invalid parameters: {0}"
    INVALID_OBJECT_ID = 400, "ATLAS-400-00-021", "ObjectId is not valid {0}"
    UNKNOWN_ATTRIBUTE = 400, "ATLAS-400-00-023", "Attribute {0} not found for type {1}"
    INSTANCE_LINEAGE_INVALID_PARAMS = (
        400,
        "ATLAS-400-00-026",
        "Invalid lineage query parameters passed {0}: {1}",
    )
    ATTRIBUTE_UPDATE_NOT_SUPPORTED = 400, "ATLAS-400-00-027", "{0}.{1} : attribute update not supported"
    INVALID_VALUE = 400, "ATLAS-400-00-028", "invalid value: {0}"
    BAD_REQUEST = 400, "ATLAS-400-00-029", "{0}"
    INVALID_RELATIONSHIP_END_TYPE = (
        400,
        "ATLAS-400-00-036",
        (
            "invalid relationshipDef: {0}: actual: [end type 1: {1}, end type 2: {2}]."
            " expected: [end type 1: {3}, end type 2: {4}]"
        ),
    )
    RELATIONSHIP_INVALID_ENDTYPE = (
        400,
        "ATLAS-400-00-045",
        (
            "Invalid entity-type for relationship attribute '{0}': entity specified (guid={1}) is of type '{2}',"
            " but expected type is '{3}'"
        ),
    )
    RELATIONSHIP_UPDATE_END_CHANGE_NOT_ALLOWED = (
        404,
        "ATLAS-400-00-069",
        (
            "change of relationship end is not permitted. relationship-type={0}, relationship-guid={1},"
            " end-guid={2}, updated-end-guid={3}"
        ),
    )
    RELATIONSHIP_UPDATE_TYPE_CHANGE_NOT_ALLOWED = (
        404,
        "ATLAS-400-00-06A",
        "change of relationship type is not permitted. relationship-guid={0}, current-type={1}, new-type={2}",
    )
    RELATIONSHIP_END_IS_NULL = (
        400,
        "ATLAS-400-00-07D",
        "Relationship end is invalid. Expected {0} but is NULL",
    )
    TYPE_NAME_NOT_FOUND = 404, "ATLAS-404-00-001", "Given typename {0} was invalid"
    TYPE_GUID_NOT_FOUND = 404, "ATLAS-404-00-002", "Given type guid {0} was invalid"
    INSTANCE_GUID_NOT_FOUND = 404, "ATLAS-404-00-005", "Given instance guid {0} is invalid/not found"
    INSTANCE_LINEAGE_QUERY_FAILED = 404, "ATLAS-404-00-006", "Instance lineage query failed {0}"
    INSTANCE_CRUD_INVALID_PARAMS = (
        404,
        "ATLAS-404-00-007",
        "Invalid instance creation/updation parameters passed : {0}",
    )
    INSTANCE_BY_UNIQUE_ATTRIBUTE_NOT_FOUND = (
        404,
        "ATLAS-404-00-009",
        "Instance {0} with unique attribute {1} does not exist",
    )
    REFERENCED_ENTITY_NOT_FOUND = 404, "ATLAS-404-00-00A", "Referenced entity {0} is not found"
    RELATIONSHIP_GUID_NOT_FOUND = (
        404,
        "ATLAS-404-00-00C",
        "Given relationship guid {0} is invalid/not found",
    )
    RELATIONSHIP_CRUD_INVALID_PARAMS = (
        404,
        "ATLAS-404-00-00D",
        "Invalid relationship creation/updation parameters passed : {0}",
    )
    RELATIONSHIP_ALREADY_DELETED = (
        404,
        "ATLAS-404-00-00F",
        "Attempting to delete a relationship which is already deleted : {0}",
    )
    INVALID_LINEAGE_ENTITY_TYPE = (
        404,
        "ATLAS-404-00-011",
        "Given instance guid {0} with type {1} is not a valid lineage entity type.",
    )
    TYPE_ALREADY_EXISTS = 409, "ATLAS-409-00-001", "Given type {0} already exists"
    TYPE_HAS_REFERENCES = 409, "ATLAS-409-00-002", "Given type {0} has references"
    INSTANCE_UPDATE_CONFLICT = 409, "ATLAS-409-00-003", "failed to update entity: {0}"
    RELATIONSHIP_ALREADY_EXISTS = (
        409,
        "ATLAS-409-00-004",
        "relationship {0} already exists between entities {1} and {2}",
    )
    # Purview's answer to an outdated lastModifiedTS is not public; clients look for these letters in it.
    PRECONDITION_FAILED = 412, "PreConditionCheckFailed", "lastModifiedTS {0} is older than {1} of {2}"
    INTERNAL_ERROR = 500, "ATLAS-500-00-001", "Internal server error {0}"

    def __call__(self, *arguments: object) -> Refused:
        status, code, template = self.value
        message = template.format(*arguments)
        return Refused(status, {"requestId": str(uuid4()), "errorCode": code, "errorMessage": message})
