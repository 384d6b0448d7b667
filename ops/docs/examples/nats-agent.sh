#!/bin/sh
# An agent with nothing but the `nats` command (https://github.com/nats-io/natscli) and a POSIX shell: it joins, does one
# task at a time (`WORK`, which gets the assignment on its standard input) and tells its result. The protocol stands in
# protocols/eap/README.md. Ctrl-C takes leave.
#
#   NATS_URL=nats://127.0.0.1:4222 WORK='wc -c' sh ops/docs/examples/nats-agent.sh
set -eu
: "${NATS_URL:=nats://127.0.0.1:4222}" "${TENANT:=dev}" "${NAME:=AGENT-NATS}" "${CAPABILITY:=code_generation}" "${WORK:=cat}"
agent=$(printf %s "$NAME" | tr 'A-Z' 'a-z')
root="eap.v2.$TENANT.$agent"
inbox="_INBOX_${TENANT}_$agent"
nats() { command nats --server "$NATS_URL" --inbox-prefix "$inbox" "$@"; }

now() { date -u +%Y-%m-%dT%H:%M:%SZ; }
new_id() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }
head_of() { printf '{"eap":"2.0","id":"%s","ts":"%s","kind":"%s"' "$(new_id)" "$(now)" "$1"; }
field() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p"; }

# The same bytes again and again, until they are answered with something that a repeat would not change.
say() {
  until answer=$(nats request --raw --timeout 5s "$root.out" "$1" 2>/dev/null) &&
    [ -n "$answer" ] && ! printf %s "$answer" | grep -q '"retryable":true'; do sleep 1; done
  printf '%s\n' "$answer"
}

# In a shell of its own, once the assignment is answered.
work() {
  task=$(printf %s "$1" | field taskId)
  attempt=$(printf %s "$1" | field attempt)
  of=$(printf '"taskId":"%s","attempt":%s' "$task" "$attempt")
  if said=$(printf %s "$1" | sh -c "$WORK" 2>&1); then success=true error=null
  else success=false error='{"code":"COMMAND_FAILED","message":"the command failed","retryable":false}'; fi
  summary=$(printf %s "$said" | tr -d '\\"\000-\011\013-\037' | tr '\n' ' ' | cut -c1-2000)
  usage='"usage":{"tokens_in":0,"tokens_out":0,"cost_usd":0}'
  result="\"result\":{\"success\":$success,\"summary\":\"$summary\",\"commit\":null,\"changes\":null,\"error\":$error}"
  echo "task $task: $(say "$(head_of result),$of,$result,$usage,\"cancelled\":false}")" >&2
}

# `nats reply` runs this script for each message that it hears, which stands in its environment: what it writes is the answer.
if [ "${1:-}" = answer ]; then
  told=${NATS_REQUEST_BODY:-}
  case "$told" in
    *'"kind":"assign"'*)
      task=$(printf %s "$told" | field taskId)-$(printf %s "$told" | field attempt)
      # An attempt is begun once, however often it is assigned.
      if mkdir "$STATE/$task" 2>/dev/null; then work "$told" </dev/null >>"$STATE/log" 2>&1 & fi
      printf '{"accepted":true}' ;;
    *'"kind":"cancel"'*) printf '{"accepted":true}' ;;
    *'"kind":"lease_lost"'*) touch "$STATE/lost"; printf '{"accepted":true}' ;;
    *) printf '{"accepted":false,"reason":"unknown"}' ;;
  esac
  exit 0
fi

instance=i-$(new_id)
STATE=$(mktemp -d)
export NATS_URL TENANT NAME CAPABILITY WORK STATE
trap 'kill $listener 2>/dev/null; say "$(head_of deregister),\"instance\":\"$instance\"}"; rm -rf "$STATE"; exit 0' INT TERM
command nats --server "$NATS_URL" reply "$root.$instance.in" --command "sh '$0' answer" >/dev/null 2>&1 &
listener=$!
sleep 1
while :; do
  rm -f "$STATE/lost"
  card="\"card\":{\"name\":\"$NAME\",\"agent_type\":\"implementer\",\"version\":\"1\",\"heartbeat_seconds\":5"
  card="$card,\"max_concurrent_capacity\":1,\"capabilities\":{\"primary\":[\"$CAPABILITY\"]}}"
  say "$(head_of register),\"instance\":\"$instance\",$card,\"resume\":[]}"
  while [ ! -e "$STATE/lost" ]; do
    nats publish "$root.hb" "{\"instance\":\"$instance\",\"ts\":\"$(now)\",\"running\":[]}" >/dev/null 2>&1 || true
    [ -s "$STATE/log" ] && cat "$STATE/log" && : >"$STATE/log"
    sleep 2
  done
done
