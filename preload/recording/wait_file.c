/* SPDX-License-Identifier: MIT */
/*
 * liblttng-ust maps a page of each of its files lttng-ust-wait-* in /dev/shm and reads it. With no block to
 * be had there for it, or in a file that was left empty, that is SIGBUS in the program. So shm_open is
 * interposed: such a file cannot be opened, and liblttng-ust does without that session daemon.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"

#define EXPORT __attribute__((visibility("default")))

static bool is_wait_file(const char *name)
{
  static const char prefix[] = "/lttng-ust-wait-";
  return strncmp(name, prefix, sizeof prefix - 1) == 0;
}

/* The kernel reads the page first, as the text of a path, and answers where we would get a signal. A page
 * that has once been read has its block. */
static bool can_be_read(int fd)
{
  size_t size = (size_t)sysconf(_SC_PAGE_SIZE);
  void *page = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
  if (page == MAP_FAILED)
    return true; /* not for liblttng-ust either */
  bool read = access(page, F_OK) == 0 || errno != EFAULT;
  munmap(page, size);
  return read;
}

/* C libraries before glibc 2.34 have it in a library of its own, that may be loaded for liblttng-ust alone.
 */
static __typeof__(&shm_open) find_real(void)
{
  void *real = dlsym(RTLD_NEXT, "shm_open"), *library;
  if (!real && (library = dlopen("librt.so.1", RTLD_LAZY | RTLD_NOLOAD)))
    real = dlsym(library, "shm_open");
  return (__typeof__(&shm_open))real;
}

EXPORT int shm_open(const char *name, int flags, mode_t mode)
{
  __typeof__(&shm_open) real = find_real();
  if (!real) {
    errno = ENOSYS;
    return -1;
  }
  int fd = real(name, flags, mode);
  if (fd < 0 || flags & O_CREAT || !is_wait_file(name) || can_be_read(fd))
    return fd;
  uvt_log("%s in /dev/shm has no block and can have none: LTTng is not used through it", name + 1);
  close(fd);
  errno = ENOSPC;
  return -1;
}
