/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trace events. Sectors are those of the mapped device, as everywhere outside of the target.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM blkverify

#if !defined(DM_BLKVERIFY_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define DM_BLKVERIFY_TRACE_H

#include <linux/blk_types.h>
#include <linux/device-mapper.h>
#include <linux/kdev_t.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

#include "classify.h"
#include "dm-blkverify.h"
#include "report.h"
#include "request.h"

/* Longer than any word of the interface. */
#define BLKV_TRACE_WORD 16

/*
 * A request that both legs have completed; whether they agree is another event. The times begin
 * when a leg gets the request, and are 0 if the event was off by then or the leg did not get it.
 */
TRACE_EVENT(blkverify_request,
	TP_PROTO(const struct blkv_request *req),
	TP_ARGS(req),

	TP_STRUCT__entry(
		__field(dev_t, dev)
		__array(char, op, BLKV_TRACE_WORD)
		__field(u64, sector)
		__field(u64, nr_sectors)
		__field(u32, flags)
		__field(u64, raw_ns)
		__field(u64, test_ns)
	),

	TP_fast_assign(
		__entry->dev = req->blkv->bdev->bd_dev;
		strscpy(__entry->op, blkv_operation_name(req->operation), BLKV_TRACE_WORD);
		__entry->sector = req->blkv->ti->begin + req->range.start;
		__entry->nr_sectors = req->nr_sectors;
		__entry->flags = (__force u32)(req->opf & ~REQ_OP_MASK);
		__entry->raw_ns = req->took[BLKV_RAW];
		__entry->test_ns = req->took[BLKV_TEST];
	),

	TP_printk("%d,%d %s sector=%llu nr=%llu flags=0x%x raw_ns=%llu test_ns=%llu",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->op, __entry->sector,
		  __entry->nr_sectors, __entry->flags, __entry->raw_ns, __entry->test_ns)
);

/* A mismatch, before its label is known; and the task whose request it is. */
TRACE_EVENT(blkverify_mismatch,
	TP_PROTO(const struct blkverify *blkv, const struct blkv_report *report),
	TP_ARGS(blkv, report),

	TP_STRUCT__entry(
		__field(dev_t, dev)
		__array(char, op, BLKV_TRACE_WORD)
		__field(u64, sector)
		__field(u32, nr_bad)
		__array(char, class, BLKV_TRACE_WORD)
		__field(bool, injected)
		__field(pid_t, pid)
		__array(char, comm, TASK_COMM_LEN)
	),

	TP_fast_assign(
		__entry->dev = blkv->bdev->bd_dev;
		strscpy(__entry->op, blkv_operation_name(report->operation), BLKV_TRACE_WORD);
		__entry->sector = blkv->ti->begin + report->bad_sector;
		__entry->nr_bad = report->nr_bad;
		strscpy(__entry->class, blkv_class_name(report->diagnosis.class), BLKV_TRACE_WORD);
		__entry->injected = report->injected;
		__entry->pid = report->origin.pid;
		strscpy(__entry->comm, report->origin.comm, TASK_COMM_LEN);
	),

	TP_printk("%d,%d %s sector=%llu class=%s differ=%u%s pid=%d comm=%s",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->op, __entry->sector,
		  __entry->class, __entry->nr_bad, __entry->injected ? " injected" : "",
		  __entry->pid, __entry->comm)
);

/* A request that one leg failed and the other completed. */
TRACE_EVENT(blkverify_divergence,
	TP_PROTO(const struct blkverify *blkv, const struct blkv_report *report),
	TP_ARGS(blkv, report),

	TP_STRUCT__entry(
		__field(dev_t, dev)
		__array(char, op, BLKV_TRACE_WORD)
		__field(u64, sector)
		__field(u64, nr_sectors)
		__field(int, raw_errno)
		__field(int, test_errno)
	),

	TP_fast_assign(
		__entry->dev = blkv->bdev->bd_dev;
		strscpy(__entry->op, blkv_operation_name(report->operation), BLKV_TRACE_WORD);
		__entry->sector = blkv->ti->begin + blkv_report_sector(report);
		__entry->nr_sectors = report->nr_sectors;
		__entry->raw_errno = report->errnos[BLKV_RAW];
		__entry->test_errno = report->errnos[BLKV_TEST];
	),

	TP_printk("%d,%d %s sector=%llu nr=%llu raw=%d test=%d",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->op, __entry->sector,
		  __entry->nr_sectors, __entry->raw_errno, __entry->test_errno)
);

/* What the test leg holds, after a power cut, in sectors that were uncertain. */
TRACE_EVENT(blkverify_settle,
	TP_PROTO(const struct blkverify *blkv, sector_t start, unsigned int nr_sectors,
		 enum blkv_answer answer),
	TP_ARGS(blkv, start, nr_sectors, answer),

	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(u64, sector)
		__field(u32, nr_sectors)
		__array(char, answer, BLKV_TRACE_WORD)
	),

	TP_fast_assign(
		__entry->dev = blkv->bdev->bd_dev;
		__entry->sector = blkv->ti->begin + start;
		__entry->nr_sectors = nr_sectors;
		strscpy(__entry->answer, blkv_answer_name(answer), BLKV_TRACE_WORD);
	),

	TP_printk("%d,%d sector=%llu nr=%u %s", MAJOR(__entry->dev), MINOR(__entry->dev),
		  __entry->sector, __entry->nr_sectors, __entry->answer)
);

#endif /* DM_BLKVERIFY_TRACE_H */

/* This part must be outside of the guard; the Makefile adds the folder to the search path. */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
