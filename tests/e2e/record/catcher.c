/* SPDX-License-Identifier: MIT */
/*
 * catcher FILE: appends the name of each signal that it gets to FILE, a line each, after a first line with
 * its pid; ends with status 3 on SIGQUIT.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int file;

static void say(const char *text)
{
  if (write(file, text, strlen(text)) < 0 || write(file, "\n", 1) < 0)
    _exit(1);
}

static void on_signal(int signo)
{
  say(sigabbrev_np(signo));
  if (signo == SIGQUIT)
    _exit(3);
}

int main(int argc, char **argv)
{
  static const int signals[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGUSR1,
                                SIGUSR2, SIGALRM, SIGCONT, SIGWINCH};
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  char pid[16];
  if (argc < 2 || (file = open(argv[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)) < 0)
    return 2;
  sigfillset(&action.sa_mask);
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
    sigaction(signals[i], &action, NULL);
  snprintf(pid, sizeof pid, "%d", getpid());
  say(pid);
  for (;;)
    pause();
}
