#!/bin/sh
# Tests a shell script without an account. Usage: ringdown simulate -- Examples/check-with-simulator.sh
set -eu

token=$(ringdown token --platform genesys)
curl -sf -H "Authorization: Bearer $token" "$GENESYS_API_URL/api/v2/tokens/me" > /dev/null

# The second token comes from the cache: there is one token request.
ringdown token --platform genesys > /dev/null
curl -sf "$RINGDOWN_SIM_URL/_sim/count?path=/oauth/token&expect=1" > /dev/null

# The platform fails for one request, then recovers.
curl -sf -d '{"path": "/oauth/token", "status": 503, "times": 1}' "$RINGDOWN_SIM_URL/_sim/faults"
! ringdown token --platform genesys --force --max-wait 0s 2> /dev/null
ringdown token --platform genesys --force > /dev/null
echo "all is well"
