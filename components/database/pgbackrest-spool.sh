#!/bin/sh
# PostgreSQL's archive_command: copies a segment of the WAL into the spool, from where the container backup-database
# pushes it. Its name has "pgbackrest" in it because pgBackRest looks for that in the command.
#
# When it fails, PostgreSQL keeps the segment and asks again: nothing is lost, but its own disk fills.
# usage: pgbackrest-spool.sh PATH NAME
set -eu

spool=SPOOL
limit=LIMIT
from=$1
name=$2

# A volume has the owner that its folder has in the image, which knows none of this name.
[ -d "$spool" ] || mkdir -m 0700 "$spool"
if [ -e "$spool/$name" ]; then
  cmp -s "$from" "$spool/$name" && exit 0
  echo "$name is in the spool with another content: it is left alone" >&2
  exit 1
fi
waiting=0
for each in "$spool"/*; do
  [ -e "$each" ] && waiting=$((waiting + 1))
done
if [ "$waiting" -ge "$limit" ]; then
  echo "$waiting segments wait in the spool: is backup-database running? PostgreSQL keeps the WAL meanwhile" >&2
  exit 1
fi
# A crash leaves half a copy under another name only, and a whole one before its name.
cp "$from" "$spool/.$name"
sync "$spool/.$name"
mv "$spool/.$name" "$spool/$name"
sync "$spool"
