"""Calls of Grafana's HTTP API, and what is said where one fails."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from grafana_client.api import GrafanaApi
from grafana_client.client import GrafanaClientError, GrafanaException
from niquests.exceptions import RequestException

from core.errors import ConfigurationError, UnavailableError


@contextmanager
def connected(url: str, token: str) -> Iterator[GrafanaApi]:
    """Calls with a service account's token.

    Raises:
        ConfigurationError: Grafana refuses the token, or what was sent.
        UnavailableError: Grafana does not answer.
    """
    try:
        api = GrafanaApi.from_url(url, credential=token, timeout=20)
        with api.client.s:
            yield api
    except GrafanaClientError as error:
        if error.status_code in {401, 403}:
            raise ConfigurationError(
                f"Grafana at {url} refuses the token ({error.message}). Make a service account with the role Admin "
                "(Administration → Service accounts), add a token, and set OPSCENTRE_GRAFANA_TOKEN to it."
            ) from None
        if error.status_code == 412:
            raise ConfigurationError(
                f"somebody saved a dashboard in Grafana at {url} at this very moment; publish again"
            ) from None
        raise ConfigurationError(f"Grafana at {url} refuses what was sent: {error.message}") from None
    except (GrafanaException, RequestException, OSError) as error:
        raise UnavailableError(f"Grafana at {url} does not answer: {error}\nIs OPSCENTRE_GRAFANA_URL right?") from None


def found(call: Any) -> Any:
    """What a call gives; None where Grafana says that there is no such thing."""
    try:
        return call()
    except GrafanaClientError as error:
        if error.status_code == 404:
            return None
        raise
