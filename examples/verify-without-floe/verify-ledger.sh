#!/bin/sh
# Checks the ledger of an environment without floe: that every event is signed by one of the keys, and that the events
# follow one another from the pinned beginning. Prints one line for each.
#
#   verify-ledger.sh REPOSITORY ENVIRONMENT PUBLIC_KEY...
#
# Needs oras, cosign 3, jq and sha256sum. Flags for oras go into ORAS_FLAGS: --plain-http, or --oci-layout for a folder.
# It does not judge who may do what: that is in the manifest.
set -eu
repository=$1 environment=$2
shift 2
flags=${ORAS_FLAGS:-}
type=https://floe.dev/attestation/event/v1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  printf '%s\n' "$1" >&2
  exit 1
}

# The stored bytes of an event: in the manifest up to 4 KiB, else its one layer.
fetch() { # TAG FILE
  # shellcheck disable=SC2086
  oras manifest fetch $flags "$repository:$1" >"$work/manifest"
  jq -j '.annotations["dev.floe.event"] // empty' "$work/manifest" >"$2"
  [ -s "$2" ] && return
  # shellcheck disable=SC2086
  oras blob fetch $flags --output "$2" "$repository@$(jq -r '.layers[0].digest' "$work/manifest")" >/dev/null
}

# The leaf hash of RFC 6962: SHA-256 over a zero byte and the bytes.
leaf() {
  { printf '\0'; cat "$1"; } | sha256sum | cut -d' ' -f1
}

signed() { # the keys
  for key in "$@"; do
    cosign verify-blob-attestation --key "$key" --bundle "$work/event" --insecure-ignore-tlog=true \
      --type "$type" "$work/subject" 2>"$work/log" >/dev/null && return
  done
  return 1
}

# shellcheck disable=SC2086
oras repo tags $flags "$repository" >"$work/tags"
# A ledger that was pruned begins with the event that its tag names, and the genesis; whether that was signed shows further on.
kept=$(sed -n "s/^floe-ev\.$environment\.pruned-0*\([0-9]*\)-.*/\1/p" "$work/tags" | sort -n | tail -n 1)
first='' said=''

fetch "floe-ledger.$environment" "$work/genesis"
beginning=$(leaf "$work/genesis")
: >"$work/seen"

for tag in $(grep "^floe-ev\.$environment\.[0-9]" "$work/tags" | sort); do
  fetch "$tag" "$work/event"
  hash=$(leaf "$work/event")
  jq -r .dsseEnvelope.payload "$work/event" | base64 -d >"$work/statement"
  value() { jq -r ".predicate.$1" "$work/statement"; }
  seq=$(value seq)
  kind=$(value kind)

  case ${tag##*.} in
    *-*) [ "${tag##*-}" = "$(printf %.12s "$hash")" ] || fail "$tag: it holds another event than its name says" ;;
  esac
  if [ "$kind" = genesis ]; then
    # Several may have begun the ledger at once; only the pinned one counts.
    [ "$hash" = "$beginning" ] || { printf '%s %s not pinned: no effect\n' "$seq" "$kind"; continue; }
    value chain | tr -d '\n' >"$work/subject"
  else
    [ "$seq" -lt "${kept:-0}" ] && continue
    if [ "$seq" = "$kept" ]; then first=$hash; else
      grep -q "^$((seq - 1)) $(value prev)$" "$work/seen" || fail "$tag: the event before it is missing or was changed"
    fi
    for rival in $(value 'rivals // [] | .[]'); do
      grep -q " $rival$" "$work/seen" || fail "$tag: $rival, which it has seen, is missing"
    done
    [ "$kind" = prune ] && [ "$(value body.kept.hash)" = "sha256:$first" ] && said=yes
    case $kind in
      lock | unlock | settle | move | prune) cp "$work/genesis" "$work/subject" ;;
      # shellcheck disable=SC2086
      *) oras manifest fetch $flags "$repository@sha256:$(jq -r '.subject[0].digest.sha256' "$work/statement")" >"$work/subject" ;;
    esac
  fi
  signed "$@" || fail "$tag: signed with none of the keys ($(tail -n 1 "$work/log"))"
  printf '%s sha256:%s\n' "$seq" "$hash" >>"$work/seen"
  printf '%s\n' "$seq $kind $(value 'body | [.action, .version, .result, .reason] | map(select(. != null) + " ") | add // ""')by $(value 'actor.identity')"
done
[ -s "$work/seen" ] || fail "$environment has no events"
[ -z "$kept" ] || [ -n "$said" ] || fail "$environment: events before $kept were removed, and nobody has signed that"
