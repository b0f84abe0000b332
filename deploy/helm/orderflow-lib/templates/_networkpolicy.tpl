{{/*
Default-deny both ways for the service's pods, and then the few arrows of _services.tpl. Answers to what was let in or
out need no rule. The kubelet's probes come from the pod's own node, which network plugins let through.
*/}}
{{- define "orderflow-lib.networkpolicy" -}}
{{- $facts := include "orderflow-lib.service-facts" . | fromYaml -}}
{{- $callers := (include "orderflow-lib.callers" . | fromYaml).callers -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "orderflow-lib.name" . }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "orderflow-lib.labels" (list . "service") | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- include "orderflow-lib.selector" (list . "service") | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    {{- if eq .Chart.Name "gateway" }}
    {{- include "orderflow-lib.public-ingress" . | nindent 4 }}
    {{- else }}
    - from:
        {{- range $callers }}
        - {{ include "orderflow-lib.peer-selector" (list . "service") | nindent 10 | trim }}
        {{- end }}
      ports:
        - { protocol: TCP, port: {{ $facts.port }} }
    {{- end }}
    {{- if .Values.serviceMonitor.enabled }}
    - from:
        {{- toYaml .Values.networkPolicy.metricsFrom | nindent 8 }}
      ports:
        - { protocol: TCP, port: {{ $facts.port }} }
    {{- end }}
    {{- with .Values.networkPolicy.extraIngress }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  egress:
    {{- include "orderflow-lib.dns-egress" . | nindent 4 }}
    {{- range $peer := $facts.calls }}
    - to:
        - {{ include "orderflow-lib.peer-selector" (list $peer "service") | nindent 10 | trim }}
      ports:
        - { protocol: TCP, port: {{ (get (include "orderflow-lib.services" $ | fromYaml) $peer).port }} }
    {{- end }}
    {{- if $facts.stores }}
    {{- include "orderflow-lib.mysql-egress" . | nindent 4 }}
    {{- include "orderflow-lib.kafka-egress" . | nindent 4 }}
    {{- end }}
    {{- with .Values.networkPolicy.extraEgress }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}

{{/* The public door: open to everyone, or to those named and to the chart's own test. */}}
{{- define "orderflow-lib.public-ingress" -}}
- ports:
    - { protocol: TCP, port: {{ (include "orderflow-lib.service-facts" . | fromYaml).port }} }
  {{- with .Values.networkPolicy.from }}
  from:
    {{- toYaml . | nindent 4 }}
    - {{ include "orderflow-lib.peer-selector" (list "gateway" "test") | nindent 6 | trim }}
  {{- end }}
{{- end }}

{{- define "orderflow-lib.dns-egress" -}}
- to:
    {{- toYaml .Values.networkPolicy.dns.to | nindent 4 }}
  ports:
    {{- range $protocol := list "UDP" "TCP" }}
    - { protocol: {{ $protocol }}, port: {{ $.Values.networkPolicy.dns.port }} }
    {{- end }}
{{- end }}

{{/* With nothing named in `to`, any address on MySQL's port. */}}
{{- define "orderflow-lib.mysql-egress" -}}
{{- $mysql := include "orderflow-lib.merged" (list . "mysql") | fromYaml -}}
- ports:
    - { protocol: TCP, port: {{ $mysql.port }} }
  {{- with .Values.networkPolicy.mysql.to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{/* The ports of kafka.brokers, and those given beside them: brokers may announce others than they are first met on. */}}
{{- define "orderflow-lib.kafka-egress" -}}
{{- $kafka := include "orderflow-lib.merged" (list . "kafka") | fromYaml -}}
{{- $ports := list -}}
{{- range $kafka.brokers }}{{ $ports = append $ports (splitList ":" . | last | int) }}{{ end -}}
{{- range .Values.networkPolicy.kafka.ports }}{{ $ports = append $ports (int .) }}{{ end -}}
- ports:
    {{- range $ports | uniq }}
    - { protocol: TCP, port: {{ . }} }
    {{- end }}
  {{- with .Values.networkPolicy.kafka.to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{/*
The migration reaches MySQL and nothing else, and nothing reaches it. A hook like its Job, and before it: on a first
install nothing else of the chart exists yet.
*/}}
{{- define "orderflow-lib.migration-networkpolicy" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "orderflow-lib.name" . }}-migrate
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "orderflow-lib.labels" (list . "migration") | nindent 4 }}
  annotations:
    helm.sh/hook: pre-install,pre-upgrade,pre-rollback
    helm.sh/hook-weight: '-5'
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
spec:
  podSelector:
    matchLabels:
      {{- include "orderflow-lib.selector" (list . "migration") | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress: []
  egress:
    {{- include "orderflow-lib.dns-egress" . | nindent 4 }}
    {{- include "orderflow-lib.mysql-egress" . | nindent 4 }}
{{- end }}
