"""Graphs to draw."""

import pytest

from lineage.graph import Graph


def header(guid, type_name="azure_sql_table", **attributes):
    attributes = {"name": guid, "qualifiedName": f"mssql://server/{guid}"} | attributes
    return {"typeName": type_name, "guid": guid, "attributes": attributes}


@pytest.fixture(name="graph")
def graph_fixture():
    """Makes the graph of arrows written as "a>b b>c" around a base; more attributes of an entity by its guid."""

    def graph(arrows, base="a", **entities):
        pairs = [tuple(arrow.split(">")) for arrow in arrows.split()]
        guids = [base, *(guid for pair in pairs for guid in pair)]
        headers = {guid: header(guid, **entities.get(guid, {})) for guid in guids}
        relations = [{"fromEntityId": source, "toEntityId": target} for source, target in pairs]
        return Graph.read({"baseEntityGuid": base, "guidEntityMap": headers, "relations": relations})

    return graph
