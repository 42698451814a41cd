{{/* Names. 51 characters at most, so that suffixes still fit into 63. */}}
{{- define "exporter.name" -}}
{{ .Values.nameOverride | default .Chart.Name | trunc 51 | trimSuffix "-" }}
{{- end }}

{{- define "exporter.fullname" -}}
{{- $name := .Values.nameOverride | default .Chart.Name -}}
{{- $made := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) -}}
{{- $whole := .Values.fullnameOverride | default $made -}}
{{- /* What is cut off leaves its mark, so that two long names do not become one. */ -}}
{{ gt (len $whole) 51 | ternary (printf "%s-%s" (trunc 45 $whole) (sha256sum $whole | trunc 5)) $whole }}
{{- end }}

{{/* Of what is not in a namespace, so that releases of the same name in two namespaces do not collide. */}}
{{- define "exporter.clusterName" -}}
{{ .Release.Namespace }}:{{ include "exporter.fullname" . }}
{{- end }}

{{- define "exporter.selector" -}}
app.kubernetes.io/name: {{ include "exporter.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "exporter.labels" -}}
{{ include "exporter.selector" . }}
{{- /* By these two the agent knows its own objects, whatever the release is called. */}}
app.kubernetes.io/component: exporter
app.kubernetes.io/part-of: workflow-manager
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 }}
{{- end }}

{{/* The labels, and further ones: those of the chart win, since its selectors need them. Context and further ones. */}}
{{- define "exporter.labelsWith" -}}
{{ mergeOverwrite (dict) (last .) (include "exporter.labels" (first .) | fromYaml) | toYaml }}
{{- end }}

{{/* How a Prometheus without an operator finds the pod, and further annotations: those given win. Port and values. */}}
{{- define "exporter.podAnnotations" -}}
{{- $scraped := dict "prometheus.io/scrape" "true" "prometheus.io/port" (first .) "prometheus.io/path" "/metrics" -}}
{{- $v := last . -}}
{{- $told := and $v.metrics.annotations (not $v.metrics.serviceMonitor.enabled) -}}
{{- with mergeOverwrite (dict) ($told | ternary $scraped (dict)) ($v.podAnnotations | default dict) }}{{ toYaml . }}{{ end }}
{{- end }}

{{- define "exporter.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- with .Values.image.digest }}@{{ . }}{{ end }}
{{- end }}

{{- define "exporter.platformNamespace" -}}
{{ .Values.platform.namespace | default .Release.Namespace }}
{{- end }}

{{/* The Secret of the id key. Empty: ids are made with the public constant. */}}
{{- define "exporter.idKeySecret" -}}
{{- if .Values.reporting.idKey.existingSecret -}}
{{ .Values.reporting.idKey.existingSecret }}
{{- else if .Values.reporting.enabled -}}
{{ include "exporter.fullname" . }}-id-key
{{- end -}}
{{- end }}

{{/* Whether a releases API is asked. Empty: no. */}}
{{- define "exporter.asks" -}}
{{- if and .Values.checks.enabled .Values.checks.url -}}yes{{- end -}}
{{- end }}

{{/* The port of an address: {{ include "exporter.portOf" "https://example.org/" }} is 443. */}}
{{- define "exporter.portOf" -}}
{{- $address := urlParse . -}}
{{- $port := regexFind ":[0-9]+$" $address.host | trimPrefix ":" -}}
{{ $port | default (eq $address.scheme "https" | ternary "443" "80") }}
{{- end }}

{{/* Whether an address is asked without the proxy, as the agent reads NO_PROXY; its networks apart, which concern
     addresses alone. Empty: no. `url` and the chart's `values`. */}}
{{- define "exporter.straight" -}}
{{- $port := include "exporter.portOf" .url -}}
{{- $host := regexReplaceAll ":[0-9]+$" (urlParse .url).host "" | lower -}}
{{- range splitList "," (printf "svc,cluster.local,%s" (lower .values.proxy.noProxy)) -}}
  {{- $part := trim . -}}
  {{- $name := regexReplaceAll ":[0-9]+$" $part "" | trimPrefix "*" | trimPrefix "." -}}
  {{- $named := and $name (or (eq $name $host) (hasSuffix (printf ".%s" $name) $host)) -}}
  {{- $same := regexFind ":[0-9]+$" $part | trimPrefix ":" | default $port | eq $port -}}
  {{- if or (eq $part "*") (and $named $same) -}}yes{{- end -}}
{{- end -}}
{{- end }}

{{/* The port that leads to an address: the proxy's where one is asked. `url` and the chart's `values`. */}}
{{- define "exporter.portTowards" -}}
{{- $proxy := hasPrefix "https:" .url | ternary .values.proxy.https .values.proxy.http -}}
{{ include "exporter.portOf" (include "exporter.straight" . | empty | ternary ($proxy | default .url) .url) }}
{{- end }}

{{/* CIDRs as a policy's peers. */}}
{{- define "exporter.peers" -}}
to:
  {{- range . }}
  - ipBlock:
      cidr: {{ . | quote }}
  {{- end }}
{{- end }}
