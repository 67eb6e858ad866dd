// SPDX-License-Identifier: GPL-2.0-only
/*
 * The only user of libdevmapper. If udev runs, functions that create or remove a node wait for it
 * through a cookie; if not (or with DM_DISABLE_UDEV=1), the library creates the nodes.
 */
#include <errno.h>
#include <libdevmapper.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dm.h"

static bool debugging;

/* The messages of the library are for --debug: the caller reports the error, once. */
__attribute__((format(printf, 5, 6)))
static void log_line(int level, const char *file, int line, int error, const char *format, ...)
{
	va_list args;

	(void)level;
	(void)error;
	if (!debugging)
		return;
	fprintf(stderr, "# %s:%d ", file, line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

void dm_start(bool debug)
{
	debugging = debug;
	dm_log_with_errno_init(log_line);
}

/* Before exec: otherwise the control node of the library would stay open in the program. */
void dm_end(void)
{
	dm_lib_release();
}

/* The library does not always have an errno: then errno is from opening the control node. */
static int error_of(struct dm_task *task)
{
	int error = task ? dm_task_get_errno(task) : errno;

	return error > 0 ? -error : -EIO;
}

/* dm_task_create() opens the control node, and sets errno only when that fails the first time. */
static int new_task(int type, const char *name, struct dm_task **task)
{
	static int first_error = -ENODEV;

	errno = 0;
	*task = dm_task_create(type);
	if (!*task) {
		if (errno)
			first_error = -errno;
		return first_error;
	}
	if (name && !dm_task_set_name(*task, name)) {
		dm_task_destroy(*task);
		*task = NULL;
		return -EINVAL;
	}
	return 0;
}

static int run_task(struct dm_task *task)
{
	errno = 0;
	return dm_task_run(task) ? 0 : error_of(task);
}

/* A node appears or disappears: wait for udev if it runs. */
static int run_task_with_node(struct dm_task *task)
{
	uint32_t cookie = 0;
	int r;

	if (!dm_task_set_cookie(task, &cookie, 0))
		return -EIO;
	r = run_task(task);
	dm_udev_wait(cookie);
	return r;
}

int dm_target_version(const char *target, unsigned int version[3])
{
	struct dm_versions *v, *last = NULL;
	struct dm_task *task;
	int r = new_task(DM_DEVICE_LIST_VERSIONS, NULL, &task);

	if (r)
		return r;
	r = run_task(task);
	if (r)
		goto out;
	r = -ENOENT;
	for (v = dm_task_get_versions(task); v != last;
	     last = v, v = (struct dm_versions *)((char *)v + v->next)) {
		if (strcmp(v->name, target))
			continue;
		memcpy(version, v->version, 3 * sizeof(*version));
		r = 0;
	}
out:
	dm_task_destroy(task);
	return r;
}

static void take_info(struct dm_device *device, const struct dm_info *info)
{
	device->major = info->major;
	device->minor = info->minor;
	device->readonly = info->read_only;
	device->suspended = info->suspended;
	device->has_table = info->live_table;
	device->open_count = info->open_count;
	device->event_nr = info->event_nr;
}

static int take_targets(struct dm_device *device, struct dm_task *task)
{
	char *type, *params;
	uint64_t start, length;
	void *next = NULL;

	do {
		next = dm_get_next_target(task, next, &start, &length, &type, &params);
		if (type && !strcmp(type, "blkverify"))
			device->ours = true;
		if (!type || device->targets++)
			continue;
		device->start = start;
		device->length = length;
		snprintf(device->type, sizeof(device->type), "%s", type);
		device->params = strdup(params ? params : "");
		if (!device->params)
			return -ENOMEM;
	} while (next);
	return 0;
}

int dm_get(const char *name, enum dm_line line, struct dm_device *device)
{
	struct dm_task *task;
	struct dm_info info;
	int r = new_task(line == DM_INFO_LINE ? DM_DEVICE_STATUS : DM_DEVICE_TABLE, name, &task);

	memset(device, 0, sizeof(*device));
	if (r)
		return r;
	/* A flush would wait for I/O in flight: status must return even if a leg hangs. */
	dm_task_no_flush(task);
	r = run_task(task);
	if (r)
		goto out;
	r = -ENXIO;
	if (!dm_task_get_info(task, &info) || !info.exists)
		goto out;
	take_info(device, &info);
	r = take_targets(device, task);
out:
	dm_task_destroy(task);
	return r;
}

static int copy_names(struct dm_names *first, char ***names)
{
	struct dm_names *n = first;
	size_t nr = 0, size = 1;

	if (!first->dev)
		size = 0;
	else
		for (; n->next; n = (struct dm_names *)((char *)n + n->next))
			size++;
	*names = calloc(size + 1, sizeof(**names));
	if (!*names)
		return -ENOMEM;
	for (n = first; nr < size; n = (struct dm_names *)((char *)n + n->next)) {
		(*names)[nr] = strdup(n->name);
		if (!(*names)[nr++])
			return -ENOMEM;
	}
	return 0;
}

int dm_names(char ***names)
{
	struct dm_names *first;
	struct dm_task *task;
	int r = new_task(DM_DEVICE_LIST, NULL, &task);

	*names = NULL;
	if (r)
		return r;
	r = run_task(task);
	if (!r) {
		first = dm_task_get_names(task);
		r = first ? copy_names(first, names) : -EIO;
	}
	dm_task_destroy(task);
	return r;
}

void dm_free_names(char **names)
{
	size_t i;

	for (i = 0; names && names[i]; i++)
		free(names[i]);
	free(names);
}

/* For tasks that need only the name. */
static int run_simple_task(int type, const char *name, int (*run)(struct dm_task *task))
{
	struct dm_task *task;
	int r = new_task(type, name, &task);

	if (r)
		return r;
	r = run(task);
	dm_task_destroy(task);
	return r;
}

static int load_table(const char *name, const char *type, uint64_t sectors, const char *params,
		      bool readonly)
{
	struct dm_task *task;
	int r = new_task(DM_DEVICE_RELOAD, name, &task);

	if (r)
		return r;
	if (!dm_task_add_target(task, 0, sectors, type, params) ||
	    (readonly && !dm_task_set_ro(task)))
		r = -ENOMEM;
	if (!r)
		r = run_task(task);
	dm_task_destroy(task);
	return r;
}

/* In steps: DM_DEVICE_CREATE does the same, but does not return why the table was rejected. */
int dm_create(const char *name, const char *type, uint64_t sectors, const char *params,
	      bool readonly)
{
	int r = run_simple_task(DM_DEVICE_CREATE, name, run_task);

	if (r)
		return r;
	r = load_table(name, type, sectors, params, readonly);
	/* Nodes appear with the first resume. */
	if (!r)
		r = run_simple_task(DM_DEVICE_RESUME, name, run_task_with_node);
	if (r)
		dm_remove(name, false);
	return r;
}

static int resume_at_once(struct dm_task *task)
{
	dm_task_no_flush(task);
	dm_task_skip_lockfs(task);
	return run_task_with_node(task);
}

int dm_replace(const char *name, uint64_t sectors, const char *params)
{
	int r = load_table(name, "blkverify", sectors, params, false);

	if (r)
		return r;
	r = run_simple_task(DM_DEVICE_RESUME, name, resume_at_once);
	if (r)
		run_simple_task(DM_DEVICE_CLEAR, name, run_task);
	return r;
}

void dm_settle_node(const char *name)
{
	struct dm_task *task;

	if (new_task(DM_DEVICE_MKNODES, name, &task))
		return;
	run_task(task);
	/* The library queues changes of nodes until this call. */
	dm_task_update_nodes();
	dm_task_destroy(task);
}

int dm_remove(const char *name, bool deferred)
{
	struct dm_task *task;
	int r = new_task(DM_DEVICE_REMOVE, name, &task);

	if (r)
		return r;
	/* udev opens devices that have just changed, for a moment. */
	if (deferred)
		dm_task_deferred_remove(task);
	else
		dm_task_retry_remove(task);
	r = run_task_with_node(task);
	dm_task_destroy(task);
	/* Without udev the library removes the node even if the device still exists. */
	if (!r && deferred)
		dm_settle_node(name);
	return r;
}

int dm_message(const char *name, uint64_t sector, const char *message, char **reply)
{
	struct dm_task *task;
	const char *text;
	int r = new_task(DM_DEVICE_TARGET_MSG, name, &task);

	if (r)
		return r;
	if (!dm_task_set_sector(task, sector) || !dm_task_set_message(task, message))
		r = -ENOMEM;
	if (!r)
		r = run_task(task);
	if (!r && reply) {
		text = dm_task_get_message_response(task);
		*reply = strdup(text ? text : "");
		r = *reply ? 0 : -ENOMEM;
	}
	dm_task_destroy(task);
	return r;
}

int dm_wait(const char *name, uint32_t event_nr)
{
	struct dm_task *task;
	int r = new_task(DM_DEVICE_WAITEVENT, name, &task);

	if (r)
		return r;
	dm_task_no_flush(task);
	r = dm_task_set_event_nr(task, event_nr) ? run_task(task) : -ENOMEM;
	dm_task_destroy(task);
	return r;
}
