#!/usr/bin/env bash
# Prepares this host for Latchkey. Run it as root on each host of the target; it may be run again, and for several targets.
# It holds no secret. Afterwards: latchkey doctor
set -euo pipefail
umask 022
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
if [ "$(id -u)" != 0 ]; then echo "Run this as root." >&2; exit 1; fi
for tool in awk base64 find flock getent groupadd ipcrm sed setpriv setsid useradd userdel xargs; do
  if ! command -v "$tool" >/dev/null; then echo "This host lacks $tool; install it, and run this again." >&2; exit 1; fi
done
if ! find / -maxdepth 0 -execdir true {} + 2>/dev/null; then echo "find of this host has no -execdir; install findutils, and run this again." >&2; exit 1; fi

# The helper: what Latchkey may do here. Read it.
mkdir -p /usr/local/lib/latchkey /etc/latchkey/ssh/keys /etc/latchkey/ssh/ca /etc/ssh/sshd_config.d
chown root:root /usr/local/lib/latchkey /etc/latchkey /etc/latchkey/ssh /etc/latchkey/ssh/keys /etc/latchkey/ssh/ca
chmod 755 /usr/local/lib/latchkey /etc/latchkey /etc/latchkey/ssh /etc/latchkey/ssh/keys /etc/latchkey/ssh/ca
mkdir -p -m 700 /var/lib/latchkey /var/lib/latchkey/grants
cat >/usr/local/lib/latchkey/latchkey-host.new <<'END_OF_LATCHKEY_HOST'
@HELPER@
END_OF_LATCHKEY_HOST
chmod 755 /usr/local/lib/latchkey/latchkey-host.new
mv -f /usr/local/lib/latchkey/latchkey-host.new /usr/local/lib/latchkey/latchkey-host

# The account that Latchkey's key logs in to. The helper works as root: by sudo where it is installed, else by the account itself.
if ! getent passwd latchkey-host >/dev/null; then
  if command -v visudo >/dev/null; then
    useradd -r -M -d / -s /bin/sh -p '*' -c 'Latchkey helper' latchkey-host
  else
    useradd -o -u 0 -g 0 -M -d / -s /bin/sh -p '*' -c 'Latchkey helper' latchkey-host
  fi
fi
run=/usr/local/lib/latchkey/latchkey-host
if [ "$(id -u latchkey-host)" != 0 ]; then
  if ! command -v visudo >/dev/null; then echo "sudo is gone from this host; install it, and run this again." >&2; exit 1; fi
  printf '%s\n' 'Defaults:latchkey-host !requiretty' 'latchkey-host ALL=(root) NOPASSWD: /usr/local/lib/latchkey/latchkey-host [0-9a-f]*' >/etc/sudoers.d/latchkey-host.new
  chmod 440 /etc/sudoers.d/latchkey-host.new
  visudo -cqf /etc/sudoers.d/latchkey-host.new
  mv -f /etc/sudoers.d/latchkey-host.new /etc/sudoers.d/latchkey-host
  run="sudo -n $run"
fi

# This target's certificate authority, and the key that its Latchkey logs in with.
printf '%s\n' '@CA@ latchkey-@ID@' >/etc/latchkey/ssh/ca/@ID@.pub
keys=/etc/latchkey/ssh/keys/latchkey-host
touch "$keys"
{
  grep -v ' latchkey-@ID@$' "$keys" || true
  printf 'restrict,command="%s @ID@" %s\n' "$run" '@KEY@ latchkey-@ID@'
} >"$keys.new"
chmod 644 "$keys.new"
mv -f "$keys.new" "$keys"

cat >/etc/ssh/sshd_config.d/00-latchkey.conf <<'END_OF_LATCHKEY_HOST'
# Written by the script of latchkey doctor --sql. Latchkey's own key may run its helper, and nothing else.
Match User latchkey-host
  AuthenticationMethods publickey
  PubkeyAuthentication yes
  PasswordAuthentication no
  KbdInteractiveAuthentication no
  PermitRootLogin forced-commands-only
  AuthorizedKeysFile /etc/latchkey/ssh/keys/%u
  AuthorizedKeysCommand none
  AuthorizedPrincipalsCommand none
  AuthorizedPrincipalsFile none
  TrustedUserCAKeys none
  ForceCommand none
  ChrootDirectory none
  DisableForwarding yes
  PermitTTY no
  PermitUserRC no

# The accounts of grants: a certificate of Latchkey for this account and this time, and no other way in.
Match User lk_*
  AuthenticationMethods publickey
  PubkeyAuthentication yes
  PasswordAuthentication no
  KbdInteractiveAuthentication no
  HostbasedAuthentication no
  GSSAPIAuthentication no
  AuthorizedKeysFile /etc/latchkey/ssh/keys/%u
  AuthorizedKeysCommand none
  AuthorizedPrincipalsCommand none
  AuthorizedPrincipalsFile none
  TrustedUserCAKeys none
  AllowAgentForwarding no
  X11Forwarding no
  PermitTunnel no
  GatewayPorts no
  PermitUserRC no

Match all
END_OF_LATCHKEY_HOST
chmod 644 /etc/ssh/sshd_config.d/00-latchkey.conf

# Ends what is due, also after a restart of the host and while Latchkey is away.
if [ -d /etc/cron.d ]; then
  printf '%s\n' '* * * * * root /usr/local/lib/latchkey/latchkey-host --reap' >/etc/cron.d/latchkey
  chmod 644 /etc/cron.d/latchkey
fi

if [ -f /etc/ssh/sshd_config ] && ! grep -qiE '^[[:space:]]*Include[[:space:]].*sshd_config\.d' /etc/ssh/sshd_config; then
  echo "sshd_config does not read sshd_config.d. Put this at its beginning: Include /etc/ssh/sshd_config.d/*.conf" >&2
fi

# Only a running sshd has something to read again.
if [ -d /run/systemd/system ]; then
  systemctl reload ssh.service 2>/dev/null || systemctl reload sshd.service 2>/dev/null || echo "sshd is not running; it will read its configuration when it starts." >&2
else
  for file in /run/sshd.pid /var/run/sshd.pid; do
    pid=$(cat "$file" 2>/dev/null || true)
    case $pid in '' | *[!0-9]*) continue ;; esac
    if [ "$(cat "/proc/$pid/comm" 2>/dev/null || true)" = sshd ]; then kill -HUP "$pid"; break; fi
  done
fi
echo "This host is prepared for Latchkey."
