"""Specs of policy/rules/images.py."""

from __future__ import annotations

import versions
from policy.rules import kinds

from .. import good
from ..spec import UNKNOWN, Case, Spec, but, declared, one, wrong

_PLACE = "spec/template/spec/containers/0/image"
_PATH = "spec.template.spec.containers[0].image"


def _image(image: str) -> Case:
    return one(kinds.DEPLOYMENT, but(good.DEPLOYMENT, (_PLACE, image)))


_CHART = {"chart": "cert-manager", "version": "v1.21.2", "repositoryOpts": {"repo": "https://charts.jetstack.io"}}

_REGISTRY = declared(kinds.DNS_RECORD, {"name": "registry.luxima.id"}, "registry")

SPECS = (
    Spec(
        "workload-image-pinned",
        passes=(
            _image(f"registry.dev.luxima.local/aceh/storefront@{good.DIGEST}"),
            _image("docker.io/library/traefik:v3.7.15"),
            _image("localhost:5000/x:1.2"),
            one(kinds.CRON_JOB, good.CRON_JOB),
        ),
        fails=(
            wrong(_image("registry.luxima.id/aceh/storefront:1.4.2"), _PATH),
            wrong(_image("registry.staging.luxima.id/aceh/storefront"), _PATH),
            wrong(_image("traefik:latest"), _PATH),
            wrong(_image("localhost:5000/traefik"), _PATH),
            wrong(
                one(
                    kinds.DEPLOYMENT,
                    but(good.DEPLOYMENT, ("spec/template/spec/volumes", [{"image": {"reference": "x.io/y:latest"}}])),
                ),
                "spec.template.spec.volumes[0].image.reference",
            ),
            wrong(_image(f"traefik@{good.DIGEST[:-1]}"), _PATH),
        ),
        unknown=(wrong(_image(UNKNOWN), _PATH),),
    ),
    Spec(
        "docker-image-pinned",
        passes=(
            one(kinds.DOCKER_CONTAINER, good.DOCKER_CONTAINER),
            one(kinds.DOCKER_CONTAINER, {"image": good.DIGEST}),
            one(kinds.DOCKER_IMAGE, {"name": "supabase/postgres:15.8.1"}),
        ),
        fails=(
            wrong(one(kinds.DOCKER_CONTAINER, {"image": "postgres"}), "image"),
            wrong(one(kinds.DOCKER_IMAGE, {"name": "postgres:latest"}), "name"),
        ),
        unknown=(wrong(one(kinds.DOCKER_IMAGE, {"name": UNKNOWN}), "name"),),
    ),
    Spec(
        "workload-image-supported",
        passes=(
            _image(f"registry.dev.luxima.local/aceh/storefront@{good.DIGEST}"),
            _image(versions.TRAEFIK.reference),
            _image(f"{versions.TRAEFIK.reference}@{good.DIGEST}"),
            _image(f"quay.io/jetstack/cert-manager-webhook:{versions.CERT_MANAGER.version}"),
            _image(f"registry.shop.example/aceh/storefront@{good.DIGEST}"),
        ),
        fails=(
            wrong(_image("docker.io/library/traefik:v3.5.4"), _PATH),
            wrong(_image("example.test/grafana/loki:3.7.8"), _PATH),
            wrong(_image("registry.k8s.io/pause:3.10"), _PATH),
            wrong(_image(versions.PROMTAIL.reference), _PATH),
        ),
        unknown=(wrong(_image(UNKNOWN), _PATH),),
    ),
    Spec(
        "docker-image-supported",
        passes=(
            one(kinds.DOCKER_CONTAINER, {"image": good.DIGEST}),
            one(kinds.DOCKER_CONTAINER, {"image": versions.CADVISOR.reference}),
        ),
        fails=(
            wrong(one(kinds.DOCKER_CONTAINER, {"image": versions.PROMTAIL.reference}), "image"),
            wrong(one(kinds.DOCKER_IMAGE, {"name": "gcr.io/cadvisor/cadvisor:v0.52.1"}), "name"),
        ),
        unknown=(wrong(one(kinds.DOCKER_IMAGE, {"name": UNKNOWN}), "name"),),
    ),
    Spec(
        "helm-release",
        passes=(one("kubernetes:helm.sh/v4:Chart", {"chart": "cert-manager", "version": "v1.19.2"}),),
        fails=(
            wrong(one(kinds.HELM_RELEASE, {"chart": "loki", "version": "6.1.0"}), "chart"),
            wrong(one(kinds.HELM_RELEASE, {"chart": "loki", "version": ">=6"}), "chart", "version"),
        ),
        unknown=(wrong(one(kinds.HELM_RELEASE, {"chart": UNKNOWN, "version": "6.1.0"}), "chart"),),
    ),
    Spec(
        "helm-chart",
        passes=(one(kinds.HELM_CHART, _CHART),),
        fails=(
            wrong(one(kinds.HELM_CHART, but(_CHART, ("version", "^1.0.0"))), "version"),
            wrong(
                one(kinds.HELM_CHART, but(_CHART, ("repositoryOpts/repo", "http://charts.jetstack.io"))),
                "repositoryOpts.repo",
            ),
            wrong(one(kinds.HELM_CHART, but(_CHART, ("chart", "https://example.com/a.tgz"))), "chart"),
            wrong(one(kinds.HELM_CHART, but(_CHART, ("values", {"replicaCount": 0}))), "values.replicaCount"),
            *(
                wrong(
                    one(
                        kinds.HELM_CHART,
                        but(
                            _CHART,
                            ("values/global/commonLabels/environment", "production"),
                            (f"values/x/{path}", value),
                        ),
                    ),
                    f"values.x.{path.replace('/', '.')}",
                )
                for path, value in (("replicaCount", 1), ("podDisruptionBudget/enabled", False))
            ),
        ),
        unknown=(wrong(one(kinds.HELM_CHART, but(_CHART, ("version", UNKNOWN))), "version"),),
    ),
    Spec(
        "own-registry",
        passes=((declared(kinds.DEPLOYMENT, good.DEPLOYMENT), _REGISTRY), one(kinds.DEPLOYMENT, good.DEPLOYMENT)),
        fails=(
            wrong(
                (
                    declared(kinds.DEPLOYMENT, good.DEPLOYMENT),
                    declared(kinds.DNS_RECORD, {"name": "registry.example.com"}),
                ),
                _PATH,
            ),
        ),
        unknown=(wrong((*_image(UNKNOWN), _REGISTRY), _PATH),),
    ),
)
