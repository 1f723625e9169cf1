"""Publishing to Grafana through its API: a second time changes nothing, and changes by hand are not overwritten."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

from grafana_client.api import GrafanaApi
from grafana_client.client import GrafanaException
from psycopg.conninfo import conninfo_to_dict

from dashboards.grafana.client import connected, found
from dashboards.grafana.playlists import publish_playlist
from dashboards.grafana.queries import DATA_SOURCE_TYPE, DATA_SOURCE_UID
from dashboards.grafana.role import require_reader

FOLDER_UID, FOLDER_TITLE = "opscentre", "Trung tâm điều hành"

_MARK = "opscentre "
"""What the message of every version that was published begins with; the hash of its content follows."""

Outcome = Literal["created", "updated", "unchanged", "removed", "changed by hand", "not to be had"]


@dataclass(frozen=True)
class Grafana:
    """Where to publish. `dsn` is how Grafana itself reaches the database, `here` how this process does."""

    url: str
    token: str
    dsn: str
    here: str


@dataclass(frozen=True)
class Published:
    """What became of each data source, dashboard and playlist, by uid or name; or would, where nothing was written."""

    outcomes: Mapping[str, Outcome]
    trouble: str
    """What keeps Grafana from the database; empty where nothing does."""


def publish(
    grafana: Grafana,
    documents: Mapping[str, Mapping[str, Any]],
    playlists: Mapping[str, Sequence[str]],
    *,
    overwrite: bool = False,
    any_role: bool = False,
    dry_run: bool = False,
) -> Published:
    """Publish data source, folder, dashboards and playlists, and remove the dashboards that are no more.

    A dashboard whose newest version was not published by this function was changed by hand: it is left as it is,
    unless `overwrite`. Of what is removed the same holds; what was never published by this function stays in any case.

    Args:
        grafana: where to.
        documents: each dashboard by its uid.
        playlists: name → uids of its dashboards.
        overwrite: also what was changed by hand.
        any_role: also with a role that may do more than read.
        dry_run: write nothing.

    Raises:
        ConfigurationError: Grafana refuses the token or what was sent, or the role may do more than read.
        UnavailableError: Grafana, or the database, does not answer.
    """
    if not any_role:
        require_reader(grafana.here, grafana.dsn)
    with connected(grafana.url, grafana.token) as api:
        source = _data_source(api, grafana.dsn, dry_run=dry_run)
        outcomes: dict[str, Outcome] = {DATA_SOURCE_UID: source}
        # What was not written cannot be asked how it is.
        trouble = "" if dry_run and source != "unchanged" else _health(api, grafana)
        if trouble and source == "unchanged" and not dry_run:
            # Perhaps it is the password, which cannot be read back and compared.
            api.datasource.update_datasource_by_uid(DATA_SOURCE_UID, data_source(grafana.dsn))
            outcomes[DATA_SOURCE_UID], trouble = "updated", _health(api, grafana)
        if not dry_run:
            _folder(api)
        for uid, document in documents.items():
            outcomes[uid] = _dashboard(api, uid, document, overwrite=overwrite, dry_run=dry_run)
        for uid in _dropped(api, documents):
            outcomes[uid] = _remove(api, uid, overwrite=overwrite, dry_run=dry_run)
        for name, uids in playlists.items():
            outcomes[name] = publish_playlist(api, name, uids, dry_run=dry_run)
    return Published(outcomes, trouble)


def data_source(dsn: str) -> dict[str, Any]:
    """The data source of a connection string, as Grafana takes it. The database is named where both 9 and 12 look."""
    parts = {name: str(value) for name, value in conninfo_to_dict(dsn).items()}
    database = parts.get("dbname", "opscentre")
    return {
        "uid": DATA_SOURCE_UID,
        "name": "opscentre",
        "type": DATA_SOURCE_TYPE,
        "access": "proxy",
        "url": f"{parts.get('host', '127.0.0.1')}:{parts.get('port', '5432')}",
        "user": parts.get("user", "opscentre"),
        "database": database,
        "jsonData": {
            "database": database,
            "sslmode": parts.get("sslmode", "disable"),
            "postgresVersion": 1500,
            "timescaledb": True,
            "maxOpenConns": 10,
        },
        "secureJsonData": {"password": parts.get("password", "")},
    }


def _data_source(api: GrafanaApi, dsn: str, *, dry_run: bool) -> Outcome:
    wanted = data_source(dsn)
    there = found(lambda: api.datasource.get_datasource_by_uid(DATA_SOURCE_UID))
    if there is None:
        if not dry_run:
            api.datasource.create_datasource(wanted)
        return "created"
    if all(there.get(name) == wanted[name] for name in ("url", "user", "type", "jsonData")):
        return "unchanged"
    if not dry_run:
        api.datasource.update_datasource_by_uid(DATA_SOURCE_UID, wanted)
    return "updated"


def _health(api: GrafanaApi, grafana: Grafana) -> str:
    """What is wrong with the data source, in words."""
    try:
        answer = found(lambda: api.datasource.health(DATA_SOURCE_UID))  # nothing, where there is no such call
        if answer is None or answer.get("status") == "OK":
            return ""
        said = answer.get("message")
    except GrafanaException as error:
        if error.status_code in {0, 401, 403}:
            raise
        said = error.response.get("message") if isinstance(error.response, dict) else None
        said = said or error.message
    source = data_source(grafana.dsn)
    return (
        f"Grafana does not reach the database {source['database']} at {source['url']} as {source['user']}: {said}\n"
        "Set OPSCENTRE_GRAFANA_DSN to the way that Grafana itself takes, with its role and password."
    )


def _folder(api: GrafanaApi) -> None:
    if found(lambda: api.folder.get_folder(FOLDER_UID)) is None:
        api.folder.create_folder(FOLDER_TITLE, uid=FOLDER_UID)


def _dashboard(api: GrafanaApi, uid: str, document: Mapping[str, Any], *, overwrite: bool, dry_run: bool) -> Outcome:
    mark = f"{_MARK}{digest(document)}"
    there = found(lambda: api.dashboard.get_dashboard(uid))
    if there is None:
        if not dry_run:
            _save(api, document, {"id": None, "version": 0}, mark)
            if _messages(api, uid)[0] != mark:  # the first version's message is Grafana's own, whatever was sent
                _save(api, document, api.dashboard.get_dashboard(uid)["dashboard"], mark)
        return "created"
    message = _messages(api, uid)[0]
    if message == mark:
        return "unchanged"
    if not message.startswith(_MARK) and not overwrite:
        return "changed by hand"
    if not dry_run:
        _save(api, document, there["dashboard"], mark)
    return "updated"


def _save(api: GrafanaApi, document: Mapping[str, Any], known: Mapping[str, Any], mark: str) -> None:
    """Save over the version that is known: who saved meanwhile gets a conflict instead of being overwritten."""
    dashboard = {**document, "id": known["id"], "version": known["version"]}
    body = {"dashboard": dashboard, "folderUid": FOLDER_UID, "message": mark, "overwrite": False}
    api.dashboard.update_dashboard(body)


def _messages(api: GrafanaApi, uid: str) -> list[str]:
    """What was said when its versions were saved, the newest first."""
    answer = api.dashboard_versions.get_dashboard_versions_by_uid(uid)
    versions = answer["versions"] if isinstance(answer, dict) else answer  # a list until Grafana 11
    newest_first = sorted(versions, key=lambda version: version["version"], reverse=True)
    return [str(version["message"]) for version in newest_first] or [""]


def _dropped(api: GrafanaApi, documents: Mapping[str, Any]) -> list[str]:
    """Dashboards in our folder that we published once and would no more."""
    hits = api.search.search_dashboards(tag="opscentre", type_="dash-db", limit=5000)
    there = {hit["uid"] for hit in hits if hit.get("folderUid") == FOLDER_UID} - documents.keys()
    return sorted(uid for uid in there if any(message.startswith(_MARK) for message in _messages(api, uid)))


def _remove(api: GrafanaApi, uid: str, *, overwrite: bool, dry_run: bool) -> Outcome:
    if not _messages(api, uid)[0].startswith(_MARK) and not overwrite:
        return "changed by hand"
    if not dry_run:
        api.dashboard.delete_dashboard(uid)
    return "removed"


def digest(document: Mapping[str, Any]) -> str:
    """Hash of a dashboard's content, whatever Grafana numbers it."""
    content = {name: value for name, value in document.items() if name not in {"id", "version"}}
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
