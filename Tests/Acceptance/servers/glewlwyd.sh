#!/bin/bash
# Run a temporary Glewlwyd server with the client_credentials grant, in DIR on PORT, until it is stopped. It accepts the
# secret unencoded in a Basic header, or in the body. DIR/ready exists once it is ready; it logs to DIR/glewlwyd.log.
# usage: glewlwyd.sh DIR PORT CLIENT_ID CLIENT_SECRET "SCOPE …"
set -euo pipefail
directory=$1 port=$2 client=$3 secret=$4 scopes=$5
mkdir -p "$directory" && cd "$directory"
base=http://127.0.0.1:$port
call() { curl --fail --silent --show-error --noproxy '*' --output /dev/null "$@"; }
post() { call --cookie session --header 'Content-Type: application/json' --data "@$2" "$base/api/$1"; }

zcat /usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz | sqlite3 database
openssl genrsa -out key.pem 2048 2>/dev/null
openssl rsa -in key.pem -pubout -out public.pem 2>/dev/null
{
    sed -e "s#^port=.*#port=$port#" -e 's#^log_mode=.*#log_mode="console"#' \
        -e "s#^external_url=.*#external_url=\"$base/\"#" -e '/@include/d' /etc/glewlwyd/glewlwyd.conf
    echo 'bind_address="127.0.0.1"'
    echo "database = { type = \"sqlite3\"; path = \"$PWD/database\"; };"
} > glewlwyd.conf

glewlwyd --config-file=glewlwyd.conf > glewlwyd.log 2>&1 &
server=$!
trap 'kill $server 2>/dev/null; wait $server' EXIT
until call "$base/config" 2>/dev/null; do
    kill -0 $server || exit 1 # the port is in use
    sleep 0.02
done

python3 - "$base" "$client" "$secret" "$scopes" <<'PY'
import json, pathlib, sys
base, client, secret, scopes = sys.argv[1:]


def write(name, /, **fields):
    pathlib.Path(name).write_text(json.dumps(fields))


write("login.json", username="admin", password="password")
for scope in scopes.split():
    write(f"scope-{scope}.json", name=scope, display_name=scope, description=scope, password_required=False,
          password_max_age=0, scheme={}, scheme_required={})
grants = {f"auth-type-{name}-enabled": name in ("client", "id-token")
          for name in ("code", "token", "none", "password", "device", "refresh", "client", "id-token")}
write("plugin.json", module="oidc", name="oidc", display_name="oidc", enabled=True, readonly=False, parameters={
    **grants, "iss": f"{base}/api/oidc", "jwt-type": "rsa", "jwt-key-size": "256",
    "key": pathlib.Path("key.pem").read_text(), "cert": pathlib.Path("public.pem").read_text(),
    "access-token-duration": 3600, "refresh-token-duration": 1209600, "code-duration": 600,
    "refresh-token-rolling": False, "allow-non-oidc": True, "scope": [], "additional-parameters": [], "claims": [],
    "introspection-revocation-allowed": True, "introspection-revocation-allow-target-client": True,
    "jwks-show": True, "subject-type": "public", "encrypt-out-token-allow": False, "client-pubkey-parameter": ""})
write("client.json", client_id=client, name=client, confidential=True, enabled=True, client_secret=secret,
      authorization_type=["client_credentials"], scope=scopes.split(), redirect_uri=[],
      token_endpoint_auth_method=["client_secret_basic", "client_secret_post"])
PY

call --cookie-jar session --header 'Content-Type: application/json' --data @login.json "$base/api/auth/"
for scope in $scopes; do post scope/ "scope-$scope.json"; done
post mod/plugin/ plugin.json
post client/ client.json
touch ready
wait $server
