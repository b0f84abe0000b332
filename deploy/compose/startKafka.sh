#!/bin/bash
# Starts Kafka: on an empty volume its storage is formatted first, with a password for each client. They are made even where
# nobody is asked for one, so that the same data can be opened with secure.env later. Arguments go to the server: --override NAME=VALUE.
set -euo pipefail

BIN=/opt/kafka/bin
DATA=/var/lib/kafka/data
PROPERTIES=/tmp/orderflow.properties
CLUSTER_ID=4L6g3nShT-eMCtK--X86sw

cat /orderflow/server.properties /orderflow/doors.properties >"$PROPERTIES"

# Written last by the formatting: a volume that has it is complete.
if [ ! -e "$DATA/meta.properties" ]; then
  users=()
  for user in broker admin users inventory orders; do
    users+=(--add-scram "SCRAM-SHA-512=[name=$user,password=$(<"/etc/kafka/secrets/$user")]")
  done
  "$BIN/kafka-storage.sh" format --ignore-formatted --cluster-id "$CLUSTER_ID" \
    --config "$PROPERTIES" "${users[@]}"
fi

exec "$BIN/kafka-server-start.sh" "$PROPERTIES" "$@"
