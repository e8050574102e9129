/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memmem */
#include "trace_metadata.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trace_file.h"

/* Before each piece of the text (CTF 1.8, 7.1). Sizes are in bits, and include this head. */
struct __attribute__((packed)) metadata_head {
  uint32_t magic;
  uint8_t uuid[16];
  uint32_t checksum, content_size, packet_size;
  uint8_t compression, encryption, checksum_scheme, major, minor;
};
#define METADATA_MAGIC 0x75D11D57u

static bool read_head(const struct uvt_trace_metadata *metadata, size_t offset, struct metadata_head *head)
{
  if (metadata->size - offset < sizeof *head)
    return false;
  memcpy(head, metadata->text + offset, sizeof *head);
  return head->magic == METADATA_MAGIC && head->content_size / 8 >= sizeof *head &&
         head->content_size <= head->packet_size;
}

static bool is_usual(const struct metadata_head *head, const uint8_t *uuid)
{
  return !memcmp(head->uuid, uuid, sizeof head->uuid) && !head->compression && !head->encryption &&
         !head->checksum_scheme && head->major == 1 && head->minor == 8 && head->content_size % 8 == 0 &&
         head->packet_size % 8 == 0;
}

/* Takes the heads out of metadata in packets, in place. The first says whose UUID all are to have. */
static void join_packets(struct uvt_trace_metadata *metadata)
{
  struct metadata_head head;
  uint8_t uuid[16];
  size_t offset = 0, size = 0;
  read_head(metadata, 0, &head);
  memcpy(uuid, head.uuid, sizeof uuid);
  metadata->packed = true;
  while (offset < metadata->size && read_head(metadata, offset, &head)) {
    size_t left = metadata->size - offset, packet = head.packet_size / 8;
    size_t content = head.content_size / 8 < left ? head.content_size / 8 : left;
    memmove(metadata->text + size, metadata->text + offset + sizeof head, content - sizeof head);
    size += content - sizeof head;
    offset += packet < left ? packet : left;
    metadata->whole = packet <= left && offset == metadata->size;
    metadata->packed &= is_usual(&head, uuid);
  }
  metadata->size = size;
  uint8_t told[16];
  metadata->packed &= uvt_trace_metadata_uuid(metadata, told) && !memcmp(told, uuid, sizeof uuid);
}

struct uvt_trace_metadata uvt_trace_metadata_read(const char *folder)
{
  char path[PATH_MAX];
  struct uvt_trace_file file;
  struct uvt_trace_metadata metadata = {0};
  struct metadata_head head;
  if (!uvt_trace_join(path, folder, "metadata") || !uvt_trace_file_open(path, &file))
    return metadata;
  metadata.text = malloc(file.size + 1);
  if (metadata.text && uvt_trace_file_read(&file, 0, metadata.text, file.size))
    metadata.size = file.size;
  close(file.file);
  if (!metadata.text)
    return metadata;
  if (read_head(&metadata, 0, &head))
    join_packets(&metadata);
  else
    metadata.whole = metadata.size >= 6 && !memcmp(metadata.text, "/* CTF", 6);
  return metadata;
}

bool uvt_trace_metadata_uuid(const struct uvt_trace_metadata *metadata, uint8_t uuid[16])
{
  static const char key[] = "uuid = \"";
  const char *at = memmem(metadata->text, metadata->size, key, sizeof key - 1);
  const char *end = metadata->text + metadata->size;
  size_t digits = 0;
  for (const char *c = at ? at + sizeof key - 1 : NULL; c && c < end && digits < 32; c++) {
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
