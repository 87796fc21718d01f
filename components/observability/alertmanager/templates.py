"""`templates/luxima.tmpl`: what a message says, and where it leads.

Every message links its runbook, its dashboard and a silence that is filled in; a critical one also a post-mortem that
is filled in. Slack, PagerDuty and plain text are rendered by Go's text/template, so addresses are encoded here;
e-mail and Telegram by html/template, which encodes by itself what stands in an attribute.
"""

from typing import Final

from settings import Settings

MOST: Final = 20
"""Alerts that one message tells of in words; it says how many there are."""
FILED: Final = 5
"""Alerts that a post-mortem is filled in with: longer addresses are not opened by every browser."""

_COMMON: Final = r"""
{{ define "luxima.subject" -}}
[{{ if eq .Status "firing" }}{{ .CommonLabels.severity | toUpper }}{{ else }}RESOLVED{{ end }}]
{{- " " }}{{ .CommonLabels.alertname }}
{{- with .CommonLabels.cause }}: {{ . }}{{ end }}
{{- with .CommonLabels.service_name }} · {{ . }}{{ end }}
{{- with .CommonLabels.host }} · {{ . }}{{ end }}
{{- with .CommonLabels.environment }} ({{ . }}){{ end }}
{{- if gt (len .Alerts) 1 }} ({{ len .Alerts }} alerts){{ end }}
{{- end }}

{{ define "luxima.alerts.url" }}{{ .ExternalURL }}/#/alerts?receiver={{ .Receiver | urlquery }}{{ end }}

{{ define "luxima.silence.url" -}}
{{ .ExternalURL }}/#/silences/new?filter=%7B
{{- range $i, $label := .CommonLabels.SortedPairs -}}
{{ if $i }}%2C%20{{ end }}{{ $label.Name | urlquery }}%3D%22
{{- $label.Value | reReplaceAll "([\"\\\\])" "\\$1" | urlquery | reReplaceAll "\\+" "%20" }}%22
{{- end }}%7D
{{- end }}

{{ define "luxima.postmortem.url" -}}
{{ if eq .CommonLabels.severity "critical" -}}
@POSTMORTEM@title=Post-mortem%3A%20{{ .CommonLabels.alertname | urlquery }}
{{- with .CommonLabels.cause }}%20{{ . | urlquery | reReplaceAll "\\+" "%20" }}{{ end }}
{{- with .CommonLabels.service_name }}%20{{ . | urlquery | reReplaceAll "\\+" "%20" }}{{ end }}
{{- with .CommonLabels.host }}%20{{ . | urlquery | reReplaceAll "\\+" "%20" }}{{ end -}}
&description=
{{- range $number, $each := .Alerts }}{{ if lt $number @FILED@ -}}
{{ .Annotations.summary | urlquery | reReplaceAll "\\+" "%20" }}%0A
{{- .Annotations.description | urlquery | reReplaceAll "\\+" "%20" }}%0ABegan%3A%20
{{- .StartsAt.UTC.Format "2006-01-02T15:04:05Z" | urlquery }}%0A
{{- end }}{{ end }}Runbook%3A%20{{ .CommonAnnotations.runbook_url | urlquery -}}
%0ADashboard%3A%20{{ .CommonAnnotations.dashboard_url | urlquery }}
{{- end }}
{{- end }}

{{ define "luxima.alerts" -}}
{{ range $number, $each := .Alerts }}{{ if lt $number @MOST@ }}{{ .Annotations.summary }}
{{ .Annotations.description }}
{{ if eq .Status "firing" }}Since {{ .StartsAt.UTC.Format "2006-01-02 15:04:05" }} UTC
{{- else }}From {{ .StartsAt.UTC.Format "2006-01-02 15:04:05" }} to {{ .EndsAt.UTC.Format "2006-01-02 15:04:05" }} UTC
{{- end }}
{{ .Labels.SortedPairs }}
{{ end }}{{ end }}{{ template "luxima.others" . }}
{{- end }}

{{ define "luxima.others" }}{{ if gt (len .Alerts) @MOST@ }}… {{ len .Alerts }} alerts in all
{{ end }}{{ end }}
"""

_SLACK: Final = r"""
{{ define "luxima.slack.color" -}}
{{ if ne .Status "firing" }}good
{{- else if eq .CommonLabels.severity "critical" }}danger
{{- else if eq .CommonLabels.severity "warning" }}warning
{{- else }}#439fe0{{ end }}
{{- end }}

{{ define "luxima.slack.text" -}}
{{ range $number, $each := .Alerts -}}{{ if lt $number @MOST@ -}}
*{{ .Annotations.summary | reReplaceAll "&" "&amp;" | reReplaceAll "<" "&lt;" | reReplaceAll ">" "&gt;" }}*
{{ .Annotations.description | reReplaceAll "&" "&amp;" | reReplaceAll "<" "&lt;" | reReplaceAll ">" "&gt;" }}
{{ end }}{{ end -}}
{{ template "luxima.others" . }}
{{- with .CommonAnnotations.runbook_url }}<{{ . }}|Runbook>{{ end }}
{{- with .CommonAnnotations.dashboard_url }} · <{{ . }}|Dashboard>{{ end }} · <
{{- template "luxima.silence.url" . }}|Silence>
{{- if eq .CommonLabels.severity "critical" }} · <{{ template "luxima.postmortem.url" . }}|Post-mortem>{{ end }}
{{- end }}
"""

_EMAIL: Final = r"""
{{ define "luxima.email.text" -}}
{{ template "luxima.alerts" . }}
Runbook: {{ .CommonAnnotations.runbook_url }}
Dashboard: {{ .CommonAnnotations.dashboard_url }}
Silence: {{ template "luxima.silence.url" . }}
{{- if eq .CommonLabels.severity "critical" }}
Post-mortem: {{ template "luxima.postmortem.url" . }}
{{- end }}
{{ end }}

{{ define "luxima.email.html" -}}
<!DOCTYPE html>
<html lang="en">
<body style="font-family: sans-serif">
<h2>{{ template "luxima.subject" . }}</h2>
{{ range $number, $each := .Alerts }}{{ if lt $number @MOST@ }}
<p><strong>{{ .Annotations.summary }}</strong><br>{{ .Annotations.description }}<br>
{{ if eq .Status "firing" }}Since {{ .StartsAt.UTC.Format "2006-01-02 15:04:05" }} UTC
{{ else }}From {{ .StartsAt.UTC.Format "2006-01-02 15:04:05" }} to {{ .EndsAt.UTC.Format "2006-01-02 15:04:05" }} UTC
{{ end }}<br>
<small>{{ range .Labels.SortedPairs }}{{ .Name }}={{ .Value }} {{ end }}</small></p>
{{ end }}{{ end }}
<p>{{ template "luxima.others" . }}</p>
<p>{{ template "luxima.html.links" . }}</p>
</body>
</html>
{{ end }}

{{ define "luxima.html.links" -}}
<a href="{{ .CommonAnnotations.runbook_url }}">Runbook</a> ·
<a href="{{ .CommonAnnotations.dashboard_url }}">Dashboard</a> ·
<a href="{{ .ExternalURL }}/#/silences/new?filter=%7B
{{- range $i, $label := .CommonLabels.SortedPairs -}}
{{ if $i }}%2C%20{{ end }}{{ $label.Name }}%3D%22{{ $label.Value | reReplaceAll "([\"\\\\])" "\\$1" }}%22
{{- end }}%7D">Silence</a>
{{- if eq .CommonLabels.severity "critical" }} ·
<a href="@POSTMORTEM@title=Post-mortem%3A%20{{ .CommonLabels.alertname }}
{{- with .CommonLabels.cause }}%20{{ . }}{{ end }}
{{- with .CommonLabels.service_name }}%20{{ . }}{{ end }}
{{- with .CommonLabels.host }}%20{{ . }}{{ end -}}
&amp;description=
{{- range $number, $each := .Alerts }}{{ if lt $number @FILED@ -}}
{{ .Annotations.summary }}%0A{{ .Annotations.description }}%0ABegan%3A%20
{{- .StartsAt.UTC.Format "2006-01-02T15:04:05Z" }}%0A
{{- end }}{{ end }}Runbook%3A%20{{ .CommonAnnotations.runbook_url -}}
%0ADashboard%3A%20{{ .CommonAnnotations.dashboard_url }}">Post-mortem</a>
{{- end }}
{{- end }}
"""

_TELEGRAM: Final = r"""
{{ define "luxima.telegram.message" -}}
<b>{{ template "luxima.subject" . }}</b>
{{ range $number, $each := .Alerts }}{{ if lt $number @MOST@ }}{{ .Annotations.summary }}
{{ .Annotations.description }}
{{ end }}{{ end }}{{ template "luxima.others" . }}
{{- template "luxima.html.links" . }}
{{- end }}
"""


def document(settings: Settings) -> str:
    """The templates that `alertmanager.yml` names."""
    url = settings.observability.alerts.postmortem_url
    text = _COMMON + _SLACK + _EMAIL + _TELEGRAM
    text = text.replace("@MOST@", str(MOST)).replace("@FILED@", str(FILED))
    return text.replace("@POSTMORTEM@", url + ("&" if "?" in url else "?")).lstrip("\n")
