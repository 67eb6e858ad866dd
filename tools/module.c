// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel modules: load what is needed, report what is missing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dm.h"
#include "module.h"
#include "util.h"

/* The messages of modprobe are not hidden: they have the reason of a failure. */
void module_load(const char *module)
{
	pid_t pid = fork();

	if (!pid) {
		setenv("PATH", "/usr/sbin:/sbin:/usr/bin:/bin", 1);
		execlp("modprobe", "modprobe", module, NULL);
		say_error("cannot run modprobe: %s: install kmod", strerror(errno));
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	say_debug("modprobe %s", module);
}

static int say_missing(int error)
{
	struct utsname kernel;

	if (error == -EACCES || error == -EPERM || geteuid()) {
		say_error("no permission to use the device mapper: become root");
		return NO_PERMISSION;
	}
	uname(&kernel);
	if (error == -ENOENT)
		say_error("the running kernel %s has no blkverify target, and modprobe dm-blkverify "
			  "did not help: install the module for this kernel (make install, or DKMS), "
			  "or insmod dm-blkverify.ko",
			  kernel.release);
	else
		say_error("the running kernel %s has no device mapper (%s): run \"modprobe dm-mod\" to "
			  "see why",
			  kernel.release, strerror(-error));
	return WRONG_DEVICE;
}

int module_need_target(void)
{
	unsigned int version[3];
	int r;

	/*
	 * Before the first call of the library, which remembers for good that there is no device
	 * mapper. The node proves nothing: the library creates it, too.
	 */
	if (!geteuid() && access("/sys/class/misc/device-mapper", F_OK))
		module_load("dm-mod");
	r = dm_target_version("blkverify", version);
	if (r == -ENOENT) {
		module_load("dm-blkverify");
		r = dm_target_version("blkverify", version);
	}
	return r ? say_missing(r) : DONE;
}

/* It stays on: other devices may rely on it. */
int module_report_as_bug(void)
{
	const char *path = "/sys/module/dm_blkverify/parameters/report_as_bug";
	int fd = open(path, O_WRONLY | O_CLOEXEC), error = 0;

	if (fd < 0 && errno == ENOENT) {
		say_error("the loaded dm-blkverify module is too old for --report-as-bug");
		return WRONG_DEVICE;
	}
	if (fd < 0 || write(fd, "1", 1) != 1)
		error = errno;
	if (fd >= 0)
		close(fd);
	if (error) {
		say_error("cannot write to %s: %s", path, strerror(error));
		return exit_code_of(error);
	}
	say_debug("%s: 1", path);
	return DONE;
}
