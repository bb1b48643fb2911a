#!/bin/bash
# Fetches the client of Azure's signing service and says how it is called: LAPIS_WINDOWS_SIGN, which
# make.py reads. Runs in the workflow on Windows, where somebody has signed in at Azure.
#
# Wants ENDPOINT, ACCOUNT and PROFILE of the service, RUNNER_TEMP and GITHUB_ENV.
set -euo pipefail

tools="$(cygpath -m "$RUNNER_TEMP")/signing"
nuget install Microsoft.Trusted.Signing.Client -Version 1.0.95 -ExcludeVersion -NonInteractive \
    -OutputDirectory "$tools"
printf '{"Endpoint": "%s", "CodeSigningAccountName": "%s", "CertificateProfileName": "%s"}' \
    "$ENDPOINT" "$ACCOUNT" "$PROFILE" > "$tools/account.json"
signtool="$(find '/c/Program Files (x86)/Windows Kits/10/bin' -path '*/x64/signtool.exe' | sort | tail -1)"
# shellcheck disable=SC2016 # $f is for whoever signs, not for this shell
printf 'LAPIS_WINDOWS_SIGN="%s" sign /fd SHA256 /tr http://timestamp.acs.microsoft.com /td SHA256 /dlib "%s" /dmdf "%s" $f\n' \
    "$(cygpath -m "$signtool")" \
    "$tools/Microsoft.Trusted.Signing.Client/bin/x64/Azure.CodeSigning.Dlib.dll" \
    "$tools/account.json" >> "$GITHUB_ENV"
