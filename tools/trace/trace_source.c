/* SPDX-License-Identifier: MIT */
#include "trace_source.h"

#include <stdlib.h>
#include <string.h>

#include "ctf_reader.h"
#include "trace_babeltrace.h"
#include "trace_folder.h"
#include "trace_reading.h"
#include "trace_salvage.h"

bool uvt_trace_is_url(const char *source)
{
  return !strncmp(source, "net://", 6) || !strncmp(source, "net4://", 7) || !strncmp(source, "net6://", 7);
}

enum choice { CHOOSE, DIRECT, BABELTRACE, UNKNOWN_READER };

/* For those who compare the two. */
static enum choice chosen_reader(void)
{
  const char *name = getenv("UVTREE_READER");
  if (!name || !*name)
    return CHOOSE;
  if (!strcmp(name, "direct"))
    return DIRECT;
  return strcmp(name, "babeltrace2") ? UNKNOWN_READER : BABELTRACE;
}

static bool are_whole(const struct uvt_trace_folders *folders)
{
  const char *what;
  for (size_t i = 0; i < folders->count; i++) {
    if (!uvt_trace_is_whole(folders->paths[i], &what))
      return false;
  }
  return true;
}

static int read_folders(struct uvt_trace_reading *reading, const struct uvt_trace_folders *folders,
                        enum choice choice)
{
  bool whole = are_whole(folders);
  if (whole && choice != BABELTRACE && uvt_ctf_read(folders, reading))
    return 0;
  if (choice == DIRECT) {
    uvt_error_set(reading->error, "%s: not a trace that can be read without babeltrace2", reading->source);
    return -1;
  }
  reading->skip = reading->given;
  if (reading->given && reading->visitor->rest)
    reading->visitor->rest(reading->visitor);
  return uvt_trace_babeltrace_read(reading, folders, whole);
}

static int read_source(struct uvt_trace_reading *reading)
{
  enum choice choice = chosen_reader();
  struct uvt_trace_folders folders = {0};
  if (choice == UNKNOWN_READER) {
    uvt_error_set(reading->error, "UVTREE_READER: \"%s\" is neither \"direct\" nor \"babeltrace2\"",
                  getenv("UVTREE_READER"));
    return -1;
  }
  if (uvt_trace_is_url(reading->source))
    return uvt_trace_babeltrace_read(reading, NULL, true);
  int status = uvt_trace_folders_find(reading->source, &folders, reading->error);
  if (!status)
    status = read_folders(reading, &folders, choice);
  uvt_trace_folders_free(&folders);
  return status;
}

int uvt_trace_read(const char *source, struct uvt_trace_visitor *visitor, struct uvt_error *error)
{
  struct uvt_trace_reading reading = {.visitor = visitor, .error = error, .source = source};
  int status = read_source(&reading);
  if (reading.ours || reading.stopped)
    return status;
  if (!status)
    uvt_error_set(error, "%s: no event of %s in this trace", source, UVT_PROVIDER_NAME);
  return -1;
}
