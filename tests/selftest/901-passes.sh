# SPDX-License-Identifier: GPL-2.0-only
# This test will pass.
new_pair 16
make_v
