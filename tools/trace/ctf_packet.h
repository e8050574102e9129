/* SPDX-License-Identifier: MIT */
/*
 * The head of a packet as LTTng-UST has written it since 2.8 (it is the packet.header and packet.context of
 * its metadata, little endian as on all machines that we record on). Sizes are in bits, and include the head.
 */
#ifndef UVT_CTF_PACKET_H
#define UVT_CTF_PACKET_H

#include <stdint.h>

#define UVT_CTF_PACKET_MAGIC 0xC1FC1FC1u

struct uvt_ctf_packet_head {
  uint32_t magic;
  uint8_t uuid[16];
  uint32_t stream_id;
  uint64_t stream_instance_id;
  uint64_t begin, end; /* on the trace's clock */
  uint64_t content_size, packet_size;
};

/* And what follows, but for the CPU's number. */
struct uvt_ctf_packet_start {
  struct uvt_ctf_packet_head head;
  uint64_t number;    /* of the packet in its stream */
  uint64_t discarded; /* events, since the stream began */
};

/* Bytes before the first event. */
#define UVT_CTF_PACKET_EVENTS (sizeof(struct uvt_ctf_packet_start) + sizeof(uint32_t))

#endif
