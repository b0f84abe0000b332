#!/bin/bash
# Makes every secret of docker-compose.yml, once: passwords, and a certificate authority with a certificate for MySQL and one
# for Kafka. /secrets gets a folder for each container that needs any, which its owner alone may read. The authority's key
# is not kept: nobody can sign with it any more. A second run changes nothing.
set -euo pipefail

MYSQL_OWNER=999:999
# Of the services' images and of Kafka's.
OWNER=1000:1000
VALID_DAYS=3650
COMPLETE=/secrets/complete

# In docker-compose.yml any text switches ORDERFLOW_SECURE on, and without the profile nobody would give the services their rights.
case ",${COMPOSE_PROFILES:-}," in
*,secure,*) profile=on ;;
*) profile= ;;
esac
if [ "${ORDERFLOW_SECURE:-}" != "$profile" ]; then
  echo "ORDERFLOW_SECURE is '${ORDERFLOW_SECURE:-}' and COMPOSE_PROFILES '${COMPOSE_PROFILES:-}':" \
    'set neither, or both by --env-file deploy/compose/secure.env.' >&2
  exit 1
fi

if [ -e "$COMPLETE" ]; then
  echo 'The secrets are there already.'
  exit 0
fi

umask 077
work=$(mktemp -d /tmp/secrets.XXXXXX)
cd "$work"

password() { openssl rand -hex 24 | tr -d '\n'; }

# certificate SERVER: SERVER-cert.pem and SERVER-key.pem, good for the host name SERVER.
certificate() {
  openssl req -x509 -CA ca.pem -CAkey ca-key.pem -days "$VALID_DAYS" -newkey rsa:2048 -noenc \
    -subj "/CN=$1" -addext "subjectAltName=DNS:$1" -addext 'basicConstraints=critical,CA:FALSE' \
    -addext 'extendedKeyUsage=serverAuth' -keyout "$1-key.pem" -out "$1-cert.pem" 2>/dev/null
}

openssl req -x509 -days "$VALID_DAYS" -newkey rsa:2048 -noenc -subj '/CN=Orderflow local authority' \
  -addext 'keyUsage=critical,keyCertSign' -keyout ca-key.pem -out ca.pem 2>/dev/null
certificate mysql
certificate kafka

# give FOLDER OWNER: moves what lies in ./FOLDER to its place. A folder of a run that was cut short is made anew; taken back
# first, since root without CAP_DAC_OVERRIDE may not enter what it has given away.
give() {
  [ ! -e "/secrets/$1" ] || chown 0:0 "/secrets/$1"
  rm -rf "/secrets/${1:?}"
  cp -R "$1" "/secrets/$1"
  chmod 0400 "/secrets/$1"/*
  chown "$2" "/secrets/$1"/*
  chown "$2" "/secrets/$1"
}

mkdir mysql kafka kafka-acls
password >mysql/root
cp ca.pem mysql/
mv mysql-cert.pem mysql/server-cert.pem
mv mysql-key.pem mysql/server-key.pem
cp ca.pem kafka/
cat kafka-key.pem kafka-cert.pem >kafka/server.pem
for user in broker admin; do password >"kafka/$user"; done
cp ca.pem kafka-acls/
cp kafka/admin kafka-acls/kafka

for service in users inventory orders; do
  mkdir "$service" "migrate-$service"
  password >"$service/mysql"
  password >"$service/kafka"
  password >"migrate-$service/mysql-migration"
  cp ca.pem "$service/"
  cp ca.pem "$service/mysql" "migrate-$service/"
  cp "$service/mysql" "mysql/$service"
  cp "migrate-$service/mysql-migration" "mysql/$service-migration"
  cp "$service/kafka" "kafka/$service"
done
password >orders/idempotency

for folder in kafka kafka-acls users inventory orders migrate-users migrate-inventory migrate-orders; do
  give "$folder" "$OWNER"
done
give mysql "$MYSQL_OWNER"
# Each container sees its own folder; the root of the volume is for this script.
touch "$COMPLETE"
echo 'Made new secrets.'
