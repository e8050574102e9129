/* SPDX-License-Identifier: MIT */
/* The LTTng-UST tracepoints, made from schema.h. LTTng's headers read this file several times. */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER uvtree

#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "provider.h"

#if !defined(UVT_PROVIDER_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define UVT_PROVIDER_H

#include <lttng/tracepoint.h>

#include "schema.h"

#define UVT_P_FS(op, shape, object) lttng_ust_field_enum_value("uv_fs_" #op, UVT_TYPE_uv_fs_##op)
#define UVT_P_STORE(function, ready, arg, value, text) \
  lttng_ust_field_enum_value(#function, UVT_TYPE_##function)
#define UVT_P_TYPE(type, name, ready, arg, value, text) lttng_ust_field_enum_value(name, UVT_TYPE_##type)
#define UVT_P_ENUMERATOR(enumeration, name) lttng_ust_field_enum_value(#name, UVT_##enumeration##_##name)

LTTNG_UST_TRACEPOINT_ENUM(uvtree, type,
                          LTTNG_UST_TP_ENUM_VALUES(lttng_ust_field_enum_value("root", UVT_TYPE_root)
                                                       UVT_API(UVT_P_FS, UVT_P_STORE, UVT_P_TYPE, UVT_NONE)))
LTTNG_UST_TRACEPOINT_ENUM(uvtree, how, LTTNG_UST_TP_ENUM_VALUES(UVT_ENUM_how(UVT_P_ENUMERATOR)))
LTTNG_UST_TRACEPOINT_ENUM(uvtree, route, LTTNG_UST_TP_ENUM_VALUES(UVT_ENUM_route(UVT_P_ENUMERATOR)))
LTTNG_UST_TRACEPOINT_ENUM(uvtree, role, LTTNG_UST_TP_ENUM_VALUES(UVT_ENUM_role(UVT_P_ENUMERATOR)))
LTTNG_UST_TRACEPOINT_ENUM(uvtree, life, LTTNG_UST_TP_ENUM_VALUES(UVT_ENUM_life(UVT_P_ENUMERATOR)))
LTTNG_UST_TRACEPOINT_ENUM(uvtree, reason, LTTNG_UST_TP_ENUM_VALUES(UVT_ENUM_reason(UVT_P_ENUMERATOR)))

#define UVT_P_INT(c_type, field) lttng_ust_field_integer(c_type, field, r->field)
#define UVT_P_ENUM(enumeration, field) lttng_ust_field_enum(uvtree, enumeration, uint8_t, field, r->field)
#define UVT_P_TYPEF(field) lttng_ust_field_enum(uvtree, type, uint8_t, field, r->field)
#define UVT_P_STR(field) lttng_ust_field_string(field, r->field ? r->field : "")
#define UVT_P_SEQ(field) lttng_ust_field_sequence_hex(uint64_t, field, r->field.at, uint16_t, r->field.count)

/*
 * LTTng's headers write a record field by field, each by a call through a pointer. Where the trace is packed,
 * a record's numbers lie in it as in a packed struct, and are written by one call. LTTng reads this file once
 * for each thing that it makes of a declaration; LTTNG_UST__TP_IP_PARAM is there from the one on in which it
 * makes the functions that write.
 */
#undef UVT_P_FIELDS
#if defined(LTTNG_UST__TP_IP_PARAM) && !defined(LTTNG_UST_RING_BUFFER_NATURAL_ALIGN) && \
    defined(UVT_PROVIDER_PACKED)
#define UVT_P_COPY(kind, field) .field = r->field,
#define UVT_P_COPY_TYPE(field) .field = r->field,
#define UVT_P_FIELDS(event)                                                               \
  {                                                                                       \
    const struct uvt_packed_##event packed_ = {                                           \
        UVT_FIELDS_##event(UVT_P_COPY, UVT_P_COPY, UVT_P_COPY_TYPE, UVT_NONE, UVT_NONE)}; \
    __chan->ops->event_write(&__ctx, &packed_, sizeof packed_, 1);                        \
  }                                                                                       \
  UVT_FIELDS_##event(UVT_NONE, UVT_NONE, UVT_NONE, UVT_P_STR, UVT_P_SEQ)
#else
#define UVT_P_FIELDS(event) UVT_FIELDS_##event(UVT_P_INT, UVT_P_ENUM, UVT_P_TYPEF, UVT_P_STR, UVT_P_SEQ)
#endif

#define UVT_P_EVENT(event)                                                                        \
  LTTNG_UST_TRACEPOINT_EVENT(uvtree, event, LTTNG_UST_TP_ARGS(const struct uvt_rec_##event *, r), \
                             LTTNG_UST_TP_FIELDS(UVT_P_FIELDS(event)))
UVT_EVENTS(UVT_P_EVENT)

#endif

#include <lttng/tracepoint-event.h>
