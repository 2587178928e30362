#!/bin/bash
# A throw-away session bus in DIR, and with a PASSWORD an unlocked GNOME keyring on it, until it is stopped. The bus listens on
# DIR/bus and starts no services of its own accord; DIR/ready appears when both serve.
# usage: keyring.sh DIR [PASSWORD]
set -euo pipefail
directory=$1 password=${2-}
mkdir -p "$directory" && cd "$directory"
mkdir -p home data && mkdir -p -m 700 runtime

cat > bus.conf <<END
<busconfig>
  <type>session</type>
  <listen>unix:path=$PWD/bus</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
END

export HOME=$PWD/home XDG_DATA_HOME=$PWD/data XDG_RUNTIME_DIR=$PWD/runtime
unset DISPLAY WAYLAND_DISPLAY
exec dbus-run-session --config-file="$PWD/bus.conf" -- bash -c '
if [[ $1 ]]; then
    printf %s "$1" | gnome-keyring-daemon --foreground --unlock --components=secrets &
    until dbus-send --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner \
        string:org.freedesktop.secrets | grep --quiet "boolean true"; do
        kill -0 $! || exit 1
        sleep 0.02
    done
else
    sleep infinity &
fi
touch ready
wait $!
' bash "$password"
