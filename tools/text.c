// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

/* Rejects overlong forms, surrogates, and more than 21 bits. */
static bool second_fits(unsigned char first, unsigned char second)
{
	unsigned char least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	unsigned char greatest = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;

	return second >= least && second <= greatest;
}

/* Length of the character at @text; 0 if it is malformed. */
static size_t utf8_len(const char *text)
{
	const unsigned char *t = (const unsigned char *)text;
	size_t i, len = *t < 0x80 ? 1 : *t < 0xc2 ? 0 : *t < 0xe0 ? 2 : *t < 0xf0 ? 3 :
			*t < 0xf5 ? 4 : 0;

	if (len > 1 && !second_fits(t[0], t[1]))
		return 0;
	for (i = 2; i < len; i++)
		if ((t[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

/* Escape and the like, including those of two bytes (C1). */
static bool is_control(const char *text, size_t len)
{
	const unsigned char *t = (const unsigned char *)text;

	return len == 1 ? *t < ' ' || *t == 127 : len == 2 && *t == 0xc2 && t[1] < 0xa0;
}

void text_clean(char *text, bool for_terminal)
{
	size_t len;

	for (; *text; text += len) {
		len = utf8_len(text);
		if (len && !(for_terminal && is_control(text, len)))
			continue;
		memset(text, '?', len ? len : 1);
		len = len ? len : 1;
	}
}

char *text_cleaned(const char *text, bool for_terminal)
{
	char *clean = strdup(text);

	if (clean)
		text_clean(clean, for_terminal);
	return clean;
}

char *text_printed(void (*print)(FILE *out, const void *data), const void *data)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	print(out, data);
	fclose(out);
	return text;
}

void text_append(char *text, size_t size, const char *format, ...)
{
	size_t len = strlen(text);
	va_list args;

	if (len && len + 2 < size) {
		strcpy(text + len, ", ");
		len += 2;
	}
	va_start(args, format);
	vsnprintf(text + len, size - len, format, args);
	va_end(args);
}

void text_of_size(uint64_t sectors, char *text, size_t size)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB" };
	double n = (double)sectors / 2;
	size_t unit = 0;

	while (n >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		n /= 1024;
		unit++;
	}
	snprintf(text, size, n == (double)(uint64_t)n ? "%.0f %s" : "%.1f %s", n, units[unit]);
}
