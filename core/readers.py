"""The role of those who only read: Grafana and the pages. It sees the views of screens and indicators, nothing else."""

import os
from hashlib import sha256

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from core.database import connect
from core.errors import ConfigurationError
from core.settings import Settings
from schemas.views.screens import GRANTS, READER

_MAKE = sql.SQL("""
DO $$ BEGIN
    CREATE ROLE {role} LOGIN CONNECTION LIMIT 40;
    ALTER ROLE {role} SET default_transaction_read_only = on;
    ALTER ROLE {role} SET statement_timeout = '10s';
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$
""")
_PRIVATE = sql.SQL("REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC")


def reader_dsn(options: Settings) -> str:
    """How Grafana and the pages reach the database: OPSCENTRE_READER_DSN, else as a role made by `opscentre migrate`.

    That role's password is derived from the one of OPSCENTRE_DSN, one way only: who knows it cannot write.

    Raises:
        ConfigurationError: there is no password to derive it from.
    """
    if options.reader_dsn:
        return options.reader_dsn
    known = {name: str(value) for name, value in conninfo_to_dict(options.dsn).items()}
    password = known.get("password") or os.environ.get("PGPASSWORD", "")
    if not password:
        raise ConfigurationError(
            "OPSCENTRE_DSN has no password from which the readers' one could follow: make a role as "
            "docs/runbooks/reader-role.md says, and set OPSCENTRE_READER_DSN"
        )
    derived = sha256(f"{READER}\0{password}".encode()).hexdigest()
    return make_conninfo(options.dsn, user=READER, password=derived)


def make_reader(options: Settings) -> None:
    """Make the readers' role, where it is not there, with the password that `reader_dsn` says. Safe to run again.

    Nothing is made where OPSCENTRE_READER_DSN names another.

    Raises:
        ConfigurationError: the role of OPSCENTRE_DSN may not make roles.
        UnavailableError: the database does not answer.
    """
    if options.reader_dsn:
        return
    wanted = reader_dsn(options)
    with connect(options.dsn, "opscentre migrate", autocommit=True) as connection:
        role = sql.Identifier(READER)
        try:
            connection.execute(_MAKE.format(role=role))
            if not _admitted(wanted):
                password = sql.Literal(conninfo_to_dict(wanted)["password"])
                connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, password))
        except psycopg.errors.InsufficientPrivilege:
            raise ConfigurationError(
                "the role of OPSCENTRE_DSN may not make the readers' role: make one as docs/runbooks/reader-role.md "
                "says, and set OPSCENTRE_READER_DSN"
            ) from None
        connection.execute(_PRIVATE.format(database=sql.Identifier(connection.info.dbname)))
        connection.execute(GRANTS.encode())


def _admitted(dsn: str) -> bool:
    try:
        psycopg.connect(dsn, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True
