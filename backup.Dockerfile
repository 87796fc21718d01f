# The containers that make backups (backup/), on Docker hosts: no engine, no repository, no settings files.
FROM docker.io/rclone/rclone:1.75.2 AS rclone

FROM docker.io/library/python:3.11.14-slim-trixie AS build

WORKDIR /app
COPY requirements.txt ./
RUN python -m venv /packages \
    && /packages/bin/pip install --no-cache-dir --no-deps --only-binary :all: --require-hashes --requirement requirements.txt

COPY settings settings
COPY backup backup
# The container cannot write to its image, so that it is compiled here.
RUN rm requirements.txt && python -m compileall -q .

FROM docker.io/library/python:3.11.14-slim-trixie

# pgBackRest of Debian 13, which knows PostgreSQL 17.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates pgbackrest \
    && rm -rf /var/lib/apt/lists/*
COPY --from=rclone /usr/local/bin/rclone /usr/local/bin/rclone
COPY --from=build /packages /packages
COPY --from=build /app /app
# New volumes take over whose these folders are; the database's container is another user of the same group.
RUN install --directory --owner 10001 --group 0 --mode 0770 /var/lib/backup \
    && install --directory --owner 10001 --group 0 --mode 0775 /var/lib/node-exporter
ENV PATH=/packages/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
USER 10001:0
ENTRYPOINT ["python", "-m", "backup"]
