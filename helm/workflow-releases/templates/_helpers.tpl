{{/* Names. 51 characters at most, so that "-migrate" and a Job's own suffix still fit into 63. */}}
{{- define "releases.name" -}}
{{ .Values.nameOverride | default .Chart.Name | trunc 51 | trimSuffix "-" }}
{{- end }}

{{- define "releases.fullname" -}}
{{- $name := .Values.nameOverride | default .Chart.Name -}}
{{- $made := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) -}}
{{- $whole := .Values.fullnameOverride | default $made -}}
{{- /* What is cut off leaves its mark, so that two long names do not become one. */ -}}
{{ gt (len $whole) 51 | ternary (printf "%s-%s" (trunc 45 $whole) (sha256sum $whole | trunc 5)) $whole }}
{{- end }}

{{- define "releases.selector" -}}
app.kubernetes.io/name: {{ include "releases.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "releases.labels" -}}
{{ include "releases.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 }}
{{- end }}

{{/* The labels, and further ones: those of the chart win, since its selectors need them. Context and further ones. */}}
{{- define "releases.labelsWith" -}}
{{ mergeOverwrite (dict) (last .) (include "releases.labels" (first .) | fromYaml) | toYaml }}
{{- end }}

{{/* How a Prometheus without an operator finds the pod, and further annotations: those given win. Port and values. */}}
{{- define "releases.podAnnotations" -}}
{{- $scraped := dict "prometheus.io/scrape" "true" "prometheus.io/port" (first .) "prometheus.io/path" "/metrics" -}}
{{- $v := last . -}}
{{- $told := and $v.metrics.annotations (not $v.metrics.serviceMonitor.enabled) -}}
{{- with mergeOverwrite (dict) ($told | ternary $scraped (dict)) ($v.podAnnotations | default dict) }}{{ toYaml . }}{{ end }}
{{- end }}

{{- define "releases.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- with .Values.image.digest }}@{{ . }}{{ end }}
{{- end }}

{{- define "releases.claim" -}}
{{ .Values.persistence.existingClaim | default (printf "%s-data" (include "releases.fullname" .)) }}
{{- end }}

{{/* DATABASE_URL, for serving and for migrating alike. */}}
{{- define "releases.databaseEnv" -}}
- name: DATABASE_URL
  {{- if .Values.database.existingSecret }}
  valueFrom:
    secretKeyRef:
      name: {{ .Values.database.existingSecret | quote }}
      key: {{ .Values.database.secretKey | quote }}
  {{- else }}
  value: sqlite:////data/releases.db
  {{- end }}
{{- end }}

{{/* What every pod of the chart may do: nothing beyond running. */}}
{{- define "releases.podSecurity" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "releases.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
capabilities:
  drop:
    - ALL
{{- end }}

{{/* The port of ingest.upstreamWriteUrl. */}}
{{- define "releases.upstreamPort" -}}
{{- $address := urlParse .Values.ingest.upstreamWriteUrl -}}
{{- $port := regexFind ":[0-9]+$" $address.host | trimPrefix ":" -}}
{{ $port | default (eq $address.scheme "https" | ternary "443" "80") }}
{{- end }}
