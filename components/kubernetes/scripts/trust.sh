# Puts the private CA's certificate from standard input where containerd looks for it at each pull, as root on any machine
# of the cluster. Above stands AUTHORITY, the file.
file=$ROOT$AUTHORITY
mkdir -p "$(dirname "$file")"
cat >"$file.new"
grep -q -e '-----BEGIN CERTIFICATE-----' "$file.new" || fail "was given no certificate"
mv "$file.new" "$file"
say "trusts the private CA"
