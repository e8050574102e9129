/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "answer.h"
#include "arguments.h"
#include "cmd.h"
#include "costs/stats.h"

struct stats_command {
  struct uvt_stats_options span;
  struct uvt_stats_view view;
  struct uvt_pipeline_options pipeline;
  struct uvt_stats *stats;
  bool json;
};

static const struct uvt_option options[] = {
    UVT_OPTION_PID(struct stats_command, pipeline.view.pid),
    UVT_OPTION_ALL_PROCESSES(struct stats_command, pipeline.all_processes),
    UVT_OPTION_FROM(struct stats_command, span.from),
    UVT_OPTION_TO(struct stats_command, span.to),
    UVT_OPTION_ASCII(struct stats_command, view.ascii),
    {.name = "format",
     .letter = 'f',
     .value = "FORMAT",
     .help = "text (the default), or json, which has the histograms whole",
     .take = uvt_take_json,
     .field = offsetof(struct stats_command, json)},
    {0},
};

static int print(void *user, const struct uvt_pipeline_result *result, struct uvt_error *error)
{
  (void)result;
  const struct stats_command *stats = user;
  int status = stats->json ? uvt_stats_print_json(stats->stats, stdout, error)
                           : uvt_stats_print_text(stats->stats, &stats->view, stdout, error);
  return status == 0 ? UVT_EXIT_DONE : UVT_EXIT_FAILED;
}

static int run(int argc, char **argv)
{
  struct stats_command stats = {0};
  const char *source;
  int status = uvt_arguments_take(&uvt_cmd_stats, argc, argv, &stats, &source);
  if (status)
    return status;
  if (stats.span.to && stats.span.to <= stats.span.from)
    return uvt_wrong_usage(&uvt_cmd_stats, "--to does not lie after --from");
  struct uvt_terminal terminal = uvt_terminal_find();
  stats.view.width = terminal.width;
  stats.view.ascii |= terminal.ascii;
  stats.stats = uvt_stats_create(&stats.span);
  struct uvt_answer answer = {.command = &uvt_cmd_stats,
                              .sink = stats.stats ? uvt_stats_sink(stats.stats) : NULL,
                              .print = print,
                              .user = &stats};
  status = uvt_answer_run(&answer, source, &stats.pipeline);
  uvt_stats_destroy(stats.stats);
  return status;
}

const struct uvt_command uvt_cmd_stats = {
    .name = "stats",
    .operand = "SOURCE",
    .summary = "tell how long things took: by type, loop, thread pool, blocking calls, start-up",
    .about = UVT_HELP_SOURCE
    " For each process: waiting for the thread pool and being worked at by it, ready-to-run delay (Ready to "
    "the callback) and run time, by type; iterations of each loop (end of a poll to the next poll) and its "
    "share of idle time; the thread pool over time; the longest invocations; synchronous file-system calls "
    "by type and path; and, where it listens, what ran and blocked until then.",
    .options = options,
    .notes = "Percentiles are exact below 256 ns, and at most 0.8 % too high above. What a callback ran "
             "itself is without callbacks nested in it and without the polls of a loop that it runs. "
             "Streaming: memory grows with what is alive in the program.\n",
    .run = run,
};
