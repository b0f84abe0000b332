{{- define "orderflow-lib.deployment" -}}
{{- $facts := include "orderflow-lib.service-facts" . | fromYaml -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "orderflow-lib.name" . }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "orderflow-lib.labels" (list . "service") | nindent 4 }}
spec:
  {{- /* An autoscaler owns the number of pods; every upgrade would reset it. */}}
  {{- if not (or .Values.autoscaling.enabled (.Values.keda | default dict).enabled) }}
  replicas: {{ .Values.replicas }}
  {{- end }}
  revisionHistoryLimit: 5
  {{- /* A new pod is ready before an old one goes: no moment with fewer than before. */}}
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxSurge: 1
      maxUnavailable: 0
  selector:
    matchLabels:
      {{- include "orderflow-lib.selector" (list . "service") | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "orderflow-lib.pod-labels" (list . "service") | nindent 8 }}
        {{- with .Values.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with .Values.podAnnotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      serviceAccountName: {{ include "orderflow-lib.name" . }}
      {{- include "orderflow-lib.pod-common" . | nindent 6 }}
      terminationGracePeriodSeconds: {{ include "orderflow-lib.grace-seconds" . }}
      {{- include "orderflow-lib.topology-spread" . | nindent 6 }}
      containers:
        - name: {{ .Chart.Name }}
          {{- include "orderflow-lib.container-common" . | nindent 10 }}
          ports:
            - name: http
              containerPort: {{ $facts.port }}
              protocol: TCP
          env:
            {{- include "orderflow-lib.env" . | nindent 12 }}
          {{- include "orderflow-lib.probes" . | nindent 10 }}
          {{- /* Endpoints are withdrawn while the pod goes down, and the nodes learn of it a moment later: it goes on
                 answering until then, and only then gets its SIGTERM. Needs no shell in the image. */}}
          lifecycle:
            preStop:
              sleep:
                seconds: {{ .Values.preStopSleepSeconds }}
          resources:
            {{- toYaml .Values.resources | nindent 12 }}
          {{- include "orderflow-lib.secret-mounts" (list . "service") | nindent 10 }}
      {{- include "orderflow-lib.secret-volumes" (list . "service") | nindent 6 }}
{{- end }}

{{/* Longer than the sleep and the drain together, so that a drain is never cut off by SIGKILL. */}}
{{- define "orderflow-lib.grace-seconds" -}}
{{- $drainSeconds := divf (float64 .Values.settings.DRAIN_TIMEOUT_MS) 1000 | ceil | int64 -}}
{{- add .Values.preStopSleepSeconds $drainSeconds 5 -}}
{{- end }}

{{/*
/livez answers as soon as the process listens, and asks nothing of MySQL or Kafka: a restart heals neither.
/readyz says whether both are in reach; it answers within 2 s.
*/}}
{{- define "orderflow-lib.probes" -}}
startupProbe:
  httpGet: { path: /livez, port: http }
  periodSeconds: 2
  failureThreshold: {{ divf .Values.startupSeconds 2 | ceil }}
livenessProbe:
  httpGet: { path: /livez, port: http }
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 3
readinessProbe:
  httpGet: { path: /readyz, port: http }
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 2
{{- end }}

{{/*
Over zones first, then nodes. A wish, not a condition: on a cluster of one node, or with a zone down, pods start all the
same. `matchLabelKeys` counts the pods of one version only, or a rolling update would leave them lopsided.
*/}}
{{- define "orderflow-lib.topology-spread" -}}
topologySpreadConstraints:
  {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: {{ $.Values.topologySpread.whenUnsatisfiable }}
    matchLabelKeys: [pod-template-hash]
    labelSelector:
      matchLabels:
        {{- include "orderflow-lib.selector" (list $ "service") | nindent 8 }}
  {{- end }}
{{- end }}
