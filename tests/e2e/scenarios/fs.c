/* SPDX-License-Identifier: MIT */
/*
 * Every uv_fs_* function, asynchronous and then synchronous, and some that fail. Each asynchronous one is
 * submitted between two runs of the loop, so each hangs from a root of its own.
 */
#include <fcntl.h>
#include <unistd.h>

#include "scenario.h"

static uv_loop_t *loop;
static uv_fs_t req;
static int calls;

static void on_done(uv_fs_t *done)
{
  CHECK(done == &req);
  calls++;
}

/* Runs one operation with its last argument as the way: a callback, or NULL for a synchronous call. */
#define DO(op, way, ...)                                              \
  do {                                                                \
    int status_ = uv_fs_##op(loop, &req, __VA_ARGS__, way);           \
    if (way) {                                                        \
      CHECK(status_ == 0 && calls == 0);                              \
      run_loop(loop);                                                 \
      CHECK(calls == 1);                                              \
      calls = 0;                                                      \
    } else {                                                          \
      CHECK(status_ == req.result);                                   \
    }                                                                 \
    result = (int)req.result;                                         \
    printf("%s %s %d\n", #op, way ? "async" : "sync", shown(result)); \
    keep(&req);                                                       \
    uv_fs_req_cleanup(&req);                                          \
  } while (0)

static char temporary[64];
static uv_dir_t *dir;

/* Descriptors differ from run to run. */
static int shown(int result)
{
  return (req.fs_type == UV_FS_OPEN || req.fs_type == UV_FS_MKSTEMP) && result > 0 ? 0 : result;
}

static void keep(uv_fs_t *done)
{
  if (done->result < 0)
    return;
  if (done->fs_type == UV_FS_MKDTEMP || done->fs_type == UV_FS_MKSTEMP)
    snprintf(temporary, sizeof temporary, "%s", done->path);
  if (done->fs_type == UV_FS_OPENDIR)
    dir = done->ptr;
}

static void all(uv_fs_cb way)
{
  int result, file, other;
  char bytes[16];
  uv_buf_t buf = uv_buf_init("0123456789", 10), into = uv_buf_init(bytes, sizeof bytes);
  uv_dirent_t entries[4];

  DO(mkdir, way, "dir", 0755);
  DO(open, way, "dir/a", O_CREAT | O_RDWR, 0644);
  file = result;
  DO(write, way, file, &buf, 1, 0);
  DO(fsync, way, file);
  DO(fdatasync, way, file);
  DO(fstat, way, file);
  DO(ftruncate, way, file, 8);
  DO(fchmod, way, file, 0600);
  DO(fchown, way, file, -1, -1);
  DO(futime, way, file, 1000.5, 2000.25);
  DO(read, way, file, &into, 1, 0);
  CHECK(result == 8 && memcmp(bytes, "01234567", 8) == 0);
  DO(open, way, "dir/b", O_CREAT | O_RDWR, 0644);
  other = result;
  DO(sendfile, way, other, file, 0, 8);
  DO(close, way, other);
  DO(close, way, file);
  DO(access, way, "dir/a", F_OK);
  DO(stat, way, "dir/a");
  DO(chmod, way, "dir/a", 0644);
  DO(chown, way, "dir/a", -1, -1);
  DO(utime, way, "dir/a", 1.5, 2.5);
  DO(link, way, "dir/a", "dir/hard");
  DO(symlink, way, "a", "dir/soft", 0);
  DO(lstat, way, "dir/soft");
  DO(lchown, way, "dir/soft", -1, -1);
  DO(lutime, way, "dir/soft", 1.5, 2.5);
  DO(readlink, way, "dir/soft");
  DO(realpath, way, "dir/soft");
  DO(copyfile, way, "dir/a", "dir/copy", 0);
  DO(rename, way, "dir/copy", "dir/moved");
  DO(scandir, way, "dir", 0);
  CHECK(result == 5);
  DO(statfs, way, "dir");
  DO(opendir, way, "dir");
  dir->dirents = entries;
  dir->nentries = 4;
  DO(readdir, way, dir);
  DO(closedir, way, dir);
  DO(mkdtemp, way, "dir/tmpXXXXXX");
  DO(rmdir, way, temporary);
  DO(mkstemp, way, "dir/tmpXXXXXX");
  close(result);
  DO(unlink, way, temporary);
  DO(unlink, way, "dir/a");
  DO(unlink, way, "dir/b");
  DO(unlink, way, "dir/hard");
  DO(unlink, way, "dir/soft");
  DO(unlink, way, "dir/moved");
  DO(rmdir, way, "dir");
  DO(stat, way, "missing");
  CHECK(result == UV_ENOENT);
  DO(open, way, "missing/file", O_RDONLY, 0);
}

int main(void)
{
  uv_buf_t none = uv_buf_init(NULL, 0);
  loop = uv_default_loop();
  all(on_done);
  all(NULL);
  CHECK(uv_fs_read(loop, &req, 0, NULL, 0, 0, on_done) == UV_EINVAL); /* refused: nothing to read into */
  CHECK(uv_fs_write(loop, &req, 0, &none, 0, 0, on_done) == UV_EINVAL);
  end_loop(loop);
  return 0;
}
