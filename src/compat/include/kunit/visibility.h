/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Before 6.2 (9c988fae6f6a, "kunit: add macro to allow conditionally exposing static symbols to
 * tests"). Nothing is exported: the suites cannot be built for such a kernel, see static_stub.h.
 */
#ifndef BLKVERIFY_COMPAT_VISIBILITY_H
#define BLKVERIFY_COMPAT_VISIBILITY_H

#include <linux/kconfig.h>

#if IS_ENABLED(CONFIG_KUNIT)
#define VISIBLE_IF_KUNIT
#else
#define VISIBLE_IF_KUNIT static
#endif

#define COMPAT_NO_EXPORT(...)
#define EXPORT_SYMBOL_IF_KUNIT COMPAT_NO_EXPORT

#endif /* BLKVERIFY_COMPAT_VISIBILITY_H */
