/* SPDX-License-Identifier: MIT */
#include "types.h"

#include <string.h>

/* The columns of api.def name what a number is; these are the stream's keys for it. */
#define KEY_none NULL
#define KEY_fd "fd"
#define KEY_pid "pid"
#define KEY_bytes "bytes"
#define KEY_timeout "timeout"
#define KEY_signum "signum"
#define KEY_interval "interval"
#define KEY_status "status"
#define KEY_nread "nread"
#define KEY_result "result"
#define KEY_due "due"
#define KEY_events "events"
#define KEY_exit_status "exit_status"
#define KEY_host "host"
#define KEY_address "address"
#define KEY_path "path"
#define KEY_file "file"

/* An FS row's object is a number (fd) or a text (path); an open directory has no name. */
#define FS_ARG_fd "fd"
#define FS_ARG_path NULL
#define FS_ARG_dir NULL
#define FS_TEXT_fd NULL
#define FS_TEXT_path "path"
#define FS_TEXT_dir NULL

static const struct uvt_type_info infos[UVT_TYPE_COUNT + 1] = {
    [UVT_TYPE_root] = {.name = "root"},
#define FS(op, shape, object) \
  [UVT_TYPE_uv_fs_##op] = {"uv_fs_" #op, UVT_READY_POOL, FS_ARG_##object, KEY_result, FS_TEXT_##object, true},
#define STORE(function, ready, arg, value, text) \
  [UVT_TYPE_##function] = {#function, UVT_READY_##ready, KEY_##arg, KEY_##value, KEY_##text, true},
/* uv_after_work: what the status says was the program's work, not the environment's. */
#define TYPE(type, name, ready, arg, value, text) \
  [UVT_TYPE_##type] = {name, UVT_READY_##ready, KEY_##arg, KEY_##value, KEY_##text, false},
    UVT_API(FS, STORE, TYPE, UVT_NONE)
#undef FS
#undef STORE
#undef TYPE
        [UVT_TYPE_COUNT] = {.name = "unknown"},
};

const struct uvt_type_info *uvt_type_info(uint8_t type)
{
  return &infos[type < UVT_TYPE_COUNT ? type : UVT_TYPE_COUNT];
}

uint8_t uvt_type_find(const char *name)
{
  for (uint8_t type = 0; type < UVT_TYPE_COUNT; type++) {
    if (!strcmp(infos[type].name, name))
      return type;
  }
  return UVT_UNKNOWN_ENUMERATOR;
}
