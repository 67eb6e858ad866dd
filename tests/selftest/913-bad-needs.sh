# SPDX-License-Identifier: GPL-2.0-only
# This test will not run: it needs an unknown machine.
# Needs: machine=debug,toaster
