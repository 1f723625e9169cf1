"""What is said of a mistyped connection string: never a part of the password."""

import psycopg
import pytest

from core.database import connect
from core.errors import ConfigurationError, OpsCentreError
from core.settings import Settings
from opscentre.devservices.addresses import local_database

MISTYPED = [
    "host=127.0.0.1 port=1 user=me password=my s3cret",
    "host=127.0.0.1 passwords3cret",
    "me:s3cret@127.0.0.1/opscentre",
    "postgresql://me:my@s3cret@127.0.0.1:1/opscentre",
    "postgresql://me:my/s3cret@127.0.0.1:1/opscentre",
    "postgresql://me:s3cret%zz@127.0.0.1/opscentre",
    "postgresql://127.0.0.1:s3cret/opscentre",
]


@pytest.mark.parametrize("dsn", MISTYPED)
def test_no_part_of_a_password_is_repeated(dsn: str) -> None:
    with pytest.raises(OpsCentreError) as caught:
        connect(dsn, "test")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("dsn", MISTYPED[:3])
def test_nor_where_the_local_database_is_looked_for(dsn: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        local_database(Settings(dsn=dsn))
    assert "s3cret" not in str(caught.value)


def test_what_is_no_secret_is_named() -> None:
    with pytest.raises(OpsCentreError, match=r"nowhere\.invalid"):
        connect("postgresql://me:secret@nowhere.invalid:1/opscentre", "test")
    assert psycopg.conninfo.conninfo_to_dict(Settings().dsn)["host"] == "127.0.0.1"
