/* SPDX-License-Identifier: MIT */
#include "trace_reading.h"

#include <string.h>

#include "names.h"
#include "schema.h"

/* By the session's name, where `uvtree record` chose it, or else by its channel's, after which streams are
 * named. */
static bool is_by_record(const char *session, const char *path)
{
  const char *slash = path ? strrchr(path, '/') : NULL;
  const char *file = slash ? slash + 1 : path ? path : "";
  return !strncmp(session, "uvtree-", 7) || !strncmp(file, UVT_RECORD_CHANNEL "_", sizeof UVT_RECORD_CHANNEL);
}

/* Such a session is there before the program is; the beginning of a snapshot is gone. */
struct uvt_trace_origin uvt_trace_origin(const char *host, const char *session, const char *path)
{
  bool by_record = is_by_record(session, path);
  return (struct uvt_trace_origin){.host = uvt_name(host),
                                   .session = uvt_name(session),
                                   .by_record = by_record,
                                   .own_session = by_record && !(path && strstr(path, "/snapshot-"))};
}

static void pass_on(struct uvt_trace_reading *reading, const struct uvt_record *record)
{
  if (reading->skip) {
    reading->skip--;
    return;
  }
  reading->given++;
  if (reading->visitor->record(reading->visitor, record))
    reading->stopped = true;
}

void uvt_trace_give(struct uvt_trace_reading *reading, const struct uvt_record *record)
{
  if (reading->missing && !reading->skip) {
    struct uvt_record loss = {.kind = UVT_RECORD_discarded, .time = record->time, .host = record->host};
    loss.discarded =
        (struct uvt_rec_discarded){.count = UINT64_MAX, .from = record->time, .to = record->time};
    reading->missing = false;
    pass_on(reading, &loss);
  }
  if (record->kind != UVT_RECORD_discarded)
    reading->ours++;
  if (!reading->stopped)
    pass_on(reading, record);
}

void uvt_trace_give_loss(struct uvt_trace_reading *reading, const struct uvt_trace_origin *origin,
                         uint64_t count, int64_t from, int64_t to)
{
  struct uvt_record record = {
      .kind = UVT_RECORD_discarded, .time = from, .host = origin->host, .session = origin->session};
  record.discarded = (struct uvt_rec_discarded){.count = count, .from = from, .to = to};
  uvt_trace_give(reading, &record);
}
