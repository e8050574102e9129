/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "arguments.h"
#include "base/say.h"
#include "cmd.h"
#include "formats/out_chrome.h"
#include "formats/out_dot.h"
#include "formats/out_folded.h"
#include "formats/out_jsonl.h"

/* The first is the default. */
static const struct uvt_output_format *const formats[] = {&uvt_output_jsonl, &uvt_output_chrome,
                                                          &uvt_output_dot, &uvt_output_folded};
#define FORMATS_COUNT (sizeof formats / sizeof *formats)

struct convert_command {
  const char *source;
  const char *output; /* "-": standard output */
  const struct uvt_output_format *format;
  struct uvt_pipeline_options pipeline;
  struct uvt_output_options format_options;
};

static bool take_format(const char *value, void *field)
{
  for (size_t i = 0; i < FORMATS_COUNT; i++) {
    if (!strcmp(formats[i]->name, value)) {
      *(const struct uvt_output_format **)field = formats[i];
      return true;
    }
  }
  return false;
}

static bool take_weight(const char *value, void *field)
{
  static const char *const names[] = {[UVT_WEIGHT_RUN] = "run", [UVT_WEIGHT_WAIT] = "wait"};
  int weight = uvt_choice(value, names, 2);
  *(enum uvt_output_weight *)field = weight == UVT_WEIGHT_WAIT ? UVT_WEIGHT_WAIT : UVT_WEIGHT_RUN;
  return weight >= 0;
}

static const struct uvt_option options[] = {
    {.name = "format",
     .letter = 'f',
     .value = "FORMAT",
     .help = "jsonl (the default): one JSON object a line; chrome: trace events, for Perfetto and "
             "chrome://tracing; dot: the async call graph, for Graphviz; folded: async stacks, for "
             "speedscope and flamegraph.pl",
     .take = take_format,
     .field = offsetof(struct convert_command, format)},
    {.name = "output",
     .letter = 'o',
     .value = "FILE",
     .help = "where to write it; - is standard output, the default",
     .take = uvt_take_text,
     .field = offsetof(struct convert_command, output)},
    UVT_OPTION_LAYER(struct convert_command, pipeline.view.layer),
    UVT_OPTION_USER(struct convert_command, pipeline.view.user),
    {.name = "no-states",
     .help = "leave out the operations and their states",
     .field = offsetof(struct convert_command, pipeline.view.no_states)},
    UVT_OPTION_PID(struct convert_command, pipeline.view.pid),
    UVT_OPTION_ALL_PROCESSES(struct convert_command, pipeline.all_processes),
    UVT_OPTION_FROM(struct convert_command, pipeline.view.from),
    UVT_OPTION_TO(struct convert_command, pipeline.view.to),
    UVT_OPTION_MEMORY(struct convert_command, pipeline.memory),
    {.name = "limit",
     .value = "N",
     .help = "dot: draw the first N operations (default 500)",
     .take = uvt_take_number,
     .field = offsetof(struct convert_command, format_options.limit)},
    {.name = "weight",
     .value = "WHAT",
     .help = "folded: by nanoseconds of run (the default) or of wait",
     .take = take_weight,
     .field = offsetof(struct convert_command, format_options.weight)},
    {0},
};

static void report_losses(const struct uvt_pipeline_result *result)
{
  if (result->strangers)
    uvt_say("convert", "left out %" PRIu64 " %s of other recordings or of none (--all-processes)",
            result->strangers, result->strangers == 1 ? "process" : "processes");
  if (result->late)
    uvt_say("convert",
            "%" PRIu64 " records came later than they may, by up to %.1f ms; they have the time of what "
            "was before them",
            result->late, (double)result->late_by / 1e6);
  if (result->lost)
    uvt_say("convert", "%" PRIu64 " events were lost when recording; see the lost lines", result->lost);
  else if (result->lost_unknown)
    uvt_say("convert", "the trace does not hold everything that happened; see the lost lines");
}

static int convert(void *user, int file, struct uvt_error *error)
{
  const struct convert_command *command = user;
  struct uvt_pipeline_result result = {0};
  struct uvt_sink *sink = command->format->create(file);
  if (!sink) {
    uvt_error_set(error, "out of memory");
    return UVT_EXIT_FAILED;
  }
  if (command->format->configure)
    command->format->configure(sink, &command->format_options);
  int status = uvt_pipeline_run(command->source, &command->pipeline, sink, &result, error);
  command->format->destroy(sink);
  if (!status) /* else there is one line to read, and it is another */
    report_losses(&result);
  if (!status)
    uvt_tell_stacks(&uvt_cmd_convert, &result);
  return status ? UVT_EXIT_FAILED : UVT_EXIT_DONE;
}

static int run(int argc, char **argv)
{
  struct convert_command command = {.output = "-", .format = formats[0]};
  struct uvt_error error = {0};
  int status = uvt_arguments_take(&uvt_cmd_convert, argc, argv, &command, &command.source);
  if (status)
    return status;
  if (command.pipeline.view.to && command.pipeline.view.to < command.pipeline.view.from)
    return uvt_wrong_usage(&uvt_cmd_convert, "--to lies before --from");
  status = uvt_answer_into(command.output, convert, &command, &error);
  return status ? uvt_failed(&uvt_cmd_convert, &error) : UVT_EXIT_DONE;
}

const struct uvt_command uvt_cmd_convert = {
    .name = "convert",
    .operand = "SOURCE",
    .summary = "turn a trace into the async event stream, or into what other viewers open",
    .about = UVT_HELP_SOURCE " A trace folder is what uvtree record wrote, or any folder with CTF traces "
                             "that hold events of uvtree.",
    .options = options,
    .run = run,
};
