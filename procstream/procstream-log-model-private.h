/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-line-store-private.h"
#include "procstream-log-model.h"
#include "procstream-log-record-private.h"

G_BEGIN_DECLS

/* Between the files that make up the log model. In the thread of its context. */

ProcstreamLogRecord *procstream_log_model_get_record (ProcstreamLogModel *self);
ProcstreamLineStore *procstream_log_model_get_shown (ProcstreamLogModel *self);
GMainContext        *procstream_log_model_get_context (ProcstreamLogModel *self);
GThread             *procstream_log_model_get_owner_thread (ProcstreamLogModel *self);

/* Of -log-model-limits.c: properties, after those of the model; and what the record begins with. */
void procstream_log_model_limits_install (GObjectClass *object_class);
void procstream_log_model_limits_init (ProcstreamLogModel *self);
void procstream_log_model_limits_notify_dropped (ProcstreamLogModel *self);
void procstream_log_model_limits_get_property (GObject    *object,
                                               guint       property_id,
                                               GValue     *value,
                                               GParamSpec *pspec);
void procstream_log_model_limits_set_property (GObject      *object,
                                               guint         property_id,
                                               const GValue *value,
                                               GParamSpec   *pspec);

G_END_DECLS
