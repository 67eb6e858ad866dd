// SPDX-License-Identifier: GPL-2.0-only
/* See prometheus.h. A field becomes a counter, unless it is no count. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "loop.h"
#include "prometheus.h"
#include "status.h"
#include "text.h"

static void put_label(const char *name, const char *value)
{
	char *clean = text_cleaned(value, false);
	const char *c;

	printf("%s=\"", name);
	for (c = clean ? clean : ""; *c; c++) {
		if (*c == '\n') {
			printf("\\n");
			continue;
		}
		if (*c == '"' || *c == '\\')
			putchar('\\');
		putchar(*c);
	}
	putchar('"');
	free(clean);
}

static void put_head(const char *name, const char *help, const char *type)
{
	printf("# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_value(const char *name, const struct device *device, uint64_t value)
{
	printf("%s{", name);
	put_label("device", device->name);
	printf("} %" PRIu64 "\n", value);
}

static void put_gauge(const char *name, const char *help, const struct device *devices, size_t nr,
		      uint64_t (*value)(const struct device *device))
{
	size_t i;

	put_head(name, help, "gauge");
	for (i = 0; i < nr; i++)
		put_value(name, &devices[i], value(&devices[i]));
}

static uint64_t is_found(const struct device *device)
{
	return status_is_bad(&device->status);
}

static uint64_t is_frozen(const struct device *device)
{
	return device->status.state == 'F';
}

static uint64_t size_of(const struct device *device)
{
	return device->length;
}

/* What only identifies a device: joined with the others by the label. */
static void put_info(const struct device *devices, size_t nr)
{
	char file[512];
	size_t i;

	put_head("blkverify_info", "The legs of the device.", "gauge");
	for (i = 0; i < nr; i++) {
		printf("blkverify_info{");
		put_label("device", devices[i].name);
		loop_backing_file(devices[i].raw_node, file, sizeof(file));
		put_label(",raw", file[0] ? file : devices[i].raw_node);
		loop_backing_file(devices[i].test_node, file, sizeof(file));
		put_label(",test", file[0] ? file : devices[i].test_node);
		printf("} 1\n");
	}
}

static void put_power(const struct device *devices, size_t nr)
{
	bool any = false;
	size_t i;

	for (i = 0; i < nr; i++) {
		if (!devices[i].status.present[FIELD_POWER])
			continue;
		if (!any)
			put_head("blkverify_power", "The power of the test device.", "gauge");
		any = true;
		printf("blkverify_power{");
		put_label("device", devices[i].name);
		put_label(",power", devices[i].status.power);
		printf("} 1\n");
	}
}

/* Devices without a value have no line, and a family without lines has no head. */
static void put_field(enum field field, const struct device *devices, size_t nr)
{
	char name[96], help[128];
	bool any = false;
	size_t i;

	snprintf(name, sizeof(name), "blkverify_%s%s%s", field_words[field],
		 status_is_sectors(field) ? "_sectors" :
		 field == FIELD_FIRST_MISMATCH ? "_sector" : "",
		 status_is_count(field) ? "_total" : "");
	snprintf(help, sizeof(help), "Field %s of the status%s.", field_words[field],
		 status_is_sectors(field) ? ", in sectors of 512 bytes" : "");
	for (i = 0; i < nr; i++) {
		if (!devices[i].status.present[field])
			continue;
		if (!any)
			put_head(name, help, status_is_count(field) ? "counter" : "gauge");
		any = true;
		put_value(name, &devices[i], devices[i].status.value[field]);
	}
}

void prometheus_print(const struct device *devices, size_t nr)
{
	enum field field;

	put_info(devices, nr);
	put_gauge("blkverify_found", "1 if something was found.", devices, nr, is_found);
	put_gauge("blkverify_frozen", "1 if the device is frozen by a finding.", devices, nr,
		  is_frozen);
	put_gauge("blkverify_size_sectors", "Size of the device, in sectors of 512 bytes.", devices,
		  nr, size_of);
	for (field = FIELD_STATE + 1; field < NR_FIELDS; field++)
		if (field != FIELD_POWER)
			put_field(field, devices, nr);
	put_power(devices, nr);
}
