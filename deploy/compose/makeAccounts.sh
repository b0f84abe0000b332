#!/bin/bash
# Run by MySQL's image once, when it makes the data: for each service a database, a user that migrates it (all rights on this
# database, may hand them on, nothing elsewhere) and a user that the service runs as, which gets its grants from the migration.
set -eo pipefail

secret() { cat "/run/secrets/$1"; }

for service in users inventory orders; do
  # In the name of a database in a GRANT, _ stands for any character unless it is escaped.
  MYSQL_PWD=$(secret root) mysql --protocol=socket --user=root <<SQL
CREATE DATABASE orderflow_$service;
CREATE USER 'orderflow_$service' IDENTIFIED BY '$(secret "$service")';
CREATE USER 'orderflow_${service}_migration' IDENTIFIED BY '$(secret "$service-migration")';
GRANT ALL PRIVILEGES ON \`orderflow\\_$service\`.* TO 'orderflow_${service}_migration' WITH GRANT OPTION;
SQL
done
