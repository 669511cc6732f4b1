#!/bin/sh
# Tells Home Assistant that dnsmasq has given an address to a device.
#
# For dnsmasq's dhcp-script. README.md beside this file says how it is set up. Needs curl, or GNU
# wget.

# One line: the webhook's URL, in a file that only the user of dnsmasq's scripts (root, unless
# dhcp-scriptuser says otherwise) can read (mode 600).
url_file=/etc/panacam/dnsmasq-webhook-url

PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL

complain() {
    logger -t panacam "$1" 2>/dev/null || echo "panacam: $1" >&2
}

# Text of any bytes as a JSON string.
text() {
    [ -n "$1" ] || { printf null; return; }
    printf '"%s"' "$(printf '%s' "$1" | tr -cd ' -~' | cut -c 1-255 | sed 's/[\\"]/\\&/g')"
}

# Only what addresses are made of, as a JSON string.
number() {
    digits=$(printf '%s' "$1" | tr -cd '0-9A-Fa-f:.' | cut -c 1-64)
    if [ -n "$digits" ]; then printf '"%s"' "$digits"; else printf null; fi
}

# Any bytes as hexadecimal digits in a JSON string: switches put numbers and text into option 82.
bytes() {
    [ -n "$1" ] || { printf null; return; }
    printf '"0x%s"' "$(printf '%s' "$1" | od -A n -v -t x1 | tr -cd '0-9a-f')"
}

# The URL stands in no command line, where everybody on this machine could read it.
send() {
    if command -v curl >/dev/null; then
        printf 'url = "%s"\ndata-binary = "%s"\n' "$url" \
            "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')" |
            curl -q --silent --fail --output /dev/null --globoff --proto '=http,https' \
                --header 'Content-Type: application/json' --connect-timeout 3 --max-time 10 \
                --retry 3 --retry-delay 2 --retry-connrefused --config -
    else
        printf '%s\n' "$url" |
            wget --no-config --quiet --output-document=/dev/null --max-redirect=0 \
                --header='Content-Type: application/json' --connect-timeout=3 --timeout=10 \
                --tries=4 --waitretry=2 --retry-connrefused --post-data="$1" --input-file=-
    fi || complain 'Home Assistant did not take the message'
}

case ${1-} in
add | old | del) event=$1 ;;
*) exit 0 ;; # init, tftp, arp-add ...
esac
mac=${2-}
address=${3-}
name=${4:-${DNSMASQ_SUPPLIED_HOSTNAME-}}
case $address in
*:*) exit 0 ;; # IPv6: what stands before it is no MAC address
esac

if [ ! -f "$url_file" ] || [ ! -r "$url_file" ]; then
    complain "$url_file cannot be read"
    exit 1
fi
if [ -n "$(find "$url_file" -prune \( -perm -040 -o -perm -020 -o -perm -004 -o -perm -002 \))" ]
then
    complain "$url_file can be read by others: chmod 600 $url_file"
    exit 1
fi
read -r url <"$url_file" || [ -n "$url" ] || url=
url=${url%"$(printf '\r')"}
case $url in
*[!A-Za-z0-9:/._~%?=\&@\[\]-]*) url= ;;
http://* | https://*) ;;
*) url= ;;
esac
if [ -z "$url" ]; then
    complain "$url_file does not hold a URL"
    exit 1
fi

message=$(
    printf '{"event":"%s","mac":%s,"address":%s,"host_name":%s,"circuit_id":%s,"remote_id":%s}' \
        "$event" "$(number "$mac")" "$(number "$address")" "$(text "$name")" \
        "$(bytes "${DNSMASQ_CIRCUIT_ID-}")" \
        "$(bytes "${DNSMASQ_REMOTE_ID-}")"
)

# dnsmasq waits for each script and until its output is closed: not for Home Assistant.
(
    exec </dev/null >/dev/null 2>&1
    send "$message"
) &
