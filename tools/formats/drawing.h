/* SPDX-License-Identifier: MIT */
/* What the formats that follow the stream (follow.h) share: a sink with a file behind it. One thread at a
 * time. */
#ifndef UVT_DRAWING_H
#define UVT_DRAWING_H

#include "base/out_file.h"
#include "stream/event.h"
#include "stream/follow.h"

/* The first member of a format's own structure. */
struct uvt_drawing {
  struct uvt_sink sink;
  struct uvt_out_file out;
  struct uvt_follow follow;
  int (*finish)(struct uvt_drawing *drawing); /* writes what comes last; 0, or a negative errno */
  bool ended;
};

/* The handlers get the drawing. False: out of memory, and there is nothing to clear. */
bool uvt_drawing_init(struct uvt_drawing *drawing, int file, const struct uvt_follow_handlers *handlers,
                      int (*finish)(struct uvt_drawing *drawing));
void uvt_drawing_clear(struct uvt_drawing *drawing);

#endif
