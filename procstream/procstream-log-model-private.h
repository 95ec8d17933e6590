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

G_END_DECLS
