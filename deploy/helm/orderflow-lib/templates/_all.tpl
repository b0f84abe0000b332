{{/* All objects of a service's chart. */}}
{{- define "orderflow-lib.all" -}}
{{- include "orderflow-lib.checks" . -}}
{{- $facts := include "orderflow-lib.service-facts" . | fromYaml -}}
{{- $keda := .Values.keda | default dict -}}
{{- if $facts.stores }}
{{- if .Values.networkPolicy.enabled }}
---
{{ include "orderflow-lib.migration-networkpolicy" . }}
{{- end }}
---
{{ include "orderflow-lib.migration" . }}
{{- end }}
{{- if .Values.networkPolicy.enabled }}
---
{{ include "orderflow-lib.networkpolicy" . }}
{{- end }}
---
{{ include "orderflow-lib.serviceaccount" . }}
---
{{ include "orderflow-lib.service" . }}
---
{{ include "orderflow-lib.deployment" . }}
---
{{ include "orderflow-lib.poddisruptionbudget" . }}
{{- if .Values.autoscaling.enabled }}
---
{{ include "orderflow-lib.horizontalpodautoscaler" . }}
{{- end }}
{{- if $keda.enabled }}
{{- if include "orderflow-lib.keda-authenticates" . }}
---
{{ include "orderflow-lib.triggerauthentication" . }}
{{- end }}
---
{{ include "orderflow-lib.scaledobject" . }}
{{- end }}
{{- if .Values.serviceMonitor.enabled }}
---
{{ include "orderflow-lib.servicemonitor" . }}
{{- end }}
{{- if .Values.prometheusRule.enabled }}
---
{{ include "orderflow-lib.prometheusrule" . }}
{{- end }}
{{- end }}
