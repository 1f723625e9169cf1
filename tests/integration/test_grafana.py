"""Every query of every dashboard on the real database; publishing over real HTTP.

The publishing tests run against a small stand-in for Grafana's API, or, to hold that against the truth, against a real
server: OPSCENTRE_TEST_GRAFANA_URL and OPSCENTRE_TEST_GRAFANA_TOKEN name one that may be written to.
"""

import json
import os
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg
import pytest
from grafana_client.api import GrafanaApi
from grafana_client.client import GrafanaClientError

from core.catalogue import make_views
from core.errors import ConfigurationError, UnavailableError
from dashboards.publish import FOLDER_UID, Grafana, publish
from opscentre.devservices.ports import free_port
from opscentre.devservices.timescaledb import TimescaleDB
from streams.write.writer import Writer
from tests.conftest import copied
from tests.helpers import CATALOGUE, RULEBOOK, Log, cloud_event
from tests.screens import DOCUMENTS, local, panel, queries, run

ROOT = Path(__file__).parents[2]
HERE, THERE = sorted(CATALOGUE.systems["one-stop"].agencies - {CATALOGUE.province.code})[:2]


def fill(dsn: str) -> None:
    """One dossier each: overdue here for two days, overdue there for five, in time, suspended."""

    def received(subject: str, due: float, agency: str) -> dict[str, Any]:
        return cloud_event(
            "dossier.received", subject, local(-20), f"r-{subject}", agency=agency, due_at=local(due), channel="online"
        )

    with closing(Writer(dsn, RULEBOOK, give_up=lambda: True)) as writer:
        writer.commit(
            Log().batch(
                received("two days", -2, HERE),
                received("five days", -5, THERE),
                received("in time", 5, HERE),
                received("suspended", -1, HERE),
                cloud_event("dossier.suspended", "suspended", local(-3), "s", agency=HERE),
                b"nonsense",
            )
        )


@pytest.fixture(scope="module")
def filled(timescaledb: TimescaleDB, template: str) -> Iterator[psycopg.Connection]:
    """A database with these dossiers, for tests that only read it."""
    with copied(timescaledb, template) as dsn:
        fill(dsn)
        with psycopg.connect(dsn, autocommit=True) as connection:
            yield connection


@pytest.fixture
def own_filled(database: str, connection: psycopg.Connection) -> psycopg.Connection:
    """The same, to be changed."""
    fill(database)
    return connection


@pytest.mark.parametrize("uid", DOCUMENTS)
def test_every_query_runs_and_gives_what_its_panel_needs(uid: str, filled: psycopg.Connection) -> None:
    asked = list(queries(DOCUMENTS[uid]))
    assert len(asked) >= len(DOCUMENTS[uid]["panels"])
    for sql, form in asked:
        found = run(filled, sql)
        if form == "time_series":
            assert all(row["time"].tzinfo for row in found)
        elif form == "variable":
            assert {"__text", "__value"} == found[0].keys()
        else:
            assert found or "LIMIT" in sql or "GROUP BY" in sql or "sweeps" in sql, sql


def test_the_overdue_list_names_who_owes_since_when(filled: psycopg.Connection) -> None:
    found = run(filled, panel("services", "Overdue dossiers"))
    assert [(row["Dossier"], row["Days overdue"], row["Channel"]) for row in found] == [
        ("five days", 5, "Online"),
        ("two days", 2, "Online"),
    ]
    assert found[0]["Agency"] == CATALOGUE.agencies[THERE].name.en
    assert [row["Dossier"] for row in run(filled, panel("services", "Overdue dossiers"), f"'{HERE}'")] == ["two days"]


def test_who_owes_is_ordered_and_what_is_overdue_counts_as_late(filled: psycopg.Connection) -> None:
    found = {row["code"]: row for row in run(filled, panel("services", "Who owes"))}
    assert found.keys() == {HERE, THERE}
    assert (found[HERE]["Open"], found[HERE]["Overdue"], found[HERE]["On time"]) == (3, 1, 0)
    assert (found[THERE]["Open"], found[THERE]["Overdue"], found[THERE]["On time"]) == (1, 1, 0)


def test_an_agency_chosen_together_with_the_one_above_it_is_counted_once(own_filled: psycopg.Connection) -> None:
    own_filled.execute("INSERT INTO indicators.tree VALUES (%s, %s)", (THERE, HERE))
    both = f"'{HERE}', '{THERE}'"
    assert [row["value"] for row in run(own_filled, panel("services", "Open"), both)] == [4]
    assert [row["value"] for row in run(own_filled, panel("services", "Overdue"), both)] == [2]
    assert [row["value"] for row in run(own_filled, panel("services", "Open"), f"'{HERE}'")] == [3]


@pytest.mark.parametrize(
    ("name", "title", "value"),
    [
        ("overview", "Open", 4),
        ("overview", "Overdue", 2),
        ("overview", "On time this month", 0),
        ("overview", "5G stations standing", None),
        ("services", "Processed this month", 0),
        ("services", "Suspended", 1),
        ("pipeline", "Events counted", 5),
        ("pipeline", "Dead letters open", 1),
    ],
)
def test_numbers(name: str, title: str, value: int | None, filled: psycopg.Connection) -> None:
    assert [row["value"] for row in run(filled, panel(name, title))] == [value]


def test_of_the_stations_those_of_5g_are_counted(own_filled: psycopg.Connection, writer: Writer) -> None:
    stations = [
        cloud_event("station.activated", f"S-{number}", local(-20), str(number), technology=technology)
        for number, technology in enumerate(["5g", "4g", "5g"])
    ]
    writer.commit(Log(number=1, system="telecom").batch(*stations))
    assert run(own_filled, panel("overview", "5G stations standing"))[0]["value"] == 2


def test_what_will_be_overdue_is_not_overdue_yet(own_filled: psycopg.Connection, writer: Writer) -> None:
    due = cloud_event("dossier.received", "today", local(-20), "r-today", agency=HERE, due_at=local(0, 0))
    writer.commit(Log(number=1).batch(due))
    assert run(own_filled, panel("overview", "Overdue"))[0]["value"] == 2


def test_what_was_received_today_is_what_its_minutes_say(own_filled: psycopg.Connection, writer: Writer) -> None:
    assert run(own_filled, panel("overview", "Received today")) == [{"value": None}]
    now, zone = datetime.now(CATALOGUE.zone), CATALOGUE.province.zone
    begin = now.replace(hour=0, minute=0, second=0, microsecond=0)
    moments = [begin - timedelta(minutes=1), begin, now, now.replace(second=0, microsecond=0)]
    received = [
        cloud_event("dossier.received", str(number), moment.isoformat(), f"r-{number}", agency=agency, due_at=local(5))
        for number, (moment, agency) in enumerate(zip(moments, [HERE, HERE, THERE, HERE], strict=True))
    ]
    writer.commit(Log(number=1).batch(*received))
    (minutes,) = run(
        own_filled,
        "SELECT sum(value)::bigint AS value FROM counters_minute WHERE measure = 'dossier.opened' "
        f"AND bucket >= date_trunc('day', now(), '{zone}') AND bucket <= now()",
    )
    assert run(own_filled, panel("overview", "Received today")) == [minutes] == [{"value": 3}]


class StandIn:
    """The calls of Grafana's HTTP API that publishing makes, with the behaviour seen on a real 9.4."""

    TOKEN = "glsa_test"

    def __init__(self) -> None:
        self.sources: dict[str, Any] = {}
        self.folders: dict[str, Any] = {}
        self.dashboards: dict[str, list[dict[str, Any]]] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                body = json.loads(self.rfile.read(length)) if length else {}
                allowed = self.headers["authorization"] == f"Bearer {outer.TOKEN}"
                path = self.path.partition("?")[0]
                status, answer = outer.call(self.command, path, body) if allowed else (401, {"message": "Unauthorized"})
                content = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def call(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        match method, path.split("/")[2:]:
            case "GET", ["datasources", "uid", uid]:
                return _or_404(self.sources.get(uid))
            case ("POST", ["datasources"]) | ("PUT", ["datasources", "uid", _]):
                self.sources[body["uid"]] = {name: v for name, v in body.items() if name != "secureJsonData"}
                return 200, {"datasource": self.sources[body["uid"]]}
            case "DELETE", ["datasources", "uid", uid]:
                return _or_404(self.sources.pop(uid, None))
            case "GET", ["folders", uid]:
                return _or_404(self.folders.get(uid))
            case "POST", ["folders"]:
                self.folders[body["uid"]] = body
                return 200, body
            case "DELETE", ["folders", uid]:
                self.dashboards.clear()
                return _or_404(self.folders.pop(uid, None))
            case "GET", ["dashboards", "uid", uid]:
                versions = self.dashboards.get(uid)
                return _or_404(versions and {"dashboard": versions[-1]["data"], "meta": {"folderUid": FOLDER_UID}})
            case "GET", ["dashboards", "uid", uid, "versions"]:
                return 200, [{"version": v["version"], "message": v["message"]} for v in reversed(self.dashboards[uid])]
            case "POST", ["dashboards", "db"]:
                return self._save(body)
        return 404, {"message": f"{method} {path}"}

    def _save(self, body: dict[str, Any]) -> tuple[int, Any]:
        dashboard = body["dashboard"]
        versions = self.dashboards.setdefault(dashboard["uid"], [])
        if versions and not body.get("overwrite") and dashboard["version"] != len(versions):
            return 412, {"message": "The dashboard has been changed by someone else", "status": "version-mismatch"}
        number = len(versions) + 1
        data = {**dashboard, "version": number, "id": dashboard.get("id") or 1}
        message = body.get("message", "") if versions else "Initial save"  # whatever was sent
        versions.append({"version": number, "message": message, "data": data})
        return 200, {"uid": dashboard["uid"], "version": number, "status": "success"}


def _or_404(found: Any) -> tuple[int, Any]:
    return (200, found) if found else (404, {"message": "not found"})


@contextmanager
def connected(grafana: Grafana) -> Iterator[GrafanaApi]:
    api = GrafanaApi.from_url(grafana.url, credential=grafana.token)
    with api.client.s:
        yield api


@pytest.fixture
def grafana() -> Iterator[Grafana]:
    """A Grafana without our folder and data source."""
    dsn = "host=127.0.0.1 port=25432 dbname=opscentre user=opscentre password=opscentre"
    url = os.environ.get("OPSCENTRE_TEST_GRAFANA_URL")
    if url:
        made = Grafana(url, os.environ["OPSCENTRE_TEST_GRAFANA_TOKEN"], dsn)
        with connected(made) as api:
            with suppress(GrafanaClientError):  # there is none yet
                api.folder.delete_folder(FOLDER_UID)
            with suppress(GrafanaClientError):
                api.datasource.delete_datasource_by_uid("opscentre")
        yield made
        return
    stand_in = StandIn()
    yield Grafana(stand_in.url, StandIn.TOKEN, dsn)
    stand_in.server.shutdown()
    stand_in.server.server_close()


def versions(grafana: Grafana) -> Mapping[str, int]:
    with connected(grafana) as api:
        return {uid: api.dashboard.get_dashboard(uid)["dashboard"]["version"] for uid in DOCUMENTS}


def test_publishing_twice_changes_nothing_the_second_time(grafana: Grafana) -> None:
    first = publish(grafana, DOCUMENTS)
    assert set(first.values()) == {"created"}
    assert first.keys() == {"opscentre", *DOCUMENTS}
    before = versions(grafana)
    assert set(publish(grafana, DOCUMENTS).values()) == {"unchanged"}
    assert versions(grafana) == before


def test_what_changed_is_published_and_nothing_else(grafana: Grafana) -> None:
    publish(grafana, DOCUMENTS)
    uid = "opscentre-overview-vi"
    changed = {**DOCUMENTS, uid: {**DOCUMENTS[uid], "title": "Khác"}}
    outcomes = publish(grafana, changed)
    assert {name for name, outcome in outcomes.items() if outcome != "unchanged"} == {uid}
    moved = Grafana(grafana.url, grafana.token, grafana.dsn.replace("25432", "25433"))
    assert publish(moved, changed)["opscentre"] == "updated"


def test_what_was_changed_by_hand_is_left_unless_told_otherwise(grafana: Grafana) -> None:
    publish(grafana, DOCUMENTS)
    uid = "opscentre-services-vi"
    with connected(grafana) as api:
        there = api.dashboard.get_dashboard(uid)["dashboard"]
        body = {"dashboard": {**there, "title": "Của tôi"}, "folderUid": FOLDER_UID, "message": "", "overwrite": False}
        api.dashboard.update_dashboard(body)
        assert publish(grafana, DOCUMENTS)[uid] == "changed by hand"
        assert api.dashboard.get_dashboard(uid)["dashboard"]["title"] == "Của tôi"
    assert publish(grafana, DOCUMENTS, overwrite=True)[uid] == "updated"
    assert publish(grafana, DOCUMENTS)[uid] == "unchanged"


def test_a_wrong_token_and_a_wrong_address_say_what_to_do(grafana: Grafana) -> None:
    with pytest.raises(ConfigurationError, match="OPSCENTRE_GRAFANA_TOKEN"):
        publish(Grafana(grafana.url, "wrong", grafana.dsn), DOCUMENTS)
    with pytest.raises(UnavailableError, match="OPSCENTRE_GRAFANA_URL"):
        publish(Grafana(f"http://127.0.0.1:{free_port()}", "t", grafana.dsn), DOCUMENTS)


def test_the_role_of_the_runbook_may_run_every_query_and_nothing_else(
    own_filled: psycopg.Connection, database: str
) -> None:
    runbook = (ROOT / "docs" / "runbooks" / "grafana-role.md").read_text()
    (script,) = re.findall(r"```sql\n(.*?)```", runbook, re.DOTALL)
    name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
    role = f"grafana_{name}"
    own_filled.execute(script.replace("opscentre", str(name)).replace("grafana", role).replace("'...'", "'x'").encode())
    with own_filled.transaction():  # what is made anew may be read, too
        own_filled.execute("COMMENT ON SCHEMA indicators IS NULL")
        make_views(own_filled, CATALOGUE)
    try:
        reader = psycopg.conninfo.make_conninfo(database, user=role, password="x")
        with psycopg.connect(reader, autocommit=True) as connection:
            for document in DOCUMENTS.values():
                for sql, _ in queries(document):
                    run(connection, sql)
            connection.execute("SET default_transaction_read_only = off")  # anybody may: the grants are what holds
            for forbidden in ("SELECT value FROM dead_letters", "DELETE FROM cases"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(forbidden)
    finally:
        own_filled.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())
