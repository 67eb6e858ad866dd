# SPDX-License-Identifier: GPL-2.0-only
# This test will hang.
sleep 1000
