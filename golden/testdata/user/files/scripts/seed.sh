#!/bin/sh
# Fills a development project with invoices.
set -eu
for _ in 1 2 3; do
	curl --fail --silent --request POST "$APP_BASE_URL/v1/invoices"
done
