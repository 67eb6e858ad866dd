/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel modules. */
#ifndef BLKVERIFY_MODULE_H
#define BLKVERIFY_MODULE_H

void module_load(const char *module);
/* Load the target if necessary; report what is missing. */
int module_need_target(void);
/* Make the module precede each report by a line that test harnesses look for. */
int module_report_as_bug(void);

#endif
