{{/* The agent's settings (docs/settings.md), from the values. */}}
{{- define "exporter.environment" -}}
{{- $v := .Values -}}
- name: HOST
  value: {{ $v.listenAddress | quote }}
- name: PORT
  value: "8080"
- name: METRICS_PORT
  value: "8081"
- name: WORKFLOW_NAMESPACE
  value: {{ include "exporter.platformNamespace" . | quote }}
{{- if $v.platform.profile.configMap }}
- name: PROFILE_FILE
  value: /etc/workflow-exporter/profile/profile.yaml
{{- else }}
- name: PLATFORM
  value: {{ $v.platform.name | quote }}
{{- end }}
{{- with $v.platform.offCluster }}
- name: OFF_CLUSTER
  value: {{ join "," . | quote }}
{{- end }}
- name: CHECK_VERSIONS
  value: {{ $v.checks.enabled | quote }}
{{- if $v.checks.url }}
- name: VERSIONS_API_URL
  value: {{ $v.checks.url | quote }}
- name: POLL_INTERVAL_SEC
  value: {{ $v.checks.pollIntervalSeconds | int | quote }}
{{- end }}
{{- if $v.checks.catalog.configMap }}
- name: CATALOG_FILE
  value: /etc/workflow-exporter/catalog
{{- end }}
{{- with $v.checks.publicKeys }}
- name: CATALOG_PUBLIC_KEYS
  value: {{ join "," . | quote }}
{{- end }}
- name: TRAIN
  value: {{ $v.checks.train | quote }}
- name: REPORTING_ENABLED
  value: {{ $v.reporting.enabled | quote }}
{{- if $v.reporting.enabled }}
- name: REPORT_URL
  value: {{ $v.reporting.url | quote }}
- name: REPORT_AUDIENCE
  value: {{ $v.reporting.audience | quote }}
- name: REPORT_ALLOW_HTTP
  value: {{ $v.reporting.allowHttp | quote }}
{{- if $v.reporting.bearerToken.existingSecret }}
- name: REPORT_BEARER_TOKEN_FILE
  value: /etc/workflow-exporter/report/token
{{- end }}
{{- end }}
{{- if include "exporter.idKeySecret" . }}
- name: ID_KEY_FILE
  value: /etc/workflow-exporter/id/key
{{- end }}
{{- if $v.caBundle.configMap }}
- name: CA_BUNDLE_FILE
  value: /etc/workflow-exporter/ca/ca.crt
{{- end }}
{{- if $v.proxy.https }}
- name: HTTPS_PROXY
  value: {{ $v.proxy.https | quote }}
{{- end }}
{{- if $v.proxy.http }}
- name: HTTP_PROXY
  value: {{ $v.proxy.http | quote }}
{{- end }}
{{- if or $v.proxy.https $v.proxy.http }}
# The API server, by the variable that every container gets, and names within the cluster.
- name: NO_PROXY
  value: {{ list "$(KUBERNETES_SERVICE_HOST)" ".svc" ".cluster.local" $v.proxy.noProxy | compact | join "," | quote }}
{{- end }}
- name: LOG_LEVEL
  value: {{ $v.log.level | quote }}
- name: LOG_FORMAT
  value: {{ $v.log.format | quote }}
{{- end }}

{{/* Where the files of those settings lie. Whole folders, so that a changed file arrives in a running pod. */}}
{{- define "exporter.mounts" -}}
{{- $v := .Values -}}
{{- if include "exporter.idKeySecret" . }}
- name: id
  mountPath: /etc/workflow-exporter/id
  readOnly: true
{{- end }}
{{- if $v.reporting.bearerToken.existingSecret }}
- name: report
  mountPath: /etc/workflow-exporter/report
  readOnly: true
{{- end }}
{{- if $v.caBundle.configMap }}
- name: ca
  mountPath: /etc/workflow-exporter/ca
  readOnly: true
{{- end }}
{{- if $v.checks.catalog.configMap }}
- name: catalog
  mountPath: /etc/workflow-exporter/catalog
  readOnly: true
{{- end }}
{{- if $v.platform.profile.configMap }}
- name: profile
  mountPath: /etc/workflow-exporter/profile
  readOnly: true
{{- end }}
{{- end }}

{{- define "exporter.volumes" -}}
{{- $v := .Values -}}
{{- with include "exporter.idKeySecret" . }}
- name: id
  secret:
    secretName: {{ . | quote }}
    defaultMode: 0440
    items:
      - key: {{ $v.reporting.idKey.secretKey | quote }}
        path: key
{{- end }}
{{- with $v.reporting.bearerToken.existingSecret }}
- name: report
  secret:
    secretName: {{ . | quote }}
    defaultMode: 0440
    items:
      - key: {{ $v.reporting.bearerToken.secretKey | quote }}
        path: token
{{- end }}
{{- with $v.caBundle.configMap }}
- name: ca
  configMap:
    name: {{ . | quote }}
    items:
      - key: {{ $v.caBundle.key | quote }}
        path: ca.crt
{{- end }}
{{- with $v.checks.catalog.configMap }}
- name: catalog
  configMap:
    name: {{ . | quote }}
{{- end }}
{{- with $v.platform.profile.configMap }}
- name: profile
  configMap:
    name: {{ . | quote }}
    items:
      - key: {{ $v.platform.profile.key | quote }}
        path: profile.yaml
{{- end }}
{{- end }}
