#!/bin/sh
# Unpacks the programs that the interop suite compares floe with into <repository>/.peers (git-ignored).
# They come from Debian sid (with them S3 servers, radosgw on RADOS and moto), and PostgreSQL 15 from Debian 12, through a private apt configuration made of the system's own
# sources, and are only unpacked: installing them would pull sid's libraries into the system, and start a server.
# Needs apt-get, dpkg and awk, as root. Does nothing when the programs are there already.
set -eu

programs="cosign crane oras docker-registry"
root=$(cd "$(dirname "$0")/.." && pwd)
peers=$root/.peers
bin=$peers/pkg/usr/bin
# Change the number when what is unpacked changes: everybody's folder is then renewed.
stamp="1 $(uname -m) $programs"

# PostgreSQL, what makes its certificate, and the libraries that not every Debian system has.
postgres="postgresql-15 postgresql-client-15 openssl libpq5 libicu72 libxml2 libldap-2.5-0 libsasl2-2 libssl3 libgssapi-krb5-2 libkrb5-3 libk5crypto3 libkrb5support0 libkeyutils1 libcom-err2 libreadline8"
postgres_stamp="2 $(uname -m) $postgres"

# With all that they need, down to libc: they run through sid's own loader.
s3="radosgw ceph-mon ceph-osd python3-moto python3-flask python3-flask-cors"
s3_stamp="1 $(uname -m) $s3"

# Programs whose reports gates read, from Debian 12, with the libraries and the Python that not every system has.
gate_tools="hyperfine wrk libluajit-5.1-2 hey apache2-utils libapr1 libaprutil1 libexpat1 libcrypt1 libssl3 zlib1g libffi8 python3.11-minimal libpython3.11-minimal libpython3.11-stdlib python3-pytest python3-pluggy python3-iniconfig python3-packaging python3-attr python3-py python3-pytest-benchmark python3-cpuinfo"
gate_tools_stamp="2 $(uname -m) $gate_tools"

# Go with the packages of its own library, and gotestsum, from Debian 12. No module is ever fetched.
go="golang-1.19-go golang-1.19-src gotestsum"
go_stamp="1 $(uname -m) $go"

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

postgres_complete() {
  [ -f "$peers/postgresql/.stamp" ] && [ "$(cat "$peers/postgresql/.stamp")" = "$postgres_stamp" ]
}

s3_complete() {
  [ -f "$peers/s3/.stamp" ] && [ "$(cat "$peers/s3/.stamp")" = "$s3_stamp" ]
}

gate_tools_complete() {
  [ -f "$peers/gate-tools/.stamp" ] && [ "$(cat "$peers/gate-tools/.stamp")" = "$gate_tools_stamp" ]
}

go_complete() {
  [ -f "$peers/go/.stamp" ] && [ "$(cat "$peers/go/.stamp")" = "$go_stamp" ]
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

if complete && postgres_complete && s3_complete && gate_tools_complete && go_complete; then
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

# The first argument is the suite; the rest is for apt-get.
apt() {
  suite=$1
  shift
  apt-get -o Dir::Etc::sourcelist="$work/$suite.list" -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::State::Lists="$work/lists" -o Dir::State::status="$work/status" \
    -o Dir::Cache="$work" -o Dir::Cache::archives="$work/archives" \
    -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=3 "$@"
}

# unpack SUITE FOLDER PACKAGE...: downloads packages of a suite of Debian and unpacks them into a folder. With needs=yes, with all
# that they depend on.
needs=no
unpack() {
  suite=$1 folder=$2
  shift 2
  rm -rf "$work/lists" "$work/archives" "$work"/*.bin
  mkdir -p "$work/lists/partial" "$work/archives/partial" "$folder"
  printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$uri" "$suite" >"$work/$suite.list"
  apt "$suite" update -qq >"$work/log" 2>&1 || {
    sed "s#//[^/@ ]*@#//***@#g" "$work/log" >&2
    fail "apt-get update failed for Debian $suite"
  }
  missing=
  if [ "$needs" = yes ]; then
    apt "$suite" install -d -qq -y --no-install-recommends "$@" >>"$work/log" 2>&1 || missing=" $*"
    set --
  fi
  for package in "$@"; do
    (cd "$work/archives" && apt "$suite" download -qq "$package") >>"$work/log" 2>&1 || missing="$missing $package"
  done
  if [ -n "$missing" ]; then
    sed "s#//[^/@ ]*@#//***@#g" "$work/log" >&2
    fail "could not download:$missing"
  fi
  for archive in "$work"/archives/*.deb; do
    dpkg -x "$archive" "$folder"
  done
  chmod 755 "$folder"
}

# publish FOLDER CHECK: puts a folder of this run in the place of that name in .peers.
publish() {
  [ ! -e "$peers/$1" ] || mv "$peers/$1" "$work/old-$1"
  # -T: never into a folder that a parallel run has put there meanwhile.
  mv -T "$work/$1" "$peers/$1" 2>/dev/null || "$2" || fail "could not replace $peers/$1"
}

if ! complete; then
  # Each program's package has the program's name.
  unpack sid "$work/pkg" $programs
  missing=$(broken "$work/pkg/usr/bin")
  [ -z "$missing" ] || fail "missing or not able to run:$missing"
  printf '%s\n' "$stamp" >"$work/pkg/.stamp"
  publish pkg complete
  printf 'install-peers: unpacked%s into %s\n' "$(printf ' %s' $programs)" "$bin"
fi

if ! postgres_complete; then
  folder=$work/postgresql
  unpack bookworm "$folder" $postgres
  rm -rf "$folder/usr/share/man" "$folder/usr/share/locale" "$folder/usr/lib/postgresql/15/lib/bitcode"
  # Some packages have their libraries in /lib, where the system has a link.
  [ ! -d "$folder/lib" ] || cp -a "$folder/lib/." "$folder/usr/lib/"
  library=$(cd "$folder" && dirname usr/lib/*/libpq.so.5)
  printf '%s\n' "$library" >"$folder/library-path"
  for program in initdb postgres psql pg_basebackup; do
    LD_LIBRARY_PATH="$folder/$library" "$folder/usr/lib/postgresql/15/bin/$program" --version </dev/null >"$work/log" 2>&1 || {
      cat "$work/log" >&2
      fail "not able to run: $program"
    }
  done
  printf '%s\n' "$postgres_stamp" >"$folder/.stamp"
  publish postgresql postgres_complete
  printf 'install-peers: unpacked PostgreSQL into %s\n' "$peers/postgresql"
fi

if ! s3_complete; then
  folder=$work/s3
  needs=yes unpack sid "$folder" $s3
  loader=$(cd "$folder" && echo usr/lib/*/ld-linux-*.so.*)
  [ -x "$folder/$loader" ] || fail "the loader is missing: $loader"
  printf '%s\n' "$loader" >"$folder/loader"
  library=$folder/$(dirname "$loader")
  for program in radosgw ceph-mon ceph-osd python3; do
    PYTHONHOME="$folder/usr" "$folder/$loader" --library-path "$library:$library/ceph" "$folder/usr/bin/$program" --version </dev/null >"$work/log" 2>&1 || {
      cat "$work/log" >&2
      fail "not able to run: $program"
    }
  done
  printf '%s\n' "$s3_stamp" >"$folder/.stamp"
  publish s3 s3_complete
  printf 'install-peers: unpacked S3 servers into %s\n' "$peers/s3"
fi

if ! gate_tools_complete; then
  folder=$work/gate-tools
  unpack bookworm "$folder" $gate_tools
  rm -rf "$folder/usr/share/man" "$folder/usr/share/doc" "$folder/usr/share/locale"
  [ ! -d "$folder/lib" ] || cp -a "$folder/lib/." "$folder/usr/lib/"
  library=$(cd "$folder" && dirname usr/lib/*/libluajit-5.1.so.2)
  printf '%s\n' "$library" >"$folder/library-path"
  export LD_LIBRARY_PATH="$folder/$library" PYTHONHOME="$folder/usr" PYTHONPATH="$folder/usr/lib/python3/dist-packages"
  for probe in "hyperfine --version" "ab -V" "python3.11 -m pytest --version" "python3.11 -m pytest --benchmark-disable --version"; do
    eval "\"$folder/usr/bin/\"$probe" </dev/null >"$work/log" 2>&1 || {
      cat "$work/log" >&2
      fail "not able to run: $probe"
    }
  done
  unset LD_LIBRARY_PATH PYTHONHOME PYTHONPATH
  printf '%s\n' "$gate_tools_stamp" >"$folder/.stamp"
  publish gate-tools gate_tools_complete
  printf 'install-peers: unpacked the programs of gates into %s\n' "$peers/gate-tools"
fi

if ! go_complete; then
  folder=$work/go
  unpack bookworm "$folder" $go
  rm -rf "$folder/usr/share/man" "$folder/usr/share/doc" "$folder/usr/share/go-1.19/test" "$folder/usr/share/go-1.19/api"
  for probe in "lib/go-1.19/bin/go version" "bin/gotestsum --version"; do
    GOROOT="$folder/usr/lib/go-1.19" HOME="$work" eval "\"$folder/usr/\"$probe" </dev/null >"$work/log" 2>&1 || {
      cat "$work/log" >&2
      fail "not able to run: $probe"
    }
  done
  printf '%s\n' "$go_stamp" >"$folder/.stamp"
  publish go go_complete
  printf 'install-peers: unpacked Go into %s\n' "$peers/go"
fi
