{{/* What cannot work together, each refused with a sentence that says what to do. */}}
{{- define "exporter.validate" -}}
{{- $v := .Values -}}
{{- if not (regexMatch "^[a-z][a-z0-9-]*$" (include "exporter.fullname" .)) }}
{{- fail (printf "release name %s makes a Service called %s, but such a name begins with a letter and has no dot: choose another release name, or set fullnameOverride" .Release.Name (include "exporter.fullname" .)) }}
{{- end }}
{{- if and $v.reporting.enabled (not $v.reporting.url) }}
{{- fail "reporting.enabled is true, but reporting.url is empty: set it to the address that reports go to" }}
{{- end }}
{{- if and $v.reporting.bearerToken.existingSecret (not $v.reporting.enabled) }}
{{- fail "reporting.bearerToken.existingSecret is set, but reporting.enabled is false: turn reporting on, or leave the token away" }}
{{- end }}
{{- if and $v.checks.url $v.checks.catalog.configMap }}
{{- fail "checks.url and checks.catalog.configMap are both set: versions come from one place, so leave one of them empty" }}
{{- end }}
{{- if and (hasPrefix "http:" $v.checks.url) (not $v.checks.publicKeys) (not (regexMatch "^http://([^./]+|[^/]+\\.svc(\\.cluster\\.local)?)(:[0-9]+)?(/|$)" $v.checks.url)) }}
{{- fail (printf "checks.url is %s, and over plain http anybody on the way can change the catalog: use https, or set checks.publicKeys so that only a signed one is believed" $v.checks.url) }}
{{- end }}
{{- if and $v.reporting.url (not (regexMatch "^https?://[^/]+/." $v.reporting.url)) }}
{{- fail (printf "reporting.url is %s, without a path: a gateway's ends in /api/v1/write" $v.reporting.url) }}
{{- end }}
{{- if and $v.reporting.enabled (hasPrefix "http:" $v.reporting.url) (not $v.reporting.allowHttp) }}
{{- fail (printf "reporting.url is %s, and over plain http anybody on the way can report in this installation's name: use https, or set reporting.allowHttp" $v.reporting.url) }}
{{- end }}
{{- if eq (int $v.service.port) (int $v.service.metricsPort) }}
{{- fail (printf "service.port and service.metricsPort are both %d: the page may be routed and metrics never, so they need two ports" (int $v.service.port)) }}
{{- end }}
{{- if and (eq $v.expose "router") (ne (int $v.service.port) 80) }}
{{- fail (printf "expose is router, but service.port is %d: the platform's router asks port 80 of a Service and no other" (int $v.service.port)) }}
{{- end }}
{{- if and (eq $v.expose "router") (eq (int $v.service.metricsPort) 80) }}
{{- fail "service.metricsPort is 80, which the platform's router would route: choose another" }}
{{- end }}
{{- if and (eq $v.expose "router") (eq $v.platform.name "drycc") }}
{{- fail "expose is router, but platform.name is drycc, which has none: choose httproute or ingress" }}
{{- end }}
{{- if and (eq $v.expose "router") (not $v.router.domains) }}
{{- fail "expose is router, but router.domains is empty: name what the router is to serve the page at" }}
{{- end }}
{{- if and (eq $v.expose "ingress") (not $v.ingress.host) }}
{{- fail "expose is ingress, but ingress.host is empty: set it to the host name of the page" }}
{{- end }}
{{- if and (eq $v.expose "httproute") (not $v.httpRoute.host) }}
{{- fail "expose is httproute, but httpRoute.host is empty: set it to the host name of the page" }}
{{- end }}
{{- if and (eq $v.expose "httproute") (not $v.httpRoute.parentRefs) }}
{{- fail "expose is httproute, but httpRoute.parentRefs is empty: name the Gateway that is to route it" }}
{{- end }}
{{- if and $v.legacyService.enabled (ne (include "exporter.platformNamespace" .) .Release.Namespace) }}
{{- fail (printf "legacyService.enabled is true, but who asks for %s looks for it in the platform's namespace %s, and this release is in %s: install it in the platform's" $v.legacyService.name (include "exporter.platformNamespace" .) .Release.Namespace) }}
{{- end }}
{{- if and $v.legacyService.enabled (eq $v.legacyService.name (include "exporter.fullname" .)) }}
{{- fail (printf "legacyService.name is %s, which is the chart's own Service: leave legacyService.enabled away" $v.legacyService.name) }}
{{- end }}
{{- if and $v.reporting.enabled (not $v.reporting.idKey.existingSecret) (not (lookup "v1" "Namespace" "" "kube-system")) }}
{{- fail "reporting.enabled is true, but this is rendered where no cluster can be asked for the id key, so each rendering would draw another and make other ids: make the Secret once and name it in reporting.idKey.existingSecret, or render with --dry-run=server" }}
{{- end }}
{{- end }}

{{/* Kinds that a Kubernetes does not have by itself: refused before the API server's own error, half-way through. */}}
{{- define "exporter.validateKinds" -}}
{{- if .Values.requireKinds }}
{{- $monitoring := .Capabilities.APIVersions.Has "monitoring.coreos.com/v1" }}
{{- if and .Values.metrics.serviceMonitor.enabled (not $monitoring) }}
{{- fail "metrics.serviceMonitor.enabled is true, but this cluster has no ServiceMonitor: install the Prometheus Operator, leave metrics.annotations to tell Prometheus, or set requireKinds=false where the cluster cannot be asked" }}
{{- end }}
{{- if and .Values.metrics.prometheusRule.enabled (not $monitoring) }}
{{- fail "metrics.prometheusRule.enabled is true, but this cluster has no PrometheusRule: install the Prometheus Operator, give prometheus/alerts/operators.yaml to your Prometheus, or set requireKinds=false where the cluster cannot be asked" }}
{{- end }}
{{- if and (eq .Values.expose "httproute") (not (.Capabilities.APIVersions.Has "gateway.networking.k8s.io/v1")) }}
{{- fail "expose is httproute, but this cluster has no HTTPRoute: install the Gateway API, choose ingress or router, or set requireKinds=false where the cluster cannot be asked" }}
{{- end }}
{{- end }}
{{- end }}
