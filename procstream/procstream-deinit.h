/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(PROCSTREAM_INSIDE) && !defined(PROCSTREAM_COMPILATION)
#error "Only <procstream/procstream.h> can be included directly."
#endif

#include <glib.h>

#include <procstream/procstream-version-macros.h>

G_BEGIN_DECLS

PROCSTREAM_AVAILABLE_IN_1_0
void procstream_deinit (void);

PROCSTREAM_AVAILABLE_IN_1_0
void procstream_deinit_hurry (void);

G_END_DECLS
