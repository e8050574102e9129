/* SPDX-License-Identifier: MIT */
/* What an event says, in a few words of the kind that all commands use. Texts are as they were recorded. */
#ifndef UVT_DESCRIBE_H
#define UVT_DESCRIBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"

/* The datum with that key where it is a string, else "". */
const char *uvt_event_string(const struct uvt_event *event, const char *key);

/* Whether there is an integer (or boolean) with that key. */
bool uvt_event_number(const struct uvt_event *event, const char *key, int64_t *number);

/* Whether there is one and it is not 0. */
bool uvt_event_is_set(const struct uvt_event *event, const char *key);

/* "ENOENT": the error that a datum is the number of (a status, a result, what a read gave); NULL: none. */
const char *uvt_datum_error(const struct uvt_datum *datum);

/* That of the event's data. */
const char *uvt_event_error(const struct uvt_event *event);

/* The number of its stack in the store that all the stream's stacks are in (stack_store.h), which is told,
 * too; 0: it has none. */
uint32_t uvt_event_stack(const struct uvt_event *event, struct uvt_stack_store **stacks);

/* Adds a value, unless it is "", to a text; `format` has one %s. What does not fit is cut. */
void uvt_append(char *text, size_t size, const char *format, const char *value);

/* Of a link. fd 22, /etc/hosts, 0.0.0.0:80, 500 ms: what tells this registration from others of its type. */
void uvt_describe_link(char *text, size_t size, const struct uvt_event *event);

/* Of a process: its command line. */
void uvt_describe_process(char *text, size_t size, const struct uvt_event *event);

#endif
