{{- define "orderflow-lib.horizontalpodautoscaler" -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ include "orderflow-lib.name" . }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "orderflow-lib.labels" (list . "service") | nindent 4 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ include "orderflow-lib.name" . }}
  minReplicas: {{ .Values.autoscaling.minReplicas }}
  maxReplicas: {{ .Values.autoscaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: {{ .Values.autoscaling.targetCpuPercent }}
  behavior:
    {{- include "orderflow-lib.scaling-behavior" . | nindent 4 }}
{{- end }}

{{/* Up at once, down slowly: each change of a consumer group's members moves partitions, and those wait meanwhile. */}}
{{- define "orderflow-lib.scaling-behavior" -}}
scaleUp:
  stabilizationWindowSeconds: 0
scaleDown:
  stabilizationWindowSeconds: 300
  policies:
    - type: Pods
      value: 1
      periodSeconds: 60
{{- end }}

{{/*
Scales on what is waiting in the topics that the service reads. KEDA compares Kafka's committed offsets with the ends of
the partitions; the service commits them every two seconds, for this purpose only (it starts from its own cursor in
MySQL), so what it handles in two seconds is always seen as lag.
*/}}
{{- define "orderflow-lib.scaledobject" -}}
{{- $facts := include "orderflow-lib.service-facts" . | fromYaml -}}
{{- $kafka := include "orderflow-lib.merged" (list . "kafka") | fromYaml -}}
{{- $saslModes := dict "none" "none" "plain" "plaintext" "scram-sha-256" "scram_sha256" "scram-sha-512" "scram_sha512" -}}
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  name: {{ include "orderflow-lib.name" . }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "orderflow-lib.labels" (list . "service") | nindent 4 }}
spec:
  scaleTargetRef:
    name: {{ include "orderflow-lib.name" . }}
  {{- /* Never 0: it also answers HTTP, and its relay must send. */}}
  minReplicaCount: {{ .Values.keda.minReplicas }}
  maxReplicaCount: {{ .Values.keda.maxReplicas }}
  pollingInterval: {{ .Values.keda.pollingSeconds }}
  advanced:
    horizontalPodAutoscalerConfig:
      behavior:
        {{- include "orderflow-lib.scaling-behavior" . | nindent 8 }}
  triggers:
    {{- range $facts.consumes }}
    - type: kafka
      metadata:
        bootstrapServers: {{ join "," $kafka.brokers | quote }}
        consumerGroup: {{ include "orderflow-lib.group" $ | quote }}
        topic: {{ printf "%s%s" ($.Values.settings.TOPIC_PREFIX | default "") . | quote }}
        lagThreshold: {{ $.Values.keda.lagThreshold | quote }}
        offsetResetPolicy: earliest
        allowIdleConsumers: 'false'
        tls: {{ ternary "enable" "disable" $kafka.tls.enabled }}
        sasl: {{ get $saslModes $kafka.sasl.mechanism }}
      {{- if include "orderflow-lib.keda-authenticates" $ }}
      authenticationRef:
        name: {{ include "orderflow-lib.name" $ }}
      {{- end }}
    {{- end }}
{{- end }}

{{/* The service's consumer group, as its settings say or by its default, which has the prefix of the topics. */}}
{{- define "orderflow-lib.group" -}}
{{- default (printf "%sorderflow-%s" (.Values.settings.TOPIC_PREFIX | default "") .Chart.Name) .Values.settings.KAFKA_GROUP_ID -}}
{{- end }}

{{/* KEDA asks Kafka as the service itself: its user from the container's settings, its password by reference. */}}
{{- define "orderflow-lib.triggerauthentication" -}}
{{- $kafka := include "orderflow-lib.merged" (list . "kafka") | fromYaml -}}
{{- $ca := ternary $kafka.tls.ca dict $kafka.tls.enabled -}}
apiVersion: keda.sh/v1alpha1
kind: TriggerAuthentication
metadata:
  name: {{ include "orderflow-lib.name" . }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "orderflow-lib.labels" (list . "service") | nindent 4 }}
spec:
  {{- if ne $kafka.sasl.mechanism "none" }}
  env:
    - parameter: username
      name: KAFKA_SASL_USERNAME
  {{- end }}
  {{- if or (ne $kafka.sasl.mechanism "none") $ca.secret }}
  secretTargetRef:
    {{- if ne $kafka.sasl.mechanism "none" }}
    - parameter: password
      name: {{ $kafka.sasl.existingSecret }}
      key: {{ $kafka.sasl.passwordKey }}
    {{- end }}
    {{- if $ca.secret }}
    - parameter: ca
      name: {{ $ca.secret }}
      key: {{ $ca.key }}
    {{- end }}
  {{- end }}
  {{- if $ca.configMap }}
  configMapTargetRef:
    - parameter: ca
      name: {{ $ca.configMap }}
      key: {{ $ca.key }}
  {{- end }}
{{- end }}

{{/* Not empty where KEDA needs a credential or an authority to reach Kafka. */}}
{{- define "orderflow-lib.keda-authenticates" -}}
{{- $kafka := include "orderflow-lib.merged" (list . "kafka") | fromYaml -}}
{{- $hasCa := or $kafka.tls.ca.secret $kafka.tls.ca.configMap -}}
{{- if or (ne $kafka.sasl.mechanism "none") (and $kafka.tls.enabled $hasCa) -}}yes{{- end -}}
{{- end }}
