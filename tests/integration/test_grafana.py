"""Publishing over real HTTP, and the role that Grafana connects as.

The publishing tests run against a small stand-in for Grafana's API, or, to hold that against the truth, against a real
server: OPSCENTRE_TEST_GRAFANA_URL and OPSCENTRE_TEST_GRAFANA_TOKEN name one that may be written to.
"""

import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg
import pytest
from grafana_client.client import GrafanaClientError
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from core.errors import ConfigurationError, UnavailableError
from core.readers import make_reader, reader_dsn
from core.settings import Settings
from dashboards.grafana.client import connected
from dashboards.grafana.documents import documents, playlists
from dashboards.grafana.publish import FOLDER_UID, Grafana, Published, publish
from dashboards.grafana.role import may_beside_reading, require_reader
from opscentre.devservices.ports import free_port
from tests.helpers import CATALOGUE

DOCUMENTS = documents(CATALOGUE)
PLAYLISTS = playlists(CATALOGUE)
WALL, SERVICES = "opscentre-wall-vi", "opscentre-services-vi"


class StandIn:
    """The calls of Grafana's HTTP API that publishing makes, with the behaviour seen on a real 9.4."""

    TOKEN = "glsa_test"

    def __init__(self) -> None:
        self.sources: dict[str, Any] = {}
        self.folders: dict[str, Any] = {}
        self.dashboards: dict[str, list[dict[str, Any]]] = {}
        self.playlists: dict[str, dict[str, Any]] = {}
        self.passwords: dict[str, str] = {}
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
            case "GET", ["search"]:
                return 200, self._search()
            case "DELETE", ["dashboards", "uid", uid]:
                return _or_404(self.dashboards.pop(uid, None))
            case _, ["playlists", *uid]:
                return self._playlist(method, *uid, body=body)
            case _, ["datasources", *_]:
                return self._source(method, path.split("/")[3:], body)
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

    def _playlist(self, method: str, uid: str = "", *, body: dict[str, Any]) -> tuple[int, Any]:
        match method:
            case "GET":
                listed = [{name: one[name] for name in ("uid", "name", "interval")} for one in self.playlists.values()]
                return _or_404(self.playlists.get(uid)) if uid else (200, listed)
            case "POST" | "PUT":
                uid = uid or f"p{len(self.playlists)}"
                self.playlists[uid] = {**body, "uid": uid}
                return 200, self.playlists[uid]
        return _or_404(self.playlists.pop(uid, None))

    def _source(self, method: str, path: list[str], body: dict[str, Any]) -> tuple[int, Any]:
        match method, path:
            case "GET", [_, uid, "health"]:
                return self._health(uid)
            case "GET", [_, uid]:
                return _or_404(self.sources.get(uid))
            case "DELETE", [_, uid]:
                return _or_404(self.sources.pop(uid, None))
        self.sources[body["uid"]] = {name: value for name, value in body.items() if name != "secureJsonData"}
        self.passwords[body["uid"]] = body["secureJsonData"]["password"]
        return 200, {"datasource": self.sources[body["uid"]]}

    def _health(self, uid: str) -> tuple[int, Any]:
        source = self.sources[uid]
        host, _, port = source["url"].partition(":")
        dsn = make_conninfo(
            host=host, port=port, user=source["user"], dbname=source["database"], password=self.passwords[uid]
        )
        try:
            psycopg.connect(dsn, connect_timeout=5).close()
        except psycopg.OperationalError as error:
            return 400, {"status": "ERROR", "message": str(error)}
        return 200, {"status": "OK", "message": "Database Connection OK"}

    def _search(self) -> list[dict[str, Any]]:
        newest = {uid: versions[-1] for uid, versions in self.dashboards.items()}
        return [
            {"uid": uid, "type": "dash-db", "folderUid": one["folder"]}
            for uid, one in newest.items()
            if "opscentre" in one["data"].get("tags", [])
        ]

    def _save(self, body: dict[str, Any]) -> tuple[int, Any]:
        dashboard = body["dashboard"]
        versions = self.dashboards.setdefault(dashboard["uid"], [])
        if versions and not body.get("overwrite") and dashboard["version"] != len(versions):
            return 412, {"message": "The dashboard has been changed by someone else", "status": "version-mismatch"}
        number = len(versions) + 1
        data = {**dashboard, "version": number, "id": dashboard.get("id") or 1}
        message = body.get("message", "") if versions else "Initial save"  # whatever was sent
        versions.append({"version": number, "message": message, "data": data, "folder": body.get("folderUid", "")})
        return 200, {"uid": dashboard["uid"], "version": number, "status": "success"}


def _or_404(found: Any) -> tuple[int, Any]:
    return (200, found) if found else (404, {"message": "not found"})


@pytest.fixture
def grafana(database: str) -> Iterator[Grafana]:
    """A Grafana without our folder, data source and playlists, whose role can only read."""
    role = f"reads_{conninfo_to_dict(database)['dbname']}"
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'x'".encode())
    there = make_conninfo(database, user=role, password="x")
    url, token = os.environ.get("OPSCENTRE_TEST_GRAFANA_URL"), os.environ.get("OPSCENTRE_TEST_GRAFANA_TOKEN")
    if url and token:
        with connected(url, token) as api:
            with suppress(GrafanaClientError):  # there is none yet
                api.folder.delete_folder(FOLDER_UID)
            with suppress(GrafanaClientError):
                api.datasource.delete_datasource_by_uid("opscentre")
            for one in api.client.GET("/playlists"):
                if one["name"] in PLAYLISTS:
                    api.client.DELETE(f"/playlists/{one['uid']}")
        yield Grafana(url, token, there, database)
    else:
        stand_in = StandIn()
        yield Grafana(stand_in.url, StandIn.TOKEN, there, database)
        stand_in.server.shutdown()
        stand_in.server.server_close()
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())


def published(grafana: Grafana, documents: Mapping[str, Any] = DOCUMENTS, **options: bool) -> Published:
    return publish(grafana, documents, PLAYLISTS, **options)


def versions(grafana: Grafana) -> Mapping[str, int]:
    with connected(grafana.url, grafana.token) as api:
        return {uid: api.dashboard.get_dashboard(uid)["dashboard"]["version"] for uid in DOCUMENTS}


def save_by_hand(grafana: Grafana, uid: str, folder: str = FOLDER_UID, **changed: Any) -> None:
    """As somebody does in Grafana, from what there is of this uid, or anew."""
    with connected(grafana.url, grafana.token) as api:
        try:
            there = api.dashboard.get_dashboard(uid)["dashboard"]
        except GrafanaClientError:
            there = {"id": None, "version": 0, "uid": uid, "title": uid, "tags": ["opscentre"], "panels": []}
        body = {"dashboard": {**there, **changed}, "folderUid": folder, "message": "", "overwrite": False}
        api.dashboard.update_dashboard(body)


def there(grafana: Grafana, uid: str) -> bool:
    with connected(grafana.url, grafana.token) as api:
        try:
            return bool(api.dashboard.get_dashboard(uid))
        except GrafanaClientError:
            return False


def test_publishing_twice_changes_nothing_the_second_time(grafana: Grafana) -> None:
    first = published(grafana)
    assert set(first.outcomes.values()) == {"created"}
    assert first.outcomes.keys() == {"opscentre", *DOCUMENTS, *PLAYLISTS}
    assert first.trouble == ""
    before = versions(grafana)
    assert set(published(grafana).outcomes.values()) == {"unchanged"}
    assert versions(grafana) == before


def test_a_dry_run_says_what_would_be_done_and_does_nothing(grafana: Grafana) -> None:
    assert set(published(grafana, dry_run=True).outcomes.values()) == {"created"}
    assert not there(grafana, WALL)
    published(grafana)
    before = versions(grafana)
    changed = {uid: document for uid, document in DOCUMENTS.items() if uid != SERVICES}
    changed[WALL] = {**changed[WALL], "title": "Khác"}
    outcomes = published(grafana, changed, dry_run=True).outcomes
    assert {uid: outcome for uid, outcome in outcomes.items() if outcome != "unchanged"} == {
        WALL: "updated",
        SERVICES: "removed",
    }
    assert versions(grafana) == before


def test_what_changed_is_published_and_nothing_else(grafana: Grafana) -> None:
    published(grafana)
    changed = {**DOCUMENTS, WALL: {**DOCUMENTS[WALL], "title": "Khác"}}
    outcomes = published(grafana, changed).outcomes
    assert {name for name, outcome in outcomes.items() if outcome != "unchanged"} == {WALL}
    fewer = {name: uids[1:] for name, uids in PLAYLISTS.items()}
    again = publish(grafana, changed, fewer).outcomes
    assert {name for name, outcome in again.items() if outcome == "updated"} == set(PLAYLISTS)


def test_what_was_changed_by_hand_is_left_unless_told_otherwise(grafana: Grafana) -> None:
    published(grafana)
    save_by_hand(grafana, SERVICES, title="Của tôi")
    assert published(grafana).outcomes[SERVICES] == "changed by hand"
    with connected(grafana.url, grafana.token) as api:
        assert api.dashboard.get_dashboard(SERVICES)["dashboard"]["title"] == "Của tôi"
    assert published(grafana, overwrite=True).outcomes[SERVICES] == "updated"
    assert published(grafana).outcomes[SERVICES] == "unchanged"


def test_what_is_no_more_goes_and_what_others_made_stays(grafana: Grafana) -> None:
    published(grafana)
    save_by_hand(grafana, "somebody-s-own")
    save_by_hand(grafana, "elsewhere", folder="")
    save_by_hand(grafana, WALL, title="Của tôi")
    fewer = {uid: document for uid, document in DOCUMENTS.items() if uid not in {WALL, SERVICES}}
    outcomes = published(grafana, fewer).outcomes
    assert {uid: outcomes.get(uid) for uid in (WALL, SERVICES, "somebody-s-own", "elsewhere")} == {
        WALL: "changed by hand",
        SERVICES: "removed",
        "somebody-s-own": None,
        "elsewhere": None,
    }
    assert there(grafana, WALL)
    assert not there(grafana, SERVICES)
    assert published(grafana, fewer, overwrite=True).outcomes[WALL] == "removed"
    assert there(grafana, "somebody-s-own")
    assert there(grafana, "elsewhere")


def test_a_database_that_grafana_does_not_reach_is_told_and_a_new_password_is_sent(grafana: Grafana) -> None:
    published(grafana)
    role = conninfo_to_dict(grafana.dsn)["user"]
    with psycopg.connect(grafana.here, autocommit=True) as connection:
        connection.execute(f"ALTER ROLE {role} PASSWORD 'y'".encode())
    renewed = Grafana(grafana.url, grafana.token, make_conninfo(grafana.dsn, password="y"), grafana.here)
    away = Grafana(grafana.url, grafana.token, make_conninfo(grafana.dsn, port=free_port()), grafana.here)
    told = published(away)
    assert told.outcomes["opscentre"] == "updated"
    assert "OPSCENTRE_GRAFANA_DSN" in told.trouble
    assert f"as {role}" in told.trouble
    assert published(renewed).trouble == ""
    assert published(renewed).outcomes["opscentre"] == "unchanged"


def test_a_wrong_token_and_a_wrong_address_say_what_to_do(grafana: Grafana) -> None:
    with pytest.raises(ConfigurationError, match="OPSCENTRE_GRAFANA_TOKEN"):
        published(Grafana(grafana.url, "wrong", grafana.dsn, grafana.here))
    with pytest.raises(UnavailableError, match="OPSCENTRE_GRAFANA_URL"):
        published(Grafana(f"http://127.0.0.1:{free_port()}", "t", grafana.dsn, grafana.here))


def test_a_role_that_may_do_more_than_read_is_refused_unless_insisted_upon(grafana: Grafana) -> None:
    writes = Grafana(grafana.url, grafana.token, grafana.here, grafana.here)
    with pytest.raises(ConfigurationError, match=r"is a superuser.*--any-role"):
        published(writes)
    assert not there(grafana, WALL)
    assert published(writes, any_role=True).outcomes[WALL] == "created"


def test_the_readers_role_can_only_read(database: str) -> None:
    options = Settings(dsn=database)
    make_reader(options)
    require_reader(database, reader_dsn(options))


def test_each_thing_that_a_role_may_do_beside_reading_is_named(
    grafana: Grafana, connection: psycopg.Connection
) -> None:
    role = str(conninfo_to_dict(grafana.dsn)["user"])
    require_reader(grafana.here, grafana.dsn)
    connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA indicators, screens TO {role}".encode())
    assert may_beside_reading(connection, role) == []
    for grant, taken, said in [
        ("GRANT DELETE ON cases TO {}", "REVOKE DELETE ON cases FROM {}", "may change what is in 1 tables"),
        ("GRANT CREATE ON SCHEMA public TO {}", "REVOKE CREATE ON SCHEMA public FROM {}", "may make tables in public"),
        ("ALTER ROLE {} CREATEROLE", "ALTER ROLE {} NOCREATEROLE", "may make roles"),
        ("GRANT pg_write_all_data TO {}", "REVOKE pg_write_all_data FROM {}", "is a member of pg_write_all_data"),
    ]:
        connection.execute(grant.format(role).encode())
        assert said in may_beside_reading(connection, role)
        connection.execute(taken.format(role).encode())
    with pytest.raises(ConfigurationError, match="opscentre migrate"):
        may_beside_reading(connection, "nobody of this name")
