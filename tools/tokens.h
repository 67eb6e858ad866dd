/* SPDX-License-Identifier: GPL-2.0-only */
/* Helpers of parse.c. Pure. */
#ifndef BLKVERIFY_TOKENS_H
#define BLKVERIFY_TOKENS_H

#include <stdbool.h>
#include <stddef.h>

/* Truncates; returns whether the text fitted. */
bool copy_text(char *to, size_t size, const char *from, size_t len);
bool parse_int(const char *text, long *number);
/* The next word; false at the end of the line or if it does not fit. */
bool next_token(const char **text, char *token, size_t size);
/* -1: not a digit */
int hex_digit(char c);

#endif
