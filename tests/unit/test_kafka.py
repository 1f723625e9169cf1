"""Asking Kafka: what is left of it when it does not answer."""

import gc
import os
import threading

import pytest

from core import kafka
from core.errors import UnavailableError
from opscentre.devservices.ports import free_port


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_asking_in_vain_leaves_neither_thread_nor_socket(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(kafka, "REQUEST_TIMEOUT_MS", 100)
    caplog.set_level("CRITICAL", "kafka")  # what is captured would keep the connections that it names

    def ask() -> tuple[int, int]:
        with pytest.raises(UnavailableError), kafka.admin(f"127.0.0.1:{free_port()}"):
            pass
        gc.collect()  # kafka-python leaves the socket of the attempt itself to that
        return threading.active_count(), len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - that is what there is

    first = ask()
    assert [ask() for _ in range(5)] == [first] * 5
    gc.collect()  # here, where that is expected, and not in whatever test comes next
