"""What a type definition has to be before it is looked at any closer."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from local.datamap.errors import Code
from local.datamap.typesystem import Definition

_Name = Annotated[str, Field(min_length=1)]


class _Posted(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)

    name: _Name


class _Attribute(_Posted):
    type_name: _Name = "string"
    is_optional: bool = True


class _Type(_Posted):
    super_types: list[_Name] = []
    attribute_defs: list[_Attribute] = []


class _End(_Posted):
    type: _Name


class _Relationship(_Type):
    end_def1: _End
    end_def2: _End


_MODELS: dict[str, type[_Posted]] = {
    "ENTITY": _Type,
    "CLASSIFICATION": _Type,
    "STRUCT": _Type,
    "BUSINESS_METADATA": _Type,
    "RELATIONSHIP": _Relationship,
}


def checked(given: Any, category: str) -> Definition:
    """The definition without what is null in it, if it makes sense as one of the category."""
    if not isinstance(given, dict):
        raise Code.INVALID_PARAMETERS("a type definition is not an object")
    definition = {key: value for key, value in given.items() if value is not None}
    try:
        _MODELS.get(category, _Posted).model_validate(definition)
    except ValidationError as invalid:
        wrong = invalid.errors()[0]
        place = ".".join(map(str, wrong["loc"]))
        raise Code.INVALID_TYPE_DEFINITION(f"{given.get('name')}: {place}: {wrong['msg']}") from invalid
    return definition
