/* SPDX-License-Identifier: MIT */
/*
 * Keeps the descriptors that liblttng-ust opens in the program out of the program's way. Its threads open
 * sockets and receive shared memory at any time; the kernel gives them the lowest free numbers, which
 * programs (and Node's own tests) expect to get themselves. So socket and recvmsg are interposed: for callers
 * inside liblttng-ust, and only for those, what they got is moved to a high number before they see it. And
 * programs that close all descriptors must not close those: liblttng-ust would abort the program. So close,
 * close_range and closefrom are interposed: such a descriptor is not open, as far as the program can tell.
 * Nor can dup2 and dup3 put another in its place, where LTTng would go on writing: they answer EBADF, as for
 * a number beyond the limit.
 */
#ifndef UVT_DESCRIPTORS_H
#define UVT_DESCRIPTORS_H

#include <stdbool.h>

/* The real functions. Constructor. */
void uvt_descriptors_init(void);

/* Around the loading of the provider: while its constructor waits, its threads are at work already. */
void uvt_descriptors_loading(bool begin);

/* Moves a descriptor as high as the limits allow, close-on-exec; returns its new number, or the old one.
 * errno stays. */
int uvt_descriptor_high(int fd);

/* From now on the program cannot close it; uvt_descriptor_close does. */
void uvt_descriptor_guard(int fd);
int uvt_descriptor_close(int fd);

#endif
