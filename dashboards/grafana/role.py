"""Whether the role that Grafana connects as can only read: whoever sees a dashboard may send any SQL as that role."""

import psycopg
from psycopg.conninfo import conninfo_to_dict

from core.database import connect
from core.errors import ConfigurationError

_MAY = """
WITH reachable AS (SELECT * FROM pg_roles WHERE pg_has_role(%(role)s, oid, 'MEMBER')),
schemas AS (
    SELECT oid, nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema$|_?timescaledb_)'
)
SELECT 'is a superuser' WHERE EXISTS (SELECT FROM reachable WHERE rolsuper)
UNION ALL SELECT 'may make roles' WHERE EXISTS (SELECT FROM reachable WHERE rolcreaterole)
UNION ALL SELECT 'may make databases' WHERE EXISTS (SELECT FROM reachable WHERE rolcreatedb)
UNION ALL SELECT 'may replicate' WHERE EXISTS (SELECT FROM reachable WHERE rolreplication)
UNION ALL SELECT 'is a member of ' || string_agg(rolname, ', ' ORDER BY rolname) FROM reachable
    WHERE rolname ~ '^pg_(write_|execute_|read_server|read_all_data|maintain|signal|checkpoint)'
    HAVING count(*) > 0
UNION ALL SELECT 'may make schemas'
    WHERE EXISTS (SELECT FROM reachable AS r WHERE has_database_privilege(r.oid, current_database(), 'CREATE'))
UNION ALL SELECT 'may make tables in ' || string_agg(DISTINCT s.nspname, ', ')
    FROM schemas AS s, reachable AS r WHERE has_schema_privilege(r.oid, s.oid, 'CREATE') HAVING count(*) > 0
UNION ALL SELECT 'may change what is in ' || count(DISTINCT c.oid) || ' tables'
    FROM pg_class AS c JOIN schemas AS s ON s.oid = c.relnamespace, reachable AS r
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
        AND has_table_privilege(r.oid, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE') HAVING count(*) > 0
"""


def require_reader(here: str, there: str) -> None:
    """Refuse a role that may do more than read.

    Args:
        here: how this process reaches the database, which is asked.
        there: how Grafana will, with the role.

    Raises:
        ConfigurationError: the role may do more, or there is none of that name.
        UnavailableError: the database does not answer.
    """
    role = str(conninfo_to_dict(there).get("user", ""))
    with connect(here, "opscentre dashboards", autocommit=True) as connection:
        may = may_beside_reading(connection, role)
    if may:
        raise ConfigurationError(
            f"Grafana would connect as {role}, which {'; '.join(may)}. Whoever sees a dashboard may send any SQL as "
            "that role: leave it to the readers' role that `opscentre migrate` makes, or name one in "
            "OPSCENTRE_GRAFANA_DSN as docs/runbooks/reader-role.md says. `--any-role` publishes all the same."
        )


def may_beside_reading(connection: psycopg.Connection, role: str) -> list[str]:
    """What a role may do in this database beside reading, by itself or as one that it may become, in words.

    Raises:
        ConfigurationError: there is no such role.
    """
    if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (role,)).fetchone() is None:
        raise ConfigurationError(
            f"the database has no role {role or 'without a name'}: run `opscentre migrate`, which makes the readers', "
            "or name another in OPSCENTRE_GRAFANA_DSN"
        )
    found = [str(row[0]) for row in connection.execute(_MAY, {"role": role}).fetchall()]
    return found[:1] if found[:1] == ["is a superuser"] else found
