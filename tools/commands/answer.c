/* SPDX-License-Identifier: MIT */
#include "answer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/say.h"
#include "stream/stack_store.h"
#include "stream/symbols.h"

int uvt_failed(const struct uvt_command *command, const struct uvt_error *error)
{
  uvt_say(command->name, "%s", error->text);
  return UVT_EXIT_FAILED;
}

void uvt_tell_stacks(const struct uvt_command *command, const struct uvt_pipeline_result *result)
{
  const char *first;
  uint64_t files = uvt_symbols_refused(&first);
  if (files > 1)
    uvt_say(command->name, "functions of %" PRIu64 " files have no names: %s, and others", files, first);
  else if (files)
    uvt_say(command->name, "functions of a file have no names: %s", first);
  if (result->stacks_refused)
    uvt_say(command->name, "left out stacks, or names in them, beyond %llu MiB: %" PRIu64,
            (unsigned long long)UVT_STACK_STORE_BYTES >> 20, result->stacks_refused);
}

static int print_answer(const struct uvt_answer *answer, const struct uvt_pipeline_result *result)
{
  struct uvt_error error = {0};
  int status = answer->print(answer->user, result, &error);
  if (fflush(stdout) != 0 || ferror(stdout)) {
    uvt_error_set(&error, "standard output: %s", strerror(errno));
    status = UVT_EXIT_FAILED;
  }
  if (error.text[0])
    uvt_failed(answer->command, &error);
  return status;
}

int uvt_answer_run(const struct uvt_answer *answer, const char *source,
                   const struct uvt_pipeline_options *options)
{
  struct uvt_pipeline_result result = {0};
  struct uvt_error error = {0};
  int status = UVT_EXIT_DONE;
  if (!answer->sink) {
    uvt_error_set(&error, "out of memory");
    return uvt_failed(answer->command, &error);
  }
  if (uvt_pipeline_run(source, options, answer->sink, &result, &error) != 0)
    status = uvt_failed(answer->command, &error);
  if (status && !result.events)
    return status;
  int printed = print_answer(answer, &result);
  uvt_tell_stacks(answer->command, &result);
  return status ? status : printed;
}

int uvt_answer_into(const char *output, int (*write)(void *user, int file, struct uvt_error *error),
                    void *user, struct uvt_error *error)
{
  if (!strcmp(output, "-"))
    return write(user, STDOUT_FILENO, error);
  int file = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  int status = file < 0 ? UVT_EXIT_FAILED : write(user, file, error);
  if (file >= 0 && (close(file) == 0 || status))
    return status;
  uvt_error_set(error, "%s: %s", output, strerror(errno));
  return UVT_EXIT_FAILED;
}

int uvt_tree_exit(enum uvt_tree_status status)
{
  if (status == UVT_TREE_DONE)
    return UVT_EXIT_DONE;
  return status == UVT_TREE_AMBIGUOUS ? UVT_EXIT_USAGE : UVT_EXIT_FAILED;
}
