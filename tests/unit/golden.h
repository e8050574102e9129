/* SPDX-License-Identifier: MIT */
/* For tests of what commands print: a fixture read into a sink, an output compared with a file. */
#ifndef UVT_TEST_GOLDEN_H
#define UVT_TEST_GOLDEN_H

#include <stdio.h>
#include <stdlib.h>

#include "stream/stream_reader.h"

#define GOOD UVT_FIXTURES "/streams/good/"
#define ANSWERS UVT_FIXTURES "/answers/"

static inline void read_stream(FILE *file, struct uvt_sink *sink)
{
  struct uvt_error error = {0};
  assert_non_null(file);
  if (uvt_stream_read(file, "stream", sink, NULL, &error) != 0)
    fail_msg("%s", error.text);
  assert_int_equal(sink->end(sink), 0);
  fclose(file);
}

static inline char *read_all(const char *path)
{
  char *text = NULL;
  size_t size = 0;
  FILE *file = fopen(path, "r");
  if (!file)
    fail_msg("cannot open %s", path);
  if (getdelim(&text, &size, '\0', file) < 0)
    fail_msg("%s is empty", path);
  fclose(file);
  return text;
}

/* UVTREE_REGOLD=1 writes the file instead: look at what it then says before you believe it. */
static inline void expect_golden(const char *path, char *text)
{
  if (getenv("UVTREE_REGOLD")) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
  }
  char *expected = read_all(path);
  assert_string_equal(text, expected);
  free(expected);
  free(text);
}

#endif
