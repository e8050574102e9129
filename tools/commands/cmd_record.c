/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#include "arguments.h"
#include "base/error.h"
#include "base/say.h"
#include "cmd.h"
#include "launch/daemon.h"
#include "launch/objects.h"
#include "launch/program.h"
#include "launch/recorded.h"
#include "launch/session.h"

/*
 * How long the program may wait at its start until the session daemon has registered it, so that its first
 * events are not missed.
 */
#define REGISTRATION_WAIT_MS 5000

/* Records are counted for the summary: some millions. */
#define COUNT_LIMIT_MS 1000

struct options {
  const char *output; /* as the user named it; NULL: a new name */
  const char *layer;
  const char *session;
  const char *live_url;
  bool snapshot;
  bool quiet;
  bool listeners, promises, locations, no_locations;
  const char *stacks;
  uint64_t subbuffer_size;
  uint64_t subbuffers;
  char **program;
};

struct recording {
  const struct options *options;
  char session[NAME_MAX + 1];
  char shown[PATH_MAX];  /* the trace's folder as the user would type it */
  char output[PATH_MAX]; /* absolute */
  bool made_output;
  struct uvt_daemon *daemon;
  bool killed_daemon; /* it was ours, and would not end by itself */
  bool stuck;         /* LTTng's buffers could not be read to their ends (UVT_SESSION_STUCK) */
  struct uvt_program_end end;
  struct uvt_session_loss loss;
};

static int failed(const struct uvt_error *error)
{
  uvt_say("record", "%s", error->text);
  return UVT_EXIT_FAILED;
}

/*
 * A CPU's buffer holds what one saturated core writes (10 MB/s) while the consumer daemon waits for a
 * processor or for the disk. All of it is allocated at once, so machines with many CPUs get less for each.
 */
static void choose_buffers(struct options *options)
{
  enum { BUDGET_MIB = 256, MOST_MIB = 16, LEAST_MIB = 2, SUBBUFFERS = 8 };
  uint64_t mib = MOST_MIB;
  while (mib > LEAST_MIB && mib * (uint64_t)get_nprocs_conf() > BUDGET_MIB)
    mib /= 2;
  options->subbuffers = SUBBUFFERS;
  options->subbuffer_size = (mib << 20) / SUBBUFFERS;
}

/* A power of 2 at the start of `text`; what follows goes to *rest. 0: there is none. */
static uint64_t power_of_2(const char *text, char **rest)
{
  *rest = (char *)text;
  if (*text < '0' || *text > '9')
    return 0;
  errno = 0;
  uint64_t value = strtoull(text, rest, 10);
  unsigned shift = **rest == 'k' || **rest == 'K' ? 10 : **rest == 'm' || **rest == 'M' ? 20 : 0;
  if (shift)
    (*rest)++;
  if (errno || value >= UINT64_C(1) << 40 || (value & (value - 1)))
    return 0;
  return value << shift;
}

/* SIZExNUM */
static bool take_buffers(const char *text, void *field)
{
  struct options *options = field;
  char *rest;
  options->subbuffer_size = power_of_2(text, &rest);
  if (*rest != 'x')
    return false;
  options->subbuffers = power_of_2(rest + 1, &rest);
  return !*rest && options->subbuffer_size >= (uint64_t)sysconf(_SC_PAGESIZE) && options->subbuffers >= 2;
}

static bool take_layer(const char *text, void *field)
{
  *(const char **)field = text;
  return strcmp(text, "uv") == 0 || strcmp(text, "all") == 0;
}

static bool take_session(const char *text, void *field)
{
  *(const char **)field = text;
  return *text && !strchr(text, '/') && strlen(text) < NAME_MAX;
}

/* What the injected object understands (preload/base/env.h): all, a rate or types. */
static bool take_stacks(const char *text, void *field)
{
  char *end;
  *(const char **)field = text;
  if (strncmp(text, "1/", 2) == 0) {
    long every = strtol(text + 2, &end, 10);
    return text[2] >= '0' && text[2] <= '9' && !*end && every > 0 && every <= INT32_MAX;
  }
  return *text && strlen(text) < 4000 && text[strspn(text, "0123456789/.,")];
}

static const struct uvt_option option_table[] = {
    {.name = "output",
     .letter = 'o',
     .value = "DIR",
     .help = "where the trace goes: a new or an empty folder; without it ./uvtree-trace-DATE-TIME-PID",
     .take = uvt_take_text,
     .field = offsetof(struct options, output)},
    {.name = "layer",
     .value = "LAYER",
     .help = "all (default): what the program does with libuv and, in Node, in JavaScript; uv: libuv alone, "
             "which costs the program less",
     .take = take_layer,
     .field = offsetof(struct options, layer)},
    {.name = "stacks",
     .value = "WHAT",
     .otherwise = "all",
     .help = "the stack of each storing of a callback and of each blocking call: all; 1/N: of one in N; or "
             "of those of "
             "some types, uv_fs_open,Timeout",
     .take = take_stacks,
     .field = offsetof(struct options, stacks)},
    {.name = "listeners",
     .help = "JavaScript: listeners of EventEmitters, too",
     .field = offsetof(struct options, listeners)},
    {.name = "promises",
     .help = "JavaScript: when each promise is made and settled, too",
     .field = offsetof(struct options, promises)},
    {.name = "no-locations",
     .help = "JavaScript: leave out the line where what has no function was registered",
     .field = offsetof(struct options, no_locations)},
    {.name = "locations",
     .help = "does nothing: they are there without it",
     .field = offsetof(struct options, locations)},
    {.name = "session",
     .value = "NAME",
     .help = "name of the LTTng session; without it uvtree-DATE-TIME-PID",
     .take = take_session,
     .field = offsetof(struct options, session)},
    {.name = "live",
     .value = "URL",
     .help = "send the trace to the relay daemon there (net://HOST) instead of a folder",
     .take = uvt_take_text,
     .field = offsetof(struct options, live_url)},
    {.name = "snapshot",
     .help = "keep only the newest records, in memory. They are written when the program ends, and whenever "
             "`lttng snapshot record -s NAME` is run meanwhile",
     .field = offsetof(struct options, snapshot)},
    {.name = "buffers",
     .value = "SIZExNUM",
     .help = "NUM sub-buffers of SIZE (K, M) for each CPU, both powers of 2 (1Mx8); without it 2Mx8, less "
             "with more than 16 CPUs (256 MiB in all)",
     .take = take_buffers},
    {.name = "quiet",
     .help = "do not say what was recorded and lost",
     .field = offsetof(struct options, quiet)},
    {0},
};

/* Switches of the injected object: the program inherits our environment. */
static int set_switches(const struct options *options)
{
  const struct {
    const char *name;
    const char *value;
  } switches[] = {{"UVTREE_LISTENERS", options->listeners ? "1" : NULL},
                  {"UVTREE_PROMISES", options->promises ? "1" : NULL},
                  {"UVTREE_LOCATIONS", options->no_locations ? "0" : NULL},
                  {"UVTREE_STACKS", options->stacks},
                  {"UVTREE_BATCH", getenv("UVTREE_BATCH") ? NULL : "1"}};
  for (size_t i = 0; i < sizeof switches / sizeof *switches; i++) {
    if (switches[i].value && setenv(switches[i].name, switches[i].value, 1) < 0) {
      uvt_say("record", "out of memory");
      return UVT_EXIT_FAILED;
    }
  }
  return UVT_EXIT_DONE;
}

static int parse(int argc, char **argv, struct options *options)
{
  int rest;
  choose_buffers(options);
  int status = uvt_options_take(&uvt_cmd_record, argc, argv, options, &rest);
  if (status)
    return status;
  options->program = argv + rest;
  if (!*options->program)
    return uvt_wrong_usage(&uvt_cmd_record, "no program named");
  if (options->live_url && (options->output || options->snapshot))
    return uvt_wrong_usage(&uvt_cmd_record, "--live and %s exclude each other",
                           options->snapshot ? "--snapshot" : "-o");
  return set_switches(options);
}

static bool is_empty(const char *folder)
{
  DIR *dir = opendir(folder);
  int entries = 0;
  while (dir && entries <= 2 && readdir(dir))
    entries++;
  if (dir)
    closedir(dir);
  return dir && entries <= 2;
}

/* Names session and folder after time and process, unless the user did. */
static void name_recording(struct recording *r)
{
  char stamp[32];
  time_t now = time(NULL);
  struct tm local;
  strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", localtime_r(&now, &local));
  if (r->options->session)
    snprintf(r->session, sizeof r->session, "%s", r->options->session);
  else
    snprintf(r->session, sizeof r->session, "uvtree-%s-%d", stamp, getpid());
  if (r->options->output)
    snprintf(r->shown, sizeof r->shown, "%s", r->options->output);
  else
    snprintf(r->shown, sizeof r->shown, "uvtree-trace-%s-%d", stamp, getpid());
}

static int make_output(struct recording *r, struct uvt_error *error)
{
  if (r->options->live_url)
    return 0;
  r->made_output = mkdir(r->shown, 0700) == 0; /* arguments, paths and URLs of the program are in it */
  if (!r->made_output && errno != EEXIST)
    uvt_error_set(error, "cannot make the folder %s: %s", r->shown, strerror(errno));
  else if (!realpath(r->shown, r->output))
    uvt_error_set(error, "cannot find %s: %s", r->shown, strerror(errno));
  else if (!is_empty(r->output))
    uvt_error_set(error, "%s is not an empty folder: nothing is overwritten", r->shown);
  else if (access(r->output, W_OK | X_OK) < 0)
    uvt_error_set(error, "cannot write in %s: %s", r->shown, strerror(errno));
  else
    return 0;
  return -1;
}

/* Takes back a folder of ours in which nothing was recorded; only LTTng's empty ust/ is in it then. */
static void forget_output(const struct recording *r)
{
  char inner[PATH_MAX + 4];
  if (!r->made_output)
    return;
  snprintf(inner, sizeof inner, "%s/ust", r->output);
  rmdir(inner);
  rmdir(r->output);
}

/* How long LTTng may not answer before it is given up: a machine may be very slow. */
static void choose_patience(void)
{
  const char *text = getenv("UVTREE_PATIENCE");
  unsigned seconds;
  if (text && uvt_take_count(text, &seconds))
    uvt_session_be_patient(seconds);
}

static int start_session(struct recording *r, struct uvt_error *error)
{
  const struct options *options = r->options;
  const struct uvt_session_options session = {
      .name = r->session,
      .output = r->output,
      .live_url = options->live_url,
      .snapshot = options->snapshot,
      .subbuffer_size = options->subbuffer_size,
      .subbuffers = options->subbuffers,
  };
  choose_patience();
  r->daemon = uvt_daemon_hold(r->session, error);
  if (!r->daemon)
    return -1;
  int result = uvt_session_start(&session, error);
  if (result == UVT_SESSION_HANGS)
    uvt_daemon_hangs(r->daemon);
  if (result != UVT_SESSION_DONE)
    return -1;
  uvt_daemon_session_made(r->daemon);
  return 0;
}

/* All that must be there before the program may run. */
static int prepare(struct recording *r, struct uvt_error *error)
{
  name_recording(r);
  char *object = uvt_object_find(error);
  if (!object)
    return -1;
  int result = -1;
  if (make_output(r, error) == 0 && start_session(r, error) == 0)
    result = uvt_object_environment(object, REGISTRATION_WAIT_MS, r->options->layer, r->session, error);
  free(object);
  return result;
}

/* Stops, saves and ends the session. */
static int finish(struct recording *r, struct uvt_error *error)
{
  int result = uvt_session_stop(r->session, &r->loss, error);
  if (result == UVT_SESSION_DONE && r->options->snapshot)
    result = uvt_session_snapshot(r->session, error);
  if (result == UVT_SESSION_DONE) {
    uvt_daemon_session_ends(r->daemon);
    result = uvt_session_destroy(r->session, error);
  }
  r->stuck = result == UVT_SESSION_STUCK;
  /* Where there is no other session, nothing but being killed ends a daemon whose session is stuck. */
  bool hangs = result == UVT_SESSION_HANGS || (r->stuck && uvt_session_count() == 0);
  r->killed_daemon = hangs && uvt_daemon_is_ours(r->daemon);
  if (r->killed_daemon || result == UVT_SESSION_HANGS)
    uvt_daemon_hangs(r->daemon);
  uvt_daemon_release(r->daemon);
  r->daemon = NULL;
  return r->stuck ? UVT_SESSION_DONE : result;
}

/* "12.3 MB" */
static void print_size(char *text, size_t size, uint64_t bytes)
{
  static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
  size_t unit = 0;
  double value = (double)bytes;
  while (value >= 999.95 && unit + 1 < sizeof units / sizeof *units) {
    value /= 1000;
    unit++;
  }
  snprintf(text, size, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

/* "; nothing lost" */
static void print_loss(FILE *line, const struct recording *r, const struct uvt_recorded *recorded)
{
  const struct uvt_session_loss *loss = &r->loss;
  if (r->stuck)
    fprintf(line,
            "; LOST up to a second before a process was killed, and what came after that on its CPU: "
            "LTTng cannot read on behind a half-written record%s",
            r->killed_daemon ? "" : ", and its session daemon will not end by itself");
  if (recorded->unmade)
    fprintf(line,
            "; LOST %s%" PRIu64
            " records where the program left no room for them: its stack, its callbacks in callbacks, or too"
            " many different ones",
            recorded->more ? "more than " : "", recorded->unmade);
  if (!loss->known)
    fprintf(line, "; whether anything was lost is not known");
  else if (loss->records)
    fprintf(line,
            "; LOST %s%" PRIu64 " records to full buffers (--buffers %" PRIu64 "Kx%" PRIu64
            " would be twice as large)",
            recorded->more ? "more than " : "", loss->records + recorded->missing,
            r->options->subbuffer_size >> 10, r->options->subbuffers * 2);
  else if (r->stuck)
    ; /* that is all of it */
  else if (recorded->awaited)
    fprintf(line, "; LOST the last moment (at most 20 ms) of a process that was killed or still runs");
  else if (recorded->more && r->end.exit_status > 128)
    fprintf(line, "; the last moment (at most 20 ms) may be lost, if the program was killed");
  else if (r->options->snapshot)
    fprintf(line, ", the newest");
  else if (!recorded->unmade)
    fprintf(line, "; nothing lost");
}

/* The folder of the last snapshot, as the user would type it: LTTng makes one for each, with its time in the
 * name. */
static void newest_snapshot(const struct recording *r, char path[PATH_MAX])
{
  struct dirent **entries;
  int count = scandir(r->output, &entries, NULL, alphasort);
  struct timespec newest = {0};
  snprintf(path, PATH_MAX, "%s", r->shown);
  for (int i = 0; i < count; i++) {
    char found[PATH_MAX];
    struct stat status;
    int size = snprintf(found, sizeof found, "%s/%s", r->shown, entries[i]->d_name);
    if (entries[i]->d_name[0] != '.' && size < PATH_MAX && stat(found, &status) == 0 &&
        (status.st_mtim.tv_sec > newest.tv_sec ||
         (status.st_mtim.tv_sec == newest.tv_sec && status.st_mtim.tv_nsec >= newest.tv_nsec))) {
      newest = status.st_mtim;
      memcpy(path, found, sizeof found);
    }
    free(entries[i]);
  }
  if (count >= 0)
    free(entries);
}

/* "12345 records, 1.2 MB" */
static void print_amount(FILE *line, const struct uvt_recorded *recorded)
{
  char size[32];
  print_size(size, sizeof size, recorded->bytes);
  if (recorded->records)
    fprintf(line, "%s%" PRIu64 " records, ", recorded->more ? "more than " : "", recorded->records);
  fprintf(line, "%s", size);
}

static void say_summary(const struct recording *r, const struct uvt_recorded *recorded)
{
  char *text = NULL;
  size_t size;
  FILE *line = open_memstream(&text, &size);
  if (!line)
    return;
  if (r->options->live_url) {
    fprintf(line, "session %s sent to %s", r->session, r->options->live_url);
  } else {
    print_amount(line, recorded);
    fprintf(line, " in %s", r->shown);
  }
  print_loss(line, r, recorded);
  fclose(line);
  uvt_say("record", "%s", text ? text : "out of memory");
  free(text);
}

static void print_incomplete(const struct recording *r, const char *why)
{
  uvt_say("record", "the trace in %s is not complete: %s", r->shown, why);
}

/* Whether all that LTTng took was written. */
static bool print_local_summary(const struct recording *r)
{
  char folder[PATH_MAX];
  bool quiet = r->options->quiet;
  snprintf(folder, sizeof folder, "%s", r->shown);
  if (r->options->snapshot)
    newest_snapshot(r, folder);
  struct uvt_recorded recorded = uvt_recorded_look(folder, quiet ? 0 : COUNT_LIMIT_MS);
  if (recorded.truncated || recorded.disk_full) {
    print_incomplete(r, recorded.disk_full ? "the disk is full" : "it could not be written to its end");
    return false;
  }
  if (recorded.bytes == 0 || (!recorded.more && !recorded.records)) {
    if (!quiet)
      uvt_say("record",
              "nothing was recorded: %s does not use libuv, or cannot be followed (UVTREE_DEBUG=1 says why)",
              r->options->program[0]);
    forget_output(r);
  } else if (!quiet) {
    say_summary(r, &recorded);
    uvt_say("record", "next: uvtree tree %s", folder);
  }
  return true;
}

static bool print_summary(const struct recording *r)
{
  if (!r->options->live_url)
    return print_local_summary(r);
  if (!r->options->quiet)
    say_summary(r, &(struct uvt_recorded){.more = true});
  return true;
}

/* What the user can do while the program runs. */
static void print_start(const struct recording *r)
{
  const struct options *options = r->options;
  char host[HOST_NAME_MAX + 1] = "";
  gethostname(host, sizeof host - 1);
  if (options->snapshot)
    uvt_say("record", "to save what happened until now: lttng snapshot record -s %s", r->session);
  if (options->live_url) {
    const char *relay = strstr(options->live_url, "://");
    relay = relay ? relay + 3 : options->live_url;
    uvt_say("record", "to follow it: uvtree convert net://%.*s/host/%s/%s", (int)strcspn(relay, ":/"), relay,
            host, r->session);
  }
}

/* Why there is no summary. */
static void explain(const struct recording *r, int result, const struct uvt_error *error)
{
  const char *where = r->options->live_url ? "" : r->shown;
  const char *lies = *where ? "; what was recorded lies in " : "";
  if (*where && result != UVT_SESSION_GONE && uvt_recorded_look(r->output, 0).disk_full)
    print_incomplete(r, "the disk is full"); /* LTTng's own words name what failed in the end, not why */
  else if (result == UVT_SESSION_GONE)
    uvt_say("record", "%s%s%s", error->text, lies, where);
  else if (result == UVT_SESSION_HANGS && r->killed_daemon)
    uvt_say("record", "%s: it was killed%s%s", error->text, lies, where);
  else if (result == UVT_SESSION_HANGS)
    uvt_say("record", "%s: session %s is left there until it does%s%s", error->text, r->session, lies, where);
  else
    uvt_say("record", "%s", error->text);
}

/* The exit status of it all, after the program has run. */
static int conclude(struct recording *r)
{
  struct uvt_error error = {""};
  signal(SIGPIPE, SIG_IGN); /* nobody may read what we say; the status is the program's all the same */
  int result = finish(r, &error);
  int status = r->end.exit_status;
  if (r->end.exec_error) {
    uvt_say("record", "cannot run %s: %s", r->options->program[0], strerror(r->end.exec_error));
    forget_output(r);
    return status;
  }
  if (result == UVT_SESSION_DONE)
    return print_summary(r) || status ? status : UVT_EXIT_FAILED;
  explain(r, result, &error);
  return status ? status : UVT_EXIT_FAILED;
}

static int record(const struct options *options)
{
  struct recording r = {.options = options};
  struct uvt_error error = {""};
  if (prepare(&r, &error) < 0) {
    uvt_daemon_release(r.daemon);
    forget_output(&r);
    return failed(&error);
  }
  if (!options->quiet)
    print_start(&r);
  if (uvt_program_run(options->program, &r.end, &error) < 0) {
    struct uvt_error ignored = {""};
    finish(&r, &ignored);
    return failed(&error);
  }
  return conclude(&r);
}

static int run(int argc, char **argv)
{
  struct options options = {.layer = "all"};
  int status = parse(argc, argv, &options);
  return status ? status : record(&options);
}

const struct uvt_command uvt_cmd_record = {
    .name = "record",
    .operand = "[--] PROGRAM [ARGS]",
    .summary = "run a program and record its asynchronous operations",
    .options = option_table,
    .notes =
        "Records every process of the program that uses libuv. LTTng sessions see all of a user's processes: "
        "what others "
        "record meanwhile is in the trace, too, but left out of all answers (--all-processes shows it). Uses "
        "the LTTng session "
        "daemon that is running, or starts one and ends it. Signals sent to uvtree are passed on to the "
        "program. Nothing is left behind, even if uvtree is killed; the program then runs on.\n"
        "\n"
        "Exit status: that of the program, 128+n if signal n ended it, 127 if it was not found, 126 if it "
        "could not be executed; 1 if it could not be recorded (it was not run then, or its own status was "
        "0), 2 for wrong usage.\n"
        "\n"
        "Environment: UVTREE_OBJECT (the object to preload), LTTNG_HOME, LTTNG_SESSIOND_PATH,\n"
        "UVTREE_PATIENCE (after how many seconds without an answer LTTng is given up; 60).\n",
    .runs_program = true,
    .run = run,
};
