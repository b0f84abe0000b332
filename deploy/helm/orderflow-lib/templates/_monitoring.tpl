{{- define "orderflow-lib.servicemonitor" -}}
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  name: {{ include "orderflow-lib.name" . }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "orderflow-lib.labels" (list . "service") | nindent 4 }}
    {{- with .Values.serviceMonitor.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  selector:
    matchLabels:
      {{- include "orderflow-lib.selector" (list . "service") | nindent 6 }}
  endpoints:
    - port: http
      path: {{ .Values.serviceMonitor.path }}
      interval: {{ .Values.serviceMonitor.interval }}
{{- end }}

{{/*
Alerts on what others measure: kube-state-metrics, the kubelet's cAdvisor, and kafka-exporter. The services have no
metrics of their own yet.
*/}}
{{- define "orderflow-lib.prometheusrule" -}}
{{- $facts := include "orderflow-lib.service-facts" . | fromYaml -}}
{{- $name := include "orderflow-lib.name" . -}}
{{- $deployment := printf `namespace="%s",deployment="%s"` .Release.Namespace $name -}}
{{- $container := printf `namespace="%s",container="%s"` .Release.Namespace .Chart.Name -}}
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: {{ $name }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "orderflow-lib.labels" (list . "service") | nindent 4 }}
    {{- with .Values.prometheusRule.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  groups:
    - name: orderflow-{{ .Chart.Name }}
      rules:
        - alert: OrderflowPodsUnavailable
          expr: kube_deployment_status_replicas_available{ {{- $deployment -}} } < kube_deployment_spec_replicas{ {{- $deployment -}} }
          for: 10m
          labels: { severity: warning, service: {{ .Chart.Name }} }
          annotations:
            summary: Fewer pods of {{ .Chart.Name }} are ready than there should be. /readyz of a pod says what is missing.
        - alert: OrderflowDown
          expr: kube_deployment_status_replicas_available{ {{- $deployment -}} } == 0
          for: 1m
          labels: { severity: critical, service: {{ .Chart.Name }} }
          annotations:
            summary: No pod of {{ .Chart.Name }} is ready.
        - alert: OrderflowRestarts
          expr: increase(kube_pod_container_status_restarts_total{ {{- $container -}} }[15m]) > 3
          labels: { severity: warning, service: {{ .Chart.Name }} }
          annotations:
            summary: A pod of {{ .Chart.Name }} has restarted more than three times within 15 minutes. Its last log lines say why.
        - alert: OrderflowMemoryNearLimit
          expr: >-
            container_memory_working_set_bytes{ {{- $container -}} }
            / on (namespace, pod, container) kube_pod_container_resource_limits{ {{- $container -}} ,resource="memory"} > 0.9
          for: 10m
          labels: { severity: warning, service: {{ .Chart.Name }} }
          annotations:
            summary: A pod of {{ .Chart.Name }} uses over 90 % of its memory limit.
        {{- if $facts.stores }}
        - alert: OrderflowMigrationFailed
          expr: kube_job_status_failed{namespace="{{ .Release.Namespace }}",job_name="{{ $name }}-migrate"} > 0
          labels: { severity: warning, service: {{ .Chart.Name }} }
          annotations:
            summary: The migration of {{ .Chart.Name }} has failed. The log of Job {{ $name }}-migrate says why.
        {{- end }}
        {{- if $facts.consumes }}
        - alert: OrderflowConsumerLag
          expr: sum by (topic) (kafka_consumergroup_lag{consumergroup="{{ include "orderflow-lib.group" . }}"}) > {{ .Values.prometheusRule.lagMessages }}
          for: 5m
          labels: { severity: warning, service: {{ .Chart.Name }} }
          annotations:
            summary: {{ .Chart.Name }} has been more than {{ .Values.prometheusRule.lagMessages }} messages behind for 5 minutes.
        {{- end }}
{{- end }}
