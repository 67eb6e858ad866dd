/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every word of the interface, once: optional arguments, status fields, classes, operations and
 * messages. The module and the blkverify command are both built from these lists, and
 * tests/check-static checks that each word is in every document that has to explain it.
 *
 * Plain preprocessor, nothing else: this file is compiled for the kernel and for user space.
 */
#ifndef DM_BLKVERIFY_WORDS_H
#define DM_BLKVERIFY_WORDS_H

/*
 * OPTION(id, word, type, help): an optional argument of the table line, in canonical order.
 * @type: MODE, of which a table has one at most; FLAG; or NUMBER, which a number follows
 * @help: what the command prints for --help
 */
#define BLKV_OPTIONS(OPTION)                                                                       \
	OPTION(IGNORE, "ignore_mismatch", MODE,                                                    \
	       "log and count a mismatch, complete the read with raw's data")                      \
	OPTION(FREEZE, "freeze_on_mismatch", MODE, "fail all requests after the first finding")    \
	OPTION(PANIC, "panic_on_mismatch", MODE, "panic, for crash-dump labs")                     \
	OPTION(WRITTEN_ONLY, "written_only", FLAG,                                                 \
	       "the legs differ initially: compare only sectors that have been written")           \
	OPTION(NO_WRITE_COPY, "no_write_copy", FLAG,                                               \
	       "send the caller's pages to the legs instead of a private copy")                    \
	OPTION(FINGERPRINT, "fingerprint", FLAG,                                                   \
	       "keep checksums of written sectors, to identify lost writes (class stale)")         \
	OPTION(FINGERPRINT_MAX_MIB, "fingerprint_max_mib", NUMBER,                                 \
	       "memory limit of fingerprint, in MiB")                                              \
	OPTION(DISCARD_ZEROES, "discard_zeroes", FLAG,                                             \
	       "discarded sectors read as zeros on both legs: keep comparing them")                \
	OPTION(SEPARATE_COPIES, "separate_copies", FLAG,                                           \
	       "give each leg its own private copy of a write")                                    \
	OPTION(CHECK_COPIES, "check_copies", FLAG,                                                 \
	       "report a leg that changes the memory of a write (class modified)")                 \
	OPTION(STRICT_COMPLETION, "strict_completion", FLAG,                                       \
	       "report data that change after the test leg has completed a read (class late)")     \
	OPTION(QUARANTINE_MIB, "quarantine_mib", NUMBER,                                           \
	       "let this much memory of the test leg rest before it is used again, in MiB")        \
	OPTION(RANDOM_SHAPE, "random_shape", NUMBER,                                               \
	       "give the memory of the test leg random shapes, derived from this number")          \
	OPTION(NO_READ_COPY, "no_read_copy", FLAG,                                                 \
	       "let the test leg read into the caller's pages instead of private memory")          \
	OPTION(CRASH, "crash", FLAG,                                                               \
	       "record what the test leg may hold after a power cut, for the message crash")       \
	OPTION(CRASH_MAX_MIB, "crash_max_mib", NUMBER, "memory limit of crash, in MiB")            \
	OPTION(CRASH_UNIT, "crash_unit", NUMBER,                                                   \
	       "sectors that the test leg writes as a whole, even in a power cut")

/*
 * NUMBER(id, word, min, max, unit): the number that follows an option of the type NUMBER. The
 * defaults are below.
 */
#define BLKV_NUMBERS(NUMBER)                                                                       \
	NUMBER(FINGERPRINT_MAX_MIB, "fingerprint_max_mib", 1, 1048576, " MiB")                     \
	NUMBER(QUARANTINE_MIB, "quarantine_mib", 1, 65536, " MiB")                                 \
	NUMBER(RANDOM_SHAPE, "random_shape", 1, 2147483647, "")                                    \
	NUMBER(CRASH_MAX_MIB, "crash_max_mib", 1, 65536, " MiB")                                   \
	NUMBER(CRASH_UNIT, "crash_unit", 1, 64, " sectors")

#define BLKV_FINGERPRINT_DEFAULT_MIB 64
#define BLKV_CRASH_DEFAULT_MIB 64

/*
 * FIELD(id, word): a field of the status, in the order in which the status prints them. Fields
 * are only ever appended: a reader treats missing fields as absent, and skips unknown ones.
 */
#define BLKV_STATUS_FIELDS(FIELD)                                                                  \
	FIELD(STATE, "state")                                                                      \
	FIELD(FIRST_MISMATCH, "first_mismatch")                                                    \
	FIELD(MISMATCHES, "mismatches")                                                            \
	FIELD(DIVERGENCES, "divergences")                                                          \
	FIELD(COMPARED, "compared")                                                                \
	FIELD(SKIPPED, "skipped")                                                                  \
	FIELD(WRITTEN, "written")                                                                  \
	FIELD(RAW_ERRORS, "raw_errors")                                                            \
	FIELD(TEST_ERRORS, "test_errors")                                                          \
	FIELD(UNSTABLE, "unstable")                                                                \
	FIELD(UNTRUSTED, "untrusted")                                                              \
	FIELD(DISCARDS, "discards")                                                                \
	FIELD(ZEROES, "zeroes")                                                                    \
	FIELD(FLUSHES, "flushes")                                                                  \
	FIELD(DISTRUSTED_DISCARD, "distrusted_discard")                                            \
	FIELD(DISTRUSTED_REFUSED, "distrusted_refused")                                            \
	FIELD(DISTRUSTED_FAILED, "distrusted_failed")                                              \
	FIELD(DISTRUSTED_MEMORY, "distrusted_memory")                                              \
	FIELD(DISTRUSTED_MESSAGE, "distrusted_message")                                            \
	FIELD(RESHAPED, "reshaped")                                                                \
	FIELD(POWER, "power")                                                                      \
	FIELD(CUTS, "cuts")                                                                        \
	FIELD(UNCERTAIN, "uncertain")                                                              \
	FIELD(SETTLED_NEW, "settled_new")                                                          \
	FIELD(SETTLED_OLD, "settled_old")                                                          \
	FIELD(LOST, "lost")                                                                        \
	FIELD(TORN, "torn")                                                                        \
	FIELD(UNREADABLE, "unreadable")                                                            \
	FIELD(UNPROVEN, "unproven")

/*
 * CLASS(id, word, argument, help): a class of mismatches, as in "class=bitflip(1)".
 * @argument: the argument in brackets: NONE; COUNT, as 3; or DISTANCE, as +8 or -8
 */
#define BLKV_CLASSES(CLASS)                                                                        \
	CLASS(OTHER, "other", NONE, "none of the other classes")                                   \
	CLASS(ZEROS, "zeros", NONE, "the test leg returned only zeros")                            \
	CLASS(ONES, "ones", NONE, "the test leg returned only bytes 0xff")                         \
	CLASS(BITFLIP, "bitflip", COUNT, "a few bits differ")                                      \
	CLASS(SHIFTED, "shifted", DISTANCE, "the data of another sector, in or near the request")  \
	CLASS(TORN, "torn", NONE, "only the start or only the end of the request differs")         \
	CLASS(STALE, "stale", COUNT, "an earlier version: lost writes, or an old copy")            \
	CLASS(UNFILLED, "unfilled", NONE, "the read completed without transferring data")          \
	CLASS(LATE, "late", NONE, "the data changed after the test leg completed the request")     \
	CLASS(MODIFIED, "modified", NONE, "the leg changed the data of a write in memory")         \
	CLASS(LOST, "lost", NONE, "a power cut removed a write that was durable")                  \
	CLASS(MISPLACED, "misplaced", NONE, "the data of another sector, after a power cut")       \
	CLASS(FLAPPING, "flapping", NONE, "another version than was read before, since the cut")

/* OPERATION(id, word): an operation of requests. A flush is a write without data. */
#define BLKV_OPERATIONS(OPERATION)                                                                 \
	OPERATION(READ, "read")                                                                    \
	OPERATION(WRITE, "write")                                                                  \
	OPERATION(FLUSH, "flush")                                                                  \
	OPERATION(DISCARD, "discard")                                                              \
	OPERATION(SECURE_ERASE, "secure_erase")                                                    \
	OPERATION(WRITE_ZEROES, "write_zeroes")

/* KIND(id, word): the kinds of findings, as in the uevent variable DM_BLKVERIFY_KIND. */
#define BLKV_KINDS(KIND)                                                                           \
	KIND(MISMATCH, "mismatch")                                                                 \
	KIND(DIVERGENCE, "divergence")

/*
 * MOMENT(id, word): things whose last time is known; "list" prints how long ago that was, as in
 * "near=flush:3".
 */
#define BLKV_MOMENTS(MOMENT)                                                                       \
	MOMENT(FLUSH, "flush")                                                                     \
	MOMENT(DISCARD, "discard")                                                                 \
	MOMENT(ZEROES, "write_zeroes")                                                             \
	MOMENT(TEST_ERROR, "test_error")                                                           \
	MOMENT(SUSPEND, "suspend")                                                                 \
	MOMENT(MARK, "mark")                                                                       \
	MOMENT(CUT, "cut")

/*
 * MESSAGE(id, word, min, max, usage): a message, the range of its number of arguments, and their
 * description.
 */
#define BLKV_MESSAGES(MESSAGE)                                                                     \
	MESSAGE(LIST, "list", 0, 0, "")                                                            \
	MESSAGE(CPUS, "cpus", 0, 0, "")                                                            \
	MESSAGE(RESET, "reset", 0, 0, "")                                                          \
	MESSAGE(THAW, "thaw", 0, 0, "")                                                            \
	MESSAGE(TRUST, "trust", 2, 2, " <start> <len>")                                            \
	MESSAGE(DISTRUST, "distrust", 2, 2, " <start> <len>")                                      \
	MESSAGE(HISTORY, "history", 1, 1, " <sector>")                                             \
	MESSAGE(INJECT, "inject", 1, 2, " <sector> [<xor>]")                                       \
	MESSAGE(MARK, "mark", 0, 4096, " [<text>]")                                                \
	MESSAGE(CRASH, "crash", 1, 1, " <arm|cut|back|done>")                                      \
	MESSAGE(UNCERTAIN, "uncertain", 0, 1, " [<start>]")                                        \
	MESSAGE(VERSIONS, "versions", 1, 1, " <sector>")

/*
 * UNPASSED(id, word, reason, file): a feature that the mapped device may lack although the test leg
 * has it, so that it is not tested.
 * @reason: why it lacks it
 * @file: shows in the directory of a disk in sysfs whether it has the feature
 */
#define BLKV_UNPASSED(UNPASSED)                                                                    \
	UNPASSED(INLINE_ENCRYPTION, "inline encryption",                                           \
		 "keys are not passed on; the CPU encrypts instead", "queue/crypto")               \
	UNPASSED(DAX, "DAX", "loads and stores would bypass the target", "queue/dax")              \
	UNPASSED(POLLING, "polling", "the device mapper of this kernel does not pass it on",       \
		 "queue/io_poll")                                                                  \
	UNPASSED(PROTECTION, "protection information",                                             \
		 "the device mapper of this kernel requires the same format on both legs",         \
		 "integrity/format")                                                               \
	UNPASSED(ATOMIC_WRITES, "atomic writes",                                                   \
		 "the device mapper of this kernel does not pass them on",                         \
		 "queue/atomic_write_unit_max_bytes")

/* The text of a report, after the request: for users who grep the kernel log. */
#define BLKV_TEXT_MISMATCH "contents mismatch in sector "
#define BLKV_TEXT_DIVERGENCE "divergence"

#endif /* DM_BLKVERIFY_WORDS_H */
