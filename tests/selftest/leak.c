// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module that leaks memory, to check that the leak is found.
 */
#include <linux/module.h>
#include <linux/slab.h>

static int __init leak_init(void)
{
	int i;

	/* Several, because an old pointer may still lie on a stack. */
	for (i = 0; i < 8; i++)
		if (!kmalloc(1234, GFP_KERNEL))
			return -ENOMEM;
	return 0;
}
module_init(leak_init);

static void __exit leak_exit(void)
{
}
module_exit(leak_exit);

MODULE_DESCRIPTION("loses memory");
MODULE_AUTHOR("The dm-blkverify maintainers");
MODULE_LICENSE("GPL");
