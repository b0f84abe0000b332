{{- define "orderflow-lib.notes" -}}
{{- $facts := include "orderflow-lib.service-facts" . | fromYaml -}}
{{ .Chart.Name }} {{ .Chart.AppVersion }} is in namespace {{ .Release.Namespace }}, at http://{{ include "orderflow-lib.name" . }}:{{ $facts.port }} inside the cluster.

  kubectl -n {{ .Release.Namespace }} rollout status deployment/{{ include "orderflow-lib.name" . }}
{{ if $facts.consumes }}
On a first installation it becomes ready when the topics that it reads are there: {{ join ", " $facts.consumes }}. Each is made
by the service that writes it, so install all services without --wait; their order does not matter.
{{ end -}}
{{- end }}
