// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long a module keeps interrupts off, for a kernel with the tracepoints of preemptirq and one
 * CPU.
 *
 *	insmod bvirqs.ko first=0x... last=0x...		# the addresses of the module's code
 *	echo 0 >/sys/kernel/debug/bvirqs		# start again
 *	cat /sys/kernel/debug/bvirqs
 *
 * prints a line for each place in the module that switched interrupts off: how often, how often for
 * more than 50 us, the longest time until they were on again, in ns, and where it is. What
 * interrupts do by themselves is not counted.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/tracepoint.h>
#include <linux/uaccess.h>

#include "cpu-clock.h"

static unsigned long first, last;
module_param(first, ulong, 0444);
module_param(last, ulong, 0444);

static struct tracepoint *irq_disable, *irq_enable;
static struct dentry *file;

/**
 * struct place - a place that switches interrupts off
 * @ip: its address
 * @times: how often it did
 * @over: how often for more than 50 us
 * @longest: the longest time, in ns
 */
struct place {
	unsigned long ip;
	unsigned long times;
	unsigned long over;
	u64 longest;
};

/* All of this is changed with interrupts off, on the only CPU. */
static struct place places[256], *place;
static u64 begin;

static void irqs_are_off(void *data, unsigned long ip, unsigned long parent)
{
	unsigned int i;

	if (ip < first || ip >= last)
		return;
	for (i = 0; i < ARRAY_SIZE(places) && places[i].ip && places[i].ip != ip; i++)
		;
	if (WARN_ON_ONCE(i == ARRAY_SIZE(places)))
		return;
	place = &places[i];
	place->ip = ip;
	begin = cpu_clock_ns();
}

static void irqs_will_be_on(void *data, unsigned long ip, unsigned long parent)
{
	u64 ns;

	if (!place)
		return;
	ns = cpu_clock_ns() - begin;
	place->times++;
	place->over += ns > 50 * NSEC_PER_USEC;
	place->longest = max(place->longest, ns);
	place = NULL;
}

static int places_show(struct seq_file *m, void *unused)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(places) && places[i].ip; i++)
		if (places[i].times)
			seq_printf(m, "%lu %lu %llu %pS\n", places[i].times,
				   places[i].over, places[i].longest, (void *)places[i].ip);
	return 0;
}

static int bvirqs_open(struct inode *inode, struct file *file)
{
	return single_open(file, places_show, NULL);
}

static ssize_t bvirqs_write(struct file *file, const char __user *from, size_t len, loff_t *pos)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		places[i].times = 0;
		places[i].over = 0;
		places[i].longest = 0;
	}
	return len;
}

static const struct file_operations bvirqs_fops = {
	.owner = THIS_MODULE,
	.open = bvirqs_open,
	.read = seq_read,
	.write = bvirqs_write,
	.llseek = seq_lseek,
	.release = single_release,
};

static void tracepoint_find(struct tracepoint *tracepoint, void *unused)
{
	if (!strcmp(tracepoint->name, "irq_disable"))
		irq_disable = tracepoint;
	if (!strcmp(tracepoint->name, "irq_enable"))
		irq_enable = tracepoint;
}

static int __init bvirqs_init(void)
{
	int r;

	for_each_kernel_tracepoint(tracepoint_find, NULL);
	if (!irq_disable || !irq_enable || first >= last)
		return -EINVAL;
	r = tracepoint_probe_register(irq_disable, irqs_are_off, NULL);
	if (r)
		return r;
	r = tracepoint_probe_register(irq_enable, irqs_will_be_on, NULL);
	if (r) {
		tracepoint_probe_unregister(irq_disable, irqs_are_off, NULL);
		tracepoint_synchronize_unregister();
		return r;
	}
	file = debugfs_create_file("bvirqs", 0600, NULL, NULL, &bvirqs_fops);
	return 0;
}
module_init(bvirqs_init);

static void __exit bvirqs_exit(void)
{
	debugfs_remove(file);
	tracepoint_probe_unregister(irq_enable, irqs_will_be_on, NULL);
	tracepoint_probe_unregister(irq_disable, irqs_are_off, NULL);
	tracepoint_synchronize_unregister();
}
module_exit(bvirqs_exit);

MODULE_DESCRIPTION("How long a module keeps interrupts off");
MODULE_LICENSE("GPL");
