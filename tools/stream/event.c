/* SPDX-License-Identifier: MIT */
#include "event.h"

#include <string.h>

const char *uvt_event_name(enum uvt_event_kind kind)
{
  static const char *const names[UVT_EV_COUNT] = {
#define NAME(name) [UVT_EV_##name] = #name,
      UVT_STREAM_EVENTS(NAME)
#undef NAME
          [UVT_EV_unknown] = "unknown",
  };
  return (unsigned)kind < UVT_EV_COUNT ? names[kind] : "unknown";
}

const char *uvt_state_name(enum uvt_state state)
{
  static const char *const names[] = {[UVT_STATE_NONE] = "",
#define NAME(name) [UVT_STATE_##name] = #name,
                                      UVT_STATES(NAME)
#undef NAME
  };
  return (unsigned)state < sizeof names / sizeof *names ? names[state] : "";
}

const struct uvt_datum *uvt_event_datum(const struct uvt_event *event, const char *key)
{
  for (size_t i = 0; i < event->data_count; i++) {
    if (!strcmp(event->data[i].key, key))
      return &event->data[i];
  }
  return NULL;
}
