# SPDX-License-Identifier: GPL-2.0-only
# This test will pass, but leave a device that is still held open.
new_pair 16
make_v
setsid sleep 1000 <$v &
sleep 0.5
