"""Specs of policy/rules/seeing.py."""

import json
from typing import Any

from policy.rules import kinds

from ..good import TEMPO
from ..spec import DROP, UNKNOWN, Case, Declared, Spec, but, declared, documented, dumped, in_map, wrong

_CM, _D, _S = kinds.CONFIG_MAP, kinds.DEPLOYMENT, kinds.STATEFUL_SET


_SOURCES = {
    "datasources": [
        {
            "uid": "p",
            "type": "prometheus",
            "url": "http://p",
            "jsonData": {"exemplarTraceIdDestinations": [{"name": "t"}]},
        },
        {"uid": "l", "type": "loki", "url": "http://l", "jsonData": {"derivedFields": [{"datasourceUid": "t"}]}},
        {
            "uid": "t",
            "type": "tempo",
            "url": "http://t",
            "jsonData": {"tracesToLogsV2": {"datasourceUid": "l"}, "tracesToMetrics": {"datasourceUid": "p"}},
        },
    ]
}


def _seen(sources: Any) -> Case:
    return (in_map(TEMPO, "tempo", file="tempo.yaml"), in_map(sources, "grafana", file="sources.yaml"))


_TITLES = (
    *("System Overview", "Application Metrics", "Tenant Metrics", "Database Metrics", "Security Overview"),
    *("Request Traces", "Service Level Objectives"),
)
_BOARDS = {f"{at}.json": json.dumps({"title": title, "panels": [{}]}) for at, title in enumerate(_TITLES)}
_INI = "[auth.anonymous]\nenabled = false\n"
_PROVIDER = {"providers": [{"options": {"path": "/etc/grafana/dashboards"}}]}


def _grafana(ini: str, **more: str) -> Declared:
    boards = {**_BOARDS, **more}
    return declared(_CM, {"data": {"grafana.ini": ini, "boards.yaml": dumped(_PROVIDER), **boards}})


def _mounting(*keys: str) -> Declared:
    items = [{"key": key} for key in keys]
    pod = {"volumes": [{"projected": {"sources": [{"configMap": {"name": "it", "items": items}}]}}]}
    return declared(_D, {"metadata": {"namespace": "observability"}, "spec": {"template": {"spec": pod}}}, "pod")


_BLACKBOX = {
    "modules": {
        "page": {"timeout": "10s", "http": {"valid_status_codes": [200, 401]}},
        "turn": {
            "http": {
                "fail_if_ssl": True,
                "valid_status_codes": [301],
                "fail_if_header_not_matches": [{"header": "Location", "regexp": "^https"}],
            }
        },
        "name": {"timeout": "5s", "dns": {"valid_rcodes": ["NOERROR"], "validate_answer_rrs": {"x": ["y"]}}},
    }
}
_UNKNOWN = declared(_CM, {"data": {"x.yaml": UNKNOWN}}, "unknown")
_PLACE = 'data["x.yaml"]'

SPECS = (
    Spec(
        "data-linked",
        passes=(_seen(_SOURCES),),
        fails=tuple(
            wrong(_seen(but(_SOURCES, (f"datasources/{path}", value))), f'data["sources.yaml"].datasources{place}')
            for path, value, place in (
                ("2/type", "x", ""),
                ("0/access", "direct", "[0].access"),
                ("0/jsonData", DROP, "[0].jsonData.exemplarTraceIdDestinations"),
                ("2/jsonData/tracesToMetrics/datasourceUid", "x", "[2].jsonData.tracesToMetrics.datasourceUid"),
            )
        ),
        unknown=(wrong((*_seen(_SOURCES), _UNKNOWN), _PLACE),),
    ),
    Spec(
        "dashboards-there",
        passes=((_grafana(_INI),),),
        fails=(
            wrong((_grafana(_INI, **{"0.json": "{}"}),), 'data["0.json"]', "data"),
            wrong(
                (
                    _grafana(
                        _INI, **{"boards.yaml": dumped(but(_PROVIDER, ("providers/0/options/path", "/etc/grafana/x")))}
                    ),
                ),
                'data["boards.yaml"].providers[0].options.path',
            ),
            wrong(
                (_grafana(_INI, **{"boards.yaml": dumped(but(_PROVIDER, ("providers/0/allowUiUpdates", True)))}),),
                'data["boards.yaml"].providers[0].allowUiUpdates',
            ),
        ),
        unknown=(wrong((_grafana(_INI, **{"x.yaml": UNKNOWN}),), _PLACE),),
    ),
    Spec(
        "files-given",
        passes=((in_map({}, file="a.yaml"), _mounting("a.yaml")), (in_map({}, file="a.yaml"), _mounting())),
        fails=(
            wrong(
                (in_map({}, file="a.yaml"), _mounting("b.yaml")),
                "spec.template.spec.volumes[0].projected.sources[0].configMap.items",
            ),
        ),
        unknown=(wrong((_mounting("a.yaml"), declared(_D, {"spec": UNKNOWN}, "x")), "spec"),),
    ),
    Spec(
        "grafana-told",
        passes=((_grafana(_INI),),),
        fails=(
            wrong((_grafana(f"{_INI}[auth.ldap]\nenabled = true\n"),), 'data["grafana.ini"]["auth.ldap"].enabled'),
            wrong((_grafana(f"{_INI}[smtp]\nskip_verify = true\n"),), 'data["grafana.ini"].smtp.skip_verify'),
            wrong((_grafana(f"{_INI}[log]\nmode = file\n"),), 'data["grafana.ini"].log.mode'),
        ),
        unknown=(wrong((_grafana(_INI, **{"x.yaml": UNKNOWN}),), _PLACE),),
    ),
    documented(
        "probes-mean-it",
        "blackbox.yml",
        _BLACKBOX,
        ("modules/page/timeout", "1ms", ".modules.page.timeout"),
        ("modules/page/http/valid_status_codes", [500], ".modules.page.http.valid_status_codes[0]"),
        ("modules/turn/http/valid_status_codes", [200], ".modules.turn.http.valid_status_codes[0]"),
        ("modules/turn/http/fail_if_header_not_matches", [], ".modules.turn.http.fail_if_header_not_matches"),
        (
            "modules/turn/http/fail_if_header_not_matches/0",
            {"header": "Location", "regexp": "^http"},
            ".modules.turn.http.fail_if_header_not_matches[0].regexp",
        ),
        ("modules/name/dns/valid_rcodes", ["NXDOMAIN"], ".modules.name.dns.valid_rcodes[0]"),
        ("modules/name/dns/validate_answer_rrs", DROP, ".modules.name.dns.validate_answer_rrs"),
    ),
)
