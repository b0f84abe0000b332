{{/*
The settings, as a container's `env`. They stand in the pod's template and not in a ConfigMap: a changed setting rolls
the pods by itself, a rollback brings the old one back, and the migration, which runs before anything else of the
release exists, needs nothing but its Secrets.
*/}}
{{- define "orderflow-lib.env" -}}
{{- $facts := include "orderflow-lib.service-facts" . | fromYaml -}}
- name: HOST
  value: 0.0.0.0
- name: PORT
  value: {{ $facts.port | quote }}
{{- range $peer := $facts.calls }}
- name: {{ upper $peer }}_URL
  value: {{ get $.Values.peers $peer | quote }}
{{- end }}
{{- if $facts.stores }}
{{ include "orderflow-lib.mysql-env" . }}
{{ include "orderflow-lib.kafka-env" . }}
{{- end }}
{{- if .Values.idempotency }}
- name: IDEMPOTENCY_SECRET_FILE
  value: /etc/orderflow/idempotency-secret
{{- end }}
{{- range $name, $value := .Values.settings }}
- name: {{ $name }}
  {{- /* A number from --set arrives as a float: 1000000 must not become 1e+06. */}}
  value: {{ ternary $value (int64 $value | toString) (kindIs "string" $value) | quote }}
{{- end }}
{{- end }}

{{/* The database as the service knows it: its runtime user, never the one that migrates. */}}
{{- define "orderflow-lib.mysql-env" -}}
{{- $mysql := include "orderflow-lib.merged" (list . "mysql") | fromYaml -}}
- name: MYSQL_HOST
  value: {{ $mysql.host | quote }}
- name: MYSQL_PORT
  value: {{ $mysql.port | quote }}
- name: MYSQL_DATABASE
  value: {{ $mysql.database | quote }}
- name: MYSQL_USER
  value: {{ $mysql.user | quote }}
- name: MYSQL_PASSWORD_FILE
  value: /etc/orderflow/mysql-password
- name: MYSQL_TLS
  value: {{ ternary (printf "verify-%s" $mysql.tls.verify) "off" $mysql.tls.enabled | quote }}
{{- if and $mysql.tls.enabled (or $mysql.tls.ca.secret $mysql.tls.ca.configMap) }}
- name: MYSQL_TLS_CA_FILE
  value: /etc/orderflow/mysql-ca.crt
{{- end }}
{{- end }}

{{- define "orderflow-lib.kafka-env" -}}
{{- $kafka := include "orderflow-lib.merged" (list . "kafka") | fromYaml -}}
- name: KAFKA_BROKERS
  value: {{ join "," $kafka.brokers | quote }}
- name: KAFKA_TLS
  value: {{ ternary "on" "off" $kafka.tls.enabled | quote }}
{{- if and $kafka.tls.enabled (or $kafka.tls.ca.secret $kafka.tls.ca.configMap) }}
- name: KAFKA_TLS_CA_FILE
  value: /etc/orderflow/kafka-ca.crt
{{- end }}
- name: KAFKA_SASL_MECHANISM
  value: {{ $kafka.sasl.mechanism | quote }}
{{- if ne $kafka.sasl.mechanism "none" }}
- name: KAFKA_SASL_USERNAME
  value: {{ $kafka.sasl.username | quote }}
- name: KAFKA_SASL_PASSWORD_FILE
  value: /etc/orderflow/kafka-password
{{- end }}
{{- end }}

{{/*
Secrets and certificates, as one volume of files under /etc/orderflow: (list . "service") or (list . "migration").
Files, not variables: a variable is inherited by every child process and shown by whatever prints an environment.
*/}}
{{- define "orderflow-lib.secret-sources" -}}
{{- $root := index . 0 -}}
{{- $migrates := eq (index . 1) "migration" -}}
{{- $facts := include "orderflow-lib.service-facts" $root | fromYaml -}}
{{- if $facts.stores -}}
{{- $mysql := include "orderflow-lib.merged" (list $root "mysql") | fromYaml -}}
{{- $kafka := include "orderflow-lib.merged" (list $root "kafka") | fromYaml -}}
{{ include "orderflow-lib.secret-file" (list $mysql.existingSecret $mysql.passwordKey "mysql-password") }}
{{- if $migrates }}
{{ include "orderflow-lib.secret-file" (list $mysql.migration.existingSecret $mysql.migration.passwordKey "mysql-admin-password") }}
{{- end }}
{{- if $mysql.tls.enabled }}
{{- include "orderflow-lib.ca-file" (list $mysql.tls.ca "mysql-ca.crt") }}
{{- end }}
{{- if not $migrates }}
{{- if $kafka.tls.enabled }}
{{- include "orderflow-lib.ca-file" (list $kafka.tls.ca "kafka-ca.crt") }}
{{- end }}
{{- if ne $kafka.sasl.mechanism "none" }}
{{ include "orderflow-lib.secret-file" (list $kafka.sasl.existingSecret $kafka.sasl.passwordKey "kafka-password") }}
{{- end }}
{{- end }}
{{- end }}
{{- if and $root.Values.idempotency (not $migrates) }}
{{ include "orderflow-lib.secret-file" (list $root.Values.idempotency.existingSecret $root.Values.idempotency.secretKey "idempotency-secret") }}
{{- end }}
{{- end }}

{{- define "orderflow-lib.secret-file" -}}
- secret:
    name: {{ index . 0 }}
    items:
      - key: {{ index . 1 }}
        path: {{ index . 2 }}
{{- end }}

{{- define "orderflow-lib.ca-file" -}}
{{- $ca := index . 0 }}
{{- if $ca.secret }}
{{ include "orderflow-lib.secret-file" (list $ca.secret $ca.key (index . 1)) }}
{{- else if $ca.configMap }}
- configMap:
    name: {{ $ca.configMap }}
    items:
      - key: {{ $ca.key }}
        path: {{ index . 1 }}
{{- end }}
{{- end }}
