"""What a caller wrote for a dataset, to a guid or to a type and qualifiedName. Pure; `naming` has the rules."""

from collections.abc import Mapping
from functools import lru_cache

from lineage import naming
from lineage.errors import InvalidRequest, Mistake
from lineage.naming import Asset, Match, Rules
from lineage.naming.secrets import without_secrets
from lineage.request import (
    GUID_PATTERN,
    Dataset,
    DatasetByGuid,
    DatasetByName,
    DatasetByQualifiedName,
    LineageRequest,
    OnMissing,
)

GENERIC = "DataSet"
# Jobs name the same datasets again and again.
_locate = lru_cache(maxsize=10_000)(naming.locate)
_locate_openlineage = lru_cache(maxsize=10_000)(naming.locate_openlineage)
Reference = Asset | str  # type and qualifiedName, or a guid


def understood(request: LineageRequest, rules: Rules, on_missing: OnMissing) -> dict[str, Reference]:
    """
    Every dataset of the request by its path, or `InvalidRequest` for those that no rule understands.

    An OpenLineage name without a rule is unique all the same: where datasets may be created, it is a generic one.
    """
    references: dict[str, Reference] = {}
    mistakes = []
    for path, dataset in request.datasets():
        reference = _reference(dataset, rules)
        if reference is None and isinstance(dataset, DatasetByName) and on_missing == "create":
            name = f"{dataset.namespace.rstrip('/')}/{dataset.name.lstrip('/')}"
            reference = Asset(GENERIC, without_secrets(name))
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


def without_unknown_types(
    request: LineageRequest,
    references: Mapping[str, Reference],
    unknown: Mapping[str, str],
    on_missing: OnMissing,
) -> tuple[dict[str, Reference], tuple[str, ...]]:
    """
    Generic datasets for assets of types that are not registered, where a rule chose the type and datasets may be
    created; `InvalidRequest` where the caller did, or where they may not.
    """
    datasets = dict(request.datasets())
    known, warnings, mistakes = dict(references), [], []
    for path, reference in references.items():
        if isinstance(reference, str) or reference.type_name not in unknown:
            continue
        if on_missing != "create" or isinstance(datasets[path], DatasetByQualifiedName):
            mistakes.append(Mistake(path, unknown[reference.type_name]))
        else:
            known[path] = Asset(GENERIC, reference.qualified_name)
            warnings.append(f"{path}: the type {reference.type_name} is not registered: taken as a {GENERIC}")
    if mistakes:
        raise InvalidRequest(*mistakes)
    return known, tuple(warnings)


def display_name(dataset: Dataset, asset: Asset) -> str:
    """The name an asset gets if it has to be created: the caller's, or one made of the qualifiedName."""
    given = dataset.display_name if isinstance(dataset, DatasetByQualifiedName) else None
    return given or naming.display_name(asset)


def matched(dataset: Dataset, rules: Rules) -> Match | None:
    """How naming understands a name; None for what needs no naming, and for what it does not understand."""
    if isinstance(dataset, DatasetByName):
        return _locate_openlineage(dataset.namespace, dataset.name, rules)
    if isinstance(dataset, str) and not GUID_PATTERN.match(dataset):
        return _locate(dataset, rules)
    return None


def _reference(dataset: Dataset, rules: Rules) -> Reference | None:
    match dataset:
        case DatasetByGuid():
            return dataset.guid
        case DatasetByQualifiedName():
            return Asset(dataset.type_name, dataset.qualified_name)
        case str() if GUID_PATTERN.match(dataset):
            return dataset.lower()
    found = matched(dataset, rules)
    return found.asset if found else None


def _shown(dataset: Dataset) -> str:
    """Without secrets: errors are stored and logged. What is no text is understood, and not shown."""
    if isinstance(dataset, DatasetByName):
        namespace, name = without_secrets(dataset.namespace), without_secrets(dataset.name)
        return f"the namespace {namespace!r} with the name {name!r}"
    return repr(without_secrets(str(dataset)))
