#!/bin/sh
# Unpacks the programs that the interop suite compares floe with into <repository>/.peers (git-ignored).
# They come from Debian sid, through a private apt configuration made of the system's own sources, and are only
# unpacked: installing them would pull sid's libraries into the system.
# Needs apt-get, dpkg and awk, as root. Does nothing when the programs are there already.
set -eu

programs="cosign crane oras docker-registry"
root=$(cd "$(dirname "$0")/.." && pwd)
peers=$root/.peers
bin=$peers/pkg/usr/bin
# Change the number when what is unpacked changes: everybody's folder is then renewed.
stamp="1 $(uname -m) $programs"

fail() {
  printf 'install-peers: %s\n' "$1" >&2
  exit 1
}

complete() {
  [ -f "$peers/pkg/.stamp" ] && [ "$(cat "$peers/pkg/.stamp")" = "$stamp" ] || return 1
  for program in $programs; do
    [ -x "$bin/$program" ] || return 1
  done
}

# The first argument is the folder of the programs. Prints the names of those that do not start.
broken() {
  for program in $programs; do
    case $program in
      docker-registry) argument=--version ;;
      *) argument=version ;;
    esac
    # HOME: crane and cosign want one, and the user's own configuration is no concern of ours.
    HOME=$peers "$1/$program" "$argument" </dev/null >/dev/null 2>&1 || printf ' %s' "$program"
  done
}

if complete; then
  printf 'install-peers: already there: %s\n' "$bin"
  exit 0
fi

[ "$(id -u)" = 0 ] || fail "must run as root, because apt-get keeps its lists and downloads as root (try: sudo $0)"
for tool in apt-get dpkg awk; do
  command -v "$tool" >/dev/null 2>&1 || fail "$tool is missing: this needs a Debian system"
done

mkdir -p "$peers"
# Everything happens in a folder of this run, and one rename publishes the result: an interrupted or parallel run
# leaves nothing half unpacked.
work=$(mktemp -d "$peers/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/pkg"
: >"$work/status"

# The place that this system gets Debian from, be it a mirror or a proxy. The address may hold a password, so it is
# never printed, and the folder with the list is private (mktemp) and short-lived.
set --
for file in /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list; do
  [ -f "$file" ] && set -- "$@" "$file"
done
[ $# -gt 0 ] || fail "no apt sources in /etc/apt"
uri=$(awk '
  tolower($1) == "uris:" { print $2; exit }
  $1 == "deb" { for (i = 2; i <= NF; i++) if ($i ~ /^[a-z+]+:\//) { print $i; exit } }
' "$@")
[ -n "$uri" ] || fail "no Debian source found in /etc/apt"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -f "$keyring" ] || fail "$keyring is missing (package debian-archive-keyring)"
printf 'deb [signed-by=%s] %s sid main\n' "$keyring" "$uri" >"$work/sid.list"

apt() {
  apt-get -o Dir::Etc::sourcelist="$work/sid.list" -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::State::Lists="$work/lists" -o Dir::State::status="$work/status" \
    -o Dir::Cache="$work" -o Dir::Cache::archives="$work/archives" \
    -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=3 "$@"
}

apt update -qq >"$work/log" 2>&1 || {
  sed "s#//[^/@ ]*@#//***@#g" "$work/log" >&2
  fail "apt-get update failed for Debian sid"
}
missing=
for program in $programs; do
  # Each program's package has the program's name.
  (cd "$work/archives" && apt download -qq "$program") >>"$work/log" 2>&1 || missing="$missing $program"
done
if [ -n "$missing" ]; then
  sed "s#//[^/@ ]*@#//***@#g" "$work/log" >&2
  fail "could not download:$missing"
fi
for archive in "$work"/archives/*.deb; do
  dpkg -x "$archive" "$work/pkg"
done

missing=$(broken "$work/pkg/usr/bin")
[ -z "$missing" ] || fail "missing or not able to run:$missing"
printf '%s\n' "$stamp" >"$work/pkg/.stamp"

chmod 755 "$work/pkg"
[ ! -e "$peers/pkg" ] || mv "$peers/pkg" "$work/old"
# -T: never into a folder that a parallel run has put there meanwhile.
mv -T "$work/pkg" "$peers/pkg" 2>/dev/null || complete || fail "could not replace $peers/pkg"
printf 'install-peers: unpacked%s into %s\n' "$(printf ' %s' $programs)" "$bin"
