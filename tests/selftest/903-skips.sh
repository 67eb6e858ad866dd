# SPDX-License-Identifier: GPL-2.0-only
# This test will be skipped.
skip "for a reason"
