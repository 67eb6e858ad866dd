/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Before 6.3 (e047c5eaa763, "kunit: Expose 'static stub' API to redirect functions"). Nothing is
 * redirected, and the suites, which redirect allocations, cannot be built.
 */
#ifndef KUNIT_STATIC_STUB_REDIRECT
#define KUNIT_STATIC_STUB_REDIRECT(...) do {} while (0)
#endif
