/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "launch/program.h"

static struct uvt_program_end run(const char *program, const char *argument1, const char *argument2)
{
  char *argv[] = {(char *)program, (char *)argument1, (char *)argument2, NULL};
  struct uvt_program_end end = {0};
  struct uvt_error error = {""};
  assert_int_equal(uvt_program_run(argv, &end, &error), 0);
  assert_string_equal(error.text, "");
  return end;
}

static void ends_like_a_shell_says(void **state)
{
  assert_int_equal(run("true", NULL, NULL).exit_status, 0);
  assert_int_equal(run("sh", "-c", "exit 42").exit_status, 42);
  assert_int_equal(run("sh", "-c", "kill -TERM $$").exit_status, 128 + SIGTERM);
  assert_int_equal(run("sh", "-c", "kill -KILL $$").exit_status, 128 + SIGKILL);
  (void)state;
}

static void cannot_be_run(void **state)
{
  struct uvt_program_end end = run("./no-such-program", NULL, NULL);
  assert_int_equal(end.exit_status, 127);
  assert_int_equal(end.exec_error, ENOENT);
  end = run("/etc/passwd", NULL, NULL);
  assert_int_equal(end.exit_status, 126);
  assert_int_equal(end.exec_error, EACCES);
  end = run("/", NULL, NULL);
  assert_int_equal(end.exit_status, 126);
  (void)state;
}

static void nothing_stays_behind(void **state)
{
  sigset_t before, after;
  int lowest = dup(0);
  close(lowest);
  sigprocmask(SIG_SETMASK, NULL, &before);
  run("true", NULL, NULL);
  run("./no-such-program", NULL, NULL);
  sigprocmask(SIG_SETMASK, NULL, &after);
  for (int signo = 1; signo < SIGRTMIN; signo++)
    assert_int_equal(sigismember(&before, signo), sigismember(&after, signo));
  int free_now = dup(0);
  close(free_now);
  assert_int_equal(free_now, lowest);
  assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
  assert_int_equal(errno, ECHILD);
  (void)state;
}

/* Where our parent had SIGCHLD ignored, the program finds it so; we must still learn of its end. */
static void ignored_child_signal(void **state)
{
  signal(SIGCHLD, SIG_IGN);
  /* Bit 16 of the mask in hexadecimal. A shell would set SIGCHLD for itself. */
  struct uvt_program_end end = run("grep", "-qeSigIgn:.*[13579bdf]....$", "/proc/self/status");
  signal(SIGCHLD, SIG_DFL);
  assert_int_equal(end.exit_status, 0);
  (void)state;
}

/* A signal to us alone is passed on. */
static void passes_on(void **state)
{
  struct uvt_program_end end =
      run("sh", "-c", "trap 'exit 9' USR2; (sleep 0.3; kill -USR2 $PPID) & while :; do sleep 0.05; done");
  /* From the program's child, not from the program: that is passed on, too. */
  assert_int_equal(end.exit_status, 9);
  (void)state;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ends_like_a_shell_says),
      cmocka_unit_test(cannot_be_run),
      cmocka_unit_test(nothing_stays_behind),
      cmocka_unit_test(ignored_child_signal),
      cmocka_unit_test(passes_on),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
