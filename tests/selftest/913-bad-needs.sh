# SPDX-License-Identifier: GPL-2.0-only
# This test will not run: nobody knows what it asks for.
# Needs: machine=debug,toaster
