/* SPDX-License-Identifier: GPL-2.0-only */
/* The verbs: each takes its arguments, NULL-terminated, and returns an exit code. */
#ifndef BLKVERIFY_VERBS_H
#define BLKVERIFY_VERBS_H

int verb_open(char **argv);
int verb_close(char **argv);
int verb_status(char **argv);
int verb_report(char **argv);
int verb_dump(char **argv);
int verb_bundle(char **argv);
int verb_wait(char **argv);
int verb_watch(char **argv);
int verb_follow(char **argv);
int verb_scrub(char **argv);
int verb_compare(char **argv);
int verb_sync(char **argv);
int verb_crash(char **argv);
int verb_run(char **argv);
int verb_fstests(char **argv);

#endif
