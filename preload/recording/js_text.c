/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "js_text.h"

#include <stdlib.h>
#include <string.h>

#include "announce.h"
#include "put.h"

#define BUCKETS (2 * UVT_JS_TEXTS)

static char **texts; /* by number; the pages are touched as they are needed */
uint32_t *uvt_js_texts_told;
static uint32_t *buckets; /* numbers, 0: empty */
static uint32_t last;
pthread_mutex_t uvt_texts_lock = UVT_LOCK_FREE;

static uint32_t hash(const char *text, size_t length)
{
  uint32_t value = 2166136261u;
  for (size_t i = 0; i < length; i++)
    value = (value ^ (unsigned char)text[i]) * 16777619u;
  return value;
}

static uint32_t add(uint32_t *bucket, const char *text, size_t length)
{
  char *copy = last + 1 < UVT_JS_TEXTS ? malloc(length + 1) : NULL;
  if (!copy)
    return 0;
  memcpy(copy, text, length);
  copy[length] = '\0';
  texts[last + 1] = copy;
  *bucket = ++last;
  return last;
}

static uint32_t find_or_add(const char *text, size_t length)
{
  if (!buckets) {
    texts = calloc(UVT_JS_TEXTS, sizeof *texts);
    uvt_js_texts_told = calloc(UVT_JS_TEXTS, sizeof *uvt_js_texts_told);
    buckets = calloc(BUCKETS, sizeof *buckets);
  }
  if (!texts || !uvt_js_texts_told || !buckets)
    return 0;
  uint32_t at = hash(text, length) % BUCKETS;
  while (buckets[at]) {
    const char *known = texts[buckets[at]];
    if (strlen(known) == length && !memcmp(known, text, length))
      return buckets[at];
    at = (at + 1) % BUCKETS;
  }
  return add(&buckets[at], text, length);
}

uint32_t uvt_js_text(const char *text, size_t length)
{
  pthread_mutex_lock(&uvt_texts_lock);
  uint32_t id = find_or_add(text, length);
  pthread_mutex_unlock(&uvt_texts_lock);
  return id;
}

const char *uvt_js_text_of(uint32_t id)
{
  return id ? texts[id] : NULL;
}

/* Two threads may both tell it: it means the same. */
void uvt_js_text_tell_now(struct uvt_thread *thread, uint32_t id)
{
  uvt_put_string(thread, id, texts[id]);
  __atomic_store_n(&uvt_js_texts_told[id], uvt_epoch, __ATOMIC_RELAXED);
}
