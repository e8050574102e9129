/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "descriptors.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define LTTNG "liblttng-ust"
#define RANGES 8          /* liblttng-ust.so, -common.so, -tracepoint.so */
#define GUARDED_MAX 65536 /* uvt_descriptor_high goes no higher */

static int syscall_socket(int domain, int type, int protocol)
{
  return (int)syscall(SYS_socket, domain, type, protocol);
}

static ssize_t syscall_recvmsg(int fd, struct msghdr *message, int flags)
{
  return syscall(SYS_recvmsg, fd, message, flags);
}

static int syscall_close(int fd)
{
  return (int)syscall(SYS_close, fd);
}

/* Should another object's constructor call them before ours has run: the system calls themselves. */
static __typeof__(&socket) real_socket = syscall_socket;
static __typeof__(&recvmsg) real_recvmsg = syscall_recvmsg;
static __typeof__(&close) real_close = syscall_close;

static struct {
  uintptr_t low, high;
} ranges[RANGES]; /* where liblttng-ust lies; filled from the front, `high` last */
static bool loading;

/* Descriptors that are not the program's to close: a bit each, and how many there are. */
static uint64_t guarded[GUARDED_MAX / 64];
static uint32_t guarded_count;

void uvt_descriptors_init(void)
{
  void *its_socket = dlsym(RTLD_NEXT, "socket"), *its_recvmsg = dlsym(RTLD_NEXT, "recvmsg"),
       *its_close = dlsym(RTLD_NEXT, "close");
  if (its_socket)
    real_socket = (__typeof__(&socket))its_socket;
  if (its_recvmsg)
    real_recvmsg = (__typeof__(&recvmsg))its_recvmsg;
  if (its_close)
    real_close = (__typeof__(&close))its_close;
}

static int learn(struct dl_phdr_info *info, size_t size, void *count)
{
  (void)size;
  int *at = count;
  if (!info->dlpi_name || !strstr(info->dlpi_name, LTTNG) || *at == RANGES)
    return 0;
  uintptr_t low = UINTPTR_MAX, high = 0;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *header = &info->dlpi_phdr[i];
    if (header->p_type != PT_LOAD)
      continue;
    uintptr_t begin = info->dlpi_addr + header->p_vaddr;
    low = begin < low ? begin : low;
    high = begin + header->p_memsz > high ? begin + header->p_memsz : high;
  }
  ranges[*at].low = low;
  __atomic_store_n(&ranges[(*at)++].high, high, __ATOMIC_RELEASE);
  return 0;
}

void uvt_descriptors_loading(bool begin)
{
  int count = 0;
  if (!begin)
    dl_iterate_phdr(learn, &count);
  __atomic_store_n(&loading, begin, __ATOMIC_RELEASE);
}

/* While the provider is being loaded the loader's lock is held by the thread that loads it, so the loader
 * cannot be asked from another: /proc/self/maps can. */
static bool maps_say_lttng(uintptr_t address)
{
  char line[512];
  bool found = false, inside = false;
  size_t length = 0;
  char byte;
  char chunk[2048];
  ssize_t got;
  int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  while (fd >= 0 && !inside && (got = read(fd, chunk, sizeof chunk)) > 0)
    for (ssize_t i = 0; i < got && !inside; i++) {
      byte = chunk[i];
      if (byte != '\n') {
        if (length < sizeof line - 1)
          line[length++] = byte;
        continue;
      }
      line[length] = '\0';
      length = 0;
      char *end;
      uintptr_t low = strtoull(line, &end, 16), high = strtoull(end + 1, NULL, 16);
      inside = low <= address && address < high;
      found = inside && strstr(line, LTTNG);
    }
  if (fd >= 0)
    close(fd);
  return found;
}

static bool from_lttng(const void *caller)
{
  uintptr_t address = (uintptr_t)caller;
  for (int i = 0; i < RANGES; i++) {
    uintptr_t high = __atomic_load_n(&ranges[i].high, __ATOMIC_ACQUIRE);
    if (!high)
      break;
    if (address >= ranges[i].low && address < high)
      return true;
  }
  if (!__atomic_load_n(&loading, __ATOMIC_ACQUIRE))
    return false;
  int saved = errno;
  bool found = maps_say_lttng(address);
  errno = saved;
  return found;
}

static bool is_guarded(unsigned fd)
{
  return fd < GUARDED_MAX && __atomic_load_n(&guarded[fd / 64], __ATOMIC_RELAXED) >> fd % 64 & 1;
}

void uvt_descriptor_guard(int fd)
{
  if (fd < 0 || fd >= GUARDED_MAX || is_guarded((unsigned)fd))
    return;
  __atomic_fetch_or(&guarded[fd / 64], UINT64_C(1) << fd % 64, __ATOMIC_RELAXED);
  __atomic_fetch_add(&guarded_count, 1, __ATOMIC_RELEASE);
}

int uvt_descriptor_close(int fd)
{
  if (is_guarded((unsigned)fd)) {
    __atomic_fetch_and(&guarded[fd / 64], ~(UINT64_C(1) << fd % 64), __ATOMIC_RELAXED);
    __atomic_fetch_sub(&guarded_count, 1, __ATOMIC_RELEASE);
  }
  return real_close(fd);
}

int uvt_descriptor_high(int fd)
{
  struct rlimit limit;
  int saved = errno, high = -1;
  rlim_t most =
      getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < GUARDED_MAX ? limit.rlim_cur : GUARDED_MAX;
  for (rlim_t from = most > 64 ? most - 64 : 0; high < 0 && from > 8; from /= 2)
    high = fcntl(fd, F_DUPFD_CLOEXEC, (int)from);
  if (high >= 0)
    real_close(fd);
  errno = saved;
  return high >= 0 ? high : fd;
}

static int take_over(int fd)
{
  fd = uvt_descriptor_high(fd);
  uvt_descriptor_guard(fd);
  return fd;
}

EXPORT int socket(int domain, int type, int protocol)
{
  int fd = real_socket(domain, type, protocol);
  return fd >= 0 && from_lttng(__builtin_return_address(0)) ? take_over(fd) : fd;
}

static void move_received(struct msghdr *message)
{
  for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
      continue;
    for (size_t at = 0; at + sizeof(int) <= part->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
      int fd;
      memcpy(&fd, CMSG_DATA(part) + at, sizeof fd);
      fd = take_over(fd);
      memcpy(CMSG_DATA(part) + at, &fd, sizeof fd);
    }
  }
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
  ssize_t got = real_recvmsg(fd, message, flags);
  if (got >= 0 && message->msg_controllen && from_lttng(__builtin_return_address(0)))
    move_received(message);
  return got;
}

/* To the program a descriptor of LTTng's or ours is a number that is not open. */
EXPORT int close(int fd)
{
  if (!__atomic_load_n(&guarded_count, __ATOMIC_ACQUIRE) || !is_guarded((unsigned)fd))
    return real_close(fd);
  if (from_lttng(__builtin_return_address(0)))
    return uvt_descriptor_close(fd);
  errno = EBADF;
  return -1;
}

/* Onto such a number nothing can be put, as onto one beyond the limit: LTTng would go on writing there. */
static bool is_beyond(int fd, const void *caller)
{
  if (!__atomic_load_n(&guarded_count, __ATOMIC_ACQUIRE) || !is_guarded((unsigned)fd) || from_lttng(caller))
    return false;
  errno = EBADF;
  return true;
}

EXPORT int dup2(int from, int to)
{
  return is_beyond(to, __builtin_return_address(0)) ? -1 : (int)syscall(SYS_dup2, from, to);
}

EXPORT int dup3(int from, int to, int flags)
{
  return is_beyond(to, __builtin_return_address(0)) ? -1 : (int)syscall(SYS_dup3, from, to, flags);
}

/* The system call on what lies between guarded descriptors. */
static int close_between(unsigned first, unsigned last, int flags)
{
  for (unsigned fd = first; fd < GUARDED_MAX && fd <= last; fd++) {
    if (!guarded[fd / 64])
      fd |= 63;
    if (!is_guarded(fd))
      continue;
    if (fd > first && syscall(SYS_close_range, first, fd - 1, flags) != 0)
      return -1;
    if (fd == last)
      return 0;
    first = fd + 1;
  }
  return (int)syscall(SYS_close_range, first, last, flags);
}

EXPORT int close_range(unsigned first, unsigned last, int flags)
{
  if (first > last || !__atomic_load_n(&guarded_count, __ATOMIC_ACQUIRE))
    return (int)syscall(SYS_close_range, first, last, flags);
  return close_between(first, last, flags);
}

/* A kernel without close_range (before 5.9): one by one. */
EXPORT void closefrom(int low)
{
  int saved = errno;
  unsigned first = low > 0 ? (unsigned)low : 0;
  if (close_between(first, UINT32_MAX, 0) != 0)
    for (long fd = first, end = sysconf(_SC_OPEN_MAX); fd < end; fd++)
      if (!is_guarded((unsigned)fd))
        real_close((int)fd);
  errno = saved;
}
