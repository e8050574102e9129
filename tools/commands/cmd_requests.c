/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "arguments.h"
#include "cmd.h"
#include "costs/requests.h"
#include "costs/requests_out.h"

enum { TOP_DEFAULT = 20, TOP_MOST = 100000 };

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_CSV };

struct requests_command {
  uvt_request_order *order; /* NULL: as they end */
  size_t top;               /* 0: all, printed as they end */
  enum format format;
  struct uvt_requests_view view;
  struct uvt_pipeline_options pipeline;
  struct uvt_requests *requests;
  /* What has been told of; the first `top` in their order are kept. */
  struct uvt_requests_totals totals;
  struct uvt_request **rows;
  size_t count;
  bool begun, printed; /* the head was; a row was */
};

/* --- options --- */

static bool take_order(const char *value, void *field)
{
  return (*(uvt_request_order **)field = uvt_request_order_find(value));
}

static bool take_top(const char *value, void *field)
{
  unsigned number = 0;
  bool valid = uvt_take_count(value, &number) && number <= TOP_MOST;
  *(size_t *)field = number;
  return valid;
}

static bool take_format(const char *value, void *field)
{
  static const char *const names[] = {[FORMAT_TEXT] = "text", [FORMAT_JSON] = "json", [FORMAT_CSV] = "csv"};
  int format = uvt_choice(value, names, sizeof names / sizeof *names);
  *(enum format *)field = format < 0 ? FORMAT_TEXT : (enum format)format;
  return format >= 0;
}

static const struct uvt_option options[] = {
    {.name = "sort",
     .value = "KEY",
     .help = "wall (the default for text), running, ready, pool-work, pool-wait, outside, operations, in, "
             "out: the greatest first; start: the earliest first",
     .take = take_order,
     .field = offsetof(struct requests_command, order)},
    {.name = "top",
     .value = "N",
     .help = "only the first N (text: 20; json, csv: all, as they end, where nothing is sorted)",
     .take = take_top,
     .field = offsetof(struct requests_command, top)},
    {.name = "client",
     .help = "those that the process made, rather than those that it served",
     .field = offsetof(struct requests_command, view.clients)},
    UVT_OPTION_PID(struct requests_command, pipeline.view.pid),
    UVT_OPTION_ALL_PROCESSES(struct requests_command, pipeline.all_processes),
    UVT_OPTION_ASCII(struct requests_command, view.ascii),
    {.name = "format",
     .letter = 'f',
     .value = "FORMAT",
     .help = "text (the default), json (with the critical path of each), csv; times in ns",
     .take = take_format,
     .field = offsetof(struct requests_command, format)},
    {0},
};

/* Text is sorted always; where something is sorted, something must be left out. */
static void complete(struct requests_command *command)
{
  if (command->format == FORMAT_TEXT || command->top)
    command->order = command->order ? command->order : uvt_request_order_find("wall");
  if (command->order && !command->top)
    command->top = command->format == FORMAT_TEXT ? TOP_DEFAULT : TOP_MOST;
}

/* --- rows --- */

static void print_head(struct requests_command *told)
{
  if (!told->begun && told->format == FORMAT_JSON)
    uvt_requests_print_json_head(stdout);
  else if (!told->begun && told->format == FORMAT_CSV)
    uvt_requests_print_csv_head(stdout);
  told->begun = true;
}

static int print_row(struct requests_command *told, const struct uvt_request *request)
{
  bool first = !told->printed;
  print_head(told);
  told->printed = true;
  if (told->format == FORMAT_JSON)
    return uvt_requests_print_json(request, first, stdout);
  uvt_requests_print_csv(request, stdout);
  return 0;
}

/* Where it belongs among the rows kept: by halves. Equal ones stay as they came. */
static size_t find_place(const struct requests_command *told, const struct uvt_request *request)
{
  size_t low = 0;
  size_t high = told->count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (told->order(told->rows[middle], request) <= 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static void keep_row(struct requests_command *told, struct uvt_request *request)
{
  size_t place = find_place(told, request);
  if (place == told->top) {
    uvt_request_free(request);
    return;
  }
  if (told->count == told->top)
    uvt_request_free(told->rows[--told->count]);
  memmove(&told->rows[place + 1], &told->rows[place], (told->count - place) * sizeof *told->rows);
  told->rows[place] = request;
  told->count++;
}

static int take_request(void *user, struct uvt_request *request)
{
  struct requests_command *told = user;
  if (request->client != told->view.clients) {
    uvt_request_free(request);
    return 0;
  }
  int status = uvt_requests_totals_add(&told->totals, request);
  if (told->top) {
    keep_row(told, request);
    return status;
  }
  if (!status && print_row(told, request) != 0)
    status = -EIO;
  uvt_request_free(request);
  return status;
}

/* --- the run --- */

static int print_rest(struct requests_command *told)
{
  int status = 0;
  print_head(told);
  if (told->format == FORMAT_TEXT)
    uvt_requests_print_text(told->rows, told->count, &told->totals, &told->view, stdout);
  for (size_t i = 0; i < told->count && told->format != FORMAT_TEXT && !status; i++)
    status = print_row(told, told->rows[i]);
  if (told->format == FORMAT_JSON)
    status |= uvt_requests_print_json_tail(&told->totals, stdout);
  return status ? UVT_EXIT_FAILED : UVT_EXIT_DONE;
}

static int print(void *user, const struct uvt_pipeline_result *result, struct uvt_error *error)
{
  struct requests_command *command = user;
  (void)result;
  command->view.possible = uvt_requests_possible(command->requests);
  bool valid = uvt_requests_check(command->requests, error) == 0;
  /* What has been begun is ended in any case. */
  int status = valid || command->totals.count || command->begun ? print_rest(command) : UVT_EXIT_DONE;
  return valid ? status : UVT_EXIT_FAILED;
}

static void clear(struct requests_command *command)
{
  uvt_requests_destroy(command->requests);
  for (size_t i = 0; i < command->count; i++)
    uvt_request_free(command->rows[i]);
  free(command->rows);
  uvt_requests_totals_clear(&command->totals);
}

static int run(int argc, char **argv)
{
  struct requests_command command = {0};
  const char *source;
  int status = uvt_arguments_take(&uvt_cmd_requests, argc, argv, &command, &source);
  if (status)
    return status;
  complete(&command);
  struct uvt_terminal terminal = uvt_terminal_find();
  command.view.width = terminal.width;
  command.view.ascii |= terminal.ascii;
  command.rows = calloc(command.top + 1, sizeof *command.rows);
  command.requests = uvt_requests_create(take_request, &command);
  struct uvt_answer answer = {.command = &uvt_cmd_requests,
                              .sink = command.rows && command.requests ? uvt_requests_sink(command.requests)
                                                                       : NULL,
                              .print = print,
                              .user = &command};
  status = uvt_answer_run(&answer, source, &command.pipeline);
  clear(&command);
  return status;
}

const struct uvt_command uvt_cmd_requests = {
    .name = "requests",
    .operand = "SOURCE",
    .summary = "tell what each HTTP request cost, and what it waited for",
    .about = UVT_HELP_SOURCE " Requests are told by the JavaScript layer (uvtree record --layer all).",
    .options = options,
    .notes =
        "Each instant of a request's wall time belongs to one of these, the first that applies:\n"
        "  running    a callback of it runs on a loop\n"
        "  ready      one could, but others run\n"
        "  pool work  a pool thread works for it\n"
        "  pool wait  an operation waits for a pool thread\n"
        "  outside    it waits for anything else\n"
        "So these five sum up to wall. In json and csv, totalReady, totalPoolWork and totalPoolWait count "
        "what went on in parallel each.\n"
        "\n"
        "A request begins when the read that brought it was Ready, and ends when its response was finished. "
        "An operation belongs to the request whose callback registered it. Work that several requests wait "
        "for belongs to the one that began it, for the others the wait is outside; it is never split. Bytes: "
        "in is what reads of its connection gave, out what it wrote with a callback (Node writes most "
        "without).\n"
        "\n"
        "Status:\n"
        "  N             its response was finished, with that status\n"
        "  N unfinished  the headers of its response were made, but it was not finished\n"
        "  aborted       the client went away first; when, the lines below the table tell\n"
        "  open          nothing of this: it has had no response\n"
        "  !             it failed: status 500 or more, or an error nobody caught\n"
        "Nothing else is a failure. "
        "A request that is not finished goes on while something of it waits, at most until the process ends. "
        "In "
        "json, outcome is finished, unfinished, aborted or open; headers and aborted are when; waitsFor is "
        "what "
        "had not run at the end, waitsForCount how much of it there was.\n"
        "\n"
        "Requests of node:http, node:https and node:http2 are listed alike. With --client, those of "
        "node:http and "
        "fetch, and in Node from 22.17 and 24.2 on of node:http2: their wall time is until the headers of "
        "the "
        "response came, status is N, error (there was no response) or open; by is the invocation that made "
        "it, for "
        "the request that this served (in json: for).\n"
        "\n"
        "A loop that is busy does not see what lies in its sockets. Where it was, for a millisecond or more, "
        "and "
        "the poll that brought a request then hardly waited, a line below the table says for how long, and "
        "what "
        "ran longest meanwhile (in json: blocked; not part of wall, as the request may have come late in "
        "that "
        "while).\n"
        "\n"
        "Percentiles are of the requests that were finished. The critical path is that of the first request "
        "in the "
        "table: what led to the response, or to what it still waits for, each step from what made it "
        "possible. "
        "Streaming: memory grows with what is alive in the program, and with --top.\n",
    .run = run,
};
