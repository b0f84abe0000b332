{{/*
The name of everything in this chart: the chart's own, whatever the release is called. So the services find each other
by the same names whether they were installed one by one or by the umbrella; a namespace holds one Orderflow.
*/}}
{{- define "orderflow-lib.name" -}}
{{- default .Chart.Name .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- end }}

{{/* What selects the pods of a component: (list . "service"), "migration" or "test". Never changes: selectors cannot. */}}
{{- define "orderflow-lib.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ $root.Chart.Name }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* The labels of a component's pods: (list . "service"). Without the chart's version, or each would roll the pods. */}}
{{- define "orderflow-lib.pod-labels" -}}
{{ include "orderflow-lib.selector" . }}
app.kubernetes.io/part-of: orderflow
{{- end }}

{{/* The labels of an object of a component: (list . "service"). */}}
{{- define "orderflow-lib.labels" -}}
{{- $root := index . 0 -}}
{{ include "orderflow-lib.pod-labels" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- end }}

{{/* The labels by which one service's network policy knows the pods of another: (list "users" "service"). */}}
{{- define "orderflow-lib.peer-selector" -}}
podSelector:
  matchLabels:
    app.kubernetes.io/name: {{ index . 0 }}
    app.kubernetes.io/component: {{ index . 1 }}
    app.kubernetes.io/part-of: orderflow
{{- end }}

{{/* The image. Without a tag it is the version that the chart was made for. */}}
{{- define "orderflow-lib.image" -}}
{{- $image := include "orderflow-lib.merged" (list . "image") | fromYaml -}}
{{- $name := $image.repository -}}
{{- if $image.registry }}{{ $name = printf "%s/%s" $image.registry $name }}{{ end -}}
{{- if $image.digest -}}
{{ $name }}@{{ $image.digest }}
{{- else -}}
{{ $name }}:{{ default .Chart.AppVersion $image.tag }}
{{- end -}}
{{- end }}

{{/*
A block of values, (list . "mysql"), with what `global` says laid over it: what all services share is said once in the
umbrella's values.
*/}}
{{- define "orderflow-lib.merged" -}}
{{- $root := index . 0 -}}
{{- $block := index . 1 -}}
{{- $own := get $root.Values $block | default dict | deepCopy -}}
{{- $shared := get ($root.Values.global | default dict) $block | default dict | deepCopy -}}
{{- mergeOverwrite $own $shared | toYaml -}}
{{- end }}
