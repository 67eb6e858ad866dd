# SPDX-License-Identifier: GPL-2.0-only
# The targets for users. The rules to build the module are in Kbuild.

# Overridable: the kernel to build for, by version or by its source or header tree.
KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build
DESTDIR ?=
prefix ?= /usr

space := $(subst ,, )
kbuild = $(MAKE) -C "$(KDIR)" M="$(CURDIR)"

.PHONY: all modules install uninstall man install-man clean demo check help headers tools \
	check-debug check-kernels check-workloads soak museum bench \
	deb patch check-deb check-patch check-recipes

all: modules

modules: headers
	+$(kbuild) modules

headers:
	@if [ ! -e "$(KDIR)/Makefile" ]; then \
		echo "There are no headers for kernel $(KVER) in $(KDIR). On Debian:" >&2; \
		echo "    apt-get install linux-headers-$(KVER)" >&2; \
		echo "or name another kernel: make KVER=<version>, make KDIR=<source or header tree>" >&2; \
		exit 1; \
	fi
	@case "$(CURDIR)" in *" "*) \
		echo "The kernel's build system cannot build in a path with a space: $(CURDIR)" >&2; \
		exit 1;; \
	esac

# The version from the tree itself: KDIR may belong to another kernel than KVER.
release = $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' "$(KDIR)/include/generated/utsrelease.h")

install: modules install-man
	+$(kbuild) INSTALL_MOD_PATH="$(DESTDIR)" INSTALL_MOD_DIR=extra modules_install
	[ -n "$(DESTDIR)" ] || depmod -a "$(release)"
	[ ! -e tools/Makefile ] || $(MAKE) -C tools DESTDIR="$(DESTDIR)" prefix="$(prefix)" install

man: dist/dm-blkverify.7

dist/dm-blkverify.7: Documentation/dm-blkverify.rst packaging/make-man debian/changelog
	mkdir -p dist
	packaging/make-man >$@.new
	mv $@.new $@

# blkverify(8) is installed with the command.
install-man:
	@if command -v $${RST2MAN:-rst2man} >/dev/null; then \
		$(MAKE) man && install -D -m 644 -t "$(DESTDIR)$(prefix)/share/man/man7" dist/dm-blkverify.7; \
	else \
		echo "The manual page dm-blkverify(7) is not installed: there is no rst2man. On Debian:" >&2; \
		echo "    apt-get install python3-docutils" >&2; \
	fi

uninstall: headers
	rm -f "$(DESTDIR)/lib/modules/$(release)/extra/dm-blkverify.ko"*
	[ -n "$(DESTDIR)" ] || depmod -a "$(release)"
	rm -f "$(DESTDIR)$(prefix)/share/man/man7/dm-blkverify.7" \
		"$(DESTDIR)$(prefix)/share/man/man8/blkverify.8"
	[ ! -e tools/Makefile ] || $(MAKE) -C tools DESTDIR="$(DESTDIR)" prefix="$(prefix)" uninstall

clean:
	rm -rf .tmp_versions Module.symvers modules.order dist
	find . -name '*.o' -o -name '*.ko' -o -name '*.mod' -o -name '*.mod.c' -o -name '.*.cmd' | \
		grep -v '^./.git/' | tr '\n' '\0' | xargs -0 rm -f
	[ ! -e tools/Makefile ] || $(MAKE) -C tools clean

demo:
	@tests/lab/demo

check:
	@tests/check

check-debug:
	@tests/check-debug

check-kernels:
	@tests/check-kernels

check-workloads:
	@tests/check-workloads

soak:
	@HOURS="$(HOURS)" SEED="$(SEED)" ROUND="$(ROUND)" tests/soak

museum:
	@tests/museum/run

bench:
	@bench/run

deb:
	@packaging/build-deb

patch:
	@packaging/make-patch

check-deb:
	@tests/check-deb

check-patch:
	@tests/check-patch

check-recipes:
	@tests/check-recipes

help:
	@echo "make                 build dm-blkverify.ko for the running kernel"
	@echo "make KVER=VERSION    ... for another kernel whose headers are installed"
	@echo "make KDIR=DIR        ... for a kernel source or header tree"
	@echo "make install         install module, command and manual pages (DESTDIR, prefix)"
	@echo "make uninstall       remove them"
	@echo "make man             build the manual page dm-blkverify(7)"
	@echo "make clean           remove what was built here (not the cache, ~/.cache/dm-blkverify)"
	@echo
	@echo "In throw-away virtual machines:"
	@echo "make demo            catch a corruption"
	@echo "make check           run the tests that fit in a few minutes"
	@echo "make check-debug     run all cases under KASAN, lockdep and kmemleak, with coverage"
	@echo "make check-kernels   run the cases on each kernel that Debian offers"
	@echo "make check-workloads run file systems, databases, swap, a Debian installation (LONG=1)"
	@echo "make soak HOURS=0.5  run all of that mixed, with faults and memory pressure (SEED=n)"
	@echo "make museum          put real bugs of drivers back and look for them: Documentation/museum.rst"
	@echo "make bench           compare speed with peers and with the floor (BENCH_ROUNDS=5: 6 minutes)"
	@echo
	@echo "Packages and patches:"
	@echo "make deb             build the Debian packages dm-blkverify-dkms and blkverify in dist"
	@echo "make patch           make a patch series for drivers/md in dist/patch"
	@echo "make check-deb       install, upgrade, use and remove the packages on Debian 12 and 13"
	@echo "make check-patch     apply the series to the newest kernel source, build and test there"
	@echo "make check-recipes   run Documentation/recipes.rst with the packages installed"
