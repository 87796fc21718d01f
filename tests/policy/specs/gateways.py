"""Specs of policy/rules/gateways.py."""

from __future__ import annotations

from typing import Any

from policy.rules import kinds

from ..spec import UNKNOWN, Case, Spec, one, wrong

_STATIC = """\
entryPoints:
  metrics: {address: ":8080"}
  web: {address: ":8000", http: {redirections: {entryPoint: {scheme: https, permanent: true}}}}
  websecure: {address: ":8443", http: {tls: {}}}
"""
_ROUTING = """\
http:
  routers:
    shop: {entryPoints: [websecure], middlewares: [headers], service: shop}
    ping: {entryPoints: [metrics], service: ping@internal}
  services: {shop: {loadBalancer: {servers: [{url: "http://shop.commerce.svc:3000"}]}}}
  middlewares:
    headers:
      headers:
        stsSeconds: 31536000
        stsIncludeSubdomains: true
        contentTypeNosniff: true
        customFrameOptionsValue: SAMEORIGIN
        referrerPolicy: no-referrer
tls:
  certificates: [{certFile: /a, keyFile: /b}]
  options: {default: {minVersion: VersionTLS12, sniStrict: true, cipherSuites: [TLS_AES_128_GCM_SHA256]}}
"""
_PLACE = 'data["routing.yaml"]'


def _static(old: str = "", new: str = "") -> Case:
    return one(kinds.CONFIG_MAP, {"data": {"traefik.yaml": _STATIC.replace(old, new)}})


def _routing(old: str = "", new: Any = "") -> Case:
    return one(kinds.CONFIG_MAP, {"data": {"routing.yaml": new if new == UNKNOWN else _ROUTING.replace(old, new)}})


_UNKNOWN = (wrong(_routing(new=UNKNOWN), _PLACE),)
_OPTIONS = f"{_PLACE}.tls.options.default"

SPECS = (
    Spec(
        "gateway-tls",
        passes=(_static(), _routing()),
        fails=(
            wrong(_static("scheme: https", "scheme: http"), 'data["traefik.yaml"].entryPoints.web'),
            wrong(_static("permanent: true", "permanent: false"), 'data["traefik.yaml"].entryPoints.web'),
            wrong(_static("{tls: {}}", "{}"), 'data["traefik.yaml"].entryPoints.websecure'),
            wrong(
                one(kinds.CONFIG_MAP, {"data": {"traefik.yaml": _STATIC + "api: {insecure: true}\n"}}),
                'data["traefik.yaml"].api',
            ),
            wrong(one(kinds.CONFIG_MAP, {"data": {"traefik.yaml": "{}"}}), 'data["traefik.yaml"].entryPoints'),
            wrong(_static(":8443", ":8080"), 'data["traefik.yaml"].entryPoints.websecure.address'),
            wrong(
                _static("scheme: https", "to: metrics, scheme: https"),
                'data["traefik.yaml"].entryPoints.web.http.redirections.entryPoint.to',
            ),
            wrong(
                one(kinds.CONFIG_MAP, {"data": {"traefik.yaml": _STATIC + "providers: {docker: {}}\n"}}),
                'data["traefik.yaml"].providers.docker',
            ),
        ),
        unknown=(wrong(one(kinds.CONFIG_MAP, {"data": {"traefik.yaml": UNKNOWN}}), 'data["traefik.yaml"]'),),
    ),
    Spec(
        "gateway-tls-options",
        passes=(_routing(), one(kinds.CONFIG_MAP, {"data": {"access.yaml": "http: {middlewares: {}}"}})),
        fails=(
            wrong(_routing("VersionTLS12", "VersionTLS10"), f"{_OPTIONS}.minVersion"),
            wrong(_routing("sniStrict: true", "sniStrict: false"), f"{_OPTIONS}.sniStrict"),
            wrong(_routing("TLS_AES_128_GCM_SHA256", "TLS_RSA_WITH_RC4_128_SHA"), f"{_OPTIONS}.cipherSuites[0]"),
            wrong(_routing("[{certFile: /a, keyFile: /b}]", "[]"), f"{_PLACE}.tls.certificates"),
            wrong(_routing("keyFile: /b", "x: /b"), f"{_PLACE}.tls.certificates[0].keyFile"),
            wrong(_routing("  options: {default:", "  options: {another:"), f"{_PLACE}.tls.options"),
            wrong(_routing("  options: {default:", "  stores: {}\n  options: {default:"), f"{_PLACE}.tls.stores"),
            wrong(
                _routing("service: shop}", "service: shop, tls: {options: old}}"),
                f"{_PLACE}.http.routers.shop.tls.options",
            ),
        ),
        unknown=_UNKNOWN,
    ),
    Spec(
        "gateway-headers",
        passes=(_routing(),),
        fails=(
            wrong(
                _routing(
                    "referrerPolicy: no-referrer",
                    "referrerPolicy: no-referrer\n        contentSecurityPolicy: frame-ancestors *",
                ),
                f"{_PLACE}.http.routers.shop.middlewares",
            ),
            wrong(_routing("31536000", "60"), f"{_PLACE}.http.routers.shop.middlewares"),
            wrong(_routing("middlewares: [headers]", "middlewares: []"), f"{_PLACE}.http.routers.shop.middlewares"),
            wrong(
                _routing("entryPoints: [websecure]", "entryPoints: [web, websecure]"),
                f"{_PLACE}.http.routers.shop.entryPoints",
            ),
        ),
        unknown=_UNKNOWN,
    ),
    Spec(
        "gateway-backends",
        passes=(_routing(), _routing("http://shop.commerce.svc:3000", "https://198.51.100.7")),
        fails=(
            wrong(
                _routing("shop.commerce.svc:3000", "198.51.100.7"),
                f"{_PLACE}.http.services.shop.loadBalancer.servers[0].url",
            ),
        ),
        unknown=_UNKNOWN,
    ),
    Spec(
        "gateway-inside",
        passes=(_routing(), _routing("http://shop.commerce.svc", "http://10.10.30.41")),
        fails=(
            wrong(
                _routing("http://shop.commerce.svc:3000", "https://203.0.113.7/x"),
                f"{_PLACE}.http.services.shop.loadBalancer.servers[0].url",
            ),
        ),
        unknown=_UNKNOWN,
    ),
)
