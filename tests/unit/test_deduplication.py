"""Which revision of an event stands, decided without a database."""

from streams.ingest.records import DecodedEvent
from streams.write.archive import ArchiveKey
from streams.write.deduplication import CurrentRevision, Revisions
from tests.helpers import DECODERS, cloud_event, record


def revision(number: int, reason: str = "payment", retracted: bool = False) -> DecodedEvent:
    event = cloud_event("dossier.suspended", revision=number, retracted=retracted, reason=reason)
    return DECODERS["one-stop"].decode(record(event))


def decided(*events: DecodedEvent, archived: DecodedEvent | None = None) -> Revisions:
    current, seen = {}, {}
    if archived is not None:
        current[archived.identity] = CurrentRevision(archived.revision, archived.content_hash, archived.time, None)
        seen[archived.identity, archived.revision] = archived.content_hash
    revisions = Revisions(current, seen)
    for event in events:
        revisions.add(event)
    return revisions


def test_the_same_again_is_a_duplicate_and_other_content_a_conflict() -> None:
    first = revision(0)
    for found in (decided(first, revision(0), revision(0, "other")), decided(first, revision(0, "other"), revision(0))):
        assert found.resolution.archive == [first]
        assert found.resolution.facts == [(first.fact, 1)]
        assert found.resolution.duplicates == 1
        assert [one.reason for one in found.resolution.refused] == ["conflicting_id"]
        assert (found.revised, found.superseded, found.taken_back) == ({}, [], [])


def test_a_higher_revision_takes_back_what_the_lower_one_stated() -> None:
    first, second, third = revision(0), revision(1), revision(2, retracted=True)
    found = decided(first, second, third)
    assert found.resolution.archive == [first, second, third]
    assert found.resolution.facts == [(first.fact, 1), (first.fact, -1), (second.fact, 1), (second.fact, -1)]
    assert found.superseded == [(first.identity, 0, first.content_hash), (first.identity, 1, second.content_hash)]
    assert found.revised == {first.identity: CurrentRevision(2, third.content_hash, third.time, third)}
    assert decided(third, revision(3)).resolution.facts == [(revision(3).fact, 1)]  # a retracted one had stated nothing


def test_a_lower_revision_that_comes_too_late_is_archived_and_states_nothing() -> None:
    second, first = revision(1), revision(0)
    found = decided(second, first, revision(0))
    assert found.resolution.archive == [second, first]
    assert found.resolution.facts == [(second.fact, 1)]
    assert found.resolution.duplicates == 1
    assert found.superseded == [(first.identity, 0, first.content_hash)]
    assert found.revised == {}


def test_what_stands_in_the_archive_is_looked_up_there_to_be_taken_back_once() -> None:
    old, second, third = revision(0), revision(1), revision(2)
    found = decided(revision(0), second, third, archived=old)
    assert found.resolution.duplicates == 1
    assert found.taken_back == [ArchiveKey(old.time, "one-stop", "1", 0)]
    assert found.resolution.facts == [(second.fact, 1), (second.fact, -1), (third.fact, 1)]
    assert found.superseded == [(old.identity, 0, old.content_hash), (old.identity, 1, second.content_hash)]
