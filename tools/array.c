// SPDX-License-Identifier: GPL-2.0-only
/*
 * See array.h. A member is failed and added again through sysfs. With mdadm it would leave the
 * array in between, when another program could take it, and be rebuilt when it comes back.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "array.h"
#include "dm.h"
#include "progress.h"
#include "stack.h"
#include "util.h"

/* How long the kernel may take to let go of a member, or to begin to rebuild it, in seconds. */
#define PATIENCE 30
#define LOOK_US 50000

/* ---- sysfs ---------------------------------------------------------------------------------- */

static bool read_block(const struct array *array, const char *file, char *line, size_t size)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/sys/block/%s/%s", array->name, file);
	return read_line(path, line, size);
}

static bool read_md(const struct array *array, const char *file, char *line, size_t size)
{
	char path[192];

	snprintf(path, sizeof(path), "md/%s", file);
	return read_block(array, path, line, size);
}

static bool read_member(const struct array *array, const char *name, const char *file, char *line,
			size_t size)
{
	char path[128];

	snprintf(path, sizeof(path), "dev-%s/%s", name, file);
	return read_md(array, path, line, size);
}

static int write_md(const struct array *array, const char *file, const char *word)
{
	char path[192];
	int fd, r = 0;

	snprintf(path, sizeof(path), "/sys/block/%s/md/%s", array->name, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	/* A signal ends waiting for the lock of the array, in spite of SA_RESTART. */
	while (fd >= 0 && (r = write(fd, word, strlen(word)) < 0 ? -errno : 0) == -EINTR)
		;
	if (fd < 0)
		r = -errno;
	if (fd >= 0)
		close(fd);
	say_debug("%s: %s: %s", path, word, r ? strerror(-r) : "done");
	return r;
}

static int count_missing(const struct array *array)
{
	char line[32];

	return read_md(array, "degraded", line, sizeof(line)) ? atoi(line) : 0;
}

static bool is_idle(const struct array *array)
{
	char line[32];

	return !read_md(array, "sync_action", line, sizeof(line)) || !strcmp(line, "idle");
}

/* ---- finding arrays ------------------------------------------------------------------------- */

struct search {
	struct array *arrays;
	size_t nr;
	bool too_many;
	char dm_raid[128];		/* a dm-raid device on the way */
};

static void add_array(struct search *search, const char *path)
{
	struct array array = { 0 };
	char line[32];
	size_t i;

	snprintf(array.name, sizeof(array.name), "%s", strrchr(path, '/') + 1);
	if (!read_md(&array, "level", line, sizeof(line)))
		return;
	array.redundancy = md_redundancy(line);
	for (i = 0; i < search->nr; i++)
		if (!strcmp(search->arrays[i].name, array.name))
			return;
	if (array.redundancy == MD_NONE)
		return;
	search->too_many = search->nr == ARRAYS_MAX;
	if (!search->too_many)
		search->arrays[search->nr++] = array;
}

static void note_dm_raid(struct search *search, const char *path)
{
	struct dm_device device;
	char file[PATH_MAX + 16], name[128];

	snprintf(file, sizeof(file), "%s/dm/name", path);
	if (!read_line(file, name, sizeof(name)) || dm_get(name, DM_TABLE_LINE, &device))
		return;
	if (!strcmp(device.type, "raid"))
		snprintf(search->dm_raid, sizeof(search->dm_raid), "%s", name);
	free(device.params);
}

static void look_at_device(void *data, const char *path, bool is_lowest)
{
	struct search *search = data;

	(void)is_lowest;
	add_array(search, path);
	note_dm_raid(search, path);
}

int arrays_find(const char *path, struct array arrays[ARRAYS_MAX], size_t *nr)
{
	struct search search = { .arrays = arrays };
	char device[64];
	struct stat st;

	if (!stat(path, &st) && S_ISBLK(st.st_mode)) {
		snprintf(device, sizeof(device), "/sys/dev/block/%u:%u", major(st.st_rdev),
			 minor(st.st_rdev));
		stack_walk(device, look_at_device, &search);
	}
	*nr = search.nr;
	if (search.dm_raid[0])
		say_error("--fail-members: %s is a dm-raid device, whose members this command "
			  "cannot fail: only those of md arrays",
			  search.dm_raid);
	else if (search.too_many)
		say_error("--fail-members: test %s is made of more than %d md arrays", path,
			  ARRAYS_MAX);
	else if (search.nr)
		return DONE;
	else
		say_error("--fail-members: test %s is not made of an md array of RAID 1, 4, 5, 6 "
			  "or 10",
			  path);
	return WRONG_DEVICE;
}

/* ---- members -------------------------------------------------------------------------------- */

static int reject_member(const struct array *array, const char *name, const char *what)
{
	say_error("--fail-members: member %s of %s is %s", name, array->name, what);
	return WRONG_DEVICE;
}

/* @name: of a directory of sysfs, without "dev-". */
static int take_member(struct array *array, const char *name)
{
	struct array_member *member = &array->member[array->nr];
	char line[256];
	struct md_state state;
	int slot;

	if (!read_member(array, name, "state", line, sizeof(line)))
		return reject_member(array, name, "in a state that cannot be read");
	md_parse_state(line, &state);
	if (state.journal)
		return DONE;
	if (!read_member(array, name, "slot", line, sizeof(line)) || !md_parse_slot(line, &slot))
		return reject_member(array, name, "in a slot that cannot be read");
	if (state.faulty)
		return reject_member(array, name, "faulty: replace it first");
	if (slot < 0 || state.replacement)
		return reject_member(array, name, "a spare, which would take the place of a member "
				     "that is failed: remove it first");
	if (strlen(name) >= sizeof(member->name))
		return reject_member(array, name, "a device with too long a name");
	if (array->nr == MEMBERS_MAX) {
		say_error("--fail-members: %s has more than %d members, which is the most that "
			  "can be failed",
			  array->name, MEMBERS_MAX);
		return WRONG_DEVICE;
	}
	*member = (struct array_member){ .slot = slot };
	strcpy(member->name, name);
	array->nr++;
	return DONE;
}

static int compare_slots(const void *a, const void *b)
{
	const struct array_member *one = a, *other = b;

	return one->slot < other->slot ? -1 : one->slot > other->slot;
}

static int check_state(const struct array *array)
{
	char line[32];

	if (count_missing(array)) {
		say_error("--fail-members: %s is degraded: add the missing member first",
			  array->name);
		return WRONG_DEVICE;
	}
	if (read_md(array, "sync_action", line, sizeof(line)) && !strcmp(line, "frozen")) {
		say_error("--fail-members: %s is frozen: \"echo idle "
			  ">/sys/block/%s/md/sync_action\" ends that",
			  array->name, array->name);
		return WRONG_DEVICE;
	}
	if (read_block(array, "queue/iostats", line, sizeof(line)) && !strcmp(line, "0")) {
		say_error("--fail-members: %s does not count its writes: \"echo 1 "
			  ">/sys/block/%s/queue/iostats\" ends that",
			  array->name, array->name);
		return WRONG_DEVICE;
	}
	return DONE;
}

int array_take(struct array *array)
{
	int r = check_state(array);
	struct dirent *entry;
	char path[128];
	DIR *d;

	if (r)
		return r;
	array->nr = 0;
	snprintf(path, sizeof(path), "/sys/block/%s/md", array->name);
	d = opendir(path);
	while (d && !r && (entry = readdir(d)))
		if (!strncmp(entry->d_name, "dev-", 4))
			r = take_member(array, entry->d_name + 4);
	if (d)
		closedir(d);
	qsort(array->member, array->nr, sizeof(*array->member), compare_slots);
	if (r || array->nr > 1)
		return r;
	say_error("--fail-members: %s has fewer than two members, so none can be failed",
		  array->name);
	return WRONG_DEVICE;
}

/* ---- waiting -------------------------------------------------------------------------------- */

static void show_progress(const struct array *array, struct progress *progress)
{
	char line[64];
	uint64_t done, all;

	if (!read_md(array, "sync_completed", line, sizeof(line)) ||
	    !md_parse_progress(line, &done, &all))
		return;
	progress->end = all;
	progress_show(progress, done, 0);
}

static int say_waiting(const struct array *array, bool whole)
{
	if (interrupted > whole)
		say_error("interrupted: %s goes on with its %s", array->name,
			  whole ? "rebuild" : "sync");
	else
		say_error("%s does not rebuild a member that was added again: see dmesg",
			  array->name);
	return INCONCLUSIVE;
}

/*
 * Until nothing is missing any more, if @whole. Members are out then, so the first signal, which
 * may have come before, does not end it.
 */
static int wait_for(const struct array *array, bool whole)
{
	double end = seconds_now() + PATIENCE;
	struct progress progress;
	char what[64];
	int r = DONE;

	snprintf(what, sizeof(what), "rebuild of %s", array->name);
	progress_start(&progress, what, 0, 1);
	while (!r && (!is_idle(array) || (whole && count_missing(array)))) {
		show_progress(array, &progress);
		if (!is_idle(array))
			end = seconds_now() + PATIENCE;
		if (interrupted > whole || seconds_now() > end)
			r = INCONCLUSIVE;
		usleep(LOOK_US);
	}
	progress_end(&progress);
	return r ? say_waiting(array, whole) : DONE;
}

int array_wait(const struct array *array)
{
	return wait_for(array, false);
}

/* ---- writes --------------------------------------------------------------------------------- */

/* What it works on comes first: a request that ends in between is counted twice. */
bool array_count_writes(const struct array *array, uint64_t *done, uint64_t *waiting)
{
	char line[256];
	uint64_t writes, discards;

	if (!read_block(array, "inflight", line, sizeof(line)) ||
	    sscanf(line, "%*u %" SCNu64, waiting) != 1 ||
	    !read_block(array, "stat", line, sizeof(line)) ||
	    sscanf(line, "%*u %*u %*u %*u %" SCNu64 " %*u %*u %*u %*u %*u %*u %" SCNu64, &writes,
		   &discards) != 2) {
		say_error("cannot read how much was written to %s", array->name);
		return false;
	}
	*done = writes + discards;
	return true;
}

/* ---- failing -------------------------------------------------------------------------------- */

static bool has_left(const struct array *array, const struct array_member *member)
{
	char line[64];
	int slot;

	return read_member(array, member->name, "slot", line, sizeof(line)) &&
	       md_parse_slot(line, &slot) && slot < 0;
}

int array_fail(const struct array *array, struct array_member *member)
{
	double end = seconds_now() + PATIENCE;
	char file[64];
	int r;

	snprintf(file, sizeof(file), "dev-%s/state", member->name);
	r = write_md(array, file, "faulty");
	if (r) {
		say_error("cannot fail member %s of %s: %s", member->name, array->name,
			  strerror(-r));
		return exit_code_of(r);
	}
	member->out = true;
	while (!has_left(array, member)) {
		if (seconds_now() > end) {
			say_error("%s does not let go of its failed member %s: see dmesg",
				  array->name, member->name);
			return FAILED;
		}
		usleep(LOOK_US / 5);
	}
	return DONE;
}

/* md is busy while it writes the last change to the members. */
static int write_patiently(const struct array *array, const char *file, const char *word)
{
	double end = seconds_now() + PATIENCE;
	int r;

	while ((r = write_md(array, file, word)) == -EBUSY && seconds_now() < end)
		usleep(LOOK_US);
	return r;
}

/*
 * Where a rebuild would begin is what decides whether there is one. To a member that is said to be
 * in sync, md does nothing.
 */
static int add_again(const struct array *array, struct array_member *member, bool rebuild)
{
	char file[3][64], slot[16];
	int r;

	snprintf(file[0], sizeof(file[0]), "dev-%s/state", member->name);
	snprintf(file[1], sizeof(file[1]), "dev-%s/recovery_start", member->name);
	snprintf(file[2], sizeof(file[2]), "dev-%s/slot", member->name);
	snprintf(slot, sizeof(slot), "%d", member->slot);
	r = write_patiently(array, file[0], "re-add");
	if (!r)
		r = write_patiently(array, file[1], rebuild ? "0" : "none");
	if (!r)
		r = write_patiently(array, file[2], slot);
	if (!r) {
		member->out = false;
		return DONE;
	}
	say_error("cannot add member %s to %s again: %s", member->name, array->name, strerror(-r));
	return exit_code_of(r);
}

static bool has_out(const struct array *array)
{
	size_t i;

	for (i = 0; i < array->nr; i++)
		if (array->member[i].out)
			return true;
	return false;
}

static int add_all_again(struct array *array, bool rebuild)
{
	int r = DONE, one;
	size_t i;

	for (i = 0; i < array->nr; i++) {
		one = array->member[i].out ? add_again(array, &array->member[i], rebuild) : DONE;
		r = r ? r : one;
	}
	return r;
}

static int set_action(const struct array *array, const char *action)
{
	int r = write_patiently(array, "sync_action", action);

	if (!r)
		return DONE;
	say_error("cannot set %s to %s: %s", array->name, action, strerror(-r));
	return exit_code_of(r);
}

static void say_out(const struct array *array)
{
	const char *name;
	size_t i;

	for (i = 0; i < array->nr; i++) {
		name = array->member[i].name;
		if (array->member[i].out)
			say_error("member %s of %s stays failed: \"echo re-add "
				  ">/sys/block/%s/md/dev-%s/state\" adds it again",
				  name, array->name, array->name, name);
	}
}

int array_restore(struct array *array, bool rebuild)
{
	int r, idle;

	if (!has_out(array))
		return DONE;
	/* Otherwise md would rebuild a member as soon as it is not faulty any more. */
	r = set_action(array, "frozen");
	if (!r)
		r = add_all_again(array, rebuild);
	idle = set_action(array, "idle");
	say_out(array);
	r = r ? r : idle;
	return r ? r : wait_for(array, true);
}
