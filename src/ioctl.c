// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which ioctls are passed to the test leg: those that read the state of the device, such as its
 * identity and health. Anything else might write data, of which the raw leg and the trust map would
 * know nothing: a false alarm. So what is not listed here is refused.
 *
 * A caller that changes its command while it is checked can pass any other. It needs no less
 * privilege than for the test leg itself, and damages nothing that it could not damage there.
 *
 * Pure, except that blkv_ioctl_reads_state() reads memory of the caller: process context.
 */
#include <kunit/visibility.h>
#include <linux/ata.h>
#include <linux/compat.h>
#include <linux/hdreg.h>
#include <linux/kernel.h>
#include <linux/nvme_ioctl.h>
#include <linux/uaccess.h>
#include <scsi/scsi.h>
#include <scsi/scsi_proto.h>
#include <scsi/sg.h>

#include "ioctl.h"

/* From the NVMe specification; the kernel's own header is for drivers. */
enum { NVME_GET_LOG_PAGE = 0x02, NVME_IDENTIFY = 0x06, NVME_GET_FEATURES = 0x0a };

/* The protocols of ATA commands that transfer no data to the device. */
enum { ATA_NO_DATA = 3, ATA_PIO_IN = 4, ATA_DMA = 6 };

/* A command of a disk below a translation from SCSI. */
static bool ata_reads_state(u8 protocol, u8 command, u8 feature)
{
	switch (command) {
	case ATA_CMD_CHK_POWER:
		return protocol == ATA_NO_DATA;
	case ATA_CMD_ID_ATA:
	case ATA_CMD_READ_LOG_EXT:
		return protocol == ATA_PIO_IN;
	case ATA_CMD_READ_LOG_DMA_EXT:
		return protocol == ATA_DMA;
	case ATA_CMD_SMART:
		if (feature == ATA_SMART_READ_VALUES || feature == ATA_SMART_READ_THRESHOLDS ||
		    feature == 0xd5 /* read log */)
			return protocol == ATA_PIO_IN;
		return feature == 0xda /* return status */ && protocol == ATA_NO_DATA;
	default:
		return false;
	}
}

/**
 * blkv_scsi_reads_state() - does a SCSI command only read the state of a device?
 * @cdb: the command, of BLKV_CDB_LEN bytes
 * @len: how many of them there are
 *
 * Return: false if it might do anything else.
 */
bool blkv_scsi_reads_state(const u8 *cdb, unsigned int len)
{
	if (!len || len > BLKV_CDB_LEN)
		return false;
	switch (cdb[0]) {
	case TEST_UNIT_READY:
	case REQUEST_SENSE:
	case INQUIRY:
	case MODE_SENSE:
	case MODE_SENSE_10:
	case READ_CAPACITY:
	case LOG_SENSE:
	case REPORT_LUNS:
	case PERSISTENT_RESERVE_IN:
	case SERVICE_ACTION_IN_16:
	case MAINTENANCE_IN:
		return true;
	case ATA_12:
		return len == 12 && ata_reads_state(cdb[1] >> 1 & 0xf, cdb[9], cdb[3]);
	case ATA_16:
		return len == 16 && ata_reads_state(cdb[1] >> 1 & 0xf, cdb[14], cdb[4]);
	default:
		return false;
	}
}
EXPORT_SYMBOL_IF_KUNIT(blkv_scsi_reads_state);

/**
 * blkv_nvme_reads_state() - does an NVMe admin command only read the state of a device?
 * @opcode: the command
 *
 * Return: false if it might do anything else.
 */
bool blkv_nvme_reads_state(u8 opcode)
{
	return opcode == NVME_GET_LOG_PAGE || opcode == NVME_IDENTIFY ||
	       opcode == NVME_GET_FEATURES;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_nvme_reads_state);

static bool sg_io_reads_state(void __user *arg)
{
	u8 cdb[BLKV_CDB_LEN] = {};
	struct sg_io_hdr hdr;

	/* Its layout is another one; and the device mapper has no such ioctls. */
	if (in_compat_syscall() || copy_from_user(&hdr, arg, sizeof(hdr)))
		return false;
	if (hdr.interface_id != 'S' || hdr.dxfer_direction == SG_DXFER_TO_DEV ||
	    hdr.cmd_len > sizeof(cdb) || copy_from_user(cdb, hdr.cmdp, hdr.cmd_len))
		return false;
	return blkv_scsi_reads_state(cdb, hdr.cmd_len);
}

static bool nvme_admin_reads_state(void __user *arg)
{
	u8 opcode;

	/* The first byte of both forms of the command. */
	return !copy_from_user(&opcode, arg, sizeof(opcode)) && blkv_nvme_reads_state(opcode);
}

/**
 * blkv_ioctl_reads_state() - does an ioctl only read the state of a device?
 * @cmd: the ioctl; not one that the block layer handles itself
 * @arg: its argument
 *
 * Context: Process, that of the caller.
 * Return: false if it might do anything else.
 */
bool blkv_ioctl_reads_state(unsigned int cmd, void __user *arg)
{
	switch (cmd) {
	case HDIO_GET_IDENTITY:
	case HDIO_GET_32BIT:
	case SCSI_IOCTL_GET_IDLUN:
	case SCSI_IOCTL_GET_BUS_NUMBER:
	case SG_GET_VERSION_NUM:
	case SG_EMULATED_HOST:
	case NVME_IOCTL_ID:
		return true;
	case SG_IO:
		return sg_io_reads_state(arg);
	case NVME_IOCTL_ADMIN_CMD:
	case NVME_IOCTL_ADMIN64_CMD:
		return nvme_admin_reads_state(arg);
	default:
		return false;
	}
}
EXPORT_SYMBOL_IF_KUNIT(blkv_ioctl_reads_state);
