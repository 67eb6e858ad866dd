/* SPDX-License-Identifier: GPL-2.0-only */
/* What parse.c is made of; parse.h has what others may use of it. Pure. */
#ifndef BLKVERIFY_TOKENS_H
#define BLKVERIFY_TOKENS_H

#include <stdbool.h>
#include <stddef.h>

/* Cuts what does not fit, and returns whether it fitted. */
bool copy_text(char *to, size_t size, const char *from, size_t len);
bool parse_int(const char *text, long *number);
/* The next word that spaces end; false at the end of the text or when it does not fit. */
bool next_token(const char **text, char *token, size_t size);
/* -1: none */
int hex_digit(char c);

#endif
