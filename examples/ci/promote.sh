#!/usr/bin/env bash
# Promotes VERSION to TARGET from a pipeline. FLOE is a built checkout of floe. Running it again, also after it was cut off
# at any point, ends like one run.
set -euo pipefail

floe() { "$FLOE/node_modules/.bin/node" "$FLOE/apps/cli/bin/run.js" "$@"; }

for attempt in 1 2 3; do
  code=0
  floe promote "$VERSION" --to "$TARGET" --if-needed --wait 5m \
    --annotation "run_url=${RUN_URL:-unknown}" || code=$?
  case $code in
    5 | 7 | 15 | 17) sleep $((attempt * 10)) ;; # unavailable, busy, or not recorded yet: the same command finishes it
    *) exit "$code" ;;
  esac
done
exit "$code"
