{{/*
Brings the schema up to date before the first install, before every upgrade and every rollback, as a user of its own; the
service's pods never see that user's password. A hook: Helm waits for it, and changes nothing else if it fails. Before a
rollback it is the older version's Job: it finds no migration due, and gives the rights that its pods need.
The Job runs under the namespace's default account, without a token: this chart's own account does not exist yet when
the first one runs. It is removed when it has succeeded; a failed one stays for its log, a day at most.
*/}}
{{- define "orderflow-lib.migration" -}}
{{- $mysql := include "orderflow-lib.merged" (list . "mysql") | fromYaml -}}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ include "orderflow-lib.name" . }}-migrate
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "orderflow-lib.labels" (list . "migration") | nindent 4 }}
  annotations:
    helm.sh/hook: pre-install,pre-upgrade,pre-rollback
    helm.sh/hook-weight: '0'
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
spec:
  backoffLimit: {{ .Values.migration.backoffLimit }}
  activeDeadlineSeconds: {{ .Values.migration.activeDeadlineSeconds }}
  ttlSecondsAfterFinished: 86400
  template:
    metadata:
      labels:
        {{- include "orderflow-lib.pod-labels" (list . "migration") | nindent 8 }}
    spec:
      restartPolicy: Never
      {{- include "orderflow-lib.pod-common" . | nindent 6 }}
      containers:
        - name: migrate
          {{- include "orderflow-lib.container-common" . | nindent 10 }}
          command: [node, packages/cli/src/main.ts, migrate, {{ .Chart.Name }}]
          env:
            {{- include "orderflow-lib.mysql-env" . | nindent 12 }}
            - name: MYSQL_ADMIN_USER
              value: {{ $mysql.migration.user | quote }}
            - name: MYSQL_ADMIN_PASSWORD_FILE
              value: /etc/orderflow/mysql-admin-password
          resources:
            {{- toYaml .Values.migration.resources | nindent 12 }}
          {{- include "orderflow-lib.secret-mounts" (list . "migration") | nindent 10 }}
      {{- include "orderflow-lib.secret-volumes" (list . "migration") | nindent 6 }}
{{- end }}
