/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-error.h"
#include "procstream-result.h"

G_BEGIN_DECLS

GError *procstream_child_error_new_with_result (int               code,
                                                const char       *message,
                                                ProcstreamResult *result);

G_END_DECLS
