// SPDX-License-Identifier: GPL-2.0-only
/*
 * When things last happened to a target: what a finding follows again and again may be its cause.
 *
 * Pure: the caller has the clock. No lock: a moment is one word, and which of two that come at once
 * is kept does not matter. It is written once a jiffy at most: requests of all CPUs note it.
 */
#include <kunit/visibility.h>
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>

#include "moments.h"

/**
 * blkv_moments_note() - note that something happens
 * @moments: zeroed at first
 * @moment: what happens
 * @now: jiffies
 *
 * Context: Any.
 */
void blkv_moments_note(struct blkv_moments *moments, enum blkv_moment moment, unsigned long now)
{
	now = now ?: 1;
	if (READ_ONCE(moments->last[moment]) != now)
		WRITE_ONCE(moments->last[moment], now);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_moments_note);

/**
 * blkv_moments_ages() - how long ago was that?
 * @moments: the moments
 * @now: jiffies
 * @ages: filled in; wrong for what is older than jiffies can count
 *
 * Context: Any.
 */
void blkv_moments_ages(const struct blkv_moments *moments, unsigned long now,
		       struct blkv_ages *ages)
{
	unsigned int i;

	ages->happened = 0;
	for (i = 0; i < BLKV_MOMENTS_NR; i++) {
		unsigned long last = READ_ONCE(moments->last[i]);

		if (!last)
			continue;
		ages->happened |= BIT(i);
		/* Another CPU may have noted it in a jiffy that began after @now was read. */
		ages->ms[i] = time_after(last, now) ? 0 : jiffies_to_msecs(now - last);
	}
}
EXPORT_SYMBOL_IF_KUNIT(blkv_moments_ages);

/**
 * blkv_ages_emit() - print them as " near=flush:3,mark:120", or nothing
 * @ages: the ages
 * @text: where to print
 * @size: of @text
 *
 * Context: Any.
 * Return: length printed, without the terminating zero.
 */
int blkv_ages_emit(const struct blkv_ages *ages, char *text, size_t size)
{
	static const char *const words[BLKV_MOMENTS_NR] = {
#define MOMENT_WORD(id, word, ...) \
		[BLKV_MOMENT_##id] = word,
		BLKV_MOMENTS(MOMENT_WORD)
#undef MOMENT_WORD
	};
	unsigned int i;
	int len = 0;

	for (i = 0; i < BLKV_MOMENTS_NR; i++)
		if (ages->happened & BIT(i))
			len += scnprintf(text + len, size - len, "%s%s:%u",
					 len ? "," : " near=", words[i], ages->ms[i]);
	return len;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_ages_emit);
