# The guard of releases (release/guard), which runs in the cluster as a Job: no engine, no repository, no settings files.
FROM docker.io/library/python:3.11.14-slim-bookworm AS build

WORKDIR /app
COPY requirements.txt ./
RUN python -m venv /packages \
    && /packages/bin/pip install --no-cache-dir --no-deps --only-binary :all: --require-hashes --requirement requirements.txt

COPY settings settings
COPY components/__init__.py components/__init__.py
COPY components/dns_update components/dns_update
COPY release release
# The container cannot write to its image, so that it is compiled here.
RUN rm requirements.txt && python -m compileall -q .

FROM docker.io/library/python:3.11.14-slim-bookworm

COPY --from=build /packages /packages
COPY --from=build /app /app
ENV PATH=/packages/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
# The user that every workload of the platform runs as.
USER 10001:10001
ENTRYPOINT ["python", "-m", "release.guard"]
