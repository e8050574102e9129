/* SPDX-License-Identifier: MIT */
#include "ctf_reader.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "ctf_layout.h"
#include "ctf_stream.h"
#include "merge.h"
#include "trace_file.h"
#include "trace_metadata.h"

struct reader {
  struct uvt_trace_reading *reading;
  struct uvt_ctf_layout *layouts; /* one a folder */
  size_t layouts_count;
  struct uvt_ctf_stream **streams; /* in the order in which babeltrace2 has them */
  size_t streams_count;
  struct uvt_merge merge; /* by index of streams */
};

/* ---- Opening ---- */

static bool read_layout(struct uvt_ctf_layout *layout, const char *folder)
{
  struct uvt_trace_metadata metadata = uvt_trace_metadata_read(folder);
  bool ours = uvt_ctf_layout_read(layout, &metadata);
  free(metadata.text);
  return ours;
}

static bool open_stream(struct reader *reader, const struct uvt_ctf_layout *layout, const char *path)
{
  struct uvt_ctf_stream **streams =
      realloc(reader->streams, (reader->streams_count + 1) * sizeof(struct uvt_ctf_stream *));
  if (!streams)
    return false;
  reader->streams = streams;
  struct uvt_ctf_stream *stream = malloc(sizeof *stream);
  if (!stream)
    return false;
  streams[reader->streams_count++] = stream;
  return uvt_ctf_stream_open(stream, layout, path);
}

/* babeltrace2 makes one stream of files with the same one. */
static bool are_distinct(const struct reader *reader, size_t first)
{
  const struct uvt_ctf_packet_head *last = &reader->streams[reader->streams_count - 1]->packet.head;
  for (size_t i = first; i + 1 < reader->streams_count; i++) {
    const struct uvt_ctf_packet_head *other = &reader->streams[i]->packet.head;
    if (other->stream_id == last->stream_id && other->stream_instance_id == last->stream_instance_id)
      return false;
  }
  return true;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
  return strcmp((*a)->d_name, (*b)->d_name);
}

static bool open_streams(struct reader *reader, const struct uvt_ctf_layout *layout, const char *folder)
{
  struct dirent **entries;
  int count = scandir(folder, &entries, NULL, by_bytes);
  size_t first = reader->streams_count;
  bool sound = count >= 0;
  for (int i = 0; i < count; i++) {
    char path[PATH_MAX];
    if (sound && uvt_trace_is_stream(folder, entries[i]->d_name))
      sound = uvt_trace_join(path, folder, entries[i]->d_name) && open_stream(reader, layout, path) &&
              are_distinct(reader, first);
    free(entries[i]);
  }
  if (count >= 0)
    free(entries);
  return sound;
}

static bool open_folders(struct reader *reader, const struct uvt_trace_folders *folders)
{
  reader->layouts = calloc(folders->count + 1, sizeof *reader->layouts);
  if (!reader->layouts)
    return false;
  for (size_t i = 0; i < folders->count; i++) {
    struct uvt_ctf_layout *layout = &reader->layouts[reader->layouts_count++];
    if (!read_layout(layout, folders->paths[i]) || !open_streams(reader, layout, folders->paths[i]))
      return false;
  }
  return uvt_merge_init(&reader->merge, reader->streams_count);
}

static void close_all(struct reader *reader)
{
  for (size_t i = 0; i < reader->streams_count; i++) {
    uvt_ctf_stream_close(reader->streams[i]);
    free(reader->streams[i]);
  }
  for (size_t i = 0; i < reader->layouts_count; i++)
    uvt_ctf_layout_clear(&reader->layouts[i]);
  free(reader->streams);
  free(reader->layouts);
  uvt_merge_clear(&reader->merge);
}

/* ---- Merging ---- */

/* False at a surprise. */
static bool begin_streams(struct reader *reader)
{
  for (size_t i = 0; i < reader->streams_count; i++) {
    enum uvt_ctf_step step = uvt_ctf_stream_next(reader->streams[i]);
    if (step == UVT_CTF_SURPRISE)
      return false;
    if (step != UVT_CTF_AT_END)
      uvt_merge_add(&reader->merge, i, &reader->streams[i]->time);
  }
  return true;
}

/* Gives what the earliest stream has until another one is earlier. */
static enum uvt_ctf_step give_run(struct reader *reader)
{
  size_t first = uvt_merge_first(&reader->merge), second = uvt_merge_second(&reader->merge);
  struct uvt_ctf_stream *stream = reader->streams[first];
  enum uvt_ctf_step step;
  do {
    uvt_ctf_stream_give(stream, reader->reading);
    step = uvt_ctf_stream_next(stream);
  } while (step < UVT_CTF_AT_END && !reader->reading->stopped &&
           !uvt_merge_is_earlier(&reader->merge, second, first));
  return step;
}

static bool merge(struct reader *reader)
{
  if (!begin_streams(reader))
    return false;
  while (reader->merge.count && !reader->reading->stopped) {
    enum uvt_ctf_step step = give_run(reader);
    if (step == UVT_CTF_SURPRISE && !reader->reading->stopped)
      return false;
    if (step == UVT_CTF_AT_END)
      uvt_merge_end_first(&reader->merge);
    else
      uvt_merge_settle(&reader->merge);
  }
  return true;
}

bool uvt_ctf_read(const struct uvt_trace_folders *folders, struct uvt_trace_reading *reading)
{
  struct reader reader = {.reading = reading};
  bool done = open_folders(&reader, folders) && merge(&reader);
  close_all(&reader);
  return done;
}
