/* SPDX-License-Identifier: MIT */
/* The data of an event, kept in one piece of memory for as long as a format needs them. */
#ifndef UVT_KEPT_DATA_H
#define UVT_KEPT_DATA_H

#include "stream/event.h"

/*
 * Numbers, flags and texts; no lists, nor what every registration has (type, layer, function, repeat). To be
 * freed; NULL: there is nothing to keep, or no memory for it.
 */
char *uvt_kept_data(const struct uvt_event *event);

/* Goes through them: *at is the kept data at first. False at the end, and for NULL. */
bool uvt_kept_data_next(const char **at, struct uvt_datum *datum);

#endif
