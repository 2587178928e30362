#!/bin/bash
# Run a temporary Redis server in DIR on PORT until it is stopped. It stores nothing on disk (default: no TLS, no password).
# With a certificate, it requires TLS and one of three users: "ringdown" (the commands that Ringdown needs, on ringdown:*),
# "reader" (GET on ringdown:*) and "tests" (all commands). All users have the same password.
# usage: redis.sh DIR PORT [PASSWORD CERTIFICATE KEY]
set -euo pipefail
directory=$1 port=$2
mkdir -p "$directory" && cd "$directory"
options=(--bind 127.0.0.1 --unixsocket "$PWD/socket" --unixsocketperm 700 --save '' --appendonly no)

if (($# > 2)); then
    password=$(printf %s "$3" | sha256sum | cut --delimiter=' ' --fields=1)
    cat > users.acl <<END
user default off
user tests on #$password ~* &* +@all
user reader on #$password ~ringdown:* resetchannels -@all +get
user ringdown on #$password ~ringdown:* resetchannels &ringdown:* -@all +get +set +del +hget +hset +pttl +pexpire +incr +eval +evalsha +script|load +publish +subscribe +ping +hello +auth +client|setname +client|id +client|tracking
END
    exec redis-server --port 0 --tls-port "$port" --tls-cert-file "$4" --tls-key-file "$5" --tls-auth-clients no \
        --aclfile "$PWD/users.acl" "${options[@]}"
fi
exec redis-server --port "$port" "${options[@]}"
