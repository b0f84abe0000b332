{{/*
Who listens where, who calls whom, and who has a database and Kafka: the one table from which the settings, the
network policies and the scaling of all four charts are made.
*/}}
{{- define "orderflow-lib.services" -}}
gateway: { port: 3008, stores: false, calls: [users, inventory, orders], consumes: [] }
users: { port: 3011, stores: true, calls: [], consumes: [] }
inventory: { port: 3012, stores: true, calls: [orders], consumes: [orders.v1] }
orders: { port: 3013, stores: true, calls: [users, inventory], consumes: [users.v1, inventory.v1] }
{{- end }}

{{/* This chart's row of the table, as YAML. */}}
{{- define "orderflow-lib.service-facts" -}}
{{- $services := include "orderflow-lib.services" . | fromYaml -}}
{{- get $services .Chart.Name | toYaml -}}
{{- end }}

{{/* The services that call this one, as YAML: {callers: [...]}. */}}
{{- define "orderflow-lib.callers" -}}
{{- $callers := list -}}
{{- range $name, $facts := include "orderflow-lib.services" . | fromYaml -}}
{{- if has $.Chart.Name $facts.calls }}{{ $callers = append $callers $name }}{{ end -}}
{{- end -}}
{{- dict "callers" $callers | toYaml -}}
{{- end }}
