#!/bin/sh
# Prints the folder of the `nats` command (https://github.com/nats-io/natscli), which it builds once by Go from the version
# pinned here: some minutes of one processor. The folder is there whole or not at all, so that starts may race.
# Exit code 3: there is neither the command nor Go.
set -eu
version=0.3.0
folder="${XDG_CACHE_HOME:-$HOME/.cache}/oio/nats/$version"
PATH="$PATH:/usr/local/go/bin"
if [ ! -x "$folder/nats" ]; then
  command -v go >/dev/null || exit 3
  mkdir -p "$(dirname "$folder")"
  making=$(mktemp -d "$folder.new-XXXXXX")
  trap 'rm -rf "$making"' EXIT
  (
    # In a module of its own: `go install` would also ask for the list of all versions, which not every proxy gives.
    mkdir "$making/source" && cd "$making/source"
    go mod init nats-command
    go get "github.com/nats-io/natscli/nats@v$version"
    CGO_ENABLED=0 go build -trimpath -o "$making/nats" github.com/nats-io/natscli/nats
  ) >&2
  rm -rf "$making/source"
  # Another one may have been quicker: then this one goes.
  [ -e "$folder" ] || mv "$making" "$folder"
fi
echo "$folder"
