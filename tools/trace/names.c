/* SPDX-License-Identifier: MIT */
#include "names.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static struct name {
  struct name *next;
  char text[];
} * names;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct name *find(const char *text)
{
  struct name *name = names;
  while (name && strcmp(name->text, text))
    name = name->next;
  return name;
}

static struct name *add(const char *text)
{
  size_t size = strlen(text) + 1;
  struct name *name = malloc(sizeof *name + size);
  if (name) {
    memcpy(name->text, text, size);
    name->next = names;
    names = name;
  }
  return name;
}

const char *uvt_name(const char *text)
{
  pthread_mutex_lock(&lock);
  struct name *name = find(text);
  if (!name)
    name = add(text);
  pthread_mutex_unlock(&lock);
  return name ? name->text : "";
}
