/* SPDX-License-Identifier: GPL-2.0-only */
/* A device that exists for the time of a command, with a reference file unless a raw leg is given. */
#ifndef BLKVERIFY_SESSION_H
#define BLKVERIFY_SESSION_H

#include <stdbool.h>

#include "device.h"
#include "guard.h"
#include "leg.h"

struct session {
	char name[128], path[160];
	struct leg raw, test;
	int fd;				/* of the device */
	int reference;			/* the reference file; -1: none */
	struct guard *guard;		/* only the part between its margins is verified; or NULL */
};

/* With the options of the command line. @raw and @guard may be NULL. */
int session_begin(struct session *s, const char *name, const char *raw, const char *test,
		  struct guard *guard);
/* Write what the command left in the page cache. */
void session_flush(struct session *s);
/* Close it. Returns BUSY, and reports its users, if the command left it in use. */
int session_end(struct session *s);
/* The reports, with their labels if these come soon. */
bool session_list(const struct device *device, struct list *list);
/* Whether the reference file is the only leg that is known to have failed. */
bool session_reference_failed(const struct session *s, const struct device *device,
			      const struct list *list);
void session_say_reference_failed(const struct device *device);

#endif
