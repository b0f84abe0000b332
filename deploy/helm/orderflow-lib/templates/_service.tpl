{{- define "orderflow-lib.service" -}}
{{- $facts := include "orderflow-lib.service-facts" . | fromYaml -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "orderflow-lib.name" . }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "orderflow-lib.labels" (list . "service") | nindent 4 }}
spec:
  type: ClusterIP
  selector:
    {{- include "orderflow-lib.selector" (list . "service") | nindent 4 }}
  ports:
    - name: http
      port: {{ $facts.port }}
      targetPort: http
      protocol: TCP
      appProtocol: http
{{- end }}

{{- define "orderflow-lib.serviceaccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "orderflow-lib.name" . }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "orderflow-lib.labels" (list . "service") | nindent 4 }}
  {{- with .Values.serviceAccount.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: false
{{- end }}

{{- define "orderflow-lib.poddisruptionbudget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "orderflow-lib.name" . }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "orderflow-lib.labels" (list . "service") | nindent 4 }}
spec:
  maxUnavailable: {{ .Values.podDisruptionBudget.maxUnavailable }}
  {{- /* A pod that is not ready serves nobody: it must not hold up the drain of its node. */}}
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "orderflow-lib.selector" (list . "service") | nindent 6 }}
{{- end }}
