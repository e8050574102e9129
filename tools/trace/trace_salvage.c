/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memmem */
#include "trace_salvage.h"

#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctf_packet.h"
#include "trace_file.h"
#include "trace_metadata.h"

/* ---- Files ---- */

static int write_all(int file, const char *data, size_t size)
{
  while (size) {
    ssize_t written = write(file, data, size);
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return -1;
    data += written;
    size -= (size_t)written;
  }
  return 0;
}

static int create_file(const char *folder, const char *name)
{
  char path[PATH_MAX];
  return uvt_trace_join(path, folder, name) ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
}

/* ---- Metadata ---- */

/* Up to the end of the last block that is there. */
static void cut_to_blocks(struct uvt_trace_metadata *text)
{
  static const char end[] = "\n};";
  for (size_t i = text->size; i >= sizeof end - 1; i--) {
    if (!memcmp(text->text + i - (sizeof end - 1), end, sizeof end - 1)) {
      text->size = i;
      return;
    }
  }
}

/* ---- Data streams ---- */

/* Sub-buffers are written in whole pages: after a bad packet the next one begins at such a step. */
#define PACKET_STEP 4096

/* Whether there is a packet's head that babeltrace2 would accept. */
static bool read_head(const struct uvt_trace_file *stream, size_t offset, const uint8_t *uuid,
                      struct uvt_ctf_packet_head *head)
{
  if (stream->size - offset < sizeof *head || !uvt_trace_file_read(stream, offset, head, sizeof *head))
    return false;
  return head->magic == UVT_CTF_PACKET_MAGIC && (!uuid || !memcmp(head->uuid, uuid, sizeof head->uuid)) &&
         head->packet_size % 8 == 0 && head->packet_size / 8 >= sizeof *head &&
         head->content_size >= 8 * sizeof *head && head->content_size <= head->packet_size &&
         head->begin <= head->end;
}

static int copy_bytes(const struct uvt_trace_file *stream, size_t offset, size_t size, int copy)
{
  static char buffer[1 << 16];
  while (size) {
    size_t piece = size < sizeof buffer ? size : sizeof buffer;
    if (!uvt_trace_file_read(stream, offset, buffer, piece) || write_all(copy, buffer, piece))
      return -1;
    offset += piece;
    size -= piece;
  }
  return 0;
}

/* Copies a packet; of one that the file does not hold whole, what is there, with the sizes made to fit. */
static int copy_packet(const struct uvt_trace_file *stream, size_t offset, struct uvt_ctf_packet_head head,
                       int copy)
{
  size_t size = stream->size - offset;
  if (head.packet_size / 8 < size)
    size = (size_t)(head.packet_size / 8);
  head.packet_size = 8 * (uint64_t)size;
  if (head.content_size > head.packet_size)
    head.content_size = head.packet_size;
  if (write_all(copy, (const char *)&head, sizeof head))
    return -1;
  return copy_bytes(stream, offset + sizeof head, size - sizeof head, copy);
}

static int copy_good_packets(const struct uvt_trace_file *stream, const uint8_t *uuid, int copy)
{
  size_t offset = 0;
  while (offset < stream->size) {
    struct uvt_ctf_packet_head head;
    if (!read_head(stream, offset, uuid, &head)) {
      offset += PACKET_STEP;
      continue;
    }
    if (copy_packet(stream, offset, head, copy))
      return -1;
    if (head.packet_size / 8 >= stream->size - offset)
      break;
    offset += (size_t)(head.packet_size / 8);
  }
  return 0;
}

/* ---- Whole or not ---- */

/* The index file of a stream, all numbers big endian: LTTng's lttng-index.h, version 1. */
struct index_head {
  uint32_t magic, major, minor, entry_size;
};
struct index_entry {
  uint64_t offset, packet_size, content_size, begin, end;
};
#define INDEX_MAGIC 0xC1F1DCC1u

/* Where a walk along the packets is, in the stream and in its index. */
struct walk {
  struct uvt_trace_file stream, index;
  bool indexed; /* there is an index */
  size_t offset, packets, entry_size;
};

static bool start_index(struct walk *walk)
{
  struct index_head head;
  if (!walk->indexed)
    return true;
  if (!uvt_trace_file_read(&walk->index, 0, &head, sizeof head))
    return false;
  walk->entry_size = be32toh(head.entry_size);
  return be32toh(head.magic) == INDEX_MAGIC && walk->entry_size >= sizeof(struct index_entry) &&
         walk->entry_size <= 4096;
}

static bool index_agrees(const struct walk *walk, const struct uvt_ctf_packet_head *head)
{
  size_t at = sizeof(struct index_head) + walk->packets * walk->entry_size;
  struct index_entry entry;
  if (!walk->indexed)
    return true;
  if (!uvt_trace_file_read(&walk->index, at, &entry, sizeof entry))
    return false;
  return be64toh(entry.offset) == walk->offset && be64toh(entry.packet_size) == head->packet_size &&
         be64toh(entry.content_size) == head->content_size && be64toh(entry.begin) == head->begin &&
         be64toh(entry.end) == head->end;
}

static bool index_ends(const struct walk *walk)
{
  return !walk->indexed || walk->index.size == sizeof(struct index_head) + walk->packets * walk->entry_size;
}

static bool packets_are_whole(struct walk *walk, const uint8_t *uuid)
{
  if (!start_index(walk))
    return false;
  for (; walk->offset < walk->stream.size; walk->packets++) {
    struct uvt_ctf_packet_head head;
    if (!read_head(&walk->stream, walk->offset, uuid, &head) ||
        head.packet_size / 8 > walk->stream.size - walk->offset || !index_agrees(walk, &head))
      return false;
    walk->offset += (size_t)(head.packet_size / 8);
  }
  return index_ends(walk);
}

enum wholeness { WHOLE, BAD_INDEX, BAD_STREAM };

static enum wholeness stream_wholeness(const char *folder, const char *name, const uint8_t *uuid)
{
  char path[PATH_MAX], index[NAME_MAX + 16];
  struct walk walk = {0};
  if (!uvt_trace_join(path, folder, name) || !uvt_trace_file_open(path, &walk.stream))
    return BAD_STREAM;
  enum wholeness wholeness = packets_are_whole(&walk, uuid) ? WHOLE : BAD_STREAM;
  snprintf(index, sizeof index, "index/%s.idx", name);
  if (wholeness == WHOLE && uvt_trace_join(path, folder, index) && uvt_trace_file_open(path, &walk.index)) {
    walk.indexed = true;
    walk.offset = walk.packets = 0;
    if (!packets_are_whole(&walk, uuid))
      wholeness = BAD_INDEX;
    close(walk.index.file);
  }
  close(walk.stream.file);
  return wholeness;
}

static enum wholeness streams_wholeness(const char *folder, const uint8_t *uuid)
{
  struct dirent **entries;
  int count = scandir(folder, &entries, NULL, NULL);
  enum wholeness worst = WHOLE;
  for (int i = 0; i < count; i++) {
    if (uvt_trace_is_stream(folder, entries[i]->d_name)) {
      enum wholeness wholeness = stream_wholeness(folder, entries[i]->d_name, uuid);
      worst = wholeness > worst ? wholeness : worst;
    }
    free(entries[i]);
  }
  if (count >= 0)
    free(entries);
  return worst;
}

/* Other tracers lay out their packets in other ways. */
static bool is_of_lttng(const struct uvt_trace_metadata *metadata)
{
  static const char tracer[] = "tracer_name = \"lttng-ust\"";
  return memmem(metadata->text, metadata->size, tracer, sizeof tracer - 1);
}

bool uvt_trace_is_whole(const char *folder, const char **what)
{
  uint8_t uuid[16];
  enum wholeness wholeness = WHOLE;
  struct uvt_trace_metadata metadata = uvt_trace_metadata_read(folder);
  *what = "its metadata is not whole";
  if (metadata.whole) {
    if (is_of_lttng(&metadata))
      wholeness = streams_wholeness(folder, uvt_trace_metadata_uuid(&metadata, uuid) ? uuid : NULL);
    *what = wholeness == BAD_STREAM ? "a data stream is not whole" : NULL;
  }
  free(metadata.text);
  return metadata.whole && wholeness == WHOLE;
}

/* ---- Salvage ---- */

struct salvage {
  const char *folder;
  struct uvt_trace_metadata metadata;
  const uint8_t *uuid; /* NULL: not known */
};

static bool link_stream(const struct salvage *salvage, const char *name, const char *made)
{
  char from[PATH_MAX], to[PATH_MAX], absolute[PATH_MAX];
  return uvt_trace_join(from, salvage->folder, name) && realpath(from, absolute) &&
         uvt_trace_join(to, made, name) && !symlink(absolute, to);
}

static void copy_stream(const struct salvage *salvage, const char *name, const char *made)
{
  char path[PATH_MAX];
  struct uvt_trace_file stream;
  if (stream_wholeness(salvage->folder, name, salvage->uuid) != BAD_STREAM &&
      link_stream(salvage, name, made))
    return;
  if (!uvt_trace_join(path, salvage->folder, name) || !uvt_trace_file_open(path, &stream))
    return;
  int copy = create_file(made, name);
  if (copy >= 0) {
    copy_good_packets(&stream, salvage->uuid, copy);
    close(copy);
  }
  close(stream.file);
}

static void write_metadata(const struct salvage *salvage, const char *made)
{
  static const char signature[] = "/* CTF 1.8 */\n";
  int file = create_file(made, "metadata");
  if (file < 0)
    return;
  bool has_signature = salvage->metadata.size >= 6 && !memcmp(salvage->metadata.text, "/* CTF", 6);
  if (has_signature || !write_all(file, signature, sizeof signature - 1))
    write_all(file, salvage->metadata.text, salvage->metadata.size);
  close(file);
}

static void salvage_stream(const struct salvage *salvage, const char *name, struct uvt_trace_folders *made)
{
  const char *base = getenv("TMPDIR");
  char path[PATH_MAX];
  if (!uvt_trace_join(path, base && *base ? base : "/tmp", "uvtree-salvage-XXXXXX") || !mkdtemp(path))
    return;
  if (uvt_trace_folders_add(made, path)) {
    rmdir(path);
    return;
  }
  write_metadata(salvage, path);
  copy_stream(salvage, name, path);
}

static void salvage_streams(const struct salvage *salvage, struct uvt_trace_folders *made)
{
  struct dirent **entries;
  int count = scandir(salvage->folder, &entries, NULL, alphasort);
  for (int i = 0; i < count; i++) {
    if (uvt_trace_is_stream(salvage->folder, entries[i]->d_name))
      salvage_stream(salvage, entries[i]->d_name, made);
    free(entries[i]);
  }
  if (count >= 0)
    free(entries);
}

void uvt_trace_salvage(const char *folder, struct uvt_trace_folders *made)
{
  uint8_t uuid[16];
  struct salvage salvage = {.folder = folder, .metadata = uvt_trace_metadata_read(folder)};
  if (!salvage.metadata.text)
    return;
  if (!salvage.metadata.whole)
    cut_to_blocks(&salvage.metadata);
  if (uvt_trace_metadata_uuid(&salvage.metadata, uuid))
    salvage.uuid = uuid;
  salvage_streams(&salvage, made);
  free(salvage.metadata.text);
}

static void remove_folder(const char *folder)
{
  struct dirent **entries;
  int count = scandir(folder, &entries, NULL, NULL);
  for (int i = 0; i < count; i++) {
    char path[PATH_MAX];
    if (uvt_trace_join(path, folder, entries[i]->d_name))
      unlink(path); /* fails on "." and "..", as it should */
    free(entries[i]);
  }
  if (count >= 0)
    free(entries);
  rmdir(folder);
}

void uvt_trace_salvage_remove(struct uvt_trace_folders *made)
{
  for (size_t i = 0; i < made->count; i++)
    remove_folder(made->paths[i]);
  uvt_trace_folders_free(made);
}
