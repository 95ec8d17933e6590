/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-result.h"

G_BEGIN_DECLS

/* @exit_code is -1 for a process that was killed by @term_signal, which is 0 for one that exited. */
ProcstreamResult *procstream_result_new (const char *name,
                                         int         exit_code,
                                         int         term_signal,
                                         gint64      duration_us);

G_END_DECLS
