{{/* What cannot work together, each refused with a sentence that says what to do. */}}
{{- define "releases.validate" -}}
{{- $v := .Values -}}
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
{{- fail (printf "expose is %s, but trustedProxyCount is not set: without it all senders share the proxy's rate; set it to the number of your proxies that add to X-Forwarded-For, at least 1" $v.expose) }}
{{- end }}
{{- end }}
{{- if and (eq $v.expose "httproute") (not $v.httpRoute.parentRefs) }}
{{- fail "expose is httproute, but httpRoute.parentRefs is empty: name the Gateway that is to route it" }}
{{- end }}
{{- end }}
