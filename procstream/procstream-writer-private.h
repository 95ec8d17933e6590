/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-writer.h"
#include "procstream-writing-private.h"

G_BEGIN_DECLS

ProcstreamWriting *procstream_writer_get_writing (ProcstreamWriter *self);
GFile             *procstream_writer_peek_file (ProcstreamWriter *self);
GOutputStream     *procstream_writer_peek_stream (ProcstreamWriter *self);

G_END_DECLS
