{{/* What every pod's spec has, whatever it runs: Pod Security's 'restricted', and where it may be scheduled. */}}
{{- define "orderflow-lib.pod-common" -}}
{{- /* No pod talks to the API server. */ -}}
automountServiceAccountToken: false
{{- /* Kubernetes would set USERS_PORT=tcp://..., MYSQL_PORT=tcp://... for Services of such names. */}}
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 1000
  runAsGroup: 1000
  {{- /* Group of the mounted secrets, which only their owner and group may read. */}}
  fsGroup: 1000
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{/* What every container has. */}}
{{- define "orderflow-lib.container-common" -}}
{{- $image := include "orderflow-lib.merged" (list . "image") | fromYaml -}}
image: {{ include "orderflow-lib.image" . | quote }}
imagePullPolicy: {{ $image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  runAsNonRoot: true
  capabilities:
    drop: [ALL]
{{- end }}

{{/* The mount and the volume of the secrets, where there are any: (list . "service"). */}}
{{- define "orderflow-lib.secret-mounts" -}}
{{- if include "orderflow-lib.secret-sources" . | trim -}}
volumeMounts:
  - name: secrets
    mountPath: /etc/orderflow
    readOnly: true
{{- end }}
{{- end }}

{{- define "orderflow-lib.secret-volumes" -}}
{{- with include "orderflow-lib.secret-sources" . | trim -}}
volumes:
  - name: secrets
    projected:
      {{- /* 0440 */}}
      defaultMode: 288
      sources:
        {{- . | nindent 8 }}
{{- end }}
{{- end }}
