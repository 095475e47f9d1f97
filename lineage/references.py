"""What a caller wrote for a dataset, to a guid or to a type and qualifiedName. Pure; `naming` has the rules."""

from lineage import naming
from lineage.errors import InvalidRequest, Mistake
from lineage.naming import Asset, Rules
from lineage.request import (
    GUID_PATTERN,
    Dataset,
    DatasetByGuid,
    DatasetByName,
    DatasetByQualifiedName,
    LineageRequest,
)

Reference = Asset | str  # type and qualifiedName, or a guid


def understood(request: LineageRequest, rules: Rules) -> dict[str, Reference]:
    """Every dataset of the request by its path, or `InvalidRequest` for those that no rule understands."""
    references: dict[str, Reference] = {}
    mistakes = []
    for path, dataset in request.datasets():
        reference = _reference(dataset, rules)
        if reference is None:
            mistakes.append(
                Mistake(
                    path, f"no naming rule understands {_shown(dataset)}: write typeName and qualifiedName"
                )
            )
        else:
            references[path] = reference
    if mistakes:
        raise InvalidRequest(*mistakes)
    return references


def display_name(dataset: Dataset, asset: Asset) -> str:
    """The name an asset gets if it has to be created: the caller's, or one made of the qualifiedName."""
    given = dataset.display_name if isinstance(dataset, DatasetByQualifiedName) else None
    return given or naming.display_name(asset)


def _reference(dataset: Dataset, rules: Rules) -> Reference | None:
    match dataset:
        case DatasetByGuid():
            return dataset.guid
        case DatasetByQualifiedName():
            return Asset(dataset.type_name, dataset.qualified_name)
        case DatasetByName():
            match = naming.locate_openlineage(dataset.namespace, dataset.name, rules)
        case str() if GUID_PATTERN.match(dataset):
            return dataset.lower()
        case str():
            match = naming.locate(dataset, rules)
    return match.asset if match else None


def _shown(dataset: Dataset) -> str:
    if isinstance(dataset, DatasetByName):
        return f"the namespace {dataset.namespace!r} with the name {dataset.name!r}"
    return repr(dataset)
