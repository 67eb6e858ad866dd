// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of injections, against a flat copy of the data and a list of what is pending.
 */
#include <linux/string.h>

#include "inject.h"
#include "kunit.h"

#define NR_PAGES 4
#define NR_SECTORS (NR_PAGES * (unsigned int)PAGE_SECTORS)

struct fixture {
	struct blkv_injections injections;
	struct blkv_memory *memory;
	u8 expected[NR_PAGES * PAGE_SIZE];
};

static struct fixture *new_fixture(struct kunit *test)
{
	struct fixture *fixture = kunit_kzalloc(test, sizeof(*fixture), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fixture);
	blkv_injections_init(&fixture->injections);
	fixture->memory = bvtest_memory(test, NR_PAGES);
	return fixture;
}

static void expect_memory(struct kunit *test, struct fixture *fixture)
{
	unsigned int i;

	for (i = 0; i < NR_PAGES; i++)
		KUNIT_ASSERT_EQ(test,
				memcmp(bvtest_sector(fixture->memory->vecs, i * PAGE_SECTORS),
				       fixture->expected + i * PAGE_SIZE, PAGE_SIZE),
				0);
}

static bool apply(struct fixture *fixture, const void *owner, sector_t start, sector_t nr)
{
	return blkv_injections_apply(&fixture->injections, owner, start, nr, fixture->memory);
}

static void first_byte_of_the_sector_is_flipped(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	sector_t start = (1ULL << 32) + 7;
	unsigned int n;

	for (n = 0; n < NR_SECTORS; n++) {
		KUNIT_ASSERT_TRUE(test,
				  blkv_injections_add(&fixture->injections, start + n, n + 1));
		KUNIT_ASSERT_TRUE(test, apply(fixture, fixture, start, NR_SECTORS));
		fixture->expected[n << SECTOR_SHIFT] ^= n + 1;
		expect_memory(test, fixture);
		blkv_injections_end(&fixture->injections, fixture);
	}
}

static void read_elsewhere_is_left_alone(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);

	KUNIT_ASSERT_TRUE(test, blkv_injections_add(&fixture->injections, 100, 1));
	KUNIT_EXPECT_FALSE(test, apply(fixture, fixture, 101, 8));
	KUNIT_EXPECT_FALSE(test, apply(fixture, fixture, 92, 8));
	/* The same in its low 32 bits. */
	KUNIT_EXPECT_FALSE(test, apply(fixture, fixture, (1ULL << 32) + 100, 1));
	expect_memory(test, fixture);
	KUNIT_EXPECT_TRUE(test, blkv_injections_pending(&fixture->injections));
	KUNIT_EXPECT_TRUE(test, apply(fixture, fixture, 93, 8));
	fixture->expected[7 << SECTOR_SHIFT] = 1;
	expect_memory(test, fixture);
}

static void each_injection_hits_one_read(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	int a, b;

	KUNIT_EXPECT_FALSE(test, blkv_injections_pending(&fixture->injections));
	KUNIT_ASSERT_TRUE(test, blkv_injections_add(&fixture->injections, 3, 0x80));
	KUNIT_EXPECT_TRUE(test, blkv_injections_pending(&fixture->injections));
	KUNIT_EXPECT_TRUE(test, apply(fixture, &a, 0, 8));
	/* Neither another read at the same time, nor the same one again. */
	KUNIT_EXPECT_FALSE(test, apply(fixture, &b, 0, 8));
	KUNIT_EXPECT_FALSE(test, apply(fixture, &a, 0, 8));
	fixture->expected[3 << SECTOR_SHIFT] = 0x80;
	expect_memory(test, fixture);

	KUNIT_EXPECT_TRUE(test, blkv_injections_did(&fixture->injections, &a, 3));
	KUNIT_EXPECT_FALSE(test, blkv_injections_did(&fixture->injections, &a, 2));
	KUNIT_EXPECT_FALSE(test, blkv_injections_did(&fixture->injections, &b, 3));
	blkv_injections_end(&fixture->injections, &b);
	KUNIT_EXPECT_TRUE(test, blkv_injections_did(&fixture->injections, &a, 3));
	blkv_injections_end(&fixture->injections, &a);
	KUNIT_EXPECT_FALSE(test, blkv_injections_did(&fixture->injections, &a, 3));
	KUNIT_EXPECT_FALSE(test, blkv_injections_pending(&fixture->injections));
	KUNIT_EXPECT_FALSE(test, apply(fixture, &b, 0, 8));
	expect_memory(test, fixture);
}

static void pending_injection_was_not_done(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);

	KUNIT_ASSERT_TRUE(test, blkv_injections_add(&fixture->injections, 3, 1));
	KUNIT_EXPECT_FALSE(test, blkv_injections_did(&fixture->injections, fixture, 3));
}

static void one_sector_takes_several_injections(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);

	KUNIT_ASSERT_TRUE(test, blkv_injections_add(&fixture->injections, 3, 0x81));
	KUNIT_ASSERT_TRUE(test, blkv_injections_add(&fixture->injections, 3, 0x41));
	KUNIT_EXPECT_TRUE(test, apply(fixture, fixture, 3, 1));
	fixture->expected[0] = 0xc0;
	expect_memory(test, fixture);
	blkv_injections_end(&fixture->injections, fixture);
	KUNIT_EXPECT_FALSE(test, blkv_injections_pending(&fixture->injections));
}

static void number_of_injections_is_limited(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	unsigned int i;

	for (i = 0; i < BLKV_MAX_INJECTIONS; i++)
		KUNIT_ASSERT_TRUE(test, blkv_injections_add(&fixture->injections, i, 1));
	KUNIT_EXPECT_FALSE(test, blkv_injections_add(&fixture->injections, i, 1));
	/* One that is in use still counts, until its read ends. */
	KUNIT_EXPECT_TRUE(test, apply(fixture, fixture, 0, 1));
	KUNIT_EXPECT_FALSE(test, blkv_injections_add(&fixture->injections, i, 1));
	blkv_injections_end(&fixture->injections, fixture);
	KUNIT_EXPECT_TRUE(test, blkv_injections_add(&fixture->injections, i, 1));
	KUNIT_EXPECT_FALSE(test, blkv_injections_add(&fixture->injections, i, 1));
}

#define NR_READS 4

/* An injection of the model; there is none if @bits is 0. */
struct model {
	sector_t sector;
	u8 bits;
	unsigned int owner; /* number of a read, or NR_READS */
};

static unsigned int count_model(const struct model *model)
{
	unsigned int i, nr = 0;

	for (i = 0; i < BLKV_MAX_INJECTIONS; i++)
		nr += model[i].bits != 0;
	return nr;
}

static void add_both(struct kunit *test, struct fixture *fixture, struct model *model,
		     sector_t sector, u8 xor)
{
	unsigned int i;

	KUNIT_ASSERT_EQ(test, blkv_injections_add(&fixture->injections, sector, xor),
			count_model(model) < BLKV_MAX_INJECTIONS);
	for (i = 0; i < BLKV_MAX_INJECTIONS; i++)
		if (!model[i].bits) {
			model[i] = (struct model){ sector, xor, NR_READS };
			return;
		}
}

static void apply_both(struct kunit *test, struct fixture *fixture, struct model *model,
		       const char *reads, unsigned int owner, sector_t start, unsigned int nr)
{
	bool flipped = false;
	unsigned int i;

	for (i = 0; i < BLKV_MAX_INJECTIONS; i++)
		if (model[i].bits && model[i].owner == NR_READS && model[i].sector >= start &&
		    model[i].sector < start + nr) {
			fixture->expected[(model[i].sector - start) << SECTOR_SHIFT] ^=
				model[i].bits;
			model[i].owner = owner;
			flipped = true;
		}
	KUNIT_ASSERT_EQ(test, apply(fixture, &reads[owner], start, nr), flipped);
	expect_memory(test, fixture);
}

static void check_did(struct kunit *test, struct fixture *fixture, const struct model *model,
		      const char *reads, unsigned int owner, sector_t sector)
{
	bool did = false;
	unsigned int i;

	for (i = 0; i < BLKV_MAX_INJECTIONS; i++)
		did |= model[i].bits && model[i].owner == owner && model[i].sector == sector;
	KUNIT_ASSERT_EQ(test, blkv_injections_did(&fixture->injections, &reads[owner], sector),
			did);
}

static void end_both(struct fixture *fixture, struct model *model, const char *reads,
		     unsigned int owner)
{
	unsigned int i;

	blkv_injections_end(&fixture->injections, &reads[owner]);
	for (i = 0; i < BLKV_MAX_INJECTIONS; i++)
		if (model[i].owner == owner)
			model[i].bits = 0;
}

static void random_operations_match_a_model(struct kunit *test)
{
	static const char reads[NR_READS];
	struct rnd_state *random = bvtest_random(test);
	struct fixture *fixture = new_fixture(test);
	struct model model[BLKV_MAX_INJECTIONS] = {};
	unsigned int round;

	for (round = 0; round < bvtest_rounds(5000); round++) {
		unsigned int owner = below(random, NR_READS);
		sector_t sector = below(random, 3 * NR_SECTORS);

		switch (below(random, 8)) {
		case 0 ... 2:
			add_both(test, fixture, model, sector, between(random, 1, 255));
			break;
		case 3 ... 4:
			apply_both(test, fixture, model, reads, owner, sector,
				   between(random, 1, NR_SECTORS));
			break;
		case 5 ... 6:
			check_did(test, fixture, model, reads, owner, sector);
			break;
		default:
			end_both(fixture, model, reads, owner);
			break;
		}
		KUNIT_ASSERT_EQ(test, blkv_injections_pending(&fixture->injections),
				count_model(model) != 0);
	}
}

static struct kunit_case inject_cases[] = {
	KUNIT_CASE(first_byte_of_the_sector_is_flipped),
	KUNIT_CASE(read_elsewhere_is_left_alone),
	KUNIT_CASE(each_injection_hits_one_read),
	KUNIT_CASE(pending_injection_was_not_done),
	KUNIT_CASE(one_sector_takes_several_injections),
	KUNIT_CASE(number_of_injections_is_limited),
	KUNIT_CASE(random_operations_match_a_model),
	{}
};

static struct kunit_suite inject_suite = {
	.name = "inject",
	.test_cases = inject_cases,
};

kunit_test_suite(inject_suite);
