/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/say.h"
#include "helper.h"
#include "session.h"

#define DAEMON_PROGRAM "lttng-sessiond"
#define KEEPER_NAME "uvt-keeper"

/* How long each may take; all are far above what was ever seen. */
enum { START_S = 15, END_S = 15, RELEASE_S = 40, LOCK_S = 30 };

/* What keeper and caller tell each other. */
enum { SAY_MADE = 'm', SAY_HANGS = 'h', SAY_STAYS = 's' };

/* The keeper's first words. */
struct answer {
  bool ready;
  bool ours;
  struct uvt_error error;
};

struct uvt_daemon {
  pid_t keeper;
  int channel;
  int lock;
  bool ours;
};

/* A file that none but this user can open, and so hold, beside the daemon's own. -1: there is none. */
static int open_lock(char path[PATH_MAX])
{
  const char *home = getenv("LTTNG_HOME") ? getenv("LTTNG_HOME") : getenv("HOME");
  bool root = getuid() == 0;
  char folder[PATH_MAX] = "/var/run";
  struct stat status;
  if (!root && (!home || snprintf(folder, sizeof folder, "%s/.lttng", home) >= PATH_MAX))
    return -1;
  if (!root)
    mkdir(folder, 0700); /* where the first daemon has not made it yet */
  if (snprintf(path, PATH_MAX, "%s/uvtree.lock", folder) >= PATH_MAX)
    return -1;
  int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
  if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == geteuid() &&
      !(status.st_mode & 077))
    return fd;
  if (fd >= 0)
    close(fd);
  return -1;
}

/*
 * One recording at a time finds, starts or ends a daemon (LOCK_EX), and none ends it while another's session
 * is being ended (LOCK_SH), which the daemon does not count any more. -1 where the lock cannot be had: then
 * we go on without.
 */
static int take_lock(int how)
{
  char path[PATH_MAX];
  int fd = open_lock(path);
  const struct timespec pause = {.tv_nsec = 50 * 1000000L};
  for (int tries = 0; fd >= 0 && flock(fd, how | LOCK_NB) < 0; tries++) {
    if (errno != EWOULDBLOCK || tries >= LOCK_S * 20) {
      if (errno == EWOULDBLOCK)
        uvt_say("record", "another recording has held %s for %d s: going on beside it", path, LOCK_S);
      close(fd);
      return -1;
    }
    nanosleep(&pause, NULL);
  }
  return fd;
}

static void drop_lock(int fd)
{
  if (fd < 0)
    return;
  flock(fd, LOCK_UN); /* for the copies of the descriptor, too */
  close(fd);
}

/* In the child that becomes the daemon. Its messages go to `log`. */
static void become_daemon(pid_t keeper, int log)
{
  const char *program = getenv("LTTNG_SESSIOND_PATH");
  sigset_t none;
  setsid(); /* a ^C at the terminal is not for the daemon */
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != keeper)
    _exit(127);
  dup2(log, STDERR_FILENO);
  signal(SIGPIPE, SIG_DFL);
  signal(SIGCHLD, SIG_DFL);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  program = program && *program ? program : DAEMON_PROGRAM;
  execlp(program, DAEMON_PROGRAM, "--no-kernel", "--sig-parent", (char *)NULL);
  dprintf(log, "%s: %s", program, strerror(errno));
  _exit(127);
}

/* The daemon's last line, for the user. */
static void explain(int log, struct uvt_error *error)
{
  char text[400];
  off_t end = lseek(log, 0, SEEK_END);
  off_t from = end > (off_t)sizeof text - 1 ? end - (off_t)sizeof text + 1 : 0;
  ssize_t size = pread(log, text, sizeof text - 1, from);
  text[size > 0 ? size : 0] = '\0';
  for (size_t last = strlen(text); last > 0 && strchr("\n\r", text[last - 1]); last--)
    text[last - 1] = '\0';
  char *line = strrchr(text, '\n') ? strrchr(text, '\n') + 1 : text;
  uvt_error_set(error, "cannot start an LTTng session daemon%s%s", *line ? ": " : "", line);
}

/* Starts the daemon as our child; its pid once it is ready, or -1. SIGUSR1 and SIGCHLD are blocked. */
static pid_t start_daemon(struct uvt_error *error)
{
  sigset_t news;
  sigemptyset(&news);
  sigaddset(&news, SIGUSR1);
  sigaddset(&news, SIGCHLD);
  int log = memfd_create("uvtree-daemon-log", MFD_CLOEXEC);
  pid_t keeper = getpid(), pid = fork();
  if (pid == 0)
    become_daemon(keeper, log);
  const struct timespec limit = {.tv_sec = START_S};
  int signo = pid > 0 ? sigtimedwait(&news, NULL, &limit) : -1;
  if (signo == SIGUSR1) {
    close(log);
    return pid;
  }
  if (pid > 0) {
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
  }
  explain(log, error);
  close(log);
  return -1;
}

/* With its consumer daemon, which may be what hangs: both are in the process group that it leads. */
static void kill_daemon(pid_t pid)
{
  kill(-pid, SIGKILL);
  waitpid(pid, NULL, 0);
}

static void end_daemon(pid_t pid)
{
  sigset_t child;
  const struct timespec limit = {.tv_sec = END_S};
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  kill(pid, SIGTERM);
  if (waitpid(pid, NULL, WNOHANG) == pid)
    return;
  sigtimedwait(&child, NULL, &limit);
  if (waitpid(pid, NULL, WNOHANG) != pid)
    kill_daemon(pid);
}

/* The caller need not wait for us any longer. */
static void stay(int channel)
{
  send(channel, &(char){SAY_STAYS}, 1, MSG_NOSIGNAL);
  shutdown(channel, SHUT_RDWR);
  setsid();
}

/* Ends our daemon when no session is left in it. */
static void end_when_unused(pid_t pid, int channel)
{
  const struct timespec pause = {.tv_sec = 1};
  bool told = false;
  for (;;) {
    int lock = take_lock(LOCK_EX);
    if (uvt_session_count() <= 0) {
      end_daemon(pid);
      drop_lock(lock);
      return;
    }
    drop_lock(lock);
    if (!told) {
      stay(channel);
      told = true;
    }
    nanosleep(&pause, NULL);
  }
}

struct news {
  bool made, hangs;
};

/* Until the caller is done or dead: what it said. */
static struct news await_caller(int channel)
{
  struct news news = {.made = false};
  char word;
  for (;;) {
    ssize_t got = read(channel, &word, 1);
    if (got == 0 || (got < 0 && errno != EINTR))
      return news;
    news.made |= got == 1 && word == SAY_MADE;
    news.hangs |= got == 1 && word == SAY_HANGS;
  }
}

/* A daemon that is not ours may answer again one day; until then our session is its. */
static void leave_session(int channel, const char *session, bool hangs)
{
  struct uvt_error ignored = {""};
  int lock = hangs ? -1 : take_lock(LOCK_SH);
  if (hangs)
    stay(channel);
  uvt_session_be_patient(0);
  uvt_session_destroy(session, &ignored); /* not there any more where the caller did it */
  drop_lock(lock);
}

static void end_ours(pid_t daemon, int channel, const char *session, struct news news)
{
  struct uvt_error ignored = {""};
  if (news.made && !news.hangs)
    news.hangs = uvt_session_destroy(session, &ignored) == UVT_SESSION_HANGS;
  if (news.hangs)
    kill_daemon(daemon);
  else
    end_when_unused(daemon, channel);
}

static void keep(int channel, const char *session) __attribute__((noreturn));
static void keep(int channel, const char *session)
{
  struct answer answer = {.ready = uvt_session_daemon_answers()};
  pid_t daemon = -1;
  signal(SIGCHLD, SIG_DFL);
  if (!answer.ready) {
    daemon = start_daemon(&answer.error);
    answer.ready = answer.ours = daemon > 0;
  }
  if (write(channel, &answer, sizeof answer) != (ssize_t)sizeof answer)
    answer.ready = false;
  struct news news = {.made = false};
  if (answer.ready)
    news = await_caller(channel);
  if (daemon > 0)
    end_ours(daemon, channel, session, news);
  else if (news.made || news.hangs) /* what hangs may still make it */
    leave_session(channel, session, news.hangs);
  _exit(0);
}

struct uvt_daemon *uvt_daemon_hold(const char *session, struct uvt_error *error)
{
  struct uvt_daemon *daemon = calloc(1, sizeof *daemon);
  char *name = strdup(session); /* the helper overwrites the command line, in which it may lie */
  if (!daemon || !name) {
    uvt_error_set(error, "out of memory");
    free(daemon);
    free(name);
    return NULL;
  }
  daemon->lock = take_lock(LOCK_EX);
  daemon->keeper = uvt_helper_fork(KEEPER_NAME, &daemon->channel, error);
  if (daemon->keeper == 0)
    keep(daemon->channel, name);
  free(name);
  struct answer answer = {.ready = false};
  if (daemon->keeper > 0 &&
      recv(daemon->channel, &answer, sizeof answer, MSG_WAITALL) != (ssize_t)sizeof answer)
    uvt_error_set(error, "cannot start an LTTng session daemon");
  daemon->ours = answer.ours;
  if (answer.ready)
    return daemon;
  if (answer.error.text[0])
    uvt_error_set(error, "%s", answer.error.text);
  if (daemon->keeper > 0)
    uvt_daemon_release(daemon);
  else {
    drop_lock(daemon->lock);
    free(daemon);
  }
  return NULL;
}

bool uvt_daemon_is_ours(const struct uvt_daemon *daemon)
{
  return daemon->ours;
}

void uvt_daemon_session_made(struct uvt_daemon *daemon)
{
  send(daemon->channel, &(char){SAY_MADE}, 1, MSG_NOSIGNAL);
  drop_lock(daemon->lock);
  daemon->lock = -1;
}

void uvt_daemon_session_ends(struct uvt_daemon *daemon)
{
  daemon->lock = take_lock(LOCK_SH);
}

void uvt_daemon_hangs(struct uvt_daemon *daemon)
{
  send(daemon->channel, &(char){SAY_HANGS}, 1, MSG_NOSIGNAL);
}

void uvt_daemon_release(struct uvt_daemon *daemon)
{
  if (!daemon)
    return;
  drop_lock(daemon->lock);
  shutdown(daemon->channel, SHUT_WR);
  struct pollfd news = {.fd = daemon->channel, .events = POLLIN};
  char word;
  if (poll(&news, 1, RELEASE_S * 1000) == 1 && read(daemon->channel, &word, 1) == 0)
    waitpid(daemon->keeper, NULL, 0);
  close(daemon->channel);
  free(daemon);
}
