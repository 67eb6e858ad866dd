/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of programs and files are any bytes; terminals and JSON want UTF-8. Pure. */
#ifndef BLKVERIFY_TEXT_H
#define BLKVERIFY_TEXT_H

#include <stdbool.h>

/* Put a "?" for each byte that is no UTF-8, and for what a terminal would obey if that is asked. */
void clean_text(char *text, bool for_terminal);

#endif
