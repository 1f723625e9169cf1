# The application: workers and every `opscentre` command.
FROM python:3.13-slim AS build
WORKDIR /build
# The build backend comes, hash-checked, from the developers' lock: with the rest of it, but nothing of this stage stays.
COPY requirements-dev.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements-dev.lock
COPY pyproject.toml README.md LICENSE ./
COPY schemas ./schemas
COPY core ./core
COPY streams ./streams
COPY consumers ./consumers
COPY dashboards ./dashboards
COPY web ./web
COPY opscentre ./opscentre
RUN pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels .

FROM python:3.13-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
COPY requirements.lock /tmp/
RUN pip install --no-cache-dir --require-hashes -r /tmp/requirements.lock && rm /tmp/requirements.lock
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir --no-deps /wheels/*.whl && rm -r /wheels
RUN useradd --system --create-home opscentre
USER opscentre
WORKDIR /home/opscentre
ENTRYPOINT []
CMD ["opscentre", "worker"]
