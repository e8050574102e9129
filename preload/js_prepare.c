/* SPDX-License-Identifier: MIT */
/* In the constructor: Node is told to load the agent. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "env.h"
#include "js.h"
#include "log.h"
#include "route.h"

#define AGENT "uvtree-agent.cjs"
#define COMMAND_LINE_MAX 65536

/* Node's permission model refuses to read a file that was not allowed, and would end the program for it. */
static bool is_permission_flag(const char *argument)
{
  return !strcmp(argument, "--permission") || !strcmp(argument, "--experimental-permission");
}

static bool restricted_by_command_line(void)
{
  char *arguments = malloc(COMMAND_LINE_MAX);
  int fd = arguments ? open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC) : -1;
  ssize_t length = fd >= 0 ? read(fd, arguments, COMMAND_LINE_MAX - 1) : 0;
  bool found = false;
  if (fd >= 0)
    close(fd);
  if (length > 0) {
    arguments[length] = '\0';
    for (char *at = arguments; at < arguments + length && !found; at += strlen(at) + 1)
      found = is_permission_flag(at);
  }
  free(arguments);
  return found;
}

static bool is_restricted(const char *options)
{
  return (options && (strstr(options, "--permission") || strstr(options, "--experimental-permission"))) ||
         restricted_by_command_line();
}

/* Writes `--require "path"`, quoted as NODE_OPTIONS wants it, and returns the end. */
static char *put_require(char *at, const char *path)
{
  at = stpcpy(at, "--require \"");
  for (; *path; path++) {
    if (*path == '"' || *path == '\\')
      *at++ = '\\';
    *at++ = *path;
  }
  return stpcpy(at, "\"");
}

/* Ours comes first, and a blank after it tells the agent that NODE_OPTIONS was set, if only to nothing. */
static int add_to_node_options(const char *path, const char *options)
{
  char *value = malloc(2 * strlen(path) + (options ? strlen(options) : 0) + 32);
  if (!value)
    return -1;
  char *at = put_require(value, path);
  if (options)
    sprintf(at, " %s", options);
  int status = setenv("NODE_OPTIONS", value, 1);
  free(value);
  return status;
}

static bool wants_js(const char *layer)
{
  return layer && (strcmp(layer, "all") == 0 || strcmp(layer, "always") == 0);
}

void uvt_js_prepare(void)
{
  char path[4096];
  const char *options = getenv("NODE_OPTIONS");
  if (!wants_js(uvt_env.layer) || !dlsym(RTLD_DEFAULT, "napi_module_register"))
    return;
  if (uvt_route_sibling(AGENT, path, sizeof path) < 0 || access(path, R_OK) != 0)
    uvt_log("no JavaScript layer: %s cannot be read", AGENT);
  else if (is_restricted(options))
    uvt_log("no JavaScript layer: Node's permission model is on");
  else if (add_to_node_options(path, options) != 0)
    uvt_log("no JavaScript layer: no memory");
}
