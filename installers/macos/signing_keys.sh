#!/bin/bash
# Puts the certificate that signs into a keychain of its own, where codesign finds it, and the key for
# Apple's notary service into a file that LAPIS_NOTARY_KEY names. Runs in the workflow on macOS.
#
# Wants CERTIFICATE (base64), CERTIFICATE_PASSWORD, NOTARY_KEY (may be empty), RUNNER_TEMP and
# GITHUB_ENV.
set -euo pipefail
umask 077

keychain="$RUNNER_TEMP/lapis.keychain-db"
password="$(uuidgen)"
security create-keychain -p "$password" "$keychain"
security set-keychain-settings -lut 7200 "$keychain"
security unlock-keychain -p "$password" "$keychain"
printf '%s' "$CERTIFICATE" | base64 --decode > "$RUNNER_TEMP/certificate.p12"
security import "$RUNNER_TEMP/certificate.p12" -k "$keychain" -P "$CERTIFICATE_PASSWORD" \
    -T /usr/bin/codesign
rm "$RUNNER_TEMP/certificate.p12"
security set-key-partition-list -S apple-tool:,apple: -k "$password" "$keychain" > /dev/null
security list-keychains -d user -s "$keychain"

if test -n "$NOTARY_KEY"; then
    printf '%s' "$NOTARY_KEY" > "$RUNNER_TEMP/notary.p8"
    echo "LAPIS_NOTARY_KEY=$RUNNER_TEMP/notary.p8" >> "$GITHUB_ENV"
fi
