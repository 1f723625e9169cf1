"""What arrived of a run that was killed, or could not go on: found in Kafka's own log."""

from collections import Counter
from collections.abc import Collection
from dataclasses import replace

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from core.errors import UnavailableError
from core.kafka import admin, end_offsets
from opscentre.simulation.plan import SimulatedRecord
from opscentre.simulation.runs import Run, checksum

Fingerprint = tuple[str, bytes, bytes | None]
"""Topic, key and value. Every value has the run's own ids in it, but for some of the broken ones."""

POLL_TIMEOUT_MS = 20_000
"""Kafka's silence that is taken for an outage."""


def recover(run: Run, bootstrap: str) -> Run:
    """The run with all its records accounted for: those that were under way are looked for behind its last checkpoint.

    Raises:
        ConfigurationError: see `Run.in_doubt`.
        UnavailableError: Kafka does not answer, or no longer has that part of the log.
    """
    in_doubt = list(run.in_doubt())
    left = _count(run, {_fingerprint(record) for _, record in in_doubt}, bootstrap)
    arrived: set[int] = set()
    for number, record in in_doubt:
        if left[_fingerprint(record)]:
            left[_fingerprint(record)] -= 1
            arrived.add(number)
    published, digest = max(arrived, default=run.published - 1) + 1, run.digest
    for number, record in in_doubt:
        if number < published:
            digest = checksum(record, digest)
    missing = run.missing | {number for number in range(run.published, published) if number not in arrived}
    return replace(run, published=published, digest=digest, under_way=0, missing=missing)


def _fingerprint(record: SimulatedRecord) -> Fingerprint:
    return record.topic, record.key, record.value


def _count(run: Run, wanted: Collection[Fingerprint], bootstrap: str) -> Counter[Fingerprint]:
    """How often Kafka has each of the wanted records, from where the topics ended at the run's last checkpoint."""
    begins, ends = _span(run, bootstrap)
    found: Counter[Fingerprint] = Counter()
    consumer = None
    try:
        consumer = KafkaConsumer(bootstrap_servers=bootstrap.split(","), enable_auto_commit=False)
        first = consumer.beginning_offsets(list(begins))
        if any(first[partition] > begins[partition] for partition in begins):
            raise _lost(run)
        consumer.assign(list(begins))
        for partition, begin in begins.items():
            consumer.seek(partition, begin)
        while any(consumer.position(partition) < end for partition, end in ends.items()):
            fetched = consumer.poll(timeout_ms=POLL_TIMEOUT_MS, max_records=5000)
            if not fetched:
                raise UnavailableError(f"Kafka at {bootstrap} gives no more records, but has not come to its end")
            fingerprints = ((one.topic, one.key, one.value) for records in fetched.values() for one in records)
            found.update(one for one in fingerprints if one in wanted)
    except KafkaError as error:
        raise UnavailableError(f"Kafka at {bootstrap} does not answer: {error}") from error
    finally:
        if consumer is not None:
            consumer.close()
    return found


def _span(run: Run, bootstrap: str) -> tuple[dict[TopicPartition, int], dict[TopicPartition, int]]:
    """Offsets of every partition between which the records in doubt must be."""
    with admin(bootstrap) as client:
        now = end_offsets(client, run.end_offsets)
    if any(name not in now or now[name].topic_id != offsets.topic_id for name, offsets in run.end_offsets.items()):
        raise _lost(run)
    begins = {
        TopicPartition(name, number): run.end_offsets[name].ends.get(number, 0)
        for name, offsets in now.items()
        for number in offsets.ends
    }
    return begins, {
        TopicPartition(name, number): end for name, offsets in now.items() for number, end in offsets.ends.items()
    }


def _lost(run: Run) -> UnavailableError:
    return UnavailableError(
        f"the run of {run.name}.json was killed, and Kafka no longer has the records that tell how far it got: "
        "what the figures must be is not known. Start over (`make clean-data`) to verify again."
    )
