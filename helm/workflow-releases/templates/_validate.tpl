{{/* What cannot work together, each refused with a sentence that says what to do. */}}
{{- define "releases.validate" -}}
{{- $v := .Values -}}
{{- if not (regexMatch "^[a-z][a-z0-9-]*$" (include "releases.fullname" .)) }}
{{- fail (printf "release name %s makes a Service called %s, but such a name begins with a letter and has no dot: choose another release name, or set fullnameOverride" .Release.Name (include "releases.fullname" .)) }}
{{- end }}
{{- if and (gt (int $v.replicas) 1) (not $v.database.existingSecret) }}
{{- fail "replicas is greater than 1, but a SQLite file has one writer: set database.existingSecret to a Secret with a PostgreSQL address" }}
{{- end }}
{{- if and $v.database.existingSecret $v.persistence.existingClaim }}
{{- fail "persistence.existingClaim and database.existingSecret are both set: with PostgreSQL nothing is written to a volume, so leave one of them empty" }}
{{- end }}
{{- if and $v.ingest.bearerToken.existingSecret (not $v.ingest.upstreamWriteUrl) }}
{{- fail "ingest.bearerToken.existingSecret is set, but not ingest.upstreamWriteUrl that it is for" }}
{{- end }}
{{- if eq (int $v.service.port) (int $v.service.metricsPort) }}
{{- fail (printf "service.port and service.metricsPort are both %d: catalogs are public and metrics are not, so they need two ports" (int $v.service.port)) }}
{{- end }}
{{- if ne $v.expose "none" }}
{{- $settings := eq $v.expose "ingress" | ternary "ingress" "httpRoute" }}
{{- if not (index $v $settings "host") }}
{{- fail (printf "expose is %s, but %s.host is empty: set it to the host name of the releases API" $v.expose $settings) }}
{{- end }}
{{- if not $v.trustedProxyCount }}
{{- $is := kindIs "invalid" $v.trustedProxyCount | ternary "not set" "0" }}
{{- fail (printf "expose is %s, but trustedProxyCount is %s: all senders would share the proxy's rate; set it to the number of your proxies that add to X-Forwarded-For, at least 1" $v.expose $is) }}
{{- end }}
{{- end }}
{{- if and (eq $v.expose "httproute") (not $v.httpRoute.parentRefs) }}
{{- fail "expose is httproute, but httpRoute.parentRefs is empty: name the Gateway that is to route it" }}
{{- end }}
{{- end }}

{{/* Kinds that a Kubernetes does not have by itself: refused before the API server's own error. */}}
{{- define "releases.validateKinds" -}}
{{- if .Values.requireKinds }}
{{- $monitoring := .Capabilities.APIVersions.Has "monitoring.coreos.com/v1" }}
{{- if and .Values.metrics.serviceMonitor.enabled (not $monitoring) }}
{{- fail "metrics.serviceMonitor.enabled is true, but this cluster has no ServiceMonitor: install the Prometheus Operator, leave metrics.annotations to tell Prometheus, or set requireKinds=false where the cluster cannot be asked" }}
{{- end }}
{{- if and .Values.metrics.prometheusRule.enabled (not $monitoring) }}
{{- fail "metrics.prometheusRule.enabled is true, but this cluster has no PrometheusRule: install the Prometheus Operator, give prometheus/rules to your Prometheus, or set requireKinds=false where the cluster cannot be asked" }}
{{- end }}
{{- if and (eq .Values.expose "httproute") (not (.Capabilities.APIVersions.Has "gateway.networking.k8s.io/v1")) }}
{{- fail "expose is httproute, but this cluster has no HTTPRoute: install the Gateway API, choose ingress, or set requireKinds=false where the cluster cannot be asked" }}
{{- end }}
{{- end }}
{{- end }}
