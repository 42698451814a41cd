{{/* Names. 51 characters at most, so that suffixes still fit into 63. */}}
{{- define "exporter.name" -}}
{{ .Values.nameOverride | default .Chart.Name | trunc 51 | trimSuffix "-" }}
{{- end }}

{{- define "exporter.fullname" -}}
{{- $name := .Values.nameOverride | default .Chart.Name -}}
{{- $made := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) -}}
{{ .Values.fullnameOverride | default $made | trunc 51 | trimSuffix "-" }}
{{- end }}

{{/* Of what is not in a namespace, so that releases of the same name in two namespaces do not collide. */}}
{{- define "exporter.clusterName" -}}
{{ .Release.Namespace }}:{{ include "exporter.fullname" . }}
{{- end }}

{{- define "exporter.selector" -}}
app.kubernetes.io/name: {{ include "exporter.name" . }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "exporter.labels" -}}
{{ include "exporter.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 }}
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

{{/* The port that leads to an address: the proxy's where one is asked. `url` and the chart's `values`. */}}
{{- define "exporter.portTowards" -}}
{{- $proxy := hasPrefix "https:" .url | ternary .values.proxy.https .values.proxy.http -}}
{{- $host := regexReplaceAll ":[0-9]+$" (urlParse .url).host "" -}}
{{- $straight := or (regexMatch "\\.(svc|cluster\\.local)$" $host) (has $host (splitList "," .values.proxy.noProxy)) -}}
{{ include "exporter.portOf" ($straight | ternary .url ($proxy | default .url)) }}
{{- end }}

{{/* CIDRs as a policy's peers. None: any address. */}}
{{- define "exporter.peers" -}}
{{- with . }}
to:
  {{- range . }}
  - ipBlock:
      cidr: {{ . | quote }}
  {{- end }}
{{- end }}
{{- end }}
