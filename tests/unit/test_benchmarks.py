"""The pure parts of the benchmarks: the work, the ratios, what is drawn; and that the competitors are comparable."""

import json
from dataclasses import replace
from itertools import islice
from xml.etree import ElementTree as ET

import pytest

from benchmarks import competitors, report, sizes, table, works
from benchmarks.chart import REACH, chart
from benchmarks.competitors import FLOOR, PEERS, THIS_APP
from benchmarks.datamaps import FLAT, FLAT_BUDGET, PER_ENTITY, PER_ENTITY_BUDGET
from benchmarks.findings import findings
from benchmarks.results import Cell, Latency, Results, in_order
from lineage.openlineage import is_event, read_event
from lineage.request import read_request
from local.datamap.faults import Faults
from local.stack import ROOT

GUIDS = [f"00000000-0000-4000-8000-{number:012}" for number in range(len(works.TABLES))]
MEGABYTE = 1024 * 1024
CELL = Cell(
    app=THIS_APP.name,
    datamap=FLAT.name,
    work="process lineage",
    messages=100,
    landed=100,
    seconds=0.5,
    operations=4,
    cpu_seconds=0.2,
    base_bytes=60 * MEGABYTE,
    peak_bytes=70 * MEGABYTE,
)
PEER, OTHER = PEERS[0].name, PEERS[1].name


def cell(**changes):
    return replace(CELL, **changes)


def peer(**changes):
    return cell(**{"app": PEER, "seconds": 2.0, "operations": 100, "cpu_seconds": 0.4, **changes})


def floor(**changes):
    return cell(**{"app": FLOOR.name, "seconds": 0.25, "operations": 0, "cpu_seconds": 0.1, **changes})


def svg(text):
    return ET.fromstring(text)  # noqa: S314 - our own drawing


def budgeted(one):
    return replace(one, datamap=FLAT_BUDGET.name)


@pytest.fixture
def results():
    """This app beside two peers, of which one loses a quarter where there is a budget."""
    cells = (
        floor(),
        peer(),
        peer(app=OTHER, seconds=4.0),
        cell(),
        budgeted(peer(landed=75, seconds=3.0)),
        budgeted(cell()),
    )
    return Results(cells, (cell(), cell(messages=1000, landed=1000, seconds=5.0)), Latency(58.0, 52.0))


class TestWork:
    def test_edges_are_all_ordered_pairs_once(self):
        pairs = list(works.edges(GUIDS[:5]))

        assert len(set(pairs)) == len(pairs) == 5 * 4
        assert all(source != target for source, target in pairs)

    def test_edges_are_spread_evenly_over_the_tables(self):
        sources = [source for source, _ in islice(works.edges(GUIDS), len(GUIDS))]

        assert sources == GUIDS

    def test_there_are_enough_edges_for_every_round(self):
        every = [each for size in (sizes.DEFAULT, sizes.QUICK) for each in size.rounds]

        assert max(each.messages for each in every) <= len(GUIDS) * (len(GUIDS) - 1)

    def test_processes_are_distinct_and_known_by_the_name_the_app_gives_them(self):
        work = works.process_lineage(GUIDS, 5000, "label")

        requests = [read_request(json.loads(message.body)) for message in work.messages]

        assert [request.process.key for request in requests] == [message.key for message in work.messages]
        assert len(work.expected) == 5000

    def test_a_direct_message_asks_for_the_edge_that_its_key_stands_for(self):
        work = works.direct_lineage(GUIDS, 300)

        for message in work.messages:
            asked = json.loads(message.body)
            assert work.expected[message.key] == (asked["source"], asked["target"])
        assert len(work.expected) == 300

    def test_the_same_again_is_the_same_messages(self):
        work = works.process_lineage(GUIDS, 3, "label")

        assert works.unchanged(work, len(work.messages)).messages == work.messages

    def test_a_run_has_three_events_of_one_run_id(self):
        work = works.openlineage_runs(GUIDS, 10, "label")

        events = [json.loads(message.body) for message in work.messages]

        assert all(is_event(event) and not read_event(event).notes.warnings for event in events)
        by_run = {run: [e["eventType"] for e in events if e["run"]["runId"] == run] for run in runs(events)}
        assert len(by_run) == len(work.expected) == 10
        assert set(map(tuple, by_run.values())) == {works.STATES}

    def test_it_is_the_same_on_every_run(self):
        assert works.openlineage_runs(GUIDS, 5, "label") == works.openlineage_runs(GUIDS, 5, "label")


def runs(events):
    return in_order(event["run"]["runId"] for event in events)


class TestCell:
    def test_what_has_not_landed_is_lost(self):
        assert cell(landed=75).lost == 25

    def test_only_what_landed_counts_as_speed(self):
        assert cell(landed=50, seconds=2.0).rate == 25

    def test_costs_are_for_each_message_sent(self):
        one = cell(landed=50)

        assert (one.operations_per_message, one.cpu_ms) == (0.04, pytest.approx(2.0))
        assert one.bytes_per_message == 10 * MEGABYTE / 100


class TestResults:
    def test_the_best_peer_is_the_one_that_lands_most_per_second(self, results):
        assert results.best_peer(cell()).app == PEER
        assert results.times_best_peer(cell()) == pytest.approx(4)

    def test_peers_are_compared_on_the_same_data_map(self, results):
        assert results.times_best_peer(budgeted(cell())) == pytest.approx(8)

    def test_work_that_no_peer_does_has_no_ratio(self, results):
        assert results.times_best_peer(cell(work="OpenLineage")) is None

    def test_the_floor_counts_for_every_data_map(self, results):
        assert results.times_floor(budgeted(cell())) == pytest.approx(2)

    def test_a_peer_that_lands_nothing_has_no_multiple(self):
        nothing_landed = Results((peer(landed=0), cell()), (cell(),), Latency(1, 1))

        assert nothing_landed.times_best_peer(cell()) is None


class TestFindings:
    def test_each_is_held_against_its_target(self, results):
        held = {finding.claim: (finding.value, finding.holds) for finding in findings(results)}

        assert held["process lineage: Data Map operations per message"] == ("0.040", True)
        assert held["Messages this app lost, in all of the run"] == ("0", True)
        assert held["One HTTP request to an idle app, beyond its Data Map call"] == ("6.0 ms", True)

    def test_a_target_that_is_missed_is_said(self, results):
        [missed] = [finding for finding in findings(results) if not finding.holds]

        assert (missed.value, missed.target) == ("8.0", "at least 10")

    def test_a_loss_of_ours_is_said(self, results):
        lossy = replace(results, cells=(*results.cells, cell(work="direct lineage", landed=99)))

        assert ("1", False) in {(finding.value, finding.holds) for finding in findings(lossy)}


class TestTable:
    def test_every_cell_has_a_row(self, results):
        assert len(table.table(results).splitlines()) == 2 + len(results.cells)

    def test_rows_have_as_many_columns_as_the_head(self, results):
        for text in (table.table(results), table.growth(results), table.summary(results)):
            assert len({line.count("|") for line in text.splitlines()}) == 1

    def test_losses_stand_out_with_their_share(self, results):
        assert "**25** (25%)" in table.table(results)

    def test_the_floor_is_not_held_against_peers(self, results):
        [row] = [line for line in table.table(results).splitlines() if f"| {FLOOR.name} |" in line]

        assert f"| {table.NONE} |" in row


class TestChart:
    def test_it_is_well_formed_with_a_bar_for_each_app_and_data_map(self, results):
        drawing = svg(chart(results))

        bars = drawing.findall("{*}rect")
        assert [bar.get("class") for bar in bars] == ["peer", "peer", "app", "peer", "app"]
        assert max(float(bar.get("width")) for bar in bars) <= REACH

    def test_it_says_what_was_lost(self, results):
        assert ">25, 25% lost<" in chart(results)

    def test_it_follows_light_and_dark_mode(self, results):
        assert "prefers-color-scheme: dark" in chart(results)

    def test_nothing_stands_below_its_edge(self, results):
        drawing = svg(chart(results))

        height = float(drawing.get("viewBox").split()[3])
        assert all(float(text.get("y")) < height for text in drawing.findall("{*}text"))


class TestReport:
    def test_only_what_is_between_the_markers_is_replaced(self):
        page = f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n"

        assert report.replaced(page, "new") == f"before\n{report.BEGIN}\n\nnew\n\n{report.END}\nafter\n"

    def test_a_page_without_markers_is_not_touched(self):
        with pytest.raises(ValueError, match="measured: begin"):
            report.replaced("a page", "new")

    def test_the_page_has_its_markers_and_the_chart(self):
        page = report.PAGE.read_text("utf-8")

        assert report.replaced(page, "") != page
        assert report.CHART.name in page
        assert svg(report.CHART.read_text("utf-8")).findall("{*}rect")

    def test_a_short_run_is_marked_as_one(self, results):
        assert "short run" in report.measured(results, "quick", 0.0)
        assert "short run" not in report.measured(results, "full", 0.0)

    def test_a_run_on_a_busy_machine_is_marked_as_one(self, results):
        assert "Other programs" in report.measured(results, "full", 1.5)
        assert "Other programs" not in report.measured(results, "full", 0.1)

    def test_every_size_has_its_command(self):
        assert {size.name for size in (sizes.DEFAULT, sizes.QUICK)} == set(report.COMMANDS)


class TestCompetitors:
    @pytest.mark.parametrize("app", competitors.ALL, ids=lambda app: app.name)
    def test_its_function_app_compiles(self, app):
        source = (app.folder / "function_app.py").read_text("utf-8")

        compile(source, app.name, "exec")

    @pytest.mark.parametrize("app", competitors.ALL, ids=lambda app: app.name)
    def test_the_host_treats_its_queue_as_ours(self, app):
        theirs, ours = (
            json.loads((folder / "host.json").read_text("utf-8")) for folder in (app.folder, ROOT)
        )

        assert theirs["extensions"]["queues"] == ours["extensions"]["queues"]
        assert theirs["functionTimeout"] == ours["functionTimeout"]

    def test_every_app_folder_takes_part(self):
        folders = {path.parent for path in competitors.APPS.glob("*/function_app.py")}

        assert folders == {app.folder for app in competitors.ALL if app is not THIS_APP}

    @pytest.mark.parametrize(
        "datamap", [FLAT, PER_ENTITY, FLAT_BUDGET, PER_ENTITY_BUDGET], ids=lambda d: d.name
    )
    def test_the_stand_in_understands_how_it_shall_behave(self, datamap):
        faults = Faults.model_validate(datamap.faults)

        assert (faults.latency_ms, faults.operations_per_second) == (datamap.latency_ms, datamap.budget)
