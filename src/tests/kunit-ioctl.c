// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of which ioctls and passed-through commands count as reading state only.
 */
#include <linux/fs.h>
#include <linux/hdreg.h>
#include <linux/nvme_ioctl.h>
#include <scsi/scsi.h>
#include <scsi/scsi_proto.h>
#include <scsi/sg.h>

#include "ioctl.h"
#include "kunit.h"

static bool is_listed(const u8 *list, unsigned int nr, u8 opcode)
{
	return memchr(list, opcode, nr);
}

/* All opcodes, in numbers: test unit ready, request sense, inquiry, mode sense... */
static void only_known_scsi_commands_read_state(struct kunit *test)
{
	static const u8 reads[] = { 0x00, 0x03, 0x12, 0x1a, 0x25, 0x4d, 0x5a, 0x5e, 0x9e, 0xa0,
				    0xa3 };
	unsigned int i, len;

	for (i = 0; i < 256; i++) {
		u8 cdb[BLKV_CDB_LEN] = { i };

		for (len = 6; len <= BLKV_CDB_LEN; len++)
			KUNIT_EXPECT_EQ_MSG(test, blkv_scsi_reads_state(cdb, len),
					    is_listed(reads, sizeof(reads), i), "opcode 0x%02x", i);
	}
}

static void commands_without_a_valid_length_are_refused(struct kunit *test)
{
	u8 cdb[BLKV_CDB_LEN] = { INQUIRY };

	KUNIT_EXPECT_FALSE(test, blkv_scsi_reads_state(cdb, 0));
	KUNIT_EXPECT_TRUE(test, blkv_scsi_reads_state(cdb, BLKV_CDB_LEN));
	KUNIT_EXPECT_FALSE(test, blkv_scsi_reads_state(cdb, BLKV_CDB_LEN + 1));
}

static const struct {
	u8 protocol, command, feature;
	bool reads_state;
} ata_commands[] = {
	{ 4, 0xec, 0, true },		/* identify */
	{ 5, 0xec, 0, false },		/* with data to the device */
	{ 3, 0xe5, 0, true },		/* check power mode */
	{ 4, 0x2f, 0, true },		/* read log */
	{ 6, 0x47, 0, true },		/* read log by DMA */
	{ 4, 0xb0, 0xd0, true },	/* SMART: read values */
	{ 4, 0xb0, 0xd1, true },	/* read thresholds */
	{ 4, 0xb0, 0xd5, true },	/* read log */
	{ 5, 0xb0, 0xd6, false },	/* write log */
	{ 3, 0xb0, 0xda, true },	/* return status */
	{ 3, 0xb0, 0xd4, false },	/* execute off-line, a self-test */
	{ 3, 0xb0, 0xd9, false },	/* disable */
	{ 5, 0x3f, 0, false },		/* write log */
	{ 6, 0xca, 0, false },		/* write */
	{ 6, 0x06, 1, false },		/* trim */
	{ 3, 0xef, 2, false },		/* set features: write cache */
	{ 3, 0xf4, 0, false },		/* security erase */
	{ 3, 0xb4, 0, false },		/* sanitize */
	{ 3, 0xe0, 0, false },		/* standby */
};

static void ata_commands_are_looked_into(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ata_commands); i++) {
		u8 cdb[BLKV_CDB_LEN] = { 0x85, ata_commands[i].protocol << 1 | 1 };

		cdb[4] = ata_commands[i].feature;
		cdb[14] = ata_commands[i].command;
		KUNIT_EXPECT_EQ_MSG(test, blkv_scsi_reads_state(cdb, 16),
				    ata_commands[i].reads_state, "16 bytes, row %u", i);
		KUNIT_EXPECT_FALSE(test, blkv_scsi_reads_state(cdb, 12));

		memset(cdb, 0, sizeof(cdb));
		cdb[0] = 0xa1;
		cdb[1] = ata_commands[i].protocol << 1;
		cdb[3] = ata_commands[i].feature;
		cdb[9] = ata_commands[i].command;
		KUNIT_EXPECT_EQ_MSG(test, blkv_scsi_reads_state(cdb, 12),
				    ata_commands[i].reads_state, "12 bytes, row %u", i);
		KUNIT_EXPECT_FALSE(test, blkv_scsi_reads_state(cdb, 16));
	}
}

/* Get log page, identify and get features. */
static void only_known_nvme_commands_read_state(struct kunit *test)
{
	static const u8 reads[] = { 0x02, 0x06, 0x0a };
	unsigned int i;

	for (i = 0; i < 256; i++)
		KUNIT_EXPECT_EQ_MSG(test, blkv_nvme_reads_state(i),
				    is_listed(reads, sizeof(reads), i), "opcode 0x%02x", i);
}

static void ioctls_that_are_not_listed_are_refused(struct kunit *test)
{
	static const unsigned int refused[] = {
		0, NVME_IOCTL_SUBMIT_IO, NVME_IOCTL_IO_CMD, NVME_IOCTL_IO64_CMD,
		NVME_IOCTL_RESET, NVME_IOCTL_SUBSYS_RESET, NVME_IOCTL_RESCAN, SG_SCSI_RESET,
		HDIO_DRIVE_CMD, HDIO_DRIVE_TASK, HDIO_DRIVE_TASKFILE,
		HDIO_DRIVE_RESET, HDIO_SET_32BIT, BLKDISCARD, BLKZEROOUT, BLKSECDISCARD,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(refused); i++)
		KUNIT_EXPECT_FALSE_MSG(test, blkv_ioctl_reads_state(refused[i], NULL), "0x%x",
				       refused[i]);
	KUNIT_EXPECT_TRUE(test, blkv_ioctl_reads_state(HDIO_GET_IDENTITY, NULL));
	KUNIT_EXPECT_TRUE(test, blkv_ioctl_reads_state(SG_GET_VERSION_NUM, NULL));
	KUNIT_EXPECT_TRUE(test, blkv_ioctl_reads_state(NVME_IOCTL_ID, NULL));
	/* Its command cannot be read. */
	KUNIT_EXPECT_FALSE(test, blkv_ioctl_reads_state(SG_IO, (void __user *)-1UL));
	KUNIT_EXPECT_FALSE(test, blkv_ioctl_reads_state(NVME_IOCTL_ADMIN_CMD, (void __user *)-1UL));
}

static struct kunit_case ioctl_cases[] = {
	KUNIT_CASE(only_known_scsi_commands_read_state),
	KUNIT_CASE(commands_without_a_valid_length_are_refused),
	KUNIT_CASE(ata_commands_are_looked_into),
	KUNIT_CASE(only_known_nvme_commands_read_state),
	KUNIT_CASE(ioctls_that_are_not_listed_are_refused),
	{}
};

static struct kunit_suite ioctl_suite = {
	.name = "ioctl",
	.test_cases = ioctl_cases,
};

kunit_test_suite(ioctl_suite);
