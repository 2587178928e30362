#!/bin/bash
# Run a temporary session bus in DIR until it is stopped. With a PASSWORD, also run an unlocked GNOME keyring on the bus.
# The bus listens on DIR/bus and does not activate services. DIR/ready exists once both are ready.
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
