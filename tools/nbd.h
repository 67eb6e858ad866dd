/* SPDX-License-Identifier: GPL-2.0-only */
/* qcow2 images as block devices, through qemu-nbd. */
#ifndef BLKVERIFY_NBD_H
#define BLKVERIFY_NBD_H

#include <stdbool.h>
#include <sys/types.h>

struct nbd {
	char node[32];		/* empty: nothing is attached */
	pid_t server;
};

/* If the file is a qcow2 image, attach its contents to a block device. Returns an exit code. */
bool is_qcow2(const char *path);
int nbd_attach(struct nbd *nbd, const char *path);
void nbd_detach(struct nbd *nbd);

#endif
