/* SPDX-License-Identifier: MIT */
/*
 * How commands that read a SOURCE end: with an answer on standard output, or a file that is written; and with
 * one line on standard error where something failed.
 */
#ifndef UVT_ANSWER_H
#define UVT_ANSWER_H

#include "base/error.h"
#include "cmd.h"
#include "pipeline.h"
#include "stream/event.h"
#include "tree/tree.h"

/* Tells what failed; returns the exit status. */
int uvt_failed(const struct uvt_command *command, const struct uvt_error *error);

/* Tells, once all has been printed, what of the stacks could not be: binaries that are not here (symbols.h),
 * stacks there was no room for. */
void uvt_tell_stacks(const struct uvt_command *command, const struct uvt_pipeline_result *result);

struct uvt_answer {
  const struct uvt_command *command;
  struct uvt_sink *sink; /* NULL: there was no memory for it */
  /* After the stream: prints to standard output. Returns the exit status, with the error set where there is
   * something to tell. */
  int (*print)(void *user, const struct uvt_pipeline_result *result, struct uvt_error *error);
  void *user;
};

/*
 * Runs SOURCE into the sink, then prints: of a damaged source, too, what could be read. Returns the exit
 * status; what failed has been told.
 */
int uvt_answer_run(const struct uvt_answer *answer, const char *source,
                   const struct uvt_pipeline_options *options);

/* Opens the file ("-": standard output) and has it written. Returns the exit status, with the error set. */
int uvt_answer_into(const char *output, int (*write)(void *user, int file, struct uvt_error *error),
                    void *user, struct uvt_error *error);

/* An index that several processes may have is wrong usage. */
int uvt_tree_exit(enum uvt_tree_status status);

#endif
