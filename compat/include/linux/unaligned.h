/* SPDX-License-Identifier: GPL-2.0-only */
/* The header moved in 6.12. */
#include <asm/unaligned.h>
