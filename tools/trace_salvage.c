/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memmem */
#include "trace_salvage.h"

#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Files ---- */

/* Read with pread: mapped pages would count as this program's memory, and a file that shrinks would kill it.
 */
struct source {
  int file;
  size_t size;
};

static bool open_source(const char *path, struct source *source)
{
  struct stat status;
  *source = (struct source){.file = open(path, O_RDONLY | O_CLOEXEC)};
  if (source->file < 0)
    return false;
  if (!fstat(source->file, &status) && S_ISREG(status.st_mode)) {
    source->size = (size_t)status.st_size;
    return true;
  }
  close(source->file);
  return false;
}

static bool read_at(const struct source *source, size_t offset, void *data, size_t size)
{
  for (char *p = data; size;) {
    ssize_t got = pread(source->file, p, size, (off_t)offset);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return false;
    p += got;
    offset += (size_t)got;
    size -= (size_t)got;
  }
  return true;
}

/* Joins a folder and a name; false where that is longer than any path. */
static bool join(char path[PATH_MAX], const char *folder, const char *name)
{
  int length = snprintf(path, PATH_MAX, "%s/%s", folder, name);
  return length > 0 && length < PATH_MAX;
}

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
  return join(path, folder, name) ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
}

/* ---- Metadata ---- */

/* Before each piece of the text (CTF 1.8, 7.1). Sizes are in bits, and include this head. */
struct __attribute__((packed)) metadata_head {
  uint32_t magic;
  uint8_t uuid[16];
  uint32_t checksum, content_size, packet_size;
  uint8_t compression, encryption, checksum_scheme, major, minor;
};
#define METADATA_MAGIC 0x75D11D57u

struct text {
  char *data; /* NULL: there is none */
  size_t size;
  bool whole;
};

static bool read_metadata_head(const struct text *metadata, size_t offset, struct metadata_head *head)
{
  if (metadata->size - offset < sizeof *head)
    return false;
  memcpy(head, metadata->data + offset, sizeof *head);
  return head->magic == METADATA_MAGIC && head->content_size / 8 >= sizeof *head &&
         head->content_size <= head->packet_size;
}

/* Takes the heads out of metadata in packets, in place. */
static void join_packets(struct text *metadata)
{
  struct metadata_head head;
  size_t offset = 0, size = 0;
  while (offset < metadata->size && read_metadata_head(metadata, offset, &head)) {
    size_t left = metadata->size - offset, packet = head.packet_size / 8;
    size_t content = head.content_size / 8 < left ? head.content_size / 8 : left;
    memmove(metadata->data + size, metadata->data + offset + sizeof head, content - sizeof head);
    size += content - sizeof head;
    offset += packet < left ? packet : left;
    metadata->whole = packet <= left && offset == metadata->size;
  }
  metadata->size = size;
}

/* The text of a trace's metadata, be it in packets or plain; its data is the caller's to free. */
static struct text read_metadata(const char *folder)
{
  char path[PATH_MAX];
  struct source source;
  struct text text = {0};
  struct metadata_head head;
  if (!join(path, folder, "metadata") || !open_source(path, &source))
    return text;
  text.data = malloc(source.size + 1);
  if (text.data && read_at(&source, 0, text.data, source.size))
    text.size = source.size;
  close(source.file);
  if (!text.data)
    return text;
  if (read_metadata_head(&text, 0, &head))
    join_packets(&text);
  else
    text.whole = text.size >= 6 && !memcmp(text.data, "/* CTF", 6);
  return text;
}

/* Up to the end of the last block that is there. */
static void cut_to_blocks(struct text *text)
{
  static const char end[] = "\n};";
  for (size_t i = text->size; i >= sizeof end - 1; i--) {
    if (!memcmp(text->data + i - (sizeof end - 1), end, sizeof end - 1)) {
      text->size = i;
      return;
    }
  }
}

/* The trace's UUID as packets have it; false where the metadata does not tell. */
static bool read_uuid(const struct text *text, uint8_t uuid[16])
{
  static const char key[] = "uuid = \"";
  const char *at = memmem(text->data, text->size, key, sizeof key - 1);
  size_t digits = 0;
  for (const char *c = at ? at + sizeof key - 1 : NULL; c && c < text->data + text->size && digits < 32;
       c++) {
    unsigned digit;
    char hex[2] = {*c, 0};
    if (*c == '-')
      continue;
    if (sscanf(hex, "%1x", &digit) != 1)
      break;
    uuid[digits / 2] = (uint8_t)(digits % 2 ? uuid[digits / 2] | digit : digit << 4);
    digits++;
  }
  return digits == 32;
}

/* ---- Data streams ---- */

/*
 * The head of a packet as LTTng-UST has written it since 2.8 (it is the packet.header and packet.context of
 * its metadata, little endian as on all machines that we record on). Sizes are in bits.
 */
struct packet_head {
  uint32_t magic;
  uint8_t uuid[16];
  uint32_t stream_id;
  uint64_t stream_instance_id;
  uint64_t begin, end;
  uint64_t content_size, packet_size;
};
#define PACKET_MAGIC 0xC1FC1FC1u
/* Sub-buffers are written in whole pages: after a bad packet the next one begins at such a step. */
#define PACKET_STEP 4096

/* Whether there is a packet's head that babeltrace2 would accept. */
static bool read_head(const struct source *stream, size_t offset, const uint8_t *uuid,
                      struct packet_head *head)
{
  if (stream->size - offset < sizeof *head || !read_at(stream, offset, head, sizeof *head))
    return false;
  return head->magic == PACKET_MAGIC && (!uuid || !memcmp(head->uuid, uuid, sizeof head->uuid)) &&
         head->packet_size % 8 == 0 && head->packet_size / 8 >= sizeof *head &&
         head->content_size >= 8 * sizeof *head && head->content_size <= head->packet_size &&
         head->begin <= head->end;
}

static int copy_bytes(const struct source *stream, size_t offset, size_t size, int copy)
{
  static char buffer[1 << 16];
  while (size) {
    size_t piece = size < sizeof buffer ? size : sizeof buffer;
    if (!read_at(stream, offset, buffer, piece) || write_all(copy, buffer, piece))
      return -1;
    offset += piece;
    size -= piece;
  }
  return 0;
}

/* Copies a packet; of one that the file does not hold whole, what is there, with the sizes made to fit. */
static int copy_packet(const struct source *stream, size_t offset, struct packet_head head, int copy)
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

static int copy_good_packets(const struct source *stream, const uint8_t *uuid, int copy)
{
  size_t offset = 0;
  while (offset < stream->size) {
    struct packet_head head;
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
  struct source stream, index;
  bool indexed; /* there is an index */
  size_t offset, packets, entry_size;
};

static bool start_index(struct walk *walk)
{
  struct index_head head;
  if (!walk->indexed)
    return true;
  if (!read_at(&walk->index, 0, &head, sizeof head))
    return false;
  walk->entry_size = be32toh(head.entry_size);
  return be32toh(head.magic) == INDEX_MAGIC && walk->entry_size >= sizeof(struct index_entry) &&
         walk->entry_size <= 4096;
}

static bool index_agrees(const struct walk *walk, const struct packet_head *head)
{
  size_t at = sizeof(struct index_head) + walk->packets * walk->entry_size;
  struct index_entry entry;
  if (!walk->indexed)
    return true;
  if (!read_at(&walk->index, at, &entry, sizeof entry))
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
    struct packet_head head;
    if (!read_head(&walk->stream, walk->offset, uuid, &head) ||
        head.packet_size / 8 > walk->stream.size - walk->offset || !index_agrees(walk, &head))
      return false;
    walk->offset += (size_t)(head.packet_size / 8);
  }
  return index_ends(walk);
}

static bool is_stream(const char *folder, const char *name)
{
  char path[PATH_MAX];
  struct stat status;
  return name[0] != '.' && strcmp(name, "metadata") && join(path, folder, name) && !stat(path, &status) &&
         S_ISREG(status.st_mode);
}

enum wholeness { WHOLE, BAD_INDEX, BAD_STREAM };

static enum wholeness stream_wholeness(const char *folder, const char *name, const uint8_t *uuid)
{
  char path[PATH_MAX], index[NAME_MAX + 16];
  struct walk walk = {0};
  if (!join(path, folder, name) || !open_source(path, &walk.stream))
    return BAD_STREAM;
  enum wholeness wholeness = packets_are_whole(&walk, uuid) ? WHOLE : BAD_STREAM;
  snprintf(index, sizeof index, "index/%s.idx", name);
  if (wholeness == WHOLE && join(path, folder, index) && open_source(path, &walk.index)) {
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
    if (is_stream(folder, entries[i]->d_name)) {
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
static bool is_of_lttng(const struct text *metadata)
{
  static const char tracer[] = "tracer_name = \"lttng-ust\"";
  return memmem(metadata->data, metadata->size, tracer, sizeof tracer - 1);
}

bool uvt_trace_is_whole(const char *folder, const char **what)
{
  uint8_t uuid[16];
  enum wholeness wholeness = WHOLE;
  struct text metadata = read_metadata(folder);
  *what = "its metadata is not whole";
  if (metadata.whole) {
    if (is_of_lttng(&metadata))
      wholeness = streams_wholeness(folder, read_uuid(&metadata, uuid) ? uuid : NULL);
    *what = wholeness == BAD_STREAM ? "a data stream is not whole" : NULL;
  }
  free(metadata.data);
  return metadata.whole && wholeness == WHOLE;
}

/* ---- Salvage ---- */

struct salvage {
  const char *folder;
  struct text metadata;
  const uint8_t *uuid; /* NULL: not known */
};

static bool link_stream(const struct salvage *salvage, const char *name, const char *made)
{
  char from[PATH_MAX], to[PATH_MAX], absolute[PATH_MAX];
  return join(from, salvage->folder, name) && realpath(from, absolute) && join(to, made, name) &&
         !symlink(absolute, to);
}

static void copy_stream(const struct salvage *salvage, const char *name, const char *made)
{
  char path[PATH_MAX];
  struct source stream;
  if (stream_wholeness(salvage->folder, name, salvage->uuid) != BAD_STREAM &&
      link_stream(salvage, name, made))
    return;
  if (!join(path, salvage->folder, name) || !open_source(path, &stream))
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
  bool has_signature = salvage->metadata.size >= 6 && !memcmp(salvage->metadata.data, "/* CTF", 6);
  if (has_signature || !write_all(file, signature, sizeof signature - 1))
    write_all(file, salvage->metadata.data, salvage->metadata.size);
  close(file);
}

static void salvage_stream(const struct salvage *salvage, const char *name, struct uvt_trace_folders *made)
{
  const char *base = getenv("TMPDIR");
  char path[PATH_MAX];
  if (!join(path, base && *base ? base : "/tmp", "uvtree-salvage-XXXXXX") || !mkdtemp(path))
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
    if (is_stream(salvage->folder, entries[i]->d_name))
      salvage_stream(salvage, entries[i]->d_name, made);
    free(entries[i]);
  }
  if (count >= 0)
    free(entries);
}

void uvt_trace_salvage(const char *folder, struct uvt_trace_folders *made)
{
  uint8_t uuid[16];
  struct salvage salvage = {.folder = folder, .metadata = read_metadata(folder)};
  if (!salvage.metadata.data)
    return;
  if (!salvage.metadata.whole)
    cut_to_blocks(&salvage.metadata);
  if (read_uuid(&salvage.metadata, uuid))
    salvage.uuid = uuid;
  salvage_streams(&salvage, made);
  free(salvage.metadata.data);
}

static void remove_folder(const char *folder)
{
  struct dirent **entries;
  int count = scandir(folder, &entries, NULL, NULL);
  for (int i = 0; i < count; i++) {
    char path[PATH_MAX];
    if (join(path, folder, entries[i]->d_name))
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
