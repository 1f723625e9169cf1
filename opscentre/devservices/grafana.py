"""A Grafana that is on the machine already, run with a data folder of its own: nothing of it is installed here."""

import os
import secrets
import shutil
from pathlib import Path

from core.settings import Settings
from dashboards.grafana.context import uid
from dashboards.grafana.documents import GENERATED
from opscentre.devservices.ports import free_port, listens
from opscentre.devservices.process import Process

_PORT = 3000
_PROGRAMS: tuple[tuple[str, list[str]], ...] = (("grafana", ["server"]), ("grafana-server", []))
_PACKAGED = Path("/usr/share/grafana")
"""Where the packages of Debian and Red Hat put what it shows."""


class Grafana:
    """One server on 127.0.0.1, whose viewers need not log in; `admin` has a password of this folder's own."""

    def __init__(self, program: Path, home: Path, data: Path) -> None:
        """`home` is where it is installed, `data` the folder that it may write to."""
        self._program, self._home = program, home
        self.process = Process("grafana", data)
        self._folder = data / "grafana"
        self.port = free_port() if listens(_PORT) else _PORT

    @classmethod
    def found(cls, options: Settings) -> "Grafana | None":
        """The one on this machine: of OPSCENTRE_GRAFANA_HOME, else on the PATH; None where there is none."""
        data = options.data.resolve()
        for name, _ in _PROGRAMS:
            if options.grafana_home is not None:
                program = options.grafana_home.resolve() / "bin" / name
                if program.exists():
                    return cls(program, options.grafana_home.resolve(), data)
            elif on_path := shutil.which(name):
                return cls(Path(on_path), _PACKAGED, data)
        return None

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def credentials(self) -> str:
        """USER:PASSWORD of its admin; the password is made once."""
        file = self._folder / "password"
        if not file.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            file.touch(mode=0o600)
            file.write_text(secrets.token_urlsafe(24))
        return f"admin:{file.read_text()}"

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            DevServiceError: it ends, or does not answer within two minutes.
        """
        arguments = dict(_PROGRAMS)[self._program.name]
        settings = {
            "GF_PATHS_DATA": str(self._folder),
            "GF_PATHS_LOGS": str(self._folder / "log"),
            "GF_PATHS_PLUGINS": str(self._folder / "plugins"),
            "GF_SERVER_HTTP_ADDR": "127.0.0.1",
            "GF_SERVER_HTTP_PORT": str(self.port),
            "GF_SECURITY_ADMIN_PASSWORD": self.credentials.partition(":")[2],
            "GF_AUTH_ANONYMOUS_ENABLED": "true",
            "GF_ANALYTICS_REPORTING_ENABLED": "false",
            "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
            "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH": str(GENERATED / f"{uid('wall', 'vi')}.json"),
            # Axes of charts, for which Grafana knows one way alone, and which older ones write as months before days.
            "GF_DATE_FORMATS_INTERVAL_DAY": "DD/MM",
            "GF_DATE_FORMATS_INTERVAL_HOUR": "DD/MM HH:mm",
            "GF_DATE_FORMATS_INTERVAL_MONTH": "MM/YYYY",
        }
        self.process.start([str(self._program), *arguments, "--homepath", str(self._home)], {**os.environ, **settings})
        self.process.require(lambda: listens(self.port), 120)

    def stop(self) -> None:
        """Stop it; its data stays."""
        self.process.stop(20)
