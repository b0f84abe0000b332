#!/bin/bash
# Packages the charts as they are published: each names the image that was pushed beside it, so that nobody who installs
# one must know where the images are.
# Usage: packageCharts.sh REGISTRY REPOSITORY DESTINATION, e.g. packageCharts.sh registry.example.com shop/orderflow charts
# for images such as registry.example.com/shop/orderflow/users.
set -euo pipefail

registry=$1
repository=$2
destination=$3

# On a copy: the charts of the checkout keep their own values.
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cp -R "$(dirname "$0")/." "$work"

for service in users inventory orders gateway; do
  values="$work/$service/values.yaml"
  sed -i -e "s|^  registry: ''\$|  registry: '$registry'|" \
    -e "s|^  repository: orderflow/$service\$|  repository: '$repository/$service'|" "$values"
  # A line that is written otherwise by now would be left as it is without a word.
  grep -qxF "  registry: '$registry'" "$values"
  grep -qxF "  repository: '$repository/$service'" "$values"
done

# The umbrella last: it holds the four others.
for chart in users inventory orders gateway orderflow; do
  helm package "$work/$chart" --dependency-update --destination "$destination"
done
