/* SPDX-License-Identifier: MIT */
/*
 * children SEED: makes children with pipes, closes pipes, opens other descriptors in their place and reads,
 * at random. It prints what the stream is to say of each uv_spawn and uv_read_start (see ../children).
 */
#include <unistd.h>

#include "scenario.h"

enum { STEPS = 400, STREAMS = 24, STDIO = 5 };

static struct stream {
  uv_pipe_t *pipe; /* NULL: the place is free */
  int child;       /* its pid; 0: none's */
  int number;      /* the child's descriptor */
} streams[STREAMS];

static unsigned seed;

static unsigned below(unsigned limit)
{
  return (unsigned)rand_r(&seed) % limit;
}

static struct stream *free_place(void)
{
  for (size_t i = 0; i < STREAMS; i++)
    if (!streams[i].pipe)
      return &streams[i];
  return NULL;
}

static uv_pipe_t *new_pipe(int ipc)
{
  uv_pipe_t *pipe = calloc(1, sizeof *pipe);
  OK(uv_pipe_init(uv_default_loop(), pipe, ipc));
  return pipe;
}

static void on_closed(uv_handle_t *handle)
{
  free(handle);
}

static void on_exit_of_child(uv_process_t *child, int64_t status, int signum)
{
  (void)status, (void)signum;
  uv_close((uv_handle_t *)child, on_closed);
}

static void spawn(const char *file)
{
  char *arguments[] = {(char *)file, NULL};
  uv_stdio_container_t stdio[STDIO] = {0};
  struct stream *made[STDIO] = {0};
  uv_process_options_t options = {.file = file, .args = arguments, .stdio = stdio, .stdio_count = STDIO};
  uv_process_t *process = calloc(1, sizeof *process);
  options.exit_cb = below(4) ? on_exit_of_child : NULL;
  for (int i = 0; i < STDIO; i++) {
    stdio[i].flags = UV_IGNORE;
    if (below(2) || !(made[i] = free_place()))
      continue;
    *made[i] = (struct stream){.pipe = new_pipe(i == 3), .number = i};
    stdio[i] = (uv_stdio_container_t){.flags = UV_CREATE_PIPE | UV_READABLE_PIPE | UV_WRITABLE_PIPE,
                                      .data.stream = (uv_stream_t *)made[i]->pipe};
  }
  int status = uv_spawn(uv_default_loop(), process, &options);
  if (options.exit_cb)
    printf("\"%s\":%d,\"file\":\"%s\"\n", status ? "status" : "pid", status ? status : process->pid, file);
  for (int i = 0; i < STDIO; i++) {
    if (made[i] && !status)
      made[i]->child = process->pid;
    else if (made[i]) {
      uv_close((uv_handle_t *)made[i]->pipe, on_closed);
      made[i]->pipe = NULL;
    }
  }
}

/* Something else that may get the descriptor that one of the pipes had. */
static void open_another(void)
{
  int ends[2];
  struct stream *place = free_place();
  if (!place)
    return;
  CHECK(pipe(ends) == 0);
  *place = (struct stream){.pipe = new_pipe(0)};
  OK(uv_pipe_open(place->pipe, ends[0]));
  close(ends[1]);
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
  static char buffer[64];
  (void)handle, (void)size;
  *buf = uv_buf_init(buffer, sizeof buffer);
}

static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf)
{
  (void)stream, (void)nread, (void)buf;
}

static void read_from(const struct stream *stream)
{
  static const char *const names[] = {"\"stdin\"", "\"stdout\"", "\"stderr\"", "\"ipc\"", "4"};
  uv_os_fd_t fd;
  OK(uv_read_start((uv_stream_t *)stream->pipe, on_alloc, on_read));
  OK(uv_read_stop((uv_stream_t *)stream->pipe));
  OK(uv_fileno((uv_handle_t *)stream->pipe, &fd));
  printf("\"fd\":%d", fd);
  if (stream->child)
    printf(",\"child\":%d,\"pipe\":%s", stream->child, names[stream->number]);
  putchar('\n');
}

/* With or without a callback. */
static void close_one(struct stream *stream)
{
  uv_close((uv_handle_t *)stream->pipe, below(2) ? on_closed : NULL);
  stream->pipe = NULL;
}

int main(int argc, char **argv)
{
  CHECK(argc == 2);
  seed = (unsigned)atoi(argv[1]);
  for (int i = 0; i < STEPS; i++) {
    struct stream *stream = &streams[below(STREAMS)];
    unsigned action = below(20);
    if (action == 0)
      spawn(below(5) ? "/bin/true" : "/no/such/program");
    else if (action < 4)
      open_another();
    else if (stream->pipe && action < 8)
      close_one(stream);
    else if (stream->pipe)
      read_from(stream);
  }
  for (size_t i = 0; i < STREAMS; i++)
    if (streams[i].pipe)
      close_one(&streams[i]);
  run_loop(uv_default_loop());
  return 0;
}
