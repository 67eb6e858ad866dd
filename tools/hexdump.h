/* SPDX-License-Identifier: GPL-2.0-only */
/* Hexadecimal output. Pure. */
#ifndef BLKVERIFY_HEXDUMP_H
#define BLKVERIFY_HEXDUMP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* A sector of both legs, side by side; lines that differ are marked, bytes coloured if @colour. */
void hexdump_sector(FILE *out, const uint8_t *raw, const uint8_t *test, bool colour);

#endif
