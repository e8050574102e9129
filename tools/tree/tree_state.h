/* SPDX-License-Identifier: MIT */
/*
 * What the files of the tree share: the tree as it is kept. Operations, registrations and processes lie in
 * arrays and refer to each other by index, 0 being none; an operation always has a greater index than the one
 * it hangs from, so the arrays can be gone through backwards where recursion would be too deep.
 */
#ifndef UVT_TREE_STATE_H
#define UVT_TREE_STATE_H

#include "base/id_map.h"
#include "stream/stack_store.h"
#include "tree.h"

#define UVT_TREE_NEVER UINT64_MAX

/* ALLOC: not the callback itself but its allocation callback ran. SERVES: its label is that of a request
 * which came in, and begins in it. */
enum { UVT_TREE_UNWOUND = 1, UVT_TREE_FAILED = 2, UVT_TREE_ALLOC = 4, UVT_TREE_SERVES = 8 };

struct uvt_tree_operation {
  uint64_t id;                                   /* 0 in a stream without operations */
  uint64_t execute;                              /* 0: it has not begun */
  uint64_t queued, ready, begun, ended, retired; /* UVT_TREE_NEVER: it has not been */
  uint64_t blocked;                              /* ns in synchronous calls */
  int64_t value;
  uint32_t registration;
  uint32_t causer; /* the operation whose invocation caused this one's */
  uint32_t within;
  uint32_t previous, next;          /* of the same registration */
  uint32_t first_child, last_child; /* registrations */
  uint32_t value_name;              /* text, 0: there is no value */
  uint32_t label;                   /* text */
  uint32_t failure;                 /* text */
  uint32_t tid;
  uint32_t blocked_calls;
  uint32_t coalesced;
  uint8_t state;
  uint8_t flags;
};

struct uvt_tree_registration {
  uint64_t link;
  uint64_t linked, cancelled, pool_begun, pool_ended; /* or UVT_TREE_NEVER */
  uint32_t type;                                      /* text */
  uint32_t detail;                                    /* text: fd, path, address, ... */
  uint32_t place;       /* text: function or line, of JavaScript; 0: not known */
  uint32_t reason;      /* text: why it was cancelled */
  uint32_t parent;      /* operation; 0: a root, or unknown */
  uint32_t next;        /* of the same parent */
  uint32_t first, last; /* operations */
  uint32_t count;
  uint32_t process;
  uint32_t stack; /* where it was linked, in the tree's store; 0: not known */
  bool js;
  bool repeat;
  bool root; /* not a registration: all root invocations of a thread */
};

/* An uncaught error, or a rejection that nobody handled. */
struct uvt_tree_failure {
  uint64_t execute;
  uint32_t operation; /* 0: not in the stream */
  uint32_t process;
  uint32_t message, stack; /* texts; the error's own stack is one text of several lines */
  uint32_t causes;         /* likewise, of the errors that led to it */
  bool handled;            /* somebody did, later */
};

struct uvt_tree_process {
  uint64_t id;
  int64_t pid;
  uint32_t title, versions, host; /* texts */
  uint32_t first_root, last_root; /* registrations */
  uint32_t first_lost, last_lost; /* registrations whose parent is unknown */
  uint64_t first_time, last_time;
  uint64_t losses;
  uint32_t forked_from; /* process, 0: none */
  bool over;            /* it has ended: nothing in it waits any longer */
  bool stateless;       /* a stream without states */
  struct uvt_id_map links, operations, executes, causes, threads, files;
};

struct uvt_tree_array {
  void *items;
  uint32_t count; /* the first is a dummy: index 0 is none */
  uint32_t capacity;
};

struct uvt_tree {
  struct uvt_sink sink;
  struct uvt_tree_moment moment;
  bool reached; /* the invocation that is the moment has begun */
  struct uvt_tree_array operations, registrations, processes, failures;
  struct uvt_stack_store *stacks; /* held; NULL: none was in the stream */
  uint64_t stacks_left_out;       /* that the store had no room for */
  char *texts;
  size_t texts_size, texts_capacity;
  struct uvt_id_map text_hashes; /* hash of a text: where it lies */
  uint32_t *requests;            /* of each operation (uvt_tree_request); NULL: not asked for */
  struct uvt_id_map process_ids;
  uint64_t last_time;
  int status;
};

static inline struct uvt_tree_operation *uvt_tree_op(const struct uvt_tree *tree, uint32_t index)
{
  return (struct uvt_tree_operation *)tree->operations.items + index;
}

static inline struct uvt_tree_registration *uvt_tree_reg(const struct uvt_tree *tree, uint32_t index)
{
  return (struct uvt_tree_registration *)tree->registrations.items + index;
}

static inline struct uvt_tree_process *uvt_tree_proc(const struct uvt_tree *tree, uint32_t index)
{
  return (struct uvt_tree_process *)tree->processes.items + index;
}

static inline struct uvt_tree_failure *uvt_tree_fail(const struct uvt_tree *tree, uint32_t index)
{
  return (struct uvt_tree_failure *)tree->failures.items + index;
}

/* The request that it belongs to, by its links: the operation in which that begins. 0: none, or not asked
 * for. */
static inline uint32_t uvt_tree_request(const struct uvt_tree *tree, uint32_t operation)
{
  return tree->requests ? tree->requests[operation] : 0;
}

static inline const char *uvt_tree_text(const struct uvt_tree *tree, uint32_t text)
{
  return tree->texts + text; /* 0 is "" */
}

/* The moment that the tree is of. */
static inline uint64_t uvt_tree_now(const struct uvt_tree *tree)
{
  return tree->moment.has_at ? tree->moment.at : tree->last_time;
}

/* Until when what is pending in that process has waited. */
static inline uint64_t uvt_tree_until(const struct uvt_tree *tree, uint32_t process)
{
  return uvt_tree_proc(tree, process)->over ? uvt_tree_proc(tree, process)->last_time : uvt_tree_now(tree);
}

/* The operation that has this invocation, where only one process may have it. The error is set otherwise. */
enum uvt_tree_status uvt_tree_find(const struct uvt_tree *tree, uint64_t index, uint32_t *operation,
                                   struct uvt_error *error);

/*
 * Which operations and registrations are shown, and what `under` names. Owned by whoever made it.
 */
struct uvt_tree_selection {
  bool *operations;
  bool *registrations;
  uint32_t top; /* operation to start from, 0: all */
};

enum uvt_tree_status uvt_tree_select(const struct uvt_tree *tree, const struct uvt_tree_view *view,
                                     struct uvt_tree_selection *selection, struct uvt_error *error);
void uvt_tree_selection_clear(struct uvt_tree_selection *selection);

#endif
