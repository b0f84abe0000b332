#!/bin/bash
# Starts Kafka: on an empty volume its storage is formatted first, with a password for each client. They are made even where
# nobody is asked for one, so that the same data can be opened with secure.env later. Arguments go to the server: --override NAME=VALUE.
set -euo pipefail

BIN=/opt/kafka/bin
DATA=/var/lib/kafka/data
PROPERTIES=/tmp/orderflow.properties
USERS=/tmp/users.arguments
CLUSTER_ID=4L6g3nShT-eMCtK--X86sw

cat /orderflow/server.properties /orderflow/doors.properties >"$PROPERTIES"

# Written last by the formatting: a volume that has it is complete.
if [ ! -e "$DATA/meta.properties" ]; then
  # In a file of its owner's, one argument a line: all users of the machine see the arguments of a process.
  for user in broker admin users inventory orders; do
    printf -- '--add-scram\nSCRAM-SHA-512=[name=%s,password=%s]\n' "$user" "$(<"/etc/kafka/secrets/$user")"
  done | (umask 077 && cat >"$USERS")
  # Its output would bring the keys that it makes of the passwords into the container's log.
  "$BIN/kafka-storage.sh" format --ignore-formatted --cluster-id "$CLUSTER_ID" --config "$PROPERTIES" "@$USERS" >/dev/null
  rm "$USERS"
fi

exec "$BIN/kafka-server-start.sh" "$PROPERTIES" "$@"
