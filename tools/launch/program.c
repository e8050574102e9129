/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "helper.h"

#define WITNESS_NAME "uvt-witness"

/* What is passed on. Stops and continues are: a shell must see us stopped when the program is. */
static const int passed_on[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGUSR1,
                                SIGUSR2, SIGALRM, SIGCONT, SIGTSTP, SIGWINCH};

/*
 * A terminal's ^C, `timeout`, and a shell's `kill %1` signal the whole process group: the program has that
 * signal already and must not get it twice. The sender does not tell whom it meant, so a second process of
 * the group, the witness, with all signals blocked, is asked whether it got the signal, too. The kernel
 * signals the members of a group in one go: the witness waits no longer than this.
 */
enum { WITNESS_WAIT_MS = 5, WITNESS_ANSWER_MS = 200 };

struct witness {
  pid_t pid;
  int channel;
};

static void be_witness(int channel) __attribute__((noreturn));
static void be_witness(int channel)
{
  const struct timespec limit = {.tv_nsec = WITNESS_WAIT_MS * 1000000L};
  uint8_t signo;
  while (read(channel, &signo, 1) == 1) {
    sigset_t asked;
    sigemptyset(&asked);
    sigaddset(&asked, signo);
    uint8_t seen = sigtimedwait(&asked, NULL, &limit) == signo;
    if (send(channel, &seen, 1, MSG_NOSIGNAL) != 1)
      break;
  }
  _exit(0);
}

static void dismiss(struct witness *witness)
{
  if (witness->pid <= 0)
    return;
  close(witness->channel);
  kill(witness->pid, SIGKILL); /* it may be stopped */
  waitpid(witness->pid, NULL, 0);
}

static bool group_got(struct witness *witness, uint8_t signo)
{
  struct pollfd answer = {.fd = witness->channel, .events = POLLIN};
  uint8_t seen = 0;
  if (send(witness->channel, &signo, 1, MSG_NOSIGNAL) != 1 || poll(&answer, 1, WITNESS_ANSWER_MS) != 1)
    return false;
  return read(witness->channel, &seen, 1) == 1 && seen;
}

/* What the program must find as it would without us. */
struct dispositions {
  sigset_t mask;
  struct sigaction child, pipe;
};

static void take_signals(sigset_t *awaited, struct dispositions *before)
{
  struct sigaction plain = {.sa_handler = SIG_DFL};
  sigaction(SIGCHLD, &plain, &before->child); /* where it is ignored nobody could wait for the program */
  sigaction(SIGPIPE, NULL, &before->pipe);
  sigemptyset(awaited);
  for (size_t i = 0; i < sizeof passed_on / sizeof *passed_on; i++)
    sigaddset(awaited, passed_on[i]);
  sigaddset(awaited, SIGCHLD);
  sigprocmask(SIG_BLOCK, awaited, &before->mask);
}

static void give_signals_back(const sigset_t *awaited, const struct dispositions *before)
{
  const struct timespec now = {0};
  while (sigtimedwait(awaited, NULL, &now) > 0)
    ; /* these were meant for the program, which has ended */
  sigprocmask(SIG_SETMASK, &before->mask, NULL);
}

static void become_program(char *const argv[], const struct dispositions *before, int report)
{
  sigaction(SIGCHLD, &before->child, NULL);
  sigaction(SIGPIPE, &before->pipe, NULL);
  sigprocmask(SIG_SETMASK, &before->mask, NULL);
  execvp(argv[0], argv);
  int why = errno;
  if (write(report, &why, sizeof why) < 0)
    _exit(126);
  _exit(127);
}

/* Its pid, or -1; exec_error as uvt_program_end's. */
static pid_t start(char *const argv[], const struct dispositions *before, int *exec_error)
{
  int report[2];
  if (pipe2(report, O_CLOEXEC) < 0)
    return -1;
  pid_t pid = fork();
  if (pid == 0)
    become_program(argv, before, report[1]);
  int why = errno;
  close(report[1]);
  *exec_error = 0;
  while (pid > 0 && read(report[0], exec_error, sizeof *exec_error) < 0 && errno == EINTR)
    ;
  close(report[0]);
  errno = why;
  return pid;
}

/* The shell that waits for us must see its job stopped, but only by job control of a group that we share. */
static void stop_with(pid_t pid, int signo)
{
  if ((signo == SIGTSTP || signo == SIGTTIN || signo == SIGTTOU) && getpgid(pid) == getpgrp())
    kill(getpid(), SIGSTOP);
}

/* Whether it has ended. */
static bool reap(pid_t pid, int *status)
{
  for (;;) {
    pid_t got = waitpid(pid, status, WNOHANG | WUNTRACED);
    if (got == 0)
      return false;
    if (got < 0) {
      if (errno == EINTR)
        continue;
      *status = 0;
      return true;
    }
    if (!WIFSTOPPED(*status))
      return true;
    stop_with(pid, WSTOPSIG(*status));
  }
}

static int wait_for(pid_t pid, const sigset_t *awaited, struct witness *witness)
{
  int status = 0;
  while (!reap(pid, &status)) {
    siginfo_t info;
    int signo = sigwaitinfo(awaited, &info);
    if (signo <= 0 || signo == SIGCHLD)
      continue;
    bool echo = info.si_code <= 0 && info.si_pid == pid; /* what it tells its parent is not for itself */
    if (!echo && !group_got(witness, (uint8_t)signo))
      kill(pid, signo);
  }
  return status;
}

static int shell_status(int wait_status)
{
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

int uvt_program_run(char *const argv[], struct uvt_program_end *end, struct uvt_error *error)
{
  sigset_t awaited;
  struct dispositions before;
  struct witness witness;
  take_signals(&awaited, &before);
  witness.pid = uvt_helper_fork(WITNESS_NAME, &witness.channel, error);
  if (witness.pid == 0)
    be_witness(witness.channel);
  pid_t pid = witness.pid > 0 ? start(argv, &before, &end->exec_error) : -1;
  if (pid > 0)
    end->exit_status = shell_status(wait_for(pid, &awaited, &witness));
  else
    uvt_error_set(error, "cannot start %s: %s", argv[0], strerror(errno));
  if (pid > 0 && end->exec_error)
    end->exit_status = end->exec_error == ENOENT ? 127 : 126;
  dismiss(&witness);
  give_signals_back(&awaited, &before);
  return pid > 0 ? 0 : -1;
}
