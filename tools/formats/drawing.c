/* SPDX-License-Identifier: MIT */
#include "drawing.h"

static int take_event(struct uvt_sink *sink, const struct uvt_event *event)
{
  struct uvt_drawing *drawing = (struct uvt_drawing *)sink;
  int status = uvt_follow_event(&drawing->follow, event);
  return status ? status : drawing->out.status;
}

static int take_end(struct uvt_sink *sink)
{
  struct uvt_drawing *drawing = (struct uvt_drawing *)sink;
  int status = 0;
  if (!drawing->ended) {
    drawing->ended = true;
    status = uvt_follow_end(&drawing->follow);
    if (!status)
      status = drawing->finish(drawing);
  }
  int flushed = uvt_out_flush(&drawing->out);
  return status ? status : flushed;
}

static int take_flush(struct uvt_sink *sink)
{
  return uvt_out_flush(&((struct uvt_drawing *)sink)->out);
}

bool uvt_drawing_init(struct uvt_drawing *drawing, int file, const struct uvt_follow_handlers *handlers,
                      int (*finish)(struct uvt_drawing *drawing))
{
  if (uvt_out_open(&drawing->out, file))
    return false;
  drawing->sink = (struct uvt_sink){.event = take_event, .end = take_end, .flush = take_flush};
  drawing->finish = finish;
  uvt_follow_init(&drawing->follow, handlers, drawing);
  return true;
}

void uvt_drawing_clear(struct uvt_drawing *drawing)
{
  uvt_follow_clear(&drawing->follow);
  uvt_out_close(&drawing->out);
}
