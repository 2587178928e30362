#!/bin/sh
# A shell script that is checked without an account: run it as  ringdown simulate -- Examples/check-with-simulator.sh
set -eu

token=$(ringdown token --platform genesys)
curl -sf -H "Authorization: Bearer $token" "$GENESYS_API_URL/api/v2/tokens/me" > /dev/null

# A second token comes from the cache: the platform was asked once.
ringdown token --platform genesys > /dev/null
curl -sf "$RINGDOWN_SIM_URL/_sim/count?path=/oauth/token&expect=1" > /dev/null

# The platform is down for one request, then back.
curl -sf -d '{"path": "/oauth/token", "status": 503, "times": 1}' "$RINGDOWN_SIM_URL/_sim/faults"
! ringdown token --platform genesys --force 2> /dev/null
ringdown token --platform genesys --force > /dev/null
echo "all is well"
