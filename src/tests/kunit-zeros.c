// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the zeros that are written to a raw leg.
 */
#include <linux/bio.h>
#include <linux/string.h>

#include "kunit.h"
#include "zeros.h"

/* Attach zeros as often as it takes, and expect that all sectors are covered by zeros. */
static void bios_cover_all_sectors_with_zeros(struct kunit *test)
{
	static const sector_t lengths[] = { 1, 7, 8, 9, 2047, 2048, 2049, 10000, 1ULL << 33 };
	struct blkv_zeros *zeros = kunit_kzalloc(test, sizeof(*zeros), GFP_KERNEL);
	struct bvec_iter iter;
	struct bio_vec vec;
	struct bio bio = {};
	unsigned int i, nr, bytes;
	sector_t done;

	KUNIT_ASSERT_NOT_NULL(test, zeros);
	blkv_zeros_init(zeros);
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		for (done = 0; done < lengths[i]; done += nr) {
			/* A stale iterator, as a completed bio leaves it. */
			memset(&bio, 0x5a, sizeof(bio));
			bio.bi_iter.bi_sector = done;
			nr = blkv_zeros_attach(zeros, &bio, lengths[i] - done);
			/* As few bios as possible. */
			KUNIT_ASSERT_EQ(test, nr, min_t(sector_t, lengths[i] - done,
							SZ_1M >> SECTOR_SHIFT));
			KUNIT_ASSERT_EQ(test, bio.bi_iter.bi_sector, done);
			if (done > 4096)
				break;
			bytes = 0;
			for_each_bvec(vec, bio.bi_io_vec, iter, bio.bi_iter) {
				void *mapped = bvec_kmap_local(&vec);

				KUNIT_EXPECT_NULL(test, memchr_inv(mapped, 0, vec.bv_len));
				kunmap_local(mapped);
				bytes += vec.bv_len;
			}
			KUNIT_EXPECT_EQ(test, bytes, nr << SECTOR_SHIFT);
		}
	}
}

static struct kunit_case zeros_cases[] = {
	KUNIT_CASE(bios_cover_all_sectors_with_zeros),
	{}
};

static struct kunit_suite zeros_suite = {
	.name = "zeros",
	.test_cases = zeros_cases,
};

kunit_test_suite(zeros_suite);
