/* SPDX-License-Identifier: GPL-2.0-only */
/* Text for people: valid UTF-8, lists, sizes. Names of programs and files are any bytes. Pure. */
#ifndef BLKVERIFY_TEXT_H
#define BLKVERIFY_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Replace each byte that is not UTF-8 by "?"; for a terminal also control characters. */
void text_clean(char *text, bool for_terminal);
/* A copy of the text, cleaned in this way; NULL: no memory. */
char *text_cleaned(const char *text, bool for_terminal);
/* What a function prints, as text; NULL: no memory. */
char *text_printed(void (*print)(FILE *out, const void *data), const void *data);
/* Append to a list, after a comma. */
void text_append(char *text, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* 1.5 GiB */
void text_of_size(uint64_t sectors, char *text, size_t size);

#endif
