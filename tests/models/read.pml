/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads without the range lock, which the module does not have (Documentation/design.rst says why):
 * what they would have to do, and would miss. One read of a sector, against writes of it, which
 * hold the range lock (range.pml), and against messages and changes behind the back of the target,
 * which do not. A sector has two halves, because a leg may return a mix of what it held before and
 * after a write.
 *
 * A shard counts exclusive ranges when they are granted, and when they are released. A read notes
 * the releases first, then reads both legs, and compares the grants with what it noted: the
 * difference is the number of writes that it may have raced. If the legs differ and there were
 * none, they differ for certain. Otherwise it takes the lock, reads both again, and judges that.
 *
 * That misses a wrong answer that the test leg does not repeat. Part of them is found: with one
 * write, granted after the raw leg had completed the read, each half from the test leg must be what
 * the raw leg returned at first, or what it returns again. If the write was granted before, the raw
 * leg may have returned only new data, and the test leg old data, which nobody has to compare with.
 *
 * (O1) A write counts as granted before its first leg is submitted, and as released after both
 *	legs are done and its trust is set.
 * (O2) A sector is compared only if it was trusted after the releases were noted and before the
 *	legs were read, and again afterwards. In the other order, a write that fails and one that
 *	succeeds could come and go without being noticed.
 *
 * Checked: the test leg is never reported without a fault. With a fault, each wrong answer that
 * differs from the raw leg's is reported, except one that Limits will name: one in a read that
 * raced a write, if the leg returns the right data when it is read again (because it was wrong
 * once, or because a write has repaired it), and if it is not in that part. All tasks end.
 *
 * tests/check-models runs it as it is, and with each of its mistakes, which must be found.
 */
#define BAD 9

/* Faults of the test leg: a wrong answer, always, or once; a lost write. */
mtype = { NO_FAULT, ALWAYS, ONCE, LOST };
mtype fault;
bit fault_done;

bit locked;	/* the range lock of the sector */
byte grants, releases;
bit trusted;
byte raw[2], test[2];	/* the version that each half is of */

/* What the test leg should hold: its halves, and those before the write in flight. */
byte should[2], before_write[2];

#ifdef MISTAKE_GRANT_COUNTED_LATE
#define count_grant_first() skip
#define count_grant_late() grants++
#else
#define count_grant_first() grants++
#define count_grant_late() skip
#endif
#ifdef MISTAKE_RELEASE_COUNTED_EARLY
#define count_release_first() releases++
#define count_release_last() skip
#else
#define count_release_first() skip
#define count_release_last() releases++
#endif

inline take_lock() { atomic { !locked -> locked = 1 } }

inline raw_write(version)
{
	raw[0] = version;
	raw[1] = version
}

inline test_write_half(version, half)
{
	d_step {
		should[half] = version;
		if
		:: lost
		:: else -> test[half] = version
		fi
	}
}

inline test_write(version)
{
	d_step {
		lost = fault == LOST && !fault_done;
		fault_done = fault_done || lost
	}
	test_write_half(version, 0);
	test_write_half(version, 1)
}

proctype writer(byte version; bit fails)
{
	bit lost;

	take_lock();
	count_grant_first();
	/* The legs may do this in any order. */
	if
	:: true -> raw_write(version); count_grant_late(); count_release_first(); if :: !fails -> test_write(version) :: else fi
	:: !fails -> test_write(version); count_grant_late(); count_release_first(); raw_write(version)
	fi;
	/* A write that the test leg failed leaves the sector untrusted. */
	trusted = !fails;
	d_step { before_write[0] = should[0]; before_write[1] = should[1] };
	count_release_last();
	locked = 0
}

/* Somebody makes the legs equal, and says so; or says that they may differ, and makes them differ. */
proctype fixer()
{
	d_step { test[0] = raw[0]; test[1] = raw[1]; should[0] = raw[0]; should[1] = raw[1] }
	trusted = 1
}
proctype spoiler()
{
	trusted = 0;
	d_step { test[0] = 5; test[1] = 5; should[0] = 5; should[1] = 5 }
}

/* Each half in a step of its own. */
inline raw_read(to0, to1)
{
	to0 = raw[0];
	to1 = raw[1]
}
inline test_read_half(to, half)
{
	d_step {
		to = test[half];
		if
		:: half == 0 && (fault == ALWAYS || fault == ONCE && !fault_done) -> to = BAD; fault_done = 1
		:: else
		fi;
		wrong = wrong || (to != should[half] && to != before_write[half])
	}
}
inline test_read(to0, to1)
{
	wrong = 0;
	test_read_half(to0, 0);
	test_read_half(to1, 1)
}
inline report()
{
	assert(fault != NO_FAULT);
	reported = 1
}

#define is_mix(n) (test1[n] == raw1[n] || test1[n] == raw2[n])
#ifdef MISTAKE_TRUST_NOT_BEFORE
#define was_trusted after
#else
#define was_trusted before
#endif
#ifdef MISTAKE_TRUST_NOT_AFTER
#define is_trusted before
#else
#define is_trusted after
#endif
#ifdef MISTAKE_PART_TOO_LARGE	/* as first designed: whenever there was one write */
#define is_in_part (nr == 1)
#else
#define is_in_part (nr == 1 && raw_alone)
#endif

proctype reader()
{
	byte raw1[2], test1[2], raw2[2], test2[2], nr, noted;
	bit before, after, again, wrong, wrong1, raw_alone, reported;

#ifdef MISTAKE_TRUST_BEFORE_NOTE
	before = trusted;
	noted = releases;
#else
	noted = releases;
	before = trusted;
#endif
	if
	:: test_read(test1[0], test1[1]); wrong1 = wrong; raw_read(raw1[0], raw1[1]); raw_alone = grants == noted
	:: raw_read(raw1[0], raw1[1]); raw_alone = grants == noted; test_read(test1[0], test1[1]); wrong1 = wrong
	fi;
	nr = grants - noted;
	after = trusted;
	if
	:: raw1[0] == test1[0] && raw1[1] == test1[1]
	:: else ->
		if
#ifdef MISTAKE_RACE_IGNORED
		:: true ->
#else
		:: nr == 0 ->
#endif
			if
			:: was_trusted && is_trusted -> report()
			:: else
			fi
		:: nr != 0 ->
#ifdef MISTAKE_READ_AGAIN_UNLOCKED
			skip;
#else
			take_lock();
#endif
			nr = grants - noted;
			test_read(test2[0], test2[1]);
			raw_read(raw2[0], raw2[1]);
			again = trusted;
			if
			:: again && (raw2[0] != test2[0] || raw2[1] != test2[1]) -> report()
			:: else
			fi;
			if
			:: before && again && is_in_part && !(is_mix(0) && is_mix(1)) -> report()
			:: else
			fi;
			locked = 0
		fi;
		/* All that is not reported: not trusted all the time, or what Limits will name. */
		assert(reported || !wrong1 || !before || !after || (nr && !again) ||
		       (nr && fault != ALWAYS && !(nr == 1 && raw_alone)))
	fi
}

init {
	atomic {
		if
		:: fault = NO_FAULT
		:: fault = ALWAYS
		:: fault = ONCE
		:: fault = LOST
		fi;
		run reader();
		if
		:: trusted = 1; run writer(1, 0); run writer(2, 0)
		:: trusted = 1; run writer(1, 1); run writer(2, 0)
		:: test[0] = 7; test[1] = 7; should[0] = 7; should[1] = 7; run writer(1, 0)
		:: fault == NO_FAULT -> test[0] = 7; test[1] = 7; run fixer()
		:: fault == NO_FAULT -> trusted = 1; run spoiler()
		:: trusted = 1
		fi;
		before_write[0] = should[0]; before_write[1] = should[1]
	}
}
