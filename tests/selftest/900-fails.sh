# SPDX-License-Identifier: GPL-2.0-only
# This test will fail.
expect "one" 1 2
