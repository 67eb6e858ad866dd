# SPDX-License-Identifier: GPL-2.0-only
# This test will use legs that need stable pages, and check that the mapped device needs none.
# Needs: machine=debug

new_pair 16
features=/sys/block/${raw##*/}/queue/stable_writes
case $(uname -r) in
6.[0-9].* | 6.[0-9]-* | 6.10.*) skip "this kernel passes on what the legs need, whatever a target says" ;;
esac
echo 1 >$features
expect "stable_writes of the leg" 1 "$(<$features)"

make_v
expect "stable_writes" 0 "$(attribute queue/stable_writes)"
dmsetup remove bvtest-v

make_v no_write_copy
expect "stable_writes with no_write_copy" 1 "$(attribute queue/stable_writes)"
