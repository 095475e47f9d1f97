"""
`make demo`: the main job from end to end on the local stack, checked.

A catalogue as a scan leaves it; messages on the queue as a pipeline sends them, one of them broken; one request over
HTTP; then the lineage is read back out of the Data Map and drawn, and the broken message shown with its reason.
Exits 0 only if all of it is as it should be.
"""

import contextlib
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import requests
from azure.storage.queue import QueueClient
from rich.console import Console
from rich.tree import Tree

from local.catalogue import Catalogue
from local.stack import Addresses, Stack

RAW_ORDERS = "mssql://sales.database.windows.net/shop/dbo/raw_orders"
CUSTOMERS = "mssql://sales.database.windows.net/shop/dbo/customers"
SILVER = "https://lake.dfs.core.windows.net/silver/orders"
GOLD = "https://lake.dfs.core.windows.net/gold/revenue"
REPORT = "https://lake.dfs.core.windows.net/gold/report.parquet"
SCANNED = {
    RAW_ORDERS: "azure_sql_table",
    CUSTOMERS: "azure_sql_table",
    SILVER: "azure_datalake_gen2_path",
    GOLD: "azure_datalake_gen2_path",
    REPORT: "azure_datalake_gen2_path",
}
LOAD_ORDERS = {
    "inputs": [RAW_ORDERS, CUSTOMERS],
    "outputs": ["abfss://silver@lake.dfs.core.windows.net/orders"],
    "process": {"name": "load_orders", "namespace": "adf://contoso-factory"},
    "columns": [
        {"source": {"dataset": RAW_ORDERS, "column": "order_id"}, "target": "id"},
        {"source": {"dataset": CUSTOMERS, "column": "name"}, "target": "customer"},
    ],
}
MAKE_REPORT = {"source": GOLD, "target": REPORT, "process": {"name": "make_report", "namespace": "notebooks"}}
BROKEN = {"source": "not a dataset", "targets": [GOLD]}
EXPECTED = {
    (RAW_ORDERS, "adf://contoso-factory/load_orders"),
    (CUSTOMERS, "adf://contoso-factory/load_orders"),
    ("adf://contoso-factory/load_orders", SILVER),
    (SILVER, GOLD),
    (GOLD, "lineage://notebooks/make_report"),
    ("lineage://notebooks/make_report", REPORT),
}
SETTLE_WITHIN = 30  # seconds

console = Console()


def main() -> None:
    """The story, step by step."""
    with contextlib.ExitStack() as closing:
        with console.status("starting Azurite, the Data Map stand-in and the function app"):
            stack = closing.enter_context(Stack())
        said("the local stack is up: storage, Data Map, functions")
        catalogue = closing.enter_context(Catalogue(stack.addresses))
        guids = catalogue.scan(SCANNED)
        said(f"the catalogue holds {len(guids)} assets, as after a scan")
        enqueue(stack.addresses, {"source": guids[SILVER], "target": guids[GOLD]}, LOAD_ORDERS, BROKEN)
        said("3 messages lie on the queue: two guids, a process with columns, a broken one")
        post(stack.addresses, MAKE_REPORT)
        said("1 request was posted over HTTP, and answered when it was written")
        dead = wait_until_settled(stack.addresses)
        graph = catalogue.lineage(guids[GOLD])
        edges = catalogue.edges(guids[GOLD])
    draw(graph)
    show(dead)
    check(edges, dead)


def said(text: str) -> None:
    """One step that is behind us."""
    console.print(f"[green]✓[/green] {text}")


def enqueue(addresses: Addresses, *messages: Any) -> None:
    """As a pipeline does: plain JSON onto the queue."""
    with QueueClient.from_connection_string(addresses.storage, addresses.queue) as queue:
        for message in messages:
            queue.send_message(json.dumps(message))


def post(addresses: Addresses, request: Any) -> None:
    """As a person does: a request, and the answer to it."""
    answer = requests.post(
        f"{addresses.functions}/api/lineage",
        json=request,
        headers={"x-functions-key": addresses.functionKey},
        timeout=30,
    )
    if not answer.ok:
        sys.exit(f"the app answered {answer.status_code}: {answer.text}")


def wait_until_settled(addresses: Addresses) -> list[dict[str, Any]]:
    """Until no message waits or is being handled; answers the dead ones."""
    queue = QueueClient.from_connection_string(addresses.storage, addresses.queue)
    with queue, console.status("the app is writing"):
        wait_for(lambda: queue.get_queue_properties().approximate_message_count == 0)
    said("every message is settled")
    with QueueClient.from_connection_string(addresses.storage, f"{addresses.queue}-poison") as poison:
        return [json.loads(message.content or "") for message in poison.receive_messages()]


def wait_for(condition: Callable[[], bool]) -> None:
    """Asks until it holds, or gives up loudly."""
    give_up = time.monotonic() + SETTLE_WITHIN
    while not condition():
        if time.monotonic() > give_up:
            sys.exit("the queue did not settle")
        time.sleep(0.1)


def draw(graph: dict[str, Any]) -> None:
    """The lineage as a tree, upstream first."""
    entities = graph["guidEntityMap"]
    children: dict[str, list[str]] = {}
    for relation in graph["relations"]:
        children.setdefault(relation["fromEntityId"], []).append(relation["toEntityId"])
    downstream = {child for group in children.values() for child in group}
    drawn: set[str] = set()

    def grow(tree: Tree, guid: str) -> None:
        branch = tree.add(label(entities[guid]))
        if guid in drawn and children.get(guid):
            branch.add("[dim]… as above[/dim]")
            return
        drawn.add(guid)
        for child in children.get(guid, ()):
            grow(branch, child)

    tree = Tree("\n[bold]The lineage in the Data Map[/bold]")
    for guid in entities:
        if guid not in downstream:
            grow(tree, guid)
    console.print(tree)


def label(entity: dict[str, Any]) -> str:
    """A dataset, or a process with its columns."""
    attributes = entity["attributes"]
    text = f"{attributes['qualifiedName']} [dim]{entity['typeName']}[/dim]"
    for group in json.loads(attributes.get("columnMapping") or "[]"):
        source = group["DatasetMapping"]["Source"].split("/")[-1]
        for pair in group["ColumnMapping"]:
            text += f"\n[cyan]{source}.{pair['Source']} → {pair['Sink']}[/cyan]"
    return text


def show(dead: list[dict[str, Any]]) -> None:
    """What an operator sees of a dead message."""
    console.print("\n[bold]The poison queue[/bold]")
    for message in dead:
        console.print(
            f"  {message['problem']}: [red]{message['reason']}[/red]\n  [dim]{message['data']}[/dim]"
        )


def check(edges: set[tuple[str, str]], dead: list[dict[str, Any]]) -> None:
    """Exit 0 is a promise."""
    if edges != EXPECTED:
        sys.exit(f"\nnot the lineage that was asked for: {edges ^ EXPECTED}")
    if [message["data"] for message in dead] != [json.dumps(BROKEN)]:
        sys.exit(f"\nnot the one message that should be dead: {dead}")
    console.print(
        f"\n[green]✓[/green] {len(edges)} edges as asked for, 1 message dead with its reason, nothing lost"
    )


if __name__ == "__main__":
    main()
