"""Five random schedules of faults under load. `make torture` runs as many as one likes."""

from pathlib import Path

import pytest

from opscentre.devservices.kafka import Kafka
from opscentre.devservices.timescaledb import TimescaleDB
from tests.torture import torture


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 6))
def test_whatever_goes_wrong_in_whatever_order_everything_is_exact(
    seed: int, own_kafka: Kafka, own_timescaledb: TimescaleDB, tmp_path: Path
) -> None:
    print(torture(seed, own_kafka, own_timescaledb, tmp_path, 8_000))
