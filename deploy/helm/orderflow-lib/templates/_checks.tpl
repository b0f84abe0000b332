{{/* What a schema of single values cannot say: values that do not go together. Each failure says what to do. */}}
{{- define "orderflow-lib.checks" -}}
{{- $facts := include "orderflow-lib.service-facts" . | fromYaml -}}
{{- if $facts.stores -}}
{{- $mysql := include "orderflow-lib.merged" (list . "mysql") | fromYaml -}}
{{- $kafka := include "orderflow-lib.merged" (list . "kafka") | fromYaml -}}
{{- if and (ne $kafka.sasl.mechanism "none") (not $kafka.sasl.existingSecret) -}}
{{- fail (printf "%s: kafka.sasl.mechanism is %s, so kafka.sasl.existingSecret must name the Secret with the password." .Chart.Name $kafka.sasl.mechanism) -}}
{{- end -}}
{{- range $block, $tls := dict "mysql" $mysql.tls "kafka" $kafka.tls -}}
{{- if and $tls.ca.secret $tls.ca.configMap -}}
{{- fail (printf "%s: %s.tls.ca names a Secret and a ConfigMap. Name the one that holds the authority's certificate." $.Chart.Name $block) -}}
{{- end -}}
{{- end -}}
{{- if eq $mysql.user $mysql.migration.user -}}
{{- fail (printf "%s: mysql.user and mysql.migration.user are both %s. They must be two users: the service must not be able to change or delete events." .Chart.Name $mysql.user) -}}
{{- end -}}
{{- end -}}
{{- if $facts.consumes -}}
{{- if and .Values.autoscaling.enabled .Values.keda.enabled -}}
{{- fail (printf "%s: autoscaling.enabled and keda.enabled are both true. Two autoscalers would work against each other: choose one." .Chart.Name) -}}
{{- end -}}
{{- if gt (int64 .Values.keda.maxReplicas) (int64 .Values.settings.TOPIC_PARTITIONS) -}}
{{- fail (printf "%s: keda.maxReplicas is %d, but a topic has %d partitions (settings.TOPIC_PARTITIONS). More consumers than partitions have nothing to do." .Chart.Name (int64 .Values.keda.maxReplicas) (int64 .Values.settings.TOPIC_PARTITIONS)) -}}
{{- end -}}
{{- end -}}
{{- if lt (int64 .Values.autoscaling.maxReplicas) (int64 .Values.autoscaling.minReplicas) -}}
{{- fail (printf "%s: autoscaling.maxReplicas is less than autoscaling.minReplicas." .Chart.Name) -}}
{{- end -}}
{{- end }}
