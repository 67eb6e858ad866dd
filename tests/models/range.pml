/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The range lock (src/range.c), with two shards of one region of one sector each. TASKS requests,
 * each for one of the sectors or for both, shared or exclusive, all combinations. No node has more
 * than LIMIT blockers or waiters.
 *
 * What is done under the lock of a shard is one step. The wide lock is held across steps. Checked:
 * two that conflict are never held together, none overtakes an earlier one, and all end.
 *
 * tests/check-models runs it as it is, and with each of its mistakes, which must be found.
 */
#ifndef TASKS
#define TASKS 3
#endif
#ifndef LIMIT
#define LIMIT 9
#endif

#ifdef ONLY_WRITES
#define ONLY 1
#else
#define ONLY 0
#endif

#define NONE 255
#define WIDE 2	/* a place; the others are the numbers of the shards */

typedef range {
	byte place;
	bit shared;
	bit node;	/* in a tree */
	bit marked;
	bit there;	/* between its arrival and its unlock */
	bit held;
	bit used;	/* by the request: its legs are busy */
	byte blockers;
	byte waiters;
	byte next;	/* in its convoy */
	bit earlier[TASKS];	/* conflicting ranges that were there when it arrived */
}

range r[TASKS];
byte marks[2];
bit wide_lock;
chan queue = [TASKS] of { byte };
byte patience;

#define overlap(a, b) (r[a].place == r[b].place || r[a].place == WIDE || r[b].place == WIDE)
#define conflict(a, b) (overlap(a, b) && !(r[a].shared && r[b].shared))
#define touches(a, s) (r[a].place == s || r[a].place == WIDE)

#ifdef MISTAKE_SHARD_MISSED
#define marks_shard(a, s) (r[a].place == s || r[a].place == WIDE && s == 0)
#else
#define marks_shard(a, s) touches(a, s)
#endif
#ifdef MISTAKE_CONVOY_OVERTAKES
#define may_grow(a) true
#else
#define may_grow(a) (r[a].waiters == 0)
#endif
#ifdef MISTAKE_CONVOY_FORGETS
#define waiters_of_next(a) 0
#else
#define waiters_of_next(a) r[a].waiters
#endif
#ifdef MISTAKE_CONVOY_GRANTS_ALL
#define pass_on(a) r[a].shared = 1; grant(a); r[a].shared = 0
#else
#define pass_on(a) grant(a)
#endif
#ifdef MISTAKE_NONE_ADMITTED
#define at_least_one true
#else
#define at_least_one tried
#endif
#ifdef MISTAKE_FULL_IGNORED
#define had_full(a) 0
#else
#define had_full(a) (r[a].waiters >= LIMIT)
#endif

inline grant(a)
{
	g = a;
	do
	:: g == NONE -> break
	:: else ->
		r[g].held = 1;
		for (h : 0 .. TASKS - 1) {
			assert(!r[g].earlier[h]);
		}
		if
		:: r[a].shared -> g = r[g].next
		:: else -> g = NONE
		fi
	od;
	g = 0
}

/* Insert @a, or set is_full or is_crowd. A narrow one does not see wide ones unless @see_wide. */
inline insert(a, see_wide)
{
	first = NONE; is_full = 0; is_crowd = 0;
	for (i : 0 .. TASKS - 1) {
		if
		:: r[i].node && r[i].place == r[a].place && r[i].shared == r[a].shared && may_grow(i) -> first = i
		:: else
		fi
	}
	if
	:: first != NONE ->
		i = first;
		do
		:: r[i].next == NONE -> break
		:: else -> i = r[i].next
		od;
		r[i].next = a;
		if
		:: r[a].shared && !r[first].blockers -> grant(a)
		:: else
		fi
	:: else ->
		r[a].blockers = 0;
		for (i : 0 .. TASKS - 1) {
			if
			:: r[i].node && conflict(i, a) && (see_wide || r[i].place != WIDE) ->
				if
				:: r[i].waiters >= LIMIT && !is_crowd -> is_full = 1
				:: else
				fi;
				r[a].blockers++;
				if
				:: r[a].blockers > LIMIT && !is_full -> is_crowd = 1
				:: else
				fi
			:: else
			fi
		}
		if
		:: is_full || is_crowd
		:: else ->
			for (i : 0 .. TASKS - 1) {
				if
				:: r[i].node && conflict(i, a) && (see_wide || r[i].place != WIDE) ->
					r[i].waiters++
				:: else
				fi
			}
			r[a].node = 1;
			if
			:: r[a].blockers == 0 -> grant(a)
			:: else
			fi
		fi
	fi;
	i = 0; first = 0
}

/* When a range arrives: which ones must not be overtaken? */
inline arrive(a)
{
	for (i : 0 .. TASKS - 1) {
		r[a].earlier[i] = i != a && r[i].there && conflict(i, a)
	}
	r[a].there = 1;
	i = 0
}

/* Remove @a; was_full tells if its node is gone and had as many waiters as it may have. */
inline remove(a, see_wide)
{
	r[a].there = 0;
	was_full = 0; released = 0;
	for (i : 0 .. TASKS - 1) {
		r[i].earlier[a] = 0
	}
	if
	:: !r[a].node ->
		/* A shared one that follows another one. */
		for (i : 0 .. TASKS - 1) {
			if
			:: r[i].next == a -> r[i].next = r[a].next
			:: else
			fi
		}
	:: r[a].node && r[a].next != NONE ->
		first = r[a].next;
		r[a].node = 0;
		r[first].node = 1;
		r[first].blockers = 0;
		r[first].waiters = waiters_of_next(a);
		if
		:: !r[a].shared -> pass_on(first)
		:: else
		fi
	:: else ->
		assert(!r[a].blockers);
		r[a].node = 0;
		if
		:: r[a].waiters ->
			for (i : 0 .. TASKS - 1) {
				if
				:: r[i].node && conflict(i, a) && (see_wide || r[i].place != WIDE) ->
					r[i].blockers--;
					if
					:: r[i].blockers == 0 -> grant(i)
					:: else
					fi
				:: else
				fi
			}
		:: else
		fi;
		released = r[a].waiters;
		was_full = had_full(a)
	fi;
	r[a].next = NONE; r[a].waiters = 0; r[a].blockers = 0;
	i = 0; first = 0
}

inline queue_wait()
{
	if
	:: is_crowd -> patience = (LIMIT / 2 > 0 -> LIMIT / 2 : 1)
	:: else -> patience = 0
	fi
}

inline queue_admit()
{
	if
	:: patience -> patience--; if :: patience == 0 -> was_full = 1 :: else fi
	:: else
	fi;
	work = released;
	do
	:: len(queue) == 0 || !was_full || (work >= LIMIT && at_least_one) -> break
	:: else ->
		tried = 1;
		queue ? <q>;
		insert(q, 1);
		if
		:: is_full || is_crowd -> queue_wait(); work = NONE
		:: else ->
			queue ? q;
			work = work + 1 + 2 * r[q].blockers
		fi
	od;
	if
	:: len(queue) && was_full && work != NONE -> patience = 1
	:: else
	fi;
	work = 0; q = 0; tried = 0; released = 0
}

inline take_wide_lock() { atomic { !wide_lock -> wide_lock = 1 } }
inline mark() /* a step for each shard */
{
	if :: marks_shard(me, 0) -> marks[0]++ :: else fi;
	if :: marks_shard(me, 1) -> marks[1]++ :: else fi
}
inline unmark()
{
	if :: marks_shard(me, 0) -> marks[0]-- :: else fi;
	if :: marks_shard(me, 1) -> marks[1]-- :: else fi
}

proctype task(byte me)
{
	byte i, g, h, first, q, work, released;
	bit is_full, is_crowd, was_full, tried, done;

	/* blkv_range_lock() */
	if
	:: r[me].place != WIDE ->
		d_step {
			if
			:: marks[r[me].place] == 0 ->
				insert(me, 0);
				done = !is_full && !is_crowd;
				/* It is there since this step: nothing that was there was granted by it. */
				if :: done -> arrive(me); if :: r[me].held -> for (h : 0 .. TASKS - 1) { assert(!r[me].earlier[h]) } :: else fi :: else fi;
				is_full = 0; is_crowd = 0; h = 0
			:: else
			fi
		}
	:: else
	fi;
	if
	:: done
	:: else ->
		take_wide_lock();
#ifndef MISTAKE_MARKED_LATE
		mark();
#endif
		d_step {
			arrive(me);
			if
			:: len(queue) == 0 -> insert(me, 1); if :: is_full || is_crowd -> queue_wait() :: else fi
			:: else -> is_full = 1
			fi;
			if
			:: is_full || is_crowd -> queue ! me
			:: else
			fi;
			r[me].marked = is_full || is_crowd || r[me].place == WIDE;
#ifdef MISTAKE_QUEUED_UNMARKED
			r[me].marked = r[me].place == WIDE;
#endif
			is_full = 0; is_crowd = 0; h = 0
		}
#ifdef MISTAKE_MARKED_LATE
		mark();
#endif
		if
		:: !r[me].marked -> unmark()
		:: else
		fi;
		wide_lock = 0
	fi;
	done = 0;

	/* The request */
	d_step {
		r[me].held -> r[me].used = 1;
		for (i : 0 .. TASKS - 1) {
			assert(i == me || !r[i].used || !conflict(i, me))
		}
		i = 0
	}
#ifndef MISTAKE_UNLOCKED_EARLY
	r[me].used = 0;
#endif

	/* blkv_range_unlock() */
	if
	:: r[me].place != WIDE && !r[me].marked ->
		d_step {
			if
#ifdef MISTAKE_UNLOCK_IGNORES_MARKS
			:: true ->
#else
			:: marks[r[me].place] == 0 ->
#endif
				remove(me, 0);
				done = 1;
				was_full = 0; released = 0; h = 0
			:: else
			fi
		}
	:: else
	fi;
	if
	:: done
	:: else ->
		take_wide_lock();
		if
		:: !r[me].marked -> mark()
		:: else
		fi;
		d_step { remove(me, 1); h = 0 }
		unmark();
		d_step {
			queue_admit();
			is_full = 0; is_crowd = 0; was_full = 0; h = 0
		}
		wide_lock = 0
	fi;
	done = 0;
	r[me].used = 0
}

init {
	byte i, kind;

	atomic {
		/* The tasks are alike, so only the combination of kinds matters. */
		for (i : 0 .. TASKS - 1) {
			do
			:: kind < 5 - ONLY -> kind = kind + 1 + ONLY
			:: break
			od;
			r[i].place = kind / 2;
			r[i].shared = kind % 2 && !ONLY;
			r[i].next = NONE
		}
		for (i : 0 .. TASKS - 1) {
			run task(i)
		}
	}
}
