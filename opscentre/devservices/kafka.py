"""Kafka without Docker: its jars by Maven, one broker that is its own controller."""

import shutil
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from pathlib import Path

from core.errors import DevServiceError, UnavailableError
from core.kafka import admin, cluster_id
from core.progress import ProgressCallback
from opscentre.devservices.install import locked, need, run
from opscentre.devservices.ports import free_or_fail, free_port, listens, taken
from opscentre.devservices.process import Process

VERSION = "4.4.0"

SHORT_LIVED = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""Options of a Java that does not run long enough to earn back what optimising its code costs."""

_POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>vn.opscentre</groupId><artifactId>kafka</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{VERSION}</version></dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.24.3</version></dependency>
  </dependencies>
</project>
"""

_PROPERTIES = """process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
group.initial.rebalance.delay.ms={rebalance_delay_ms}
message.max.bytes=4194304
log.message.timestamp.type=LogAppendTime
"""


class Kafka:
    """One broker on 127.0.0.1, its data in `home`."""

    def __init__(
        self, home: Path, port: int, cache: Path, rebalance_delay_ms: int = 0, jvm: Sequence[str] = ()
    ) -> None:
        """`rebalance_delay_ms`: how long a new consumer group waits for more members before it begins.

        `jvm`: options of the broker's Java, beside the size of its heap.
        """
        self.port = port
        self.process = Process("kafka", home)
        self._home = home
        self._libs = cache / f"kafka-{VERSION}"
        self._cache = cache
        self._rebalance_delay_ms = rebalance_delay_ms
        self._jvm = jvm

    @property
    def bootstrap(self) -> str:
        """Where clients connect, `host:port`."""
        return f"127.0.0.1:{self.port}"

    def install(self, say: ProgressCallback) -> None:
        """Fetch the jars into the cache, where they are not there yet.

        Raises:
            DevServiceError: Java or Maven is missing and cannot be installed, or the download fails.
        """
        with locked(self._cache):
            if self._libs.exists():
                return
            need("java", "openjdk-17-jre-headless", say)
            need("mvn", "maven", say)
            say(f"fetching Kafka {VERSION} (43 MB, once)")
            work = self._cache / "kafka.part"
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir()
            (work / "pom.xml").write_text(_POM)
            plain = ["mvn", "-q", "-B", "-Dstyle.color=never"]
            run([*plain, "dependency:copy-dependencies", f"-DoutputDirectory={work / 'libs'}"], say, work)
            (work / "libs").rename(self._libs)
            shutil.rmtree(work)

    def start(self, say: ProgressCallback) -> None:
        """Start the broker and wait until it answers; its data stays from run to run.

        Raises:
            DevServiceError: the port is in use, or it does not answer within 90 seconds.
        """
        if self.process.pid is None:
            free_or_fail(self.port, "Kafka", "OPSCENTRE_KAFKA")
            self._home.mkdir(parents=True, exist_ok=True)
            config = self._home / "server.properties"
            data = self._home / "log"
            # Anew each time: the setting's port may be another one, the controller's taken, the checkout moved.
            config.write_text(
                _PROPERTIES.format(
                    port=self.port,
                    controller=free_port(),
                    data=data,
                    rebalance_delay_ms=self._rebalance_delay_ms,
                )
            )
            if not (data / "meta.properties").exists():
                cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
                run(
                    [
                        *self._java("kafka.tools.StorageTool", *SHORT_LIVED),
                        "format",
                        f"--cluster-id={cluster}",
                        "-c",
                        str(config),
                    ],
                    say,
                )
            self.process.start([*self._java("kafka.Kafka", "-Xmx512m", *self._jvm), str(config)])
        try:
            self.process.require(self._answers, 90)  # after a kill the old session must run out: 9 s
        except DevServiceError:
            if self.process.pid is None and listens(self.port):  # somebody else was a moment faster
                raise taken(self.port, "Kafka", "OPSCENTRE_KAFKA") from None
            raise

    def stop(self) -> None:
        """Stop the broker in order."""
        self.process.stop(30)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self.process.kill()

    def _answers(self) -> bool:
        """Whether it is this broker that answers on the port, and not one that has taken it meanwhile."""
        if not listens(self.port):
            return False
        ours = (self._home / "log" / "meta.properties").read_text()
        try:
            with admin(self.bootstrap) as client:
                return f"cluster.id={cluster_id(client)}\n" in ours
        except UnavailableError:
            return False

    def _java(self, main: str, *options: str) -> list[str]:
        return ["java", *options, "-Dlog4j2.level=WARN", "-cp", f"{self._libs}/*", main]
