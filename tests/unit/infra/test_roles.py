"""Roles by their ids, which are the same in every tenant and say nothing to a reader."""

import json
import re

from tests.unit.infra.bicep import INFRA, declared

# Azure's built-in roles: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
BUILT_IN = {
    "monitoringMetricsPublisher": "3913510d-42f4-4e42-8a64-420c390055eb",
    "storageBlobDataContributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "storageBlobDataOwner": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    "storageQueueDataContributor": "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    "storageQueueDataMessageSender": "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a",
    "storageTableDataContributor": "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
}
GIVEN = {
    "app-roles.bicep": {
        "storageBlobDataOwner": "storage",
        "storageTableDataContributor": "storage",
        "storageQueueDataContributor": "queues[index]",
        "monitoringMetricsPublisher": "applicationInsights",
    },
    "operator-roles.bicep": {
        "storageQueueDataContributor": "queues[index]",
        "storageBlobDataContributor": "payloads",
        "storageTableDataContributor": "tables[index]",
    },
    "sender-roles.bicep": {"storageQueueDataMessageSender": "queue"},
}


def assignments():
    return [resource for resource in declared("resource") if "roleAssignments" in resource.of]


def role_of(assignment):
    (role,) = re.findall(r"roles\.(\w+)", assignment.value["properties"]["roleDefinitionId"])
    return role


def test_role_ids_are_those_of_azure():
    assert json.loads((INFRA / "role-definitions.json").read_text("utf-8")) == BUILT_IN


def test_each_role_is_given_where_it_is_needed_and_no_wider():
    given = {file: {} for file in GIVEN}
    for assignment in assignments():
        given[assignment.file][role_of(assignment)] = assignment.value["scope"]

    assert given == GIVEN


def test_every_role_that_has_an_id_is_given():
    assert {role_of(assignment) for assignment in assignments()} == set(BUILT_IN)


def test_an_assignment_is_named_for_what_it_gives_to_whom_on_what():
    for assignment in assignments():
        scope, role = assignment.value["scope"], role_of(assignment)
        assert assignment.value["name"] == f"guid({scope}.id, principalId, roles.{role})"
