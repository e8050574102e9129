/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "endings.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "live/arena.h"
#include "recording/announce.h"
#include "recording/buffer.h"

#define EXPORT __attribute__((visibility("default")))
#define ARGUMENTS_MAX 4096 /* of execl and its kin */

/* X(function): those that come back, if only where they fail */
#define RETURNING(X) X(raise) X(kill) X(execve) X(execv) X(execvp) X(execvpe) X(fexecve)

static struct {
#define MEMBER(name) __typeof__(&name) name;
  RETURNING(MEMBER)
#undef MEMBER
  __typeof__(&_exit) exit;
  __typeof__(&abort) abort;
  __typeof__(&quick_exit) quick_exit;
} real;

/* Should another object's constructor come here before ours has run, it is found then. */
#define REAL(name) (real.name ? real.name : (__typeof__(&name))dlsym(RTLD_NEXT, #name))

void uvt_endings_init(void)
{
#define FIND(name) real.name = (__typeof__(&name))dlsym(RTLD_NEXT, #name);
  RETURNING(FIND)
  FIND(abort)
  FIND(quick_exit)
  real.exit = (__typeof__(&_exit))dlsym(RTLD_NEXT, "_exit");
}

/* In a child that shares our memory (vfork) what waits is not its to write. */
static bool is_our_process(void)
{
  return uvt_live->pid == getpid();
}

/* In our own code; the caller may be a signal handler that interrupted it. */
static void finish_by(void (*write)(void))
{
  struct uvt_thread *thread = &uvt_thread;
  int saved = errno;
  bool interrupted = thread->ours;
  if (!is_our_process())
    return;
  uvt_thread_ours(thread);
  write();
  if (!interrupted)
    uvt_thread_leave(thread);
  errno = saved;
}

static void write_waiting(void)
{
  finish_by(uvt_buffers_write);
}

/* The same where the process is sure to end, unless it jumps out of a signal handler. */
static void write_last(void)
{
  write_waiting();
  finish_by(uvt_announce_end);
}

/* ---- The end ---- */

EXPORT void _exit(int status)
{
  finish_by(uvt_buffers_end);
  if (real.exit)
    real.exit(status);
  for (;;)
    syscall(SYS_exit_group, status);
}

EXPORT void _Exit(int status) __attribute__((alias("_exit")));

EXPORT void quick_exit(int status)
{
  write_last();
  REAL(quick_exit)(status);
  __builtin_unreachable();
}

EXPORT void abort(void)
{
  write_last();
  REAL(abort)();
  __builtin_unreachable();
}

/* ---- Signals to itself ---- */

static bool is_harmless(int signal)
{
  static const int harmless[] = {SIGCHLD, SIGURG, SIGWINCH, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU};
  for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
    if (harmless[i] == signal)
      return true;
  return signal == 0;
}

static bool is_fatal(int signal)
{
  struct sigaction action;
  if (is_harmless(signal))
    return false;
  return signal == SIGKILL || (sigaction(signal, NULL, &action) == 0 && !(action.sa_flags & SA_SIGINFO) &&
                               action.sa_handler == SIG_DFL);
}

EXPORT int raise(int signal)
{
  if (is_fatal(signal))
    write_last();
  return REAL(raise)(signal);
}

EXPORT int kill(pid_t pid, int signal)
{
  bool reaches_us = pid == getpid() || pid == 0 || pid == -1 || pid == -getpgrp();
  if (reaches_us && is_fatal(signal))
    write_last();
  return REAL(kill)(pid, signal);
}

/* ---- Exec ---- */

EXPORT int execve(const char *path, char *const arguments[], char *const environment[])
{
  write_waiting();
  return REAL(execve)(path, arguments, environment);
}

EXPORT int execv(const char *path, char *const arguments[])
{
  write_waiting();
  return REAL(execv)(path, arguments);
}

EXPORT int execvp(const char *file, char *const arguments[])
{
  write_waiting();
  return REAL(execvp)(file, arguments);
}

EXPORT int execvpe(const char *file, char *const arguments[], char *const environment[])
{
  write_waiting();
  return REAL(execvpe)(file, arguments, environment);
}

EXPORT int fexecve(int fd, char *const arguments[], char *const environment[])
{
  write_waiting();
  return REAL(fexecve)(fd, arguments, environment);
}

/* The arguments up to NULL, as an array; -1 and errno where there are too many. */
static int collect(const char *first, va_list *rest, const char *arguments[ARGUMENTS_MAX])
{
  size_t count = 0;
  for (const char *argument = first; argument; argument = va_arg(*rest, const char *)) {
    if (count == ARGUMENTS_MAX - 1) {
      errno = E2BIG;
      return -1;
    }
    arguments[count++] = argument;
  }
  arguments[count] = NULL;
  return 0;
}

#define EXECL(name, call)                                   \
  EXPORT int name(const char *path, const char *first, ...) \
  {                                                         \
    const char *arguments[ARGUMENTS_MAX];                   \
    va_list rest;                                           \
    va_start(rest, first);                                  \
    int status = collect(first, &rest, arguments);          \
    char *const *vector = (char *const *)arguments;         \
    if (status == 0)                                        \
      status = call;                                        \
    va_end(rest);                                           \
    return status;                                          \
  }
EXECL(execl, execv(path, vector))
EXECL(execlp, execvp(path, vector))
EXECL(execle, execve(path, vector, va_arg(rest, char *const *)))
