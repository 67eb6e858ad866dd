/* SPDX-License-Identifier: GPL-2.0-only */
/* The devices or files given as RAW and TEST. */
#ifndef BLKVERIFY_LEG_H
#define BLKVERIFY_LEG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct leg {
	const char *word;		/* "raw" or "test", for messages */
	const char *path;		/* as given */
	char node[64];			/* the block device; a loop device for a file */
	int fd;				/* keeps a loop device until the mapped device has it */
	bool is_file;
	dev_t number;
	uint64_t sectors;
	uint64_t block;			/* its logical block size, in sectors */
};

/* Report its users; returns BUSY. */
int leg_say_used(const char *word, const char *path);
int leg_open(struct leg *leg, const char *word, const char *path, bool readonly);
int legs_open(struct leg *raw, const char *raw_path, struct leg *test, const char *test_path,
	      bool readonly);
void leg_close(struct leg *leg);
/* Reject a leg that is in use, and report its users. */
int leg_reject_used(const struct leg *leg, bool readonly);
int legs_reject_same(const char *raw, const char *test);
/* Its signatures: ext4, label "name"; or an empty text. */
void leg_contents(const char *node, char *text, size_t size);
/* Reject a file that is swap or that a loop device or another program uses; else lock it. */
int file_reject_used(const char *word, const char *path, int fd, bool readonly);

#endif
