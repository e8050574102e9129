/* SPDX-License-Identifier: MIT */
/*
 * The options of a command: one table, from which its command line is taken, its --help and its man page are
 * printed (help.h). And what commands ask of the terminal.
 */
#ifndef UVT_ARGUMENTS_H
#define UVT_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pipeline.h"

/* A row of the table; the row without a name ends it. */
struct uvt_option {
  const char *name;      /* --name */
  const char *value;     /* what --help calls its value; NULL: it takes none, and sets a bool */
  const char *otherwise; /* the value where none is given; NULL: one must be */
  const char *help;
  bool (*take)(const char *value,
               void *field); /* false: no such value. NULL: the field is a bool, to be set */
  size_t field;              /* where the command's own structure has it */
  char letter;               /* -l; 0: none */
  bool required;
};

/* For `take`, by the type of the field. */
bool uvt_take_text(const char *value, void *field);   /* const char *; not empty */
bool uvt_take_pid(const char *value, void *field);    /* int64_t */
bool uvt_take_number(const char *value, void *field); /* uint64_t, at least 1 */
bool uvt_take_count(const char *value, void *field);  /* unsigned, at least 1 */
bool uvt_take_time(const char *value, void *field);   /* uint64_t: ns; 1500, 20us, 3ms, 2s, 1.5s */
bool uvt_take_end(const char *value, void *field);    /* uint64_t: the same, at least 1; 0 stands for none */
bool uvt_take_size(const char *value, void *field);   /* uint64_t: bytes; 1000, 64K, 64M, 1G; at least 1 */
bool uvt_take_layer(const char *value, void *field);  /* enum uvt_layer: uv, js, all */
bool uvt_take_json(const char *value, void *field);   /* bool: json or text */

/* Where the text stands among `count` names; -1: nowhere. */
int uvt_choice(const char *text, const char *const *names, size_t count);

/* The rows that several commands have. */
#define UVT_OPTION_PID(type, member)                                                                 \
  {                                                                                                  \
    .name = "pid", .value = "PID", .help = "only the processes with that pid", .take = uvt_take_pid, \
    .field = offsetof(type, member)                                                                  \
  }
#define UVT_OPTION_ALL_PROCESSES(type, member)                                                          \
  {                                                                                                     \
    .name = "all-processes",                                                                            \
    .help = "of a trace by `uvtree record`, also processes that it did not start, which ran meanwhile", \
    .field = offsetof(type, member)                                                                     \
  }
#define UVT_OPTION_FROM(type, member)                                                      \
  {                                                                                        \
    .name = "from", .value = "TIME",                                                       \
    .help = "only from then on, counted from the first event: 1500 (ns), 20us, 3ms, 1.5s", \
    .take = uvt_take_time, .field = offsetof(type, member)                                 \
  }
#define UVT_OPTION_TO(type, member)                                                 \
  {                                                                                 \
    .name = "to", .value = "TIME", .help = "only until then", .take = uvt_take_end, \
    .field = offsetof(type, member)                                                 \
  }
#define UVT_OPTION_MEMORY(type, member)                                                                \
  {                                                                                                    \
    .name = "memory", .value = "SIZE",                                                                 \
    .help = "for operations that only wait for their children; beyond it they go to a temporary file " \
            "(default 64M)",                                                                           \
    .take = uvt_take_size, .field = offsetof(type, member)                                             \
  }
#define UVT_OPTION_LAYER(type, member)                                                                       \
  {                                                                                                          \
    .name = "layer", .value = "LAYER", .help = "uv: libuv's callbacks; js: JavaScript's; all (the default)", \
    .take = uvt_take_layer, .field = offsetof(type, member)                                                  \
  }
#define UVT_OPTION_USER(type, member)                                                                       \
  {                                                                                                         \
    .name = "user", .help = "of JavaScript only the program's own functions, not what Node does by itself", \
    .field = offsetof(type, member)                                                                         \
  }
#define UVT_OPTION_ASCII(type, member)                                                                 \
  {                                                                                                    \
    .name = "ascii", .help = "no characters beyond ASCII (the default where the locale is not UTF-8)", \
    .field = offsetof(type, member)                                                                    \
  }

struct uvt_command;

/*
 * Takes the options from a command line (argv[0]: the command); those of a command that runs a program end
 * where that is named. *rest is where the operands begin. 0, or the exit status of wrong usage, which has
 * been told.
 */
int uvt_options_take(const struct uvt_command *command, int argc, char **argv, void *options, int *rest);

/* Likewise, and the one SOURCE. */
int uvt_arguments_take(const struct uvt_command *command, int argc, char **argv, void *options,
                       const char **source);

/* Tells what is wrong with the command line; returns the exit status. */
__attribute__((format(printf, 2, 3))) int uvt_wrong_usage(const struct uvt_command *command,
                                                          const char *format, ...);

/* How text is to be written to standard output. */
struct uvt_terminal {
  unsigned width;
  bool ascii;  /* no characters beyond ASCII */
  bool colour; /* never but on a terminal */
};

/* Sets the locale for characters. */
struct uvt_terminal uvt_terminal_find(void);

#endif
