/* SPDX-License-Identifier: MIT */
#include "objects.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OBJECT_NAME "libuvtree.so"

/* From the folder of `uvtree` to that of the objects; the build tree has bin/ even if the installation has
 * not. */
static const char *const folders[] = {UVT_OBJECT_FROM_BIN, "../" UVT_OBJECT_DIR};

/* The dynamic linker splits LD_PRELOAD at these. */
static const char separators[] = ": ";

static bool executable_folder(char folder[PATH_MAX])
{
  ssize_t size = readlink("/proc/self/exe", folder, PATH_MAX - 1);
  if (size <= 0)
    return false;
  folder[size] = '\0';
  *strrchr(folder, '/') = '\0';
  return true;
}

static char *beside_executable(struct uvt_error *error)
{
  char folder[PATH_MAX], path[2 * PATH_MAX];
  if (!executable_folder(folder)) {
    uvt_error_set(error, "cannot read /proc/self/exe: %s", strerror(errno));
    return NULL;
  }
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
    snprintf(path, sizeof path, "%s/%s/" OBJECT_NAME, folder, folders[i]);
    char *object = realpath(path, NULL);
    if (object)
      return object;
  }
  uvt_error_set(error, "no " OBJECT_NAME " in %s/%s: not installed completely?", folder, folders[0]);
  return NULL;
}

static char *named_by_user(const char *path, struct uvt_error *error)
{
  char *object = realpath(path, NULL);
  if (!object)
    uvt_error_set(error, "UVTREE_OBJECT: cannot find %s: %s", path, strerror(errno));
  return object;
}

char *uvt_object_find(struct uvt_error *error)
{
  const char *named = getenv("UVTREE_OBJECT");
  char *object = named && *named ? named_by_user(named, error) : beside_executable(error);
  if (!object)
    return NULL;
  if (access(object, R_OK) < 0)
    uvt_error_set(error, "cannot read %s: %s", object, strerror(errno));
  else if (strpbrk(object, separators))
    uvt_error_set(error, "LD_PRELOAD cannot hold the path \"%s\": it has a space or a colon in it", object);
  else
    return object;
  free(object);
  return NULL;
}

static int preload(const char *object)
{
  const char *others = getenv("LD_PRELOAD");
  if (!others || !*others)
    return setenv("LD_PRELOAD", object, 1);
  size_t size = strlen(object) + 1 + strlen(others) + 1;
  char *both = malloc(size);
  if (!both)
    return -1;
  snprintf(both, size, "%s:%s", object, others);
  int result = setenv("LD_PRELOAD", both, 1);
  free(both);
  return result;
}

int uvt_object_environment(const char *object, unsigned wait_ms, const char *layer, const char *session,
                           struct uvt_error *error)
{
  char wait[16];
  snprintf(wait, sizeof wait, "%u", wait_ms);
  if (preload(object) == 0 && setenv("UVTREE_WAIT", wait, 1) == 0 && setenv("UVTREE_LAYER", layer, 1) == 0 &&
      setenv("UVTREE_SESSION", session, 1) == 0)
    return 0;
  uvt_error_set(error, "cannot set the environment: %s", strerror(errno));
  return -1;
}
