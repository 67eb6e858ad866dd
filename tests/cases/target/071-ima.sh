# SPDX-License-Identifier: GPL-2.0-only
# This test will let IMA measure the table, and expect devices and options as key=value pairs.
# Needs: machine=stock

ima=/sys/kernel/security/ima
mountpoint -q /sys/kernel/security || mount -t securityfs securityfs /sys/kernel/security 2>/dev/null || :
[ -e $ima/policy ] || skip "this kernel has no IMA"

echo "measure func=CRITICAL_DATA label=device-mapper" >$ima/policy 2>/dev/null ||
	skip "this kernel's IMA takes no policy at run time"
new_pair 16
make_v freeze_on_mismatch written_only fingerprint fingerprint_max_mib 7

measured=$(awk '$5 == "dm_table_load" {print $6}' $ima/ascii_runtime_measurements | tail -n 1 |
	sed 's/../\\x&/g')
text=$(printf '%b' "$measured" | tr -d '\0')
given=" freeze_on_mismatch=y written_only=y fingerprint=y fingerprint_max_mib=7 "
options=
for word in $(words_of OPTION); do
	value=n
	[ -z "$(words_of OPTION NUMBER | grep -x "$word")" ] || value=0
	[[ $given != *" $word="* ]] || { value=${given#*" $word="}; value=${value%% *}; }
	options+=,$word=$value
done

case $text in
*"target_name=blkverify,target_version=1.0.0,raw_device_name="*",test_device_name="*"$options;"*) ;;
*) fail "measured: $text, not: $options" ;;
esac
