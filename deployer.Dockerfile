# What Coolify releases a service by (docs/how-to/add-an-application.md): the engine, its plugins, git. The platform itself is
# cloned when it starts (release/deployer.sh), so that code, settings and release file are of one commit.
FROM docker.io/pulumi/pulumi-base:3.272.0 AS pulumi

FROM docker.io/library/python:3.11.14-slim-trixie

# curl is what Coolify asks an application's page with.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates curl git \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home deployer \
    && install --directory --owner deployer /packages /platform
COPY --from=pulumi /pulumi/bin /pulumi/bin
ENV PACKAGES=/packages PATH=/packages/bin:/pulumi/bin:$PATH PYTHONUNBUFFERED=1 \
    PULUMI_SKIP_UPDATE_CHECK=true LUXIMA_PUSH=1 LUXIMA_WHO=coolify
USER deployer
WORKDIR /packages
COPY requirements.txt Pulumi.yaml ./
# The plugins are those of the packages, which `pulumi install` looks for as the project's.
RUN python -m venv /packages \
    && pip install --no-cache-dir --no-deps --only-binary :all: --require-hashes --requirement requirements.txt \
    && ln -s /packages .venv \
    && pulumi install --no-dependencies
COPY release/deployer.sh /usr/local/bin/deployer
WORKDIR /platform
ENTRYPOINT ["sh", "/usr/local/bin/deployer"]
