// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "hexdump.h"
#include "util.h"

#define LINE 16

/* Red for bytes that differ. */
static void set_colour(FILE *out, bool on, bool *is_on, bool colour)
{
	if (colour && on != *is_on)
		fputs(on ? "\033[1;31m" : "\033[0m", out);
	*is_on = on;
}

static void put_side(FILE *out, const uint8_t *bytes, const uint8_t *other, bool colour)
{
	bool on = false;
	int i;

	for (i = 0; i < LINE; i++) {
		set_colour(out, bytes[i] != other[i], &on, colour);
		fprintf(out, "%02x", bytes[i]);
		set_colour(out, false, &on, colour);
		if (i % 4 == 3)
			fputc(' ', out);
	}
	fputc('|', out);
	for (i = 0; i < LINE; i++) {
		set_colour(out, bytes[i] != other[i], &on, colour);
		fputc(bytes[i] >= ' ' && bytes[i] < 127 ? bytes[i] : '.', out);
	}
	set_colour(out, false, &on, colour);
	fputc('|', out);
}

void hexdump_sector(FILE *out, const uint8_t *raw, const uint8_t *test, bool colour)
{
	int at;

	for (at = 0; at < SECTOR; at += LINE) {
		fprintf(out, "%3d  ", at);
		put_side(out, raw + at, test + at, colour);
		fputs(memcmp(raw + at, test + at, LINE) ? " * " : "   ", out);
		put_side(out, test + at, raw + at, colour);
		fputc('\n', out);
	}
}
