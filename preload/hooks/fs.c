/* SPDX-License-Identifier: MIT */
/* The 36 uv_fs_* operations, made from api.def's FS rows: their parameter lists here, their logic in ordinary
 * functions. */
#include "hooks.h"

struct submission {
  struct uvt_thread *thread;
  struct uvt_pending pending;
  struct uvt_submission pool;
};

static struct submission begin(struct uvt_thread *thread, uv_fs_t *req, enum uvt_type type, int64_t fd,
                               const char *path, void *thunk)
{
  struct submission submission = {.thread = thread};
  submission.pending = uvt_register(
      thread,
      &(struct uvt_link){
          .key = uvt_key(req, UVT_KEY_REQUEST), .type = type, .arg = fd, .text = path, .thunk = thunk});
  submission.pool = uvt_submit_begin(thread, req, UV_FS);
  return submission;
}

static int end(struct submission *submission, int status)
{
  uvt_submit_end(submission->thread, submission->pool, status);
  uvt_registered(submission->thread, &submission->pending, status);
  return status;
}

/* Parameters and arguments of each shape, what it works on (descriptor, path). */
#define P_PATH const char *path,
#define A_PATH path,
#define P_PATH2 const char *path, const char *new_path,
#define A_PATH2 path, new_path,
#define P_PATH_INT const char *path, int value,
#define A_PATH_INT path, value,
#define P_PATH_INT2 const char *path, int flags, int mode,
#define A_PATH_INT2 path, flags, mode,
#define P_PATH2_INT const char *path, const char *new_path, int flags,
#define A_PATH2_INT path, new_path, flags,
#define P_PATH_IDS const char *path, uv_uid_t uid, uv_gid_t gid,
#define A_PATH_IDS path, uid, gid,
#define P_PATH_TIMES const char *path, double atime, double mtime,
#define A_PATH_TIMES path, atime, mtime,
#define P_FILE uv_file file,
#define A_FILE file,
#define P_FILE_INT uv_file file, int mode,
#define A_FILE_INT file, mode,
#define P_FILE_IDS uv_file file, uv_uid_t uid, uv_gid_t gid,
#define A_FILE_IDS file, uid, gid,
#define P_FILE_OFFSET uv_file file, int64_t offset,
#define A_FILE_OFFSET file, offset,
#define P_FILE_TIMES uv_file file, double atime, double mtime,
#define A_FILE_TIMES file, atime, mtime,
#define P_FILE_BUFS uv_file file, const uv_buf_t bufs[], unsigned int nbufs, int64_t offset,
#define A_FILE_BUFS file, bufs, nbufs, offset,
#define P_FILE2 uv_file file, uv_file in, int64_t offset, size_t length,
#define A_FILE2 file, in, offset, length,
#define P_DIR uv_dir_t *dir,
#define A_DIR dir,

#define FD_fd file
#define FD_path -1
#define FD_dir -1
#define PATH_fd NULL
#define PATH_path path
#define PATH_dir NULL

/* No callback: libuv does it here and now. No request: libuv refuses (UV_EINVAL) without looking further. */
#define FS(op, shape, object)                                                                     \
  int hook_uv_fs_##op(uv_loop_t *loop, uv_fs_t *req, P_##shape uv_fs_cb cb)                       \
  {                                                                                               \
    HOOK(thread);                                                                                 \
    if (!cb || !req) {                                                                            \
      struct uvt_blocking blocking = uvt_blocking_begin(thread);                                  \
      int result = CALL_REAL(thread, uv_fs_##op, loop, req, A_##shape cb);                        \
      uvt_blocking_end(thread, blocking, UVT_TYPE_uv_fs_##op, result, PATH_##object);             \
      return result;                                                                              \
    }                                                                                             \
    void *thunk = THUNK(fs, cb);                                                                  \
    struct submission submission =                                                                \
        begin(thread, req, UVT_TYPE_uv_fs_##op, FD_##object, PATH_##object, thunk);               \
    return end(&submission, CALL_REAL(thread, uv_fs_##op, loop, req, A_##shape GIVE(thunk, cb))); \
  }

UVT_API(FS, UVT_NONE, UVT_NONE, UVT_NONE)
