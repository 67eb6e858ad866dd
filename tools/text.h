/* SPDX-License-Identifier: GPL-2.0-only */
/* Texts for people: names, which are any bytes where terminals and JSON want UTF-8; sizes. Pure. */
#ifndef BLKVERIFY_TEXT_H
#define BLKVERIFY_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Put a "?" for each byte that is no UTF-8, and for what a terminal would obey if that is asked. */
void text_clean(char *text, bool for_terminal);
/* Adds to a list in words. */
void text_append(char *text, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* 1.5 GiB */
void text_of_size(uint64_t sectors, char *text, size_t size);

#endif
