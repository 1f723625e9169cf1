"""Publishing to Grafana through its API: a second time changes nothing, and changes by hand are not overwritten."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

from grafana_client.api import GrafanaApi
from grafana_client.client import GrafanaClientError, GrafanaException
from niquests.exceptions import RequestException
from psycopg.conninfo import conninfo_to_dict

from core.errors import ConfigurationError, UnavailableError
from dashboards.queries import DATA_SOURCE_TYPE, DATA_SOURCE_UID

FOLDER_UID, FOLDER_TITLE = "opscentre", "Trung tâm điều hành"

_MARK = "opscentre "
"""What the message of every version that was published begins with; the hash of its content follows."""

Outcome = Literal["created", "updated", "unchanged", "changed by hand"]


@dataclass(frozen=True)
class Grafana:
    """Where to publish. `dsn` is how Grafana itself reaches the database."""

    url: str
    token: str
    dsn: str


def publish(
    grafana: Grafana, documents: Mapping[str, Mapping[str, Any]], *, overwrite: bool = False
) -> dict[str, Outcome]:
    """Publish data source, folder and dashboards; return what became of each, by uid.

    A dashboard whose newest version was not published by this function was changed by hand: it is left as it is,
    unless `overwrite`.

    Raises:
        ConfigurationError: Grafana refuses the token, or what was sent.
        UnavailableError: Grafana does not answer.
    """
    with _calls(grafana.url):
        api = GrafanaApi.from_url(grafana.url, credential=grafana.token, timeout=20)
        with api.client.s:
            outcomes: dict[str, Outcome] = {DATA_SOURCE_UID: _data_source(api, grafana.dsn)}
            _folder(api)
            for uid, document in documents.items():
                outcomes[uid] = _dashboard(api, uid, document, overwrite=overwrite)
    return outcomes


@contextmanager
def _calls(url: str) -> Iterator[None]:
    try:
        yield
    except GrafanaClientError as error:
        if error.status_code in {401, 403}:
            raise ConfigurationError(
                f"Grafana at {url} refuses the token ({error.message}). Make a service account with the role Admin "
                "(Administration → Service accounts), add a token, and set OPSCENTRE_GRAFANA_TOKEN to it."
            ) from None
        raise ConfigurationError(f"Grafana at {url} refuses what was sent: {error.message}") from None
    except (GrafanaException, RequestException, OSError) as error:
        raise UnavailableError(f"Grafana at {url} does not answer: {error}\nIs OPSCENTRE_GRAFANA_URL right?") from None


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


def _data_source(api: GrafanaApi, dsn: str) -> Outcome:
    wanted = data_source(dsn)
    there = _found(lambda: api.datasource.get_datasource_by_uid(DATA_SOURCE_UID))
    if there is None:
        api.datasource.create_datasource(wanted)
        return "created"
    # The password cannot be read back: it goes along whenever anything else has changed.
    compared = ("url", "user", "type", "jsonData")
    if all(there.get(name) == wanted[name] for name in compared):
        return "unchanged"
    api.datasource.update_datasource_by_uid(DATA_SOURCE_UID, wanted)
    return "updated"


def _folder(api: GrafanaApi) -> None:
    if _found(lambda: api.folder.get_folder(FOLDER_UID)) is None:
        api.folder.create_folder(FOLDER_TITLE, uid=FOLDER_UID)


def _dashboard(api: GrafanaApi, uid: str, document: Mapping[str, Any], *, overwrite: bool) -> Outcome:
    mark = f"{_MARK}{digest(document)}"
    there = _found(lambda: api.dashboard.get_dashboard(uid))
    if there is None:
        _save(api, document, {"id": None, "version": 0}, mark)
        if _newest_message(api, uid) != mark:  # the first version's message is Grafana's own, whatever was sent
            _save(api, document, api.dashboard.get_dashboard(uid)["dashboard"], mark)
        return "created"
    message = _newest_message(api, uid)
    if message == mark:
        return "unchanged"
    if not message.startswith(_MARK) and not overwrite:
        return "changed by hand"
    _save(api, document, there["dashboard"], mark)
    return "updated"


def _save(api: GrafanaApi, document: Mapping[str, Any], known: Mapping[str, Any], mark: str) -> None:
    """Save over the version that is known: who saved meanwhile gets a conflict instead of being overwritten."""
    dashboard = {**document, "id": known["id"], "version": known["version"]}
    body = {"dashboard": dashboard, "folderUid": FOLDER_UID, "message": mark, "overwrite": False}
    api.dashboard.update_dashboard(body)


def _newest_message(api: GrafanaApi, uid: str) -> str:
    answer = api.dashboard_versions.get_dashboard_versions_by_uid(uid)
    versions = answer["versions"] if isinstance(answer, dict) else answer  # a list until Grafana 11
    return str(max(versions, key=lambda version: version["version"])["message"]) if versions else ""


def digest(document: Mapping[str, Any]) -> str:
    """Hash of a dashboard's content, whatever Grafana numbers it."""
    content = {name: value for name, value in document.items() if name not in {"id", "version"}}
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def _found(call: Any) -> Any:
    """What a call gives; None where Grafana says that there is no such thing."""
    try:
        return call()
    except GrafanaClientError as error:
        if error.status_code == 404:
            return None
        raise
