#!/bin/sh
# Tells Home Assistant that Kea has given an address to a device.
#
# For the run_script hook of Kea's DHCPv4 server (2.2 and later). README.md beside this file says
# how it is set up. Needs curl, or GNU wget.

# One line: the webhook's URL, in a file that only Kea's user can read (mode 600).
url_file=/etc/panacam/kea-webhook-url

# Kea gives its scripts the variables of the lease and nothing else.
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

# Only what addresses and hexadecimal numbers are made of, as a JSON string.
number() {
    digits=$(printf '%s' "$1" | tr -cd '0-9A-Fa-fx:.' | cut -c 1-512)
    if [ -n "$digits" ]; then printf '"%s"' "$digits"; else printf null; fi
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
leases4_committed)
    [ "${LEASES4_SIZE:-0}" -gt 0 ] 2>/dev/null || exit 0
    event=add
    mac=${LEASES4_AT0_HWADDR:-${QUERY4_HWADDR-}}
    address=${LEASES4_AT0_ADDRESS-}
    name=${LEASES4_AT0_HOSTNAME-}
    ;;
lease4_release | lease4_expire | lease4_decline)
    event=del
    mac=${LEASE4_HWADDR-}
    address=${LEASE4_ADDRESS-}
    name=${LEASE4_HOSTNAME-}
    ;;
*) exit 0 ;;
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
        "$(number "${QUERY4_OPTION_82_SUB_OPTION_1-}")" \
        "$(number "${QUERY4_OPTION_82_SUB_OPTION_2-}")"
)

# Kea does not wait for Home Assistant. `exec`: nothing may keep Kea's output open meanwhile.
(
    exec </dev/null >/dev/null 2>&1
    send "$message"
) &
