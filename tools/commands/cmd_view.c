/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "arguments.h"
#include "cmd.h"
#include "page/page.h"

struct view_command {
  const char *output; /* "-": standard output */
  struct uvt_pipeline_options pipeline;
  struct uvt_page *page;
};

static const struct uvt_option options[] = {
    {.name = "output",
     .letter = 'o',
     .value = "FILE",
     .help = "where to write the page; - is standard output",
     .take = uvt_take_text,
     .field = offsetof(struct view_command, output),
     .required = true},
    UVT_OPTION_PID(struct view_command, pipeline.view.pid),
    UVT_OPTION_ALL_PROCESSES(struct view_command, pipeline.all_processes),
    UVT_OPTION_LAYER(struct view_command, pipeline.view.layer),
    UVT_OPTION_USER(struct view_command, pipeline.view.user),
    UVT_OPTION_FROM(struct view_command, pipeline.view.from),
    UVT_OPTION_TO(struct view_command, pipeline.view.to),
    {0},
};

static int write_page(void *user, int file, struct uvt_error *error)
{
  struct view_command *view = user;
  int status = uvt_page_write(view->page, file);
  if (status)
    uvt_error_set(error, "%s: %s", view->output, strerror(-status));
  return status ? UVT_EXIT_FAILED : UVT_EXIT_DONE;
}

static int print(void *user, const struct uvt_pipeline_result *result, struct uvt_error *error)
{
  (void)result;
  struct view_command *view = user;
  return uvt_answer_into(view->output, write_page, view, error);
}

static int run(int argc, char **argv)
{
  struct view_command view = {0};
  const char *source;
  int status = uvt_arguments_take(&uvt_cmd_view, argc, argv, &view, &source);
  if (status)
    return status;
  if (view.pipeline.view.to && view.pipeline.view.to < view.pipeline.view.from)
    return uvt_wrong_usage(&uvt_cmd_view, "--to lies before --from");
  if (!uvt_page_is_there()) {
    struct uvt_error error = {0};
    uvt_error_set(&error, "this uvtree was built without the page: npm was not there");
    return uvt_failed(&uvt_cmd_view, &error);
  }
  view.page = uvt_page_create();
  struct uvt_answer answer = {.command = &uvt_cmd_view,
                              .sink = view.page ? uvt_page_sink(view.page) : NULL,
                              .print = print,
                              .user = &view};
  status = uvt_answer_run(&answer, source, &view.pipeline);
  uvt_page_destroy(view.page);
  return status;
}

const struct uvt_command uvt_cmd_view = {
    .name = "view",
    .operand = "SOURCE",
    .summary = "write a page to look at a trace in a browser",
    .about = UVT_HELP_SOURCE " The page is one file that needs no network: a timeline of threads and loops, "
                             "the async call tree, the HTTP requests with what each cost, histograms of each "
                             "type's times, and of each operation the chain back to its root.",
    .options = options,
    .notes = "The whole tree is kept in memory, about 450 bytes an operation, and so does the browser: "
             "beyond a million operations cut out a part with --from and --to.\n",
    .run = run,
};
