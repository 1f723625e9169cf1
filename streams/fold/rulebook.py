"""The catalogues that cases were folded under: the one in force, and those that a case may still stand under."""

from collections.abc import Mapping
from typing import NamedTuple

import psycopg

from core.errors import OutdatedCatalogueError
from schemas.catalogue.model import Catalogue
from schemas.catalogue.rules import Rules
from streams.fold.rules import CaseRules

_CATALOGUES = "SELECT number, version, rules FROM catalogues ORDER BY number"


class Rulebook(NamedTuple):
    """The rules of each catalogue by its number, and the number of the one in force."""

    number: int
    rules: Mapping[int, CaseRules]

    @property
    def current(self) -> CaseRules:
        """The rules in force."""
        return self.rules[self.number]


def load_rulebook(connection: psycopg.Connection, catalogue: Catalogue) -> Rulebook:
    """Read the rules from the database, whose catalogue in force has to be this one.

    Raises:
        OutdatedCatalogueError: the database is at another catalogue, or at none yet.
    """
    rows = connection.execute(_CATALOGUES).fetchall()
    connection.commit()
    if not rows or rows[-1][1] != catalogue.version:
        raise OutdatedCatalogueError(
            f"the database is at catalogue {rows[-1][1] if rows else '(none)'}, this process has {catalogue.version}: "
            "bring the newer one to both (OPSCENTRE_CATALOGUE, or the version installed) and run `opscentre migrate`"
        )
    made: dict[str, CaseRules] = {}  # most catalogues differ in what no case asks for
    by_number: dict[int, CaseRules] = {}
    for number, _, text in rows:
        rules = Rules.read(text)
        same = rules.model_dump_json()  # an earlier version may have written the same in other words
        by_number[number] = made.get(same) or made.setdefault(same, CaseRules(rules))
    return Rulebook(rows[-1][0], by_number)
