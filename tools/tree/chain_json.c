/* SPDX-License-Identifier: MIT */
/* A hop of a chain as JSON. */
#include "chain.h"

#define NEVER UVT_TREE_NEVER

static void set_time(json_t *object, const char *key, uint64_t time)
{
  if (time != NEVER)
    uvt_json_set_number(object, key, time);
}

void uvt_json_set_id(json_t *object, const char *key, uint64_t id)
{
  if (id)
    uvt_json_set_number(object, key, id);
}

void uvt_json_set_text(json_t *object, const char *key, const struct uvt_tree *tree, uint32_t text)
{
  char clean[1200];
  if (text)
    json_object_set_new(object, key,
                        json_string(uvt_words_clean(clean, sizeof clean, uvt_tree_text(tree, text), false)));
}

static void set_type(json_t *object, const struct uvt_tree *tree,
                     const struct uvt_tree_registration *registration)
{
  if (registration->root)
    json_object_set_new(object, "type", json_string("root"));
  else
    uvt_json_set_text(object, "type", tree, registration->type);
  uvt_json_set_text(object, "detail", tree, registration->detail);
}

/* Of the request that the operation belongs to. */
static void set_request(json_t *object, const char *key, const struct uvt_tree *tree, uint32_t operation)
{
  uint32_t request = uvt_tree_request(tree, operation);
  json_t *named = request ? json_object() : NULL;
  if (!request)
    return;
  uvt_json_set_id(named, "executeID", uvt_tree_op(tree, request)->execute);
  uvt_json_set_text(named, "label", tree, uvt_tree_op(tree, request)->label);
  json_object_set_new(object, key, named);
}

static json_t *make_causer(const struct uvt_tree *tree, uint32_t operation)
{
  const struct uvt_tree_operation *causer = uvt_tree_op(tree, operation);
  json_t *object = json_object();
  uvt_json_set_id(object, "executeID", causer->execute);
  set_type(object, tree, uvt_tree_reg(tree, causer->registration));
  set_request(object, "request", tree, operation);
  return object;
}

json_t *uvt_chain_hop_json(const struct uvt_chain *chain, size_t i)
{
  struct uvt_hop hop = uvt_chain_hop(chain, i);
  json_t *object = json_object();
  uvt_json_set_id(object, "executeID", hop.operation->execute);
  uvt_json_set_id(object, "operationID", hop.operation->id);
  uvt_json_set_id(object, "linkID", hop.registration->link);
  set_type(object, chain->tree, hop.registration);
  uvt_json_set_text(object, "label", chain->tree, hop.operation->label);
  uvt_json_set_text(object, "failure", chain->tree, hop.operation->failure);
  uvt_json_set_id(object, "tid", hop.operation->tid);
  if (!hop.registration->root)
    uvt_json_set_number(object, "run", hop.run);
  set_time(object, "queued", hop.queued);
  set_time(object, "ready", hop.ready);
  set_time(object, "poolBegin", hop.taken);
  set_time(object, "poolEnd", hop.done);
  set_time(object, "begin", hop.operation->begun);
  set_time(object, "end", hop.operation->ended);
  if (hop.causer)
    json_object_set_new(object, "causedBy", make_causer(chain->tree, hop.operation->causer));
  if (hop.causer)
    set_request(object, "request", chain->tree, chain->links[i].operation);
  return object;
}
