/* SPDX-License-Identifier: GPL-2.0-only */
/* The CPU time of the machine, if it is a process: other processes do not disturb it. */
#ifndef BENCH_CPU_CLOCK_H
#define BENCH_CPU_CLOCK_H

#include <linux/ktime.h>
#include <linux/types.h>

/* The CPU time that User-Mode Linux has used; elsewhere there is only the clock. */
static inline u64 cpu_clock_ns(void)
{
#ifdef CONFIG_UML
	struct __kernel_timespec time;
	long r;

	asm volatile("syscall" : "=a" (r)
		     : "0" (228L /* clock_gettime */), "D" (2L /* CLOCK_PROCESS_CPUTIME_ID */),
		       "S" (&time)
		     : "rcx", "r11", "memory");
	return time.tv_sec * NSEC_PER_SEC + time.tv_nsec;
#else
	return ktime_get_ns();
#endif
}

#endif
